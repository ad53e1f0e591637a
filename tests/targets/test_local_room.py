"""What local jobs leave on the disk: little once they have ended, and never beyond the limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.targets.local.disk import locks
from jupyter_sm.targets.local.disk.layout import Layout
from jupyter_sm.targets.local.disk.room import Limits, Room, size_of
from jupyter_sm.targets.settings import SettingsError, local_limits

from kit.local_machine import Machine, channel, machine_in
from kit.wait import wait_for

MIB = 1 << 20
# Leaves a model of 2 MiB that can't be packed smaller, and a log.
MODEL = """
import os
from pathlib import Path
print("line " * 1000)
Path(os.environ["SM_MODEL_DIR"], "weights").write_bytes(os.urandom(2 << 20))
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with machine_in(tmp_path / "machine", max_jobs=1) as made:
        made.output = made.target.engine.root / "output"
        yield made


@pytest.fixture
def room(machine: Machine) -> Room:
    return Room(Layout(machine.target.engine.root))


def ran(machine: Machine, *names: str, code: str = MODEL) -> None:
    """Have jobs run that end minutes apart."""
    for number, name in enumerate(names):
        assert machine.run(code, name=name)["TrainingJobStatus"] == "Completed"
        at = 1_700_000_000 + 60 * number
        os.utime(machine.job_folder(name) / "state.json", (at, at))


def has_model(machine: Machine, name: str) -> bool:
    return machine.result(name).exists()


def test_an_ended_job_keeps_its_request_state_and_log_only(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_bytes(bytes(3 * MIB))
    inputs = [channel("train", tmp_path / "rows.csv")]
    name = machine.run(MODEL, InputDataConfig=inputs)["TrainingJobName"]
    assert has_model(machine, name)
    assert size_of(machine.job_folder(name)) < 200_000
    assert machine.lines(name)


def test_what_could_not_be_brought_to_its_place_stays(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    machine.output = tmp_path / "file" / "output"
    described = machine.run(MODEL)
    assert "Artifact upload failed" in described["FailureReason"]
    kept = machine.job_folder(described["TrainingJobName"]).rglob("weights")
    assert [file.stat().st_size for file in kept] == [2 * MIB]


def test_beyond_the_limit_the_oldest_goes_and_is_told(machine: Machine, room: Room) -> None:
    ran(machine, "one", "two", "three")
    assert room.keep(Limits(bytes=7 * MIB, jobs=0)) == []
    cleared = room.keep(Limits(bytes=5 * MIB, jobs=0))
    assert [(kind, name) for kind, name, _ in cleared] == [("training", "one")]
    assert cleared[0].sentence == (
        "Model, output and log were removed from this machine to keep what local jobs leave below "
        "0.00524288 GB (limit_gb in config.toml)."
    )
    assert [has_model(machine, name) for name in ("one", "two", "three")] == [False, True, True]
    assert machine.describe("one")["TrainingJobStatus"] == "Completed"
    assert machine.lines("one") == []
    assert room.keep(Limits(bytes=5 * MIB, jobs=0)) == []


def test_what_was_left_last_and_what_runs_stays(machine: Machine, room: Room) -> None:
    ran(machine, "one", "two")
    name = machine.start("print('ready')\nimport time; time.sleep(300)")
    wait_for(lambda: "ready" in machine.lines(name))
    assert [name for _, name, _ in room.keep(Limits(bytes=1, jobs=0))] == ["one"]
    assert has_model(machine, "two") and machine.lines(name) == ["ready"]


def test_a_folder_that_the_user_named_for_the_output_stays(
    machine: Machine, room: Room, tmp_path: Path
) -> None:
    machine.output = tmp_path / "mine"
    ran(machine, "one")
    machine.output = machine.target.engine.root / "output"
    ran(machine, "two", "three")
    assert len(room.keep(Limits(bytes=1, jobs=0))) == 2
    machine.output = tmp_path / "mine"
    assert has_model(machine, "one")


def test_of_more_jobs_than_the_limit_the_oldest_lose_their_folders(
    machine: Machine, room: Room
) -> None:
    ran(machine, "one", "two", "three", code="print(1)")
    cleared = room.keep(Limits(bytes=0, jobs=2))
    assert [name for _, name, _ in cleared] == ["one", "two"]
    assert "limit_jobs" in cleared[0].sentence
    assert [machine.listed_status(name) for name in ("one", "two", "three")] == [
        None,
        None,
        "Completed",
    ]
    assert room.keep(Limits(bytes=0, jobs=2)) == []


def files_of(version: str) -> dict[str, str]:
    return {"requirements.txt": f"# {version}\n"}


def test_environments_go_by_when_they_were_used_last_but_not_while_a_job_runs_in_one(
    machine: Machine, room: Room
) -> None:
    for version in ("one", "two"):
        machine.run("print(1)", files=files_of(version))
    environments = machine.target.engine.root / "environments"
    first, second = sorted(environments.glob("*/ready"), key=lambda ready: ready.stat().st_mtime)
    name = machine.start("print('ready')\nimport time; time.sleep(300)", files=files_of("one"))
    wait_for(lambda: "ready" in machine.lines(name))
    assert first.stat().st_mtime > second.stat().st_mtime
    os.utime(first, (1, 1))
    room.keep(Limits(bytes=1, jobs=0))
    assert first.exists(), "a job runs in it"
    machine.stop(name)
    machine.ended(name)
    wait_for(lambda: room.keep(Limits(bytes=1, jobs=0)) or not first.exists())
    assert not first.parent.exists()
    again = machine.run("print(1)", files=files_of("one"))
    assert again["TrainingJobStatus"] == "Completed"


def test_limits_are_settings(tmp_path: Path) -> None:
    assert local_limits(tmp_path) == (50 * 10**9, 10_000)
    (tmp_path / "config.toml").write_text("[local]\nlimit_gb = 2\nlimit_jobs = 0\n")
    assert local_limits(tmp_path) == (2 * 10**9, 0)
    (tmp_path / "config.toml").write_text("[local]\nlimit_gb = -2\n")
    with pytest.raises(SettingsError, match=r"limit_gb in \[local\] must be a whole number of GB"):
        local_limits(tmp_path)


def test_what_is_left_of_an_environment_that_was_never_finished_goes(
    machine: Machine, room: Room
) -> None:
    left = machine.target.engine.root / "environments" / "0123456789abcdef"
    (left / "lib").mkdir(parents=True)
    (left / "lib" / "large").write_bytes(b"x" * 100_000)
    making = locks.try_lock(left.with_suffix(".lock"))
    ran(machine, "one")
    room.keep(Limits(bytes=0, jobs=0))
    assert left.exists(), "somebody is just making it"
    locks.unlock(making)
    ran(machine, "two")
    room.keep(Limits(bytes=0, jobs=0))
    assert not left.exists()
