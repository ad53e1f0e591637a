"""Jobs of several kinds on one local target: names, ARNs, logs and operations kept apart."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.jobs.kinds import LogPlace
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.targets.local.api import engine as engines
from jupyter_sm.targets.local.api import training
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.disk.layout import Layout, new_transition, write_json
from jupyter_sm.targets.local.disk.log_files import event_line

from kit.local_machine import LOG_GROUP, Machine, machine_in

OTHER_GROUP = "/aws/sagemaker/OtherJobs"
OTHER = dataclasses.replace(
    TRAINING,
    kind="other",
    create="CreateOtherJob",
    describe="DescribeOtherJob",
    list="ListOtherJobs",
    stop="StopOtherJob",
    delete="",
    name_field="OtherJobName",
    arn_field="OtherJobArn",
    status_field="OtherJobStatus",
    summaries="OtherJobSummaries",
    logs=lambda name: LogPlace(OTHER_GROUP, f"{name}/"),
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with machine_in(tmp_path / "machine", max_jobs=2) as made:
        yield made


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> engines.LocalEngine:
    """An engine that offers two kinds, with a job `same` of each."""
    offer = dataclasses.replace(training.OFFER, kind=OTHER, noun="other job")
    monkeypatch.setattr(engines, "OFFERED", (training.OFFER, offer))
    made = engines.LocalEngine(tmp_path / "two")
    layout = Layout(made.root)
    for kind in ("training", "other"):
        job = layout.job(kind, "same")
        job.logs.mkdir(parents=True)
        (job.logs / "algo-1-1700000000.log").write_bytes(event_line(1, f"from {kind}"))
        state: dict[str, Any] = {"transitions": [], "created": 1.0, "status": "Completed"}
        new_transition(state, "Completed")
        write_json(job.path / "request.json", {"Tags": [{"Key": "kind", "Value": kind}]})
        job.write_state(state)
    return made


@pytest.mark.parametrize("kind", ["training", "other"])
def test_tags_are_those_of_the_kind_in_the_arn(engine: engines.LocalEngine, kind: str) -> None:
    arn = f"arn:aws:sagemaker:local:000000000000:{kind}-job/same"
    tags = engine.list_tags({"ResourceArn": arn})["Tags"]
    assert tags == [{"Key": "kind", "Value": kind}]


def test_tags_of_an_unknown_kind_are_not_found(engine: engines.LocalEngine) -> None:
    with pytest.raises(ApiError, match="Requested resource not found"):
        engine.list_tags({"ResourceArn": "arn:aws:sagemaker:local:000000000000:else-job/same"})


@pytest.mark.parametrize(("group", "kind"), [(LOG_GROUP, "training"), (OTHER_GROUP, "other")])
def test_a_name_has_a_log_in_the_group_of_each_kind(
    engine: engines.LocalEngine, group: str, kind: str
) -> None:
    events = engine.answer("Logs_20140328.FilterLogEvents", {"logGroupName": group})["events"]
    assert [event["message"] for event in events] == [f"from {kind}"]


def test_a_jobs_log_is_hinted_at_for_every_kind(engine: engines.LocalEngine) -> None:
    before = engine.log_sizes("other", "same")
    other = Layout(engine.root).job("other", "same").logs / "algo-1-1700000000.log"
    other.write_bytes(other.read_bytes() * 2)
    assert engine.log_sizes("other", "same") != before != engine.log_sizes("training", "same")


def test_every_kind_answers_by_the_names_of_its_own_row(engine: engines.LocalEngine) -> None:
    operations = {name for name in engine._operations if "OtherJob" in name}
    assert operations == {
        f"SageMaker.{name}"
        for name in ("CreateOtherJob", "DescribeOtherJob", "ListOtherJobs", "StopOtherJob")
    }
    (row,) = engine._operations["SageMaker.ListOtherJobs"]({})["OtherJobSummaries"]
    assert row["OtherJobName"] == "same"
    assert row["OtherJobArn"] == "arn:aws:sagemaker:local:000000000000:other-job/same"
    assert row["OtherJobStatus"] == "Completed"
    with pytest.raises(ApiError, match="the other job is in status Completed"):
        engine._operations["SageMaker.StopOtherJob"]({"OtherJobName": "same"})


def test_the_target_says_which_kinds_it_runs(machine: Machine) -> None:
    assert "training" in machine.target.kinds


def test_describe_repeats_every_member_that_it_shares_with_create(machine: Machine) -> None:
    more = {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "ExperimentConfig": {"ExperimentName": "tried"},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
    }
    described = machine.run("pass", **more)
    assert {member: described[member] for member in more} == more


def test_a_job_runs_in_the_folder_of_its_kind(machine: Machine) -> None:
    name = machine.start("import time; time.sleep(300)")
    root = machine.target.engine.root
    assert (root / "jobs" / "training" / name / "state.json").is_file()
    assert [marker.name for marker in (root / "started").iterdir()] == [f"training~{name}"]


LIGHT = """
import sys
from jupyter_sm.targets.local.runner import kinds, supervisor
before = set(sys.modules)
for name in kinds._MODULES:
    assert f"jupyter_sm.targets.local.runner.{name}" not in before, name
import jupyter_sm.targets.local.runner.training
heavy = [m for m in sys.modules if m.startswith(("boto", "jupyter_sm.targets.local.api"))]
assert not heavy, heavy
from jupyter_sm.jobs.service_model import service_model
assert service_model.cache_info().currsize == 0
"""


def test_a_supervisor_loads_neither_botocore_nor_the_api_nor_other_kinds() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True)
