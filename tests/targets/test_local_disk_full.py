"""A full disk: every job on it ends as Failed, says so and where, and can still be read."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jupyter_sm.targets.local.disk.layout import Layout, new_transition
from jupyter_sm.targets.local.runner.host import LogStream

from kit.local_machine import FINAL, LOG_GROUP, Machine, channel, machine_in
from kit.wait import wait_for

KIB = 1024
FULL = "No space left on device"
GAP = re.compile(rf"jupyter_sm: {FULL}: (\d+) lines of the log are missing here\.")


@pytest.fixture
def machine(small_disk: Callable[[int], Path], tmp_path: Path) -> Iterator[Machine]:
    """A machine whose target lies on a disk of 4 MiB; sources and output lie elsewhere."""
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "local").symlink_to(small_disk(4 * KIB))
    with machine_in(tmp_path / "machine", max_jobs=2) as made:
        yield made


def fill(folder: Path, leave: int) -> None:
    """Leave at most `leave` bytes free on the disk of a folder."""
    with (folder / "filler").open("ab", buffering=0) as file:
        file.write(b"\0" * max(0, shutil.disk_usage(folder).free - leave))


def readable(machine: Machine, name: str) -> None:
    """State, list and log of a job can be read, and its stream holds whole events only."""
    assert machine.listed_status(name) == machine.status(name)
    answer = machine.logs.filter_log_events(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/")
    assert [e["message"] for e in answer["events"]] == machine.lines(name)[: len(answer["events"])]


def failed(machine: Machine, described: dict[str, Any]) -> str:
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Failed"
    readable(machine, described["TrainingJobName"])
    assert FULL in described["FailureReason"]
    return described["FailureReason"]


def test_an_input_bigger_than_the_disk_is_refused_before_it_is_copied(
    machine: Machine, tmp_path: Path
) -> None:
    data = tmp_path / "big.bin"
    data.write_bytes(b"\1" * 6 * KIB * KIB)
    reason = failed(machine, machine.run(InputDataConfig=[channel("train", data)]))
    assert "'train' needs 6 MiB" in reason
    assert str(machine.target.engine.root) in reason
    # The disk is not left full: another job runs.
    assert machine.run("print('fine')")["TrainingJobStatus"] == "Completed"


def test_inputs_that_fill_the_disk_together_end_the_job_and_leave_it_readable(
    machine: Machine, tmp_path: Path
) -> None:
    channels = []
    for number in range(3):
        data = tmp_path / f"data-{number}"
        data.write_bytes(b"\1" * (15 * KIB * KIB // 10))
        channels.append(channel(f"c{number}", data))
    reason = failed(machine, machine.run(InputDataConfig=channels))
    assert "'c2'" in reason


def test_a_source_that_does_not_fit_is_told(machine: Machine) -> None:
    files = {"noise.bin": os.urandom(5 * KIB * KIB)}
    reason = failed(machine, machine.run("pass", files=files))
    assert "source" in reason


def test_a_script_that_fills_the_disk_fails_with_its_own_error(machine: Machine) -> None:
    code = (
        "import os; from pathlib import Path\n"
        "Path(os.environ['SM_OUTPUT_DATA_DIR'], 'all').write_bytes(b'x' * 8_000_000)"
    )
    described = machine.run(code)
    reason = failed(machine, described)
    assert "OSError: [Errno 28]" in reason
    assert reason.startswith("AlgorithmError")


def test_a_log_that_fills_the_disk_is_told_with_its_place(machine: Machine) -> None:
    described = machine.run("for n in range(8000): print(n, 'x' * 1000)")
    name = described["TrainingJobName"]
    readable(machine, name)
    assert described["TrainingJobStatus"] in ("Completed", "Failed")
    assert FULL in described["FailureReason"]
    assert str(machine.job_folder(name) / "logs") in described["FailureReason"]
    printed = [line for line in machine.lines(name) if not GAP.match(line)]
    numbers = [int(line.split()[0]) for line in printed]
    assert numbers[:100] == list(range(100))
    assert numbers == sorted(numbers)


def test_a_gap_is_told_where_the_supervisor_is_killed_after_it(
    machine: Machine, tmp_path: Path
) -> None:
    full, free = tmp_path / "full", tmp_path / "free"
    code = (
        "import os, sys, time; from pathlib import Path; print('begun', flush=True)\n"
        "full, free = map(Path, sys.argv[2::2])\n"
        "while not full.exists(): time.sleep(0.02)\n"
        "for n in range(3000): print(n, 'x' * 100, flush=True)\n"
        "full.unlink()\n"
        "while not free.exists(): time.sleep(0.02)\n"
        "print('room again', flush=True)\n"
        "while free.exists(): time.sleep(0.02)\n"
        "os.kill(os.getppid(), 9)"
    )
    name = machine.start(code, hyperparameters={"a-full": str(full), "b-free": str(free)})
    wait_for(lambda: "begun" in machine.lines(name))
    fill(machine.target.engine.root, 0)
    full.touch()
    wait_for(lambda: not full.exists())
    (machine.target.engine.root / "filler").unlink()
    free.touch()
    wait_for(lambda: "room again" in machine.lines(name))
    free.unlink()
    assert "was killed" in machine.ended(name)["FailureReason"]
    _, *lines, last = machine.lines(name)
    numbers: list[int] = []
    for line in lines:
        gap = GAP.match(line)
        begin = len(numbers)
        numbers += range(begin, begin + int(gap[1])) if gap else [int(line.split()[0])]
    assert last == "room again"
    assert any(map(GAP.match, lines))
    assert numbers == list(range(3000))


def test_a_long_reason_does_not_hide_that_the_log_was_cut(machine: Machine) -> None:
    code = (
        "from pathlib import Path; Path('../output/failure').write_text('y' * 2000)\n"
        "for n in range(8000): print(n, 'x' * 1000)\n"
        "raise SystemExit(1)"
    )
    reason = failed(machine, machine.run(code))
    assert len(reason) <= 1024


def test_a_disk_filled_by_others_before_the_job_still_lets_it_end(
    machine: Machine, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    code = (
        "import sys, time; from pathlib import Path; print('begun', flush=True)\n"
        "while not Path(sys.argv[-1]).exists(): time.sleep(0.02)\n"
        "for n in range(3000): print(n, 'x' * 100)\n"
        "raise ValueError('wrong data')"
    )
    name = machine.start(code, hyperparameters={"go": str(go)})
    wait_for(lambda: "begun" in machine.lines(name))
    fill(machine.target.engine.root, 0)
    go.touch()
    described = machine.ended(name)
    assert FULL in failed(machine, described)
    assert "wrong data" in described["FailureReason"]


def test_a_disk_full_before_the_job_began_lets_it_end_too(machine: Machine, tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = (
        "import sys, time; from pathlib import Path\n"
        "while not Path(sys.argv[-1]).exists(): time.sleep(0.02)"
    )
    for _ in range(2):
        machine.start(wait, hyperparameters={"go": str(go)})
    name = machine.start("for n in range(3000): print(n, 'x' * 100)")
    assert machine.describe(name)["SecondaryStatus"] == "Pending"
    fill(machine.target.engine.root, 0)
    go.touch()
    wait_for(lambda: machine.listed_status(name) in FINAL)
    assert FULL in machine.describe(name)["FailureReason"]
    readable(machine, name)


def test_states_told_on_a_full_disk_leave_room_for_the_end(
    small_disk: Callable[[int], Path],
) -> None:
    layout = Layout(small_disk(256))
    layout.make()
    job = layout.job("training", "job")
    job.path.mkdir(parents=True)
    state = {"status": "InProgress", "transitions": [], "created": 0}
    job.write_state(state)
    job.make_reserve()
    log = LogStream(job.path / "log")
    for secondary in ("Downloading", "Training", "Uploading", "Failed"):
        new_transition(state, secondary)
        state["failure"] = "y" * 6000
        fill(layout.root, 0)
        log.write(["x" * 3000] * 100)
        job.write_state(state)
        assert job.state() == state
    log.close()


def test_creating_a_job_on_a_full_disk_says_so_and_leaves_nothing(machine: Machine) -> None:
    fill(machine.target.engine.root, 0)
    with pytest.raises(ClientError) as caught:
        machine.start("pass", name="never")
    error = caught.value.response["Error"]
    assert error["Code"] == "InternalFailure"
    assert FULL in error["Message"]
    assert machine.listed_status("never") is None
    (machine.target.engine.root / "filler").unlink()
    assert machine.run("pass", name="never")["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_a_model_that_does_not_fit_its_place_fails_the_job(
    machine: Machine, small_disk: Callable[[int], Path], compression: str
) -> None:
    shelf = small_disk(256)
    code = (
        "import os; from pathlib import Path\n"
        "Path(os.environ['SM_MODEL_DIR'], 'm.bin').write_bytes(os.urandom(1_000_000))"
    )
    config = {"S3OutputPath": shelf.as_uri(), "CompressionType": compression}
    described = machine.run(code, OutputDataConfig=config)
    reason = failed(machine, described)
    assert reason.startswith("ClientError: Artifact upload failed")
    assert str(shelf) in reason
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == ""
    assert not list(shelf.rglob("*.part"))
    assert not list(shelf.rglob("model.tar.gz"))
