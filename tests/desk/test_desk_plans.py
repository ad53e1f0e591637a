"""Plans: the same request and the same faults as a submission, and nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jupyter_sm as sm
from jupyter_sm.desk import Desk, Plan
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.jobs.differences import without_ours
from jupyter_sm.store import Store, jobs

from kit.aws_account import TARGET, Account
from kit.command import sm as command


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_plan_has_the_request_that_would_be_submitted(desk: Desk, script: Path) -> None:
    spec = TrainingSpec(str(script), hyperparameters={"lr": 0.1}, instance="ml.m5.huge")
    plan = desk.plan_spec(spec, name="one")
    assert plan.faults == []
    assert any("ml.m5.huge" in note for note in plan.notes)
    assert desk.jobs() == ([], 0)
    view = desk.submit_spec(spec, name="one")
    assert without_ours(jobs.request_of(desk.store, view.key)) == plan.request
    assert view.notes == plan.notes


def test_a_plan_tells_all_that_is_wrong(desk: Desk, script: Path) -> None:
    spec = TrainingSpec(str(script), instance_count=0, volume_gb=0, inputs={"train": "nowhere"})
    plan = desk.plan_spec(spec, name="-bad-")
    assert len(plan.faults) == 4
    told = "\n".join(plan.faults)
    for word in ("InstanceCount", "VolumeSizeInGB", "'nowhere'", "-bad-"):
        assert word in told
    assert "can't be started" in repr(plan) and repr(plan).count("✖") == 4


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"input_mode": "file"}, "TrainingInputMode: 'file' is not among the 3 values"),
        ({"role": "me"}, "RoleArn: has 2 characters; at least 20."),
        ({"instance_count": -1}, "ResourceConfig.InstanceCount: is -1; at least 1."),
    ],
)
def test_what_is_wrong_is_told_once(
    desk: Desk, script: Path, options: dict[str, Any], fault: str
) -> None:
    plan = desk.plan_spec(TrainingSpec(str(script), **options))
    (told,) = plan.faults
    assert fault in told


@pytest.mark.parametrize(
    ("spec", "target", "says"),
    [
        (TrainingSpec("/no/such.py"), "local", "There is no script"),
        (TrainingSpec(3), "local", "script: must be a text"),  # type: ignore[arg-type]
        (TrainingSpec("/no/such.py"), "mars", "There is no target"),
    ],
)
def test_a_plan_of_what_can_not_be_says_why(
    desk: Desk, spec: TrainingSpec, target: str, says: str
) -> None:
    plan = desk.plan_spec(spec, target=target)
    assert says in " ".join(plan.faults)


def test_a_name_that_is_used_is_a_fault(desk: Desk, script: Path) -> None:
    desk.submit_spec(TrainingSpec(str(script)), name="one")
    plan = desk.plan_spec(TrainingSpec(str(script)), name="one")
    assert plan.faults == ["A job named 'one' already exists on local."]


def test_a_plan_shows_no_secret(desk: Desk, script: Path) -> None:
    plan = desk.plan_spec(TrainingSpec(str(script), environment={"DB_PASSWORD": "hunter2hunter"}))
    assert "hunter2" not in repr(plan) + str(plan.as_dict())


def test_a_plan_on_aws_calls_nothing(account: Account) -> None:
    spec = TrainingSpec(str(account.script()), image="pytorch:2.5", instance="ml.g5.xlarge")
    before = len(account.sim.calls)
    plan = Desk(account.store).plan_spec(spec, target=TARGET)
    assert plan.faults == [] and "pytorch-training" in str(plan.request)
    assert len(account.sim.calls) == before


def test_every_face_can_plan(script: Path) -> None:
    plan = sm.train(script, dry_run=True, hyperparameters={"epochs": 3})
    assert isinstance(plan, Plan) and plan.request["HyperParameters"]["epochs"] == "3"
    again = sm.submit(plan.request, dry_run=True)
    assert again.faults == [] and again.request == plan.request
    assert sm.submit({}, dry_run=True).faults
    assert len(sm.list_jobs()) == 0
    told = command("train", script, "--dry-run")
    assert told.code == 0 and "ml.m5.large × 1: can be started (nothing was)" in told.out
    assert command("train", script, "--dry-run", "--json").json()["faults"] == []
    refused = command("train", script, "--dry-run", "--instance-count", "0")
    assert refused.code == 1 and "✖" in refused.out
