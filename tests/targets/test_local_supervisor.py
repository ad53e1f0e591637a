"""When a job's supervisor is killed: the job ends, its script too, and the next one starts."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.targets.local.disk.layout import Layout, marker_name, started_name

from kit.local_machine import FINAL, Machine, is_alive, machine_in
from kit.wait import wait_for

PARENT = """
import os, signal, subprocess, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
Path(sys.argv[-1]).write_text(f"{os.getppid()} {os.getpid()} {child.pid}")
print("ready")
time.sleep(300)
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with machine_in(tmp_path / "machine", grace="60", max_jobs=1) as made:
        yield made


@pytest.fixture
def family(machine: Machine, tmp_path: Path) -> Iterator[tuple[str, int, int, int]]:
    """A running job: its name, and the processes of supervisor, script and grandchild."""
    place = tmp_path / "pids"
    name = machine.start(PARENT, hyperparameters={"place": str(place)})
    wait_for(lambda: "ready" in machine.lines(name))
    pids = [int(pid) for pid in place.read_text().split()]
    yield (name, *pids)
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid))


def test_its_job_fails_and_says_why(machine: Machine, family: tuple[str, int, int, int]) -> None:
    name, supervisor, script, _ = family
    kill(supervisor)
    wait_for(lambda: machine.listed_status(name) == "Failed")
    described = machine.describe(name)
    assert described["FailureReason"].startswith("InternalServerError")
    assert described["SecondaryStatus"] == "Failed"
    assert described["TrainingEndTime"] >= described["TrainingStartTime"]
    assert "EndTime" in described["SecondaryStatusTransitions"][-1]
    wait_for(lambda: not is_alive(script))
    assert machine.lines(name) == ["ready"]


def test_the_next_job_starts(machine: Machine, family: tuple[str, int, int, int]) -> None:
    name, supervisor, _, _ = family
    following = machine.start("print('next')")
    assert machine.describe(following)["SecondaryStatus"] == "Pending"
    kill(supervisor)
    wait_for(lambda: machine.listed_status(following) == "Completed")
    assert machine.status(name) == "Failed"


def test_describing_alone_notices_it(machine: Machine, family: tuple[str, int, int, int]) -> None:
    name, supervisor, _, _ = family
    kill(supervisor)
    wait_for(lambda: machine.status(name) == "Failed", 5)


def test_a_job_that_was_being_stopped_comes_to_its_end(
    machine: Machine, family: tuple[str, int, int, int]
) -> None:
    name, supervisor, _, _ = family
    machine.stop(name)
    # The supervisor itself has taken up the stop, and now leaves the script its grace.
    state = machine.job_folder(name) / "state.json"
    wait_for(lambda: '"status": "Stopping"' in state.read_text())
    kill(supervisor)
    wait_for(lambda: machine.listed_status(name) in FINAL, 5)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"status": "InProgress"}', "\0" * 99])
@pytest.mark.parametrize("queue", ["waiting", "started"])
def test_one_odd_job_keeps_no_other_from_being_started_and_listed(
    tmp_path: Path, content: str | None, queue: str
) -> None:
    with machine_in(tmp_path / "machine", max_jobs=2) as machine:
        odd = machine.run(name="odd")["TrainingJobName"]
        state = machine.job_folder(odd) / "state.json"
        state.unlink()
        if content is not None:
            state.write_text(content)
        layout = Layout(machine.target.engine.root)
        (layout.started if queue == "started" else layout.waiting).joinpath(
            started_name("training", odd) if queue == "started" else marker_name(0, "training", odd)
        ).touch()
        for stray in (".nfs0001", "stray", "~~", "00~training~none"):
            (layout.waiting / stray).touch()
            (layout.started / stray).touch()
        assert machine.run("print(1)")["TrainingJobStatus"] == "Completed"
        listed = machine.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        told = {row["TrainingJobName"]: row["TrainingJobStatus"] for row in listed}
        assert told.pop("odd", "Failed") == "Failed"
        assert list(told.values()) == ["Completed"]


def test_another_target_object_on_the_same_folder_notices_it(
    machine: Machine, family: tuple[str, int, int, int]
) -> None:
    name, supervisor, _, _ = family
    other = Machine(machine.folder, max_jobs=1)
    assert other.listed_status(name) == "InProgress"
    kill(supervisor)
    wait_for(lambda: other.listed_status(name) == "Failed")
    assert machine.status(name) == "Failed"
