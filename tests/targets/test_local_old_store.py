"""A store from before jobs lay in a folder a kind: nothing of it is lost, also what still runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.local.disk import locks
from jupyter_sm.targets.local.disk.log_files import event_line
from jupyter_sm.targets.local.runner import processes

from kit.local_machine import Machine, machine_in
from kit.wait import wait_for

CREATED = 1_700_000_000.5
# A supervisor of that time, so far as others can tell: it holds its job's lock, and writes the
# end into the folder that it was started with.
OLD_SUPERVISOR = """
import fcntl, json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
lock = open(folder / "supervisor.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("holds", flush=True)
sys.stdin.readline()
state = json.loads((folder / "state.json").read_text())
last = state["transitions"][-1]
last["end"] = last["start"] + 1
state["transitions"].append({"status": "Completed", "start": last["end"], "end": last["end"], "message": ""})
state.update(status="Completed", secondary="Completed", training_end=last["end"])
(folder / "part").write_text(json.dumps(state))
(folder / "part").replace(folder / "state.json")
"""


class OldStore:
    """The folders of one local target as they were."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder, max_jobs=1)
        self.root = self.machine.target.engine.root
        for name in ("queue", "running"):
            (self.root / name).mkdir()

    def lay(self, name: str, status: str, secondary: str, code: str = "", **state: Any) -> Path:
        folder = self.root / "jobs" / name
        (folder / "logs").mkdir(parents=True)
        request = self.machine.request(code, name=name, Tags=[{"Key": "k", "Value": name}])
        (folder / "request.json").write_text(json.dumps(request))
        row = {"status": secondary, "start": CREATED, "message": ""}
        whole = {
            "status": status,
            "secondary": secondary,
            "transitions": [row],
            "created": CREATED,
            "modified": CREATED,
            "grace": 0.5,
            "root": str(self.root),
            "max_jobs": 1,
            **state,
        }
        (folder / "state.json").write_text(json.dumps(whole))
        (folder / "logs" / "algo-1-1700000000.log").write_bytes(event_line(1, f"line of {name}"))
        return folder

    def ended(self, name: str) -> Path:
        return self.lay(name, "Completed", "Completed", training_end=CREATED + 1, model="file:///m")

    def waiting(self, name: str, code: str = "") -> Path:
        (self.root / "queue" / f"{int(CREATED * 1e9):020d}~{name}").touch()
        return self.lay(name, "InProgress", "Pending", code)

    def running(self, name: str) -> Path:
        (self.root / "running" / name).touch()
        return self.lay(name, "InProgress", "Training", training_start=CREATED)

    def in_old_form(self) -> list[str]:
        """What of the old form is left."""
        jobs = [p.name for p in (self.root / "jobs").iterdir() if p.name != "training"]
        markers = [p.name for f in ("queue", "running") for p in (self.root / f).iterdir()]
        own = [p.name for p in (self.root / "jobs" / "training").iterdir() if p.is_file()]
        return jobs + markers + own


@pytest.fixture
def old(tmp_path: Path) -> OldStore:
    return OldStore(tmp_path / "machine")


@pytest.fixture
def opened(old: OldStore) -> Iterator[Any]:
    """Opens the store as it is used today."""
    with machine_in(old.machine.folder, max_jobs=1) as machine:
        yield lambda: Machine(machine.folder, max_jobs=1)


# A job might bear the name of its kind, whose folder then stands where the job lay.
@pytest.fixture(params=["old", "training"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_ended_jobs_are_found_with_log_tags_and_model(
    old: OldStore, opened: Any, name: str
) -> None:
    names = {name, "logs", "other"}
    for job in names:
        old.ended(job)
    machine = opened()
    rows = machine.sagemaker.list_training_jobs()["TrainingJobSummaries"]
    assert {row["TrainingJobName"] for row in rows} == names
    for job in names:
        described = machine.describe(job)
        assert described["TrainingJobStatus"] == "Completed"
        assert described["ModelArtifacts"]["S3ModelArtifacts"] == "file:///m"
        assert described["CreationTime"].timestamp() == CREATED
        tags = machine.sagemaker.list_tags(ResourceArn=described["TrainingJobArn"])["Tags"]
        assert tags == [{"Key": "k", "Value": job}]
        assert machine.lines(job) == [f"line of {job}"]
        assert not machine.job_folder(job).is_symlink()
    assert old.in_old_form() == []
    machine.sagemaker.delete_training_job(TrainingJobName=name)
    assert {p.name for p in machine.job_folder("x").parent.iterdir()} == names - {name}


def test_a_waiting_job_runs_once(old: OldStore, opened: Any, name: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    old.waiting(name, f"open({str(ran)!r}, 'a').write('x')")
    machine = opened()
    wait_for(lambda: machine.listed_status(name) == "Completed")
    assert ran.read_text() == "x"
    assert old.in_old_form() == []


def test_a_waiting_job_can_be_stopped(old: OldStore, opened: Any) -> None:
    old.waiting("old")
    machine = opened()
    machine.stop("old")
    assert machine.status("old") == "Stopped"


def test_a_job_whose_supervisor_was_killed_fails(old: OldStore, opened: Any, name: str) -> None:
    old.running(name)
    machine = opened()
    assert machine.listed_status(name) == "Failed"
    assert machine.describe(name)["FailureReason"].startswith("InternalServerError")
    assert old.in_old_form() == []
    assert machine.run("pass")["TrainingJobStatus"] == "Completed"


@pytest.fixture
def alive(old: OldStore, name: str) -> Iterator[subprocess.Popen[str]]:
    """The supervisor of a job that runs; a line lets it end the job."""
    argv = [sys.executable, "-c", OLD_SUPERVISOR, str(old.running(name))]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "holds\n"
    yield process
    process.kill()
    process.communicate()


def test_a_running_job_is_seen_and_goes_on_to_its_end(
    old: OldStore, opened: Any, alive: subprocess.Popen[str], name: str
) -> None:
    machine = opened()
    assert machine.listed_status(name) == machine.status(name) == "InProgress"
    assert machine.describe(name)["SecondaryStatus"] == "Training"
    assert machine.lines(name) == [f"line of {name}"]
    with pytest.raises(machine.sagemaker.exceptions.ResourceInUse):
        machine.start("pass", name=name)
    # It has the one place that there is.
    following = machine.start("print('next')")
    assert machine.describe(following)["SecondaryStatus"] == "Pending"
    # Where it looks for a stop.
    machine.stop(name)
    assert (old.root / "jobs" / name / "stop").exists()
    assert machine.status(name) == "Stopping"

    alive.communicate("end\n")
    wait_for(lambda: machine.listed_status(following) == "Completed")
    assert machine.status(name) == machine.listed_status(name) == "Completed"
    assert machine.lines(name) == [f"line of {name}"]
    assert not machine.job_folder(name).is_symlink()
    assert old.in_old_form() == []
    machine.sagemaker.delete_training_job(TrainingJobName=name)
    assert machine.listed_status(name) is None
    assert machine.listed_status(following) == "Completed"


def test_a_running_job_whose_supervisor_is_killed_later_fails(
    old: OldStore, opened: Any, alive: subprocess.Popen[str], name: str
) -> None:
    machine = opened()
    assert machine.status(name) == "InProgress"
    alive.kill()
    alive.wait()
    assert machine.status(name) == "Failed"
    assert old.in_old_form() == []


@pytest.mark.parametrize("look", [Machine.status, Machine.listed_status])
def test_a_job_made_by_a_process_of_that_time_is_brought_in(
    old: OldStore, opened: Any, look: Any
) -> None:
    machine = opened()
    old.ended("late")
    assert look(machine, "late") == "Completed"
    assert old.in_old_form() == []


def test_a_name_in_use_in_the_old_form_is_in_use(old: OldStore, opened: Any) -> None:
    machine = opened()
    old.ended("late")
    with pytest.raises(machine.sagemaker.exceptions.ResourceInUse):
        machine.start("pass", name="late")


def test_a_supervisor_is_found_under_its_old_name(old: OldStore, opened: Any) -> None:
    folder = old.waiting("old", "print('ran')")
    (marker,) = (old.root / "queue").iterdir()
    lock = locks.try_lock(folder / "supervisor.lock")
    marker.rename(old.root / "running" / "old")
    argv = [sys.executable, "-m", "jupyter_sm.targets.local.supervisor", str(folder)]
    env = {**os.environ, "PYTHONPATH": str(Path(locks.__file__).parents[4])}
    pid = processes.spawn_detached(argv, env, folder / "supervisor.log", lock)
    os.close(lock)
    machine = opened()
    wait_for(lambda: machine.listed_status("old") == "Completed")
    assert machine.lines("old") == ["line of old", "ran"]
    wait_for(lambda: processes.reap(pid))
    assert machine.status("old") == "Completed"
    assert machine.listed_status("old") == "Completed"
    assert old.in_old_form() == []


def test_a_move_that_was_cut_off_is_taken_up(old: OldStore, opened: Any) -> None:
    folder = old.ended("training")
    # Killed with the job moved and its own files still where they lay ...
    (old.root / "moving").mkdir()
    for file in ("state.json", "request.json"):
        (old.root / "moving" / file).write_bytes((folder / file).read_bytes())
    (folder / "logs").rename(old.root / "moving" / "logs")
    machine = opened()
    assert machine.lines("training") == ["line of training"]
    # ... and the same a step later.
    inner = machine.job_folder("training")
    (folder / "state.json").write_bytes((inner / "state.json").read_bytes())
    assert opened().listed_status("training") == "Completed"
    assert machine.lines("training") == ["line of training"]
    assert old.in_old_form() == []


def test_folders_of_other_kinds_are_left_alone(old: OldStore, opened: Any) -> None:
    kept = old.root / "jobs" / "transform" / "some-job" / "state.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    opened()
    assert kept.read_text() == "{}"


def test_opening_a_store_with_nothing_to_move_is_cheap(old: OldStore, opened: Any) -> None:
    for number in range(300):
        old.ended(f"job-{number}")
    machine = opened()
    began = time.perf_counter()
    for _ in range(20):
        machine.target.engine._layout.make()
    assert time.perf_counter() - began < 0.5
