"""A target that can't be reached, on the command line: it ends, with 1, and says in a line what to do."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.cli import jobs as cli_jobs
from jupyter_sm.cli import main
from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store import open_store, targets
from jupyter_sm.targets.aws import target as aws_target
from jupyter_sm.targets.aws.profiles import AwsName
from jupyter_sm.targets.aws.target import AwsTarget
from jupyter_sm.tracking import tracker

from kit.broken import BREAKS, KEYS, TARGET, Break, broken
from kit.command import sm
from kit.known import add_job, training_request

# For so many seconds a command waits here for what may pass.
PATIENCE = "3"
LINES = 6
# urllib3 leaves the socket of a handshake that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    # Loaded now, since loading it may take as long as a command waits.
    AwsTarget(AwsName("default", "us-east-1"), Path("/nowhere")).client("sagemaker")
    explain("")
    monkeypatch.setattr(aws_target, "_CONNECT_SECONDS", 1)
    monkeypatch.setattr(aws_target, "_READ_SECONDS", 0.3)
    monkeypatch.setattr(tracker, "_BACK_OFF_SECONDS", (0.05,))
    monkeypatch.setattr(cli_jobs, "_ENDING_SECONDS", 0)
    monkeypatch.setattr("jupyter_sm.cli._CLOSE_SECONDS", 0.1)


@pytest.fixture
def one(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Break]:
    """An environment with one thing wrong, and a store that knows a job there."""
    with broken(request.param, tmp_path, monkeypatch) as found:
        store = open_store(home)
        add_job(store, JobKey(found.target, "training", "known"))
        store.close()
        yield found


def said_by(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The code of a command that is to say what is wrong; and all that it said."""
    code = main(words)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err and "Warning" not in shown.err, shown
    assert len(shown.err.splitlines()) <= LINES, shown.err
    return code, shown.out + shown.err


@pytest.mark.parametrize("one", BREAKS, indirect=True)
def test_what_is_in_the_way_is_told_once_with_what_to_do(
    one: Break, script: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each kind: what looks, what starts something, and what asks by itself."""
    code, said = said_by(["status", "known", "--timeout", PATIENCE], capsys)
    assert code == 1 and "Training" in said and "Shown as last seen." in said
    assert told_once(one, said), said

    image = f"123456789012.dkr.ecr.{one.target.partition('@')[2]}.amazonaws.com/mine:1"
    train = ["train", str(script), "--target", one.target, "--image", image]
    code, said = said_by([*train, "--name", "mine", "--timeout", PATIENCE], capsys)
    assert code == 1 and said.count("mine is kept") == 1
    assert told_once(one, said), said
    store = open_store(home)
    row, mine = targets.row(store, one.target), JobKey(one.target, "training", "mine")
    # Nothing is refused that may pass.
    assert jobs_table.get(store, mine).status == "Submitting"
    assert row is not None and row.health == one.health, row
    store.close()

    code, said = said_by(["artifacts", "known", "--timeout", PATIENCE, "--json"], capsys)
    assert code == 1
    category = json.loads(said)["category"]
    assert category == "network" if one.health == "stale" else category != "network", said
    for command in ("status", "show"):
        code, said = said_by([command, "mine", "--timeout", PATIENCE], capsys)
        assert code == 1 and told_once(one, said), said
    # What was not sent can be given up, whatever the target does.
    assert said_by(["stop", "mine", "--timeout", PATIENCE], capsys)[0] == 0


def told_once(one: Break, said: str) -> bool:
    return sum(bool(re.search(one.says, line)) for line in said.splitlines()) == 1


@pytest.mark.parametrize("one", ["sso-expired", "refused"], indirect=True)
def test_what_was_not_sent_is_given_up_whatever_else_the_target_is_asked_for(
    one: Break, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    for words in (
        ["train", str(script), "--target", one.target, "--image", image, "--name", "mine"],
        ["track", "theirs", "--target", one.target],
    ):
        assert said_by([*words, "--timeout", "1"], capsys)[0] == 1
    code, said = said_by(["stop", "mine", "--timeout", PATIENCE], capsys)
    assert code == 0 and "Stopped" in said, said
    assert said_by(["targets", "remove", one.target], capsys)[0] == 0


COMMANDS = [
    "ls",
    "show known",
    "logs known",
    "logs known -f",
    "metrics known",
    "explain known",
    "export known --to {folder}",
    "download known --to {folder}",
    "stop known",
    "again known",
    "track theirs --target {target}",
    "train {script} --target {target} --wait",
    "submit {request} --target {target}",
    "status nobody",
    "doctor",
]


@pytest.mark.parametrize("one", ["sso-expired", "silent", "page-302"], indirect=True)
def test_every_command_ends(
    one: Break, script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(training_request("asked")))
    for words in COMMANDS:
        argv = [
            word.format(script=script, folder=tmp_path / "out", request=request, target=one.target)
            for word in words.split()
        ]
        code, said = said_by([*argv, "--timeout", "1"], capsys)
        assert code == 1, (words, said)
        # What passes may take longer to be known than it is waited for here.
        assert re.search(f"{one.says}|not answered", said), (words, said)


@pytest.mark.parametrize("one", ["silent"], indirect=True)
def test_a_process_of_its_own_ends_too(one: Break, script: Path) -> None:
    """Whatever its threads wait for: its files are being staged, and nobody answers."""
    done = sm("train", script, "--target", one.target, "--timeout", "4")
    assert done.code == 1 and len(done.err.splitlines()) <= LINES
    assert "has not answered" in done.err and done.out == ""


def test_commands_about_local_jobs_ask_no_other_target(
    home: Path, script: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes connections, and answers none
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        store = open_store(home)
        targets.use(store, TARGET)
        store.close()
        assert main(["train", str(script), "--name", "mine", "--wait"]) == 0
        for words in ("status", "show", "logs", "metrics", "artifacts", "explain", "stop", "code"):
            assert main([words, "mine"]) == 0, words
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert "waits" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("JUPYTER_SM_MAX_JOBS", "-1"),
        ("JUPYTER_SM_MAX_JOBS", "many"),
        ("JUPYTER_SM_MAX_JOBS", "nan"),
        ("JUPYTER_SM_STOP_GRACE", "abc"),
        ("JUPYTER_SM_STOP_GRACE", "-1"),
        ("JUPYTER_SM_STOP_GRACE", "inf"),
        ("JUPYTER_SM_NAMESPACES", "maybe"),
        ("JUPYTER_SM_HOME", "~nobody-of-that-name/x"),
    ],
)
def test_a_variable_of_ours_that_means_nothing_is_told(
    variable: str,
    value: str,
    script: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["train", str(script), "--name", "fine", "--wait"]) == 0
    capsys.readouterr()
    monkeypatch.setenv(variable, value)
    for words in (["train", str(script)], ["doctor"]):
        code, said = said_by(words, capsys)
        assert code == 1 and variable in said and repr(value) in said, said
    if variable != "JUPYTER_SM_HOME":
        # What is known stays known.
        assert said_by(["status", "fine"], capsys)[0] == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("role = 3\n", "'role'"),
        ("[defaults]\nrole = 3\n", "role must be a text"),
        ("[defaults]\nrolle = 'x'\n", "'rolle'"),
        ("[defaults]\ncreate_bucket = 'yes'\n", "create_bucket must be True or False"),
        ("targets = 3\n", "must be tables"),
        ('[targets]\n"default@us-east-1" = 3\n', "must be tables"),
        ("[defaults", "can't be read"),
        ("[stores]\n", "'stores'"),
    ],
)
def test_a_setting_of_targets_that_means_nothing_is_told(
    text: str, says: str, home: Path, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    home.joinpath("config.toml").write_text(text)
    assert main(["targets"]) == 0
    assert says in capsys.readouterr().out
    code, said = said_by(["train", str(script), "--target", TARGET], capsys)
    assert code == 1 and "config.toml" in said
    # The local target has no use for it.
    assert main(["train", str(script), "--wait"]) == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[store]\nlog_limit_mb = -1\n", "log_limit_mb"),
        ("store = 3\n", "log_limit_mb"),
        ("[space]\nkeep_alive = 3\n", "keep_alive"),
    ],
)
def test_another_setting_that_means_nothing_is_told(
    text: str, says: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    home.joinpath("config.toml").write_text(text)
    assert main(["targets"]) == 0
    assert says in capsys.readouterr().out
