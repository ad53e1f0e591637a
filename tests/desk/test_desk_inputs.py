"""What is wrong with an input of this machine is told before a job is submitted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk import Desk, sources
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.jobs.kinds.places import FOLLOW_LINKS
from jupyter_sm.store import Store


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def pipe(place: Path) -> None:
    os.mkfifo(place)


def holds_pipe(place: Path) -> None:
    place.mkdir()
    os.mkfifo(place / "pipe")


def device(place: Path) -> None:
    place.symlink_to(os.devnull)


def link_out(place: Path) -> None:
    place.mkdir()
    (place.parent / "private").write_text("key")
    (place / "link").symlink_to(place.parent / "private")


def dangling(place: Path) -> None:
    place.mkdir()
    (place / "link").symlink_to("/no/such/place")


def empty(place: Path) -> None:
    (place / "deep").mkdir(parents=True)


def nothing(place: Path) -> None:
    """There is none."""


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (pipe, "is a pipe"),
    (holds_pipe, "is a pipe"),
    (device, "is a device"),
    (link_out, "follow_links"),
    (dangling, "and there is nothing there"),
    (empty, "There is no file in"),
    (nothing, "There is nothing at"),
]
each = pytest.mark.parametrize(("make", "said"), FAULTS, ids=[make.__name__ for make, _ in FAULTS])


def requests_of(desk: Desk, script: Path, place: Path) -> list[tuple[str, dict[str, Any]]]:
    """A training and a processing request that read a place."""
    row = {"S3DataType": "S3Prefix", "S3Uri": place.as_uri()}
    training = desk.plan_spec(TrainingSpec(str(script))).request
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": row}}
    local = "/opt/ml/processing/input/train"
    processing = {
        "ProcessingJobName": "prepare",
        "RoleArn": "arn:aws:iam::000000000000:role/local",
        "AppSpecification": {"ImageUri": "local", "ContainerEntrypoint": ["true"]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            }
        },
        "ProcessingInputs": [{"InputName": "train", "S3Input": {**row, "LocalPath": local}}],
    }
    return [
        ("training", {**training, "InputDataConfig": [channel]}),
        ("processing", processing),
    ]


@each
def test_a_specs_input_is_looked_at(
    desk: Desk, script: Path, tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    place = tmp_path / "data"
    make(place)
    for told in (str(place), place.as_uri()):
        spec = TrainingSpec(str(script), inputs={"train": told})
        (fault,) = desk.plan_spec(spec).faults
        assert said in fault and "channel 'train'" in fault
        with pytest.raises(ExplainedError, match="channel 'train'"):
            desk.submit_spec(spec)
    assert desk.jobs() == ([], 0)


@each
def test_a_requests_input_is_looked_at(
    desk: Desk, script: Path, tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    place = tmp_path / "data"
    make(place)
    for kind, request in requests_of(desk, script, place):
        (fault,) = desk.plan(request, kind=kind).faults
        assert said in fault and "'train'" in fault
        with pytest.raises(ExplainedError, match="'train'"):
            desk.submit(request, kind=kind)
    assert desk.jobs() == ([], 0)


def test_links_that_are_to_be_followed_are(desk: Desk, script: Path, tmp_path: Path) -> None:
    place = tmp_path / "data"
    link_out(place)
    spec = TrainingSpec(str(script), inputs={"train": str(place)}, follow_links=True)
    assert desk.plan_spec(spec).faults == []
    for kind, request in requests_of(desk, script, place):
        tagged = {**request, "Tags": [{"Key": FOLLOW_LINKS, "Value": "true"}]}
        assert desk.plan(tagged, kind=kind).faults == []


def test_each_input_is_told_of(desk: Desk, script: Path, tmp_path: Path) -> None:
    empty(tmp_path / "one")
    spec = TrainingSpec(str(script), inputs={"a": str(tmp_path / "one"), "b": "nowhere"})
    assert len(desk.plan_spec(spec).faults) == 2


def test_of_a_large_folder_not_all_is_looked_at(
    desk: Desk, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "data"
    holds_pipe(place)
    for number in range(5):
        (place / f"file-{number}").write_text("")
    spec = TrainingSpec(str(script), inputs={"train": str(place)})
    assert len(desk.plan_spec(spec).faults) == 1
    monkeypatch.setattr(sources, "_MOST_ENTRIES", 4)
    assert desk.plan_spec(spec).faults == []
