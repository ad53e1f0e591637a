"""Every member of a Create request is honoured, refused or noted on the local target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk.submit import submit_request, submit_spec
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.jobs.service_model import service_model
from jupyter_sm.store import Store
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.targets.local.api import processing, training
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.api.members import Use
from jupyter_sm.targets.local.api.offer import Offer
from jupyter_sm.tracking.tracker import Tracker

from kit.local_machine import Machine, channel, machine_in
from kit.wait import wait_for

OFFERS = [training.OFFER, processing.OFFER]
ENTRIES = [(offer, path) for offer in OFFERS for path in offer.members]
NOTE = "On this machine these settings count for nothing: "


def leaves(shape: str, path: str = "") -> Iterator[str]:
    """The paths of all members below a shape of botocore's model that hold no members."""
    found = service_model()["shapes"][shape]
    if found["type"] == "structure":
        for name, member in found["members"].items():
            yield from leaves(member["shape"], f"{path}.{name}" if path else name)
    elif found["type"] == "list":
        yield from leaves(found["member"]["shape"], f"{path}[]")
    else:
        yield path


def input_of(offer: Offer) -> str:
    return str(service_model()["operations"][offer.kind.create]["input"]["shape"])


def holders(path: str) -> Iterator[str]:
    """A path, and those of all that hold it."""
    while path:
        yield path
        yield path.removesuffix("[]")
        path = path.rpartition(".")[0]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.kind.kind)
def test_every_member_of_the_model_is_classified(offer: Offer) -> None:
    found = list(leaves(input_of(offer)))
    assert len(found) > 40
    assert [path for path in found if not set(holders(path)) & set(offer.members)] == []


@pytest.mark.skipif(
    "InstancePreference" not in service_model()["shapes"], reason="botocore is older than the table"
)
@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.kind.kind)
def test_every_entry_is_of_a_member_of_the_model(offer: Offer) -> None:
    known = {path for leaf in leaves(input_of(offer)) for path in holders(leaf)}
    assert set(offer.members) - known == set()


def with_member(request: dict[str, Any], path: str) -> dict[str, Any]:
    """A request that has a value at a path; what is there stays."""
    at: Any = request
    *heads, last = path.split(".")
    for head in heads:
        name = head.removesuffix("[]")
        at = at.setdefault(name, [{}] if head.endswith("[]") else {})
        at = at[0] if isinstance(at, list) else at
    at.setdefault(last, {"some": "thing"})
    return request


def request_of(offer: Offer, machine: Machine) -> dict[str, Any]:
    if offer is training.OFFER:
        return machine.request(InputDataConfig=[channel("train", machine.folder)])
    return {
        "AppSpecification": {"ImageUri": "python", "ContainerEntrypoint": ["python"]},
        "ProcessingInputs": [
            {"InputName": "a", "S3Input": {"S3Uri": machine.folder.as_uri(), "LocalPath": "/"}}
        ],
    }


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("members"), max_jobs=1) as made:
        yield made


@pytest.mark.parametrize(
    ("offer", "path"), ENTRIES, ids=lambda value: getattr(value, "noun", value)
)
def test_a_member_is_refused_noted_or_passed_over_as_classified(
    machine: Machine, offer: Offer, path: str
) -> None:
    use = offer.members[path]
    request = with_member(request_of(offer, machine), path)
    if isinstance(use, str):
        with pytest.raises(ApiError) as caught:
            offer.check(request)
        assert (caught.value.code, caught.value.message) == ("ValidationException", use)
        assert use.endswith(".")
    else:
        wanted = [f"{NOTE}{path.replace('[]', '')}."] if use is Use.NOTED else []
        assert offer.notes(request) == wanted


def test_what_says_no_more_than_its_absence_is_not_noted(machine: Machine) -> None:
    request = machine.request(
        EnableNetworkIsolation=False,
        InfraCheckConfig={"EnableInfraCheck": False},
        InputDataConfig=[channel("train", machine.folder, CompressionType="None")],
        DebugHookConfig={},
    )
    assert training.OFFER.notes(request) == []


def test_members_that_only_a_newer_botocore_knows_are_noted(machine: Machine) -> None:
    request = machine.request(Newest={"A": 1}, List=[{"B": 2}, {"B": 3}])
    request["ResourceConfig"]["Lately"] = ["x"]
    assert training.OFFER.notes(request) == [f"{NOTE}ResourceConfig.Lately, Newest, List."]


def test_a_submission_has_the_note_once_from_the_start_to_the_end(
    store: Store, machine: Machine, tmp_path: Path
) -> None:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    request = machine.request("pass", name="noted", VpcConfig=vpc, EnableNetworkIsolation=True)
    request["OutputDataConfig"]["KmsKeyId"] = "alias/mine"
    note = f"{NOTE}OutputDataConfig.KmsKeyId, VpcConfig, EnableNetworkIsolation."
    assert submit_request(store, request).notes == [note]
    view = ended(store, machine, "noted")
    assert view.notes.count(note) == 1 and view.status == "Completed"


def test_a_job_that_boto3_made_has_the_note_too(store: Store, machine: Machine) -> None:
    machine.start("pass", name="direct", RetryStrategy={"MaximumRetryAttempts": 2})
    view = ended(store, machine, "direct")
    assert view.notes.count(f"{NOTE}RetryStrategy.") == 1 and view.status == "Completed"


def ended(store: Store, machine: Machine, name: str) -> Any:
    """The view of a job once a tracker has seen its end."""
    tracker = Tracker(store, machine.target, Rank.SERVER)
    tracker.start()
    key = JobKey("local", "training", name)
    try:
        wait_for(lambda: (view := jobs_table.get(store, key)) and view.is_over, 30)
    finally:
        tracker.stop()
    return jobs_table.get(store, key)


@pytest.mark.parametrize("target", ["local", "default@us-east-1"])
def test_a_type_that_botocore_does_not_know_is_noted_with_the_nearest(
    store: Store, script: Path, target: str
) -> None:
    view = submit_spec(store, TrainingSpec(str(script), instance="ml.m5.huge"), target=target)
    (note,) = [note for note in view.notes if "InstanceType" in note]
    assert note.startswith("ResourceConfig.InstanceType: 'ml.m5.huge' is not among the ")
    assert "types that botocore knows; the nearest: ml.m5.large, ml.m5." in note


def test_spot_is_noted_on_the_local_target(store: Store, script: Path) -> None:
    view = submit_spec(store, TrainingSpec(str(script), spot=True))
    assert view.notes == [
        f"{NOTE}StoppingCondition.MaxWaitTimeInSeconds, EnableManagedSpotTraining."
    ]
