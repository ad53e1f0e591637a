"""`jupyter-sm` as a process: what it prints, how it ends, and never a traceback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_sm.cli import main
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store, open_store, targets
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.targets.local import LocalTarget

from kit.command import sm
from kit.wait import wait_for

FAST = "print('hello')\n"


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    path = tmp_path / "fast.py"
    path.write_text(FAST)
    return path


def engine_status(home: Path, name: str) -> str:
    client = LocalTarget(home / "local").client("sagemaker")
    return client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]


def test_training_and_waiting_prints_the_log_and_how_it_ended(script: Path) -> None:
    done = sm("train", script, "--name", "waited", "-p", "epochs=2", "--wait")
    assert (done.code, done.err) == (0, "")
    assert [line for line in done.out.splitlines() if line.startswith("epoch")] == [
        "epoch 1/2 loss: 1.0000 accuracy: 0.0000",
        "epoch 2/2 loss: 0.5000 accuracy: 0.5000",
    ]
    assert "Completed" in done.out and "waited" in done.out
    listed = sm("ls")
    assert listed.code == 0 and "waited" in listed.out and "Completed" in listed.out
    (job,) = sm("ls", "--json").json()
    assert (job["name"], job["status"]) == ("waited", "Completed")
    assert sm("status", "waited", "--json").json()["metric"]["name"] == "accuracy"
    lines = sm("logs", "waited", "--json").json()
    assert [line["seq"] for line in lines] == [0, 1]
    assert "epoch 2/2" in sm("logs", "waited").out
    followed = sm("logs", "waited", "-f")
    assert followed.code == 0 and followed.out.count("epoch") == 2
    assert len(sm("logs", "waited", "-f", "--json").json()) == 2
    assert sm("stop", "waited").code == 0
    explained = sm("explain", "waited")
    assert explained.code == 0 and "no error" in explained.out
    assert sm("explain", "waited", "--json").json() is None


def test_waiting_with_json_prints_json_only(fast: Path) -> None:
    done = sm("train", fast, "--wait", "--json")
    assert done.code == 0
    assert done.json()["status"] == "Completed"


def test_a_request_that_sagemaker_refuses_is_refused_in_one_line(fast: Path) -> None:
    done = sm("train", fast, "--instance", "ML.M5.LARGE")
    assert (done.code, done.out) == (1, "")
    assert "'ML.M5.LARGE' is not among" in done.err and "the nearest: ml.m5.large" in done.err


def test_a_type_that_is_not_known_is_noted(fast: Path) -> None:
    done = sm("train", fast, "--instance", "ml.m5.huge", "--wait")
    assert done.code == 0
    assert "'ml.m5.huge' is not among" in done.out


def test_training_returns_once_the_target_has_the_job(fast: Path, home: Path) -> None:
    done = sm("train", fast, "--name", "left", "--json")
    assert (done.code, done.json()["name"]) == (0, "left")
    wait_for(lambda: engine_status(home, "left") == "Completed")
    # Nobody has tracked since; who asks now wants to know how the job is now.
    assert sm("status", "left", "--json").json()["status"] == "Completed"


def test_the_list_tells_how_jobs_are_now(fast: Path, home: Path) -> None:
    sm("train", fast, "--name", "left")
    wait_for(lambda: engine_status(home, "left") == "Completed")
    (job,) = sm("ls", "--json").json()
    assert job["status"] == "Completed"


def test_a_job_that_failed_is_a_code_of_1_and_can_be_explained(tmp_path: Path) -> None:
    script = tmp_path / "fails.py"
    script.write_text("raise ValueError('no such label')")
    done = sm("train", script, "--name", "fails", "--wait")
    assert done.code == 1 and "no such label" in done.out + done.err
    assert sm("status", "fails").code == 1
    explained = sm("explain", "fails")
    assert explained.code == 0 and "ValueError: no such label" in explained.out
    assert sm("explain", "fails", "--json").json()["category"] == "user-script-exception"
    assert "ValueError: no such label" in sm("logs", "fails", "-f").out


def test_a_job_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_SM_STOP_GRACE", "0.5")
    script = tmp_path / "long.py"
    script.write_text("import time; time.sleep(600)")
    assert sm("train", script, "--name", "long").code == 0
    done = sm("stop", "long", "--json")
    assert (done.code, done.json()["status"]) == (0, "Stopped")


def test_hyperparameters_reach_the_script_as_they_are_typed(tmp_path: Path) -> None:
    script = tmp_path / "typed.py"
    script.write_text("import os, sys; print(sys.argv[1:]); print(os.environ['SM_HPS'])")
    pairs = ["epochs=3", "rate=1e-3", "ver=1.10", "flag=true", "words=two words", "instance=a=b"]
    argv = [part for pair in pairs for part in ("-p", pair)]
    done = sm("train", script, "--wait", *argv)
    assert done.code == 0
    given, variable = done.out.splitlines()[:2]
    names = sorted(pair.partition("=")[::2] for pair in pairs)
    assert given == str([word for name, value in names for word in (f"--{name}", value)])
    assert json.loads(variable) == {
        "epochs": 3,
        "rate": "1e-3",
        "ver": "1.10",
        "flag": "true",
        "words": "two words",
        "instance": "a=b",
    }


def test_every_option_of_a_training_job_reaches_its_request(script: Path, home: Path) -> None:
    argv = "--instance ml.c5.xlarge --instance-count 2 --max-runtime 60 --tag team=vision --env A=1"
    assert sm("train", script, "--name", "options", *argv.split()).code == 0
    store = open_store(home)
    found = jobs_table.request_of(store, JobKey("local", "training", "options"))
    store.close()
    machines = {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30}
    assert found["ResourceConfig"] == machines
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 60}
    assert found["Environment"] == {"A": "1"}
    assert {"Key": "team", "Value": "vision"} in found["Tags"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["status", "nobody"], "no job named 'nobody'"),
        (["stop", "nobody"], "no job named 'nobody'"),
        (["logs", "nobody"], "no job named 'nobody'"),
        (["explain", "nobody"], "no job named 'nobody'"),
        (["train", "/no/such.py"], "There is no script"),
        (["train", "{script}", "--input", "train=/no/data"], "There is nothing at"),
        (["train", "{script}", "--input", "train=~nobody-of-that-name/x"], "train"),
        (["train", "{script}", "--name", "a b"], "not legal"),
        (["train", "{script}", "--target", "mars"], "no target 'mars'"),
    ],
)
def test_what_is_wrong_is_said_with_a_code_of_1(
    script: Path, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
) -> None:
    """In this process, as are the wrong usages, to save the start of thirty others."""
    argv = [str(script) if part == "{script}" else part for part in argv]
    assert main(argv) == 1
    shown = capsys.readouterr()
    assert shown.out == "" and says in shown.err
    assert main([*argv, "--json"]) == 1
    assert says in json.loads(capsys.readouterr().out)["what_happened"]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["fly"],
        ["status"],
        ["train"],
        ["train", "x.py", "--input", "/data"],
        ["train", "x.py", "-p", "=3"],
        ["ls", "-n", "many"],
        ["ls", "-n", "-1"],
        ["ls", "-n", "99999999999999999999"],
        ["logs", "a", "b"],
        ["status", "x", "--colour"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_a_code_of_2(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    shown = capsys.readouterr()
    assert (caught.value.code, shown.out) == (2, "")
    assert len(shown.err.splitlines()) == 1 and "--help)" in shown.err


def test_what_is_wrong_ends_a_process_likewise() -> None:
    assert sm("status", "nobody").code == 1
    assert sm("fly").code == 2


def test_help_and_version() -> None:
    done = sm("--help")
    assert done.code == 0 and all(c in done.out for c in ("train", "ls", "logs", "explain"))
    assert sm("--version").out.strip()
    script = Path(sys.executable).with_name("jupyter-sm")
    assert subprocess.run([script, "--help"], capture_output=True, check=True).stdout


def test_an_empty_store_lists_nothing() -> None:
    assert sm("ls", "--json").json() == []
    assert "No jobs yet" in sm("ls").out


def test_text_from_stdin_is_explained() -> None:
    text = "ClientError: An error occurred (ThrottlingException): Rate exceeded"
    done = sm("explain", text=text)
    assert (done.code, done.err) == (0, "") and done.out.strip()
    found = sm("explain", "--json", text=text).json()
    assert found["category"] != "not-recognised" and found["title"]
    assert sm("explain", "--json").json()["category"] == "not-recognised"


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1"])
def test_text_in_any_encoding_is_explained(encoding: str) -> None:
    done = sm(
        "explain", text=b"ValueError: gr\xfc\xdfe \xff\xed\xa0\xbd\0", PYTHONIOENCODING=encoding
    )
    assert done.code == 0 and "ValueError" in done.out


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_home_that_can_not_be_used_is_said(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    done = sm("ls", *options, JUPYTER_SM_HOME=str(tmp_path / "file"))
    assert done.code == 1 and "JUPYTER_SM_HOME" in done.out + done.err


def test_a_broken_store_is_said(home: Path) -> None:
    sm("ls")
    path = home / "store.sqlite3"
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xa5" * (len(data) - 8192))
    done = sm("ls")
    assert done.code == 1 and "store.sqlite3" in done.err


def test_a_reader_that_goes_away_ends_it_quietly(fast: Path, tmp_path: Path) -> None:
    script = tmp_path / "much.py"
    script.write_text("for n in range(20_000): print(n, 'x' * 50)")
    assert sm("train", script, "--name", "much", "--wait").code == 0
    command = f"{sys.executable} -m jupyter_sm.cli logs much | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("0 x")
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_text_is_explained_without_asking_any_target(store: Store) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes connections, and answers none
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        targets.use(store, "default@us-east-1")
        explained = sm(
            "explain",
            text="ResourceInUse: the name is taken",
            AWS_ENDPOINT_URL=address,
            AWS_ACCESS_KEY_ID="key",
            AWS_SECRET_ACCESS_KEY="secret",
        )
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert explained.code == 0 and "name" in explained.out
