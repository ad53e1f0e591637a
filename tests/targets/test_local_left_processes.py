"""However a local job ends, no process of it is left: also none in a session of its own."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_sm.targets.local.runner.views import SWITCH

from kit.local_machine import Machine, machine_in
from kit.wait import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# Starts processes in its group, in a session of their own, and as daemons that nobody waits for.
CLAN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, sleep)
    os._exit(0)
os.wait()
print("ready")
time.sleep(300)
"""


@pytest.fixture(params=["views", "no views"])
def machine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    if request.param == "no views":
        monkeypatch.setenv(SWITCH, "0")
    with machine_in(tmp_path / "machine", grace="0.2", max_jobs=1) as made:
        yield made


def processes_of(machine: Machine, name: str) -> list[int]:
    """The processes that inherited a job's environment."""
    mark = os.fsencode(f"TRAINING_JOB_NAME={name}")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # ended meanwhile
            continue
    return found


@pytest.fixture
def clan(machine: Machine, tmp_path: Path) -> Iterator[str]:
    """A running job of four processes."""
    name = machine.start(CLAN, name=f"clan-{tmp_path.name[-20:]}".replace("_", "-"))
    wait_for(lambda: "ready" in machine.lines(name))
    wait_for(lambda: len(processes_of(machine, name)) == 4)
    yield name
    for pid in processes_of(machine, name):
        os.kill(pid, signal.SIGKILL)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def supervisors(machine: Machine, name: str) -> tuple[int, int]:
    """The process that supervises a job, and the one that guards it."""
    script = min(processes_of(machine, name))
    return parent_of(script), parent_of(parent_of(script))


def kill_supervisor(machine: Machine, name: str) -> None:
    os.kill(supervisors(machine, name)[0], signal.SIGKILL)


def kill_both(machine: Machine, name: str) -> None:
    supervisor, guard = supervisors(machine, name)
    for pid in (supervisor, guard):
        os.kill(pid, signal.SIGSTOP)
    for pid in (guard, supervisor):
        os.kill(pid, signal.SIGKILL)


def remove_folder(machine: Machine, name: str) -> None:
    shutil.rmtree(machine.job_folder(name))


def remove_root(machine: Machine, name: str) -> None:
    shutil.rmtree(machine.target.engine.root)


def remove_folder_and_kill(machine: Machine, name: str) -> None:
    supervisor, guard = supervisors(machine, name)
    for pid in (supervisor, guard):
        os.kill(pid, signal.SIGSTOP)
    shutil.rmtree(machine.job_folder(name))
    for pid in (guard, supervisor):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "end",
    [Machine.stop, kill_supervisor, kill_both, remove_folder, remove_root, remove_folder_and_kill],
)
def test_nothing_is_left(machine: Machine, clan: str, end: Callable[[Machine, str], None]) -> None:
    end(machine, clan)
    following = machine.run("print('next')")
    assert following["TrainingJobStatus"] == "Completed"
    wait_for(lambda: not processes_of(machine, clan), 5)
    assert machine.listed_status(clan) in ("Stopped", "Failed", None)


def test_a_killed_guard_costs_a_job_nothing(machine: Machine, tmp_path: Path) -> None:
    code = "import pathlib, time\nprint('ready')\n"
    code += f"while not pathlib.Path({str(tmp_path / 'go')!r}).exists(): time.sleep(0.01)"
    name = machine.start(code)
    wait_for(lambda: "ready" in machine.lines(name))
    following = machine.start("print('next')")
    os.kill(supervisors(machine, name)[1], signal.SIGKILL)
    (tmp_path / "go").touch()
    assert machine.ended(name)["TrainingJobStatus"] == "Completed"
    assert machine.ended(following)["TrainingJobStatus"] == "Completed"


def test_a_folder_that_is_removed_while_inputs_are_copied_does_not_come_back(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    for number in range(20):
        with (tmp_path / "data" / f"{number}").open("wb") as file:
            file.truncate(300 << 20)
    where = {"S3DataType": "S3Prefix", "S3Uri": (tmp_path / "data").as_uri()}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": where}}
    name = machine.start("print(1)", InputDataConfig=[channel])
    folder = machine.job_folder(name)
    wait_for(lambda: list(folder.rglob("data/train/*")))
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    assert machine.run("print('next')")["TrainingJobStatus"] == "Completed"
    assert not folder.exists()
