"""How a job of the local target comes to its end: by itself, by failing, or stopped."""

from __future__ import annotations

import os
import signal
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.local_machine import Machine, is_alive, machine_in
from kit.wait import wait_for

IGNORE_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
SAVE = "import os; from pathlib import Path\nPath(os.environ['SM_MODEL_DIR'], 'm.txt').write_text('early')\n"
SLEEP = "import time\nprint('ready')\ntime.sleep(300)\n"
SAVE_ON_TERM = """
import os, signal, sys, time
from pathlib import Path
def save(*_):
    print("saving")
    Path(os.environ["SM_MODEL_DIR"], "m.txt").write_text("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready")
while True:
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("endings"), grace="1", max_jobs=4) as made:
        yield made


@pytest.fixture
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that leaves a stopped script 60 s: whoever ends sooner ended by itself."""
    with machine_in(tmp_path_factory.mktemp("patient"), grace="60", max_jobs=4) as made:
        yield made


def ready(machine: Machine, name: str) -> str:
    wait_for(lambda: "ready" in machine.lines(name))
    return name


def failed(machine: Machine, code: str, **members: Any) -> str:
    """The reason of a job that must fail."""
    described = machine.run(code, **members)
    assert described["TrainingJobStatus"] == described["SecondaryStatus"] == "Failed"
    return described["FailureReason"]


def model(machine: Machine, name: str) -> str:
    with tarfile.open(machine.result(name)) as packed:
        return packed.extractfile("m.txt").read().decode()


def steps(described: dict[str, Any]) -> list[str]:
    return [step["Status"] for step in described["SecondaryStatusTransitions"]]


def test_an_exception_gives_exit_code_and_message(machine: Machine) -> None:
    reason = failed(machine, "raise ValueError('no such column')", hyperparameters={"n": 1})
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n")
    assert 'ValueError: no such column"\n' in reason
    assert "train.py -n 1" in reason


def test_an_exit_code_is_told(machine: Machine) -> None:
    assert "ExitCode 42\n" in failed(machine, "import sys; sys.exit(42)")


def test_a_failed_job_leaves_what_it_had_made(machine: Machine) -> None:
    report = "Path(os.environ['SM_OUTPUT_DATA_DIR'], 'report').write_text('so far')\n"
    described = machine.run(SAVE + report + "raise RuntimeError")
    name = described["TrainingJobName"]
    assert described["TrainingJobStatus"] == "Failed"
    assert steps(described)[-3:] == ["Training", "Uploading", "Failed"]
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == machine.result(name).as_uri()
    assert model(machine, name) == "early"
    with tarfile.open(machine.result(name, "output.tar.gz")) as packed:
        assert packed.getnames() == ["report"]


def test_a_failed_job_that_made_nothing_leaves_nothing(machine: Machine) -> None:
    described = machine.run("raise RuntimeError")
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == ""
    assert not machine.result(described["TrainingJobName"], "").exists()


def test_a_failure_stays_the_reason_where_the_upload_fails_too(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    config = {"S3OutputPath": (tmp_path / "file").as_uri()}
    described = machine.run(SAVE + "raise RuntimeError('first')", OutputDataConfig=config)
    assert "RuntimeError: first" in described["FailureReason"]
    last = machine.lines(described["TrainingJobName"])[-1]
    assert last.startswith("jupyter_sm: what the job had made could not be uploaded")
    assert str(tmp_path / "file") in last


def test_a_killed_script_has_the_signals_number(machine: Machine) -> None:
    reason = failed(machine, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "ExitCode -9\n" in reason


def test_the_failure_file_is_the_reason_cut_at_1024(machine: Machine) -> None:
    code = (
        "from pathlib import Path; Path('../output/failure').write_text({!r}); raise SystemExit(1)"
    )
    assert "too few rows" in failed(machine, code.format("too few rows"))
    reason = failed(machine, code.format("é" * 5000))
    assert len(reason) == 1024
    assert reason.endswith("é" * 900 + ", exit code: 1")


def test_of_a_failure_file_no_more_is_read_than_a_reason_holds(machine: Machine) -> None:
    code = """
import sys
with open("../output/failure", "w") as file:
    file.write("too few rows")
    file.truncate(1 << 36)  # sparse; no machine has so much memory
sys.exit(1)
"""
    reason = failed(machine, code)
    assert reason.startswith("AlgorithmError: too few rows\0") and len(reason) == 1024


@pytest.mark.parametrize(
    "make", ["os.mkfifo(place)", "os.symlink('/dev/zero', place)", "os.mkdir(place)"]
)
def test_a_failure_file_that_is_no_file_is_not_read(machine: Machine, make: str) -> None:
    code = f"import os\nplace = '../output/failure'\n{make}\nraise ValueError('no rows')"
    assert "ValueError: no rows" in failed(machine, code)


def test_a_failure_file_does_not_fail_a_script_that_ends_well(machine: Machine) -> None:
    described = machine.run("from pathlib import Path; Path('../output/failure').write_text('x')")
    assert described["TrainingJobStatus"] == "Completed"
    assert "FailureReason" not in described


def test_one_failing_host_ends_the_other_and_the_job(patient: Machine, tmp_path: Path) -> None:
    code = (
        "import os, time; from pathlib import Path\n"
        f"pids = Path({str(tmp_path)!r})\n"
        "(pids / os.environ['SM_CURRENT_HOST']).write_text(str(os.getpid()))\n"
        "while not (pids / 'algo-1').exists(): time.sleep(0.01)\n"
        "if os.environ['SM_CURRENT_HOST'] == 'algo-2': raise KeyError('lost')\n"
        "time.sleep(300)"
    )
    reason = failed(patient, code, hosts=2)
    assert "on algo-2" in reason
    assert "KeyError: 'lost'" in reason
    assert not is_alive(int((tmp_path / "algo-1").read_text()))


def test_the_time_limit_stops_the_job_and_keeps_the_model(patient: Machine) -> None:
    described = patient.run(SAVE + SLEEP, limit=1)
    assert described["TrainingJobStatus"] == "Stopped"
    assert described["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert model(patient, described["TrainingJobName"]) == "early"


def test_a_stop_lets_the_script_save_its_model(patient: Machine) -> None:
    name = ready(patient, patient.start(SAVE_ON_TERM))
    patient.stop(name)
    assert patient.status(name) in ("Stopping", "Stopped")
    described = patient.ended(name)
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped",) * 2
    assert steps(described)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert "FailureReason" not in described
    assert model(patient, name) == "saved"
    assert patient.lines(name) == ["ready", "saving"]


def test_a_script_that_ignores_the_stop_is_killed_after_the_grace(machine: Machine) -> None:
    name = ready(machine, machine.start(SAVE + IGNORE_TERM + SLEEP))
    machine.stop(name)
    described = machine.ended(name)
    assert described["TrainingJobStatus"] == "Stopped"
    assert model(machine, name) == "early"
    by_step = {s["Status"]: s for s in described["SecondaryStatusTransitions"]}
    stopping = by_step["Stopping"]
    assert (stopping["EndTime"] - stopping["StartTime"]).total_seconds() >= 0.9


def test_stopping_a_waiting_job_ends_it_before_it_began(
    tmp_path: Path,
) -> None:
    with machine_in(tmp_path, max_jobs=1) as machine:
        machine.start(SLEEP)
        name = machine.start("print('ran')")
        machine.stop(name)
        described = machine.describe(name)
        assert (described["TrainingJobStatus"], steps(described)[-1]) == ("Stopped", "Stopped")
        assert "TrainingStartTime" not in described
        assert machine.lines(name) == []
        following = machine.start("print('next')")
        assert machine.describe(following)["SecondaryStatus"] == "Pending"


SPAWN = """
import os, subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session={apart})
Path({place!r}).write_text(str(child.pid))
print("ready")
{then}
"""


@pytest.mark.parametrize("apart", [False, True], ids=["in the group", "in its own session"])
@pytest.mark.parametrize("ending", ["stop", "fail", "complete"])
def test_what_a_script_started_does_not_outlive_the_job(
    machine: Machine, tmp_path: Path, ending: str, apart: bool
) -> None:
    place = tmp_path / "pid"
    then = {"stop": "time.sleep(300)", "fail": "raise ValueError", "complete": ""}[ending]
    name = machine.start(SPAWN.format(place=str(place), apart=apart, then=then))
    if ending == "stop":
        machine.stop(ready(machine, name))
    described = machine.ended(name)
    expected = {"stop": "Stopped", "fail": "Failed", "complete": "Completed"}[ending]
    assert described["TrainingJobStatus"] == expected
    pid = int(place.read_text())
    try:
        wait_for(lambda: not is_alive(pid), 3)
    finally:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


# Prints without a pause for at most six seconds, then ends well.
FLOOD = """
import os, time
until = time.monotonic() + 6
line = b"y" * 20 + b"\\n"
while time.monotonic() < until:
    os.write(1, line * 100)
"""


@pytest.mark.parametrize("way", ["stop", "limit"])
def test_a_script_that_prints_without_a_pause_can_be_stopped(tmp_path: Path, way: str) -> None:
    with machine_in(tmp_path, max_jobs=1) as machine:
        name = machine.start(FLOOD, limit=1 if way == "limit" else 120)
        if way == "stop":
            wait_for(
                lambda: (
                    machine.target.log_hint("training", name)
                    and machine.target.log_hint("training", name)[0][1]
                )
            )
            machine.stop(name)
        described = machine.ended(name, 60)
        secondary = {"stop": "Stopped", "limit": "MaxRuntimeExceeded"}[way]
        assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == (
            "Stopped",
            secondary,
        )


def test_an_interpreter_that_is_none_is_named(machine: Machine, tmp_path: Path) -> None:
    for image in (tmp_path / "python", Path("/etc/hostname")):
        request = machine.request("pass")
        request["AlgorithmSpecification"]["TrainingImage"] = image.as_uri()
        machine.sagemaker.create_training_job(**request)
        described = machine.ended(request["TrainingJobName"])
        assert described["TrainingJobStatus"] == "Failed"
        assert described["FailureReason"].startswith("ClientError")
        assert str(image) in described["FailureReason"]


def test_another_interpreter_may_be_the_image(machine: Machine, tmp_path: Path) -> None:
    wrapper = tmp_path / "my python"
    wrapper.write_text(f'#!/bin/sh\necho wrapped\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    request = machine.request("print('trained')")
    request["AlgorithmSpecification"]["TrainingImage"] = wrapper.as_uri()
    machine.sagemaker.create_training_job(**request)
    machine.ended(request["TrainingJobName"])
    assert machine.lines(request["TrainingJobName"])[1:] == ["wrapped", "trained"]
