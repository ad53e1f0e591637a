"""What a job is and has made, on the command line; submit, again and doctor."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from jupyter_sm.cli import doctor
from jupyter_sm.cli.results import _cell
from jupyter_sm.desk import open_desk
from jupyter_sm.store import open_store

from kit.command import sm

LEAVES = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--lr", default="1")
options, _ = parser.parse_known_args()
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights.txt").write_text(options.lr)
for step in (1, 2):
    print(f"step {step} loss: {1 / step}")
"""


@pytest.fixture
def job(tmp_path: Path) -> str:
    """The name of a job that has ended and left a model."""
    script = tmp_path / "leaves.py"
    script.write_text(LEAVES)
    assert sm("train", script, "--name", "one", "--wait", "-p", "lr=3").code == 0
    return "one"


def test_a_job_is_shown_with_its_states_and_request(job: str) -> None:
    shown = sm("show", job)
    assert shown.code == 0
    assert "Downloading" in shown.out and '"TrainingJobName": "one"' in shown.out
    told = sm("show", job, "--json").json()
    assert told["status"] == "Completed" and told["request"]["HyperParameters"]["lr"] == "3"


def test_metrics_are_a_table_points_or_csv(job: str) -> None:
    head, row = sm("metrics", job).out.splitlines()
    assert head.split() == ["METRIC", "POINTS", "FIRST", "LAST", "LEAST", "GREATEST"]
    assert row.split() == ["loss", "2", "1", "0.5", "0.5", "1"]
    assert [point["value"] for point in sm("metrics", job, "--json").json()] == [1.0, 0.5]
    rows = list(csv.DictReader(io.StringIO(sm("metrics", job, "--csv").out)))
    assert [(row["name"], row["step"], row["value"]) for row in rows] == [
        ("loss", "1", "1.0"),
        ("loss", "2", "0.5"),
    ]


def test_a_name_that_a_log_printed_is_no_formula() -> None:
    assert _cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert (_cell("loss"), _cell(-0.5), _cell(None)) == ("loss", -0.5, None)


def test_what_it_left_is_listed_fetched_and_exported(job: str, tmp_path: Path) -> None:
    assert "model.tar.gz" in sm("artifacts", job).out
    (only,) = sm("artifacts", job, "--json").json()
    assert only["size"] > 0
    fetched = sm("download", job, "--to", tmp_path / "here")
    assert fetched.code == 0 and (tmp_path / "here" / "model.tar.gz").is_file()
    missing = sm("download", job, "nothing.txt", "--to", tmp_path / "here")
    assert missing.code == 1 and "one has left no nothing.txt" in missing.err
    written = sm("export", job, "--to", tmp_path / "all", "--json").json()
    names = [Path(path).name for path in written]
    assert names == ["job.json", "log.txt", "metrics.csv", "request.json"]
    assert "step 2 loss: 0.5" in (tmp_path / "all" / "log.txt").read_text()


def test_a_job_is_run_again_changed_and_compared(job: str) -> None:
    again = sm("again", job, "-p", "lr=0.10", "--instance", "ml.m5.xlarge", "--wait", "--json")
    assert again.code == 0
    name = again.json()["name"]
    found = sm("diff", job, name)
    assert found.code == 1 and "ResourceConfig.InstanceType" in found.out
    rows = {row["path"]: row["other"] for row in sm("diff", job, name, "--json").json()}
    assert rows["HyperParameters.lr"] == '"0.10"'
    assert sm("diff", job, job).code == 0
    wrong = sm("again", job, "--change", "gpus=3")
    assert wrong.code == 1 and "There is no change 'gpus=3'" in wrong.err


def test_a_request_is_submitted_from_a_file_or_stdin(job: str, tmp_path: Path) -> None:
    request = sm("show", job, "--json").json()["request"]
    del request["Tags"]
    file = tmp_path / "request.json"
    file.write_text(json.dumps({**request, "TrainingJobName": "two"}))
    assert sm("submit", file, "--wait").code == 0
    piped = json.dumps({**request, "TrainingJobName": "three"})
    assert sm("submit", "-", "--wait", text=piped).code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "stdin is not JSON"), ("[]", "A request is a JSON object"), ("{}", "is missing")],
)
def test_a_request_that_is_none_is_one_sentence(text: str, says: str) -> None:
    done = sm("submit", "-", text=text)
    assert done.code == 1 and says in done.err


def test_the_code_of_a_job_is_printed(job: str) -> None:
    code = sm("code", job).out
    compile(code, "printed", "exec")
    assert "sm.train(" in code


def test_the_doctor_finds_nothing_wrong_here_and_says_what_it_saw() -> None:
    seen = sm("doctor")
    assert seen.code == 0, seen.out
    assert "The job store" in seen.out and "The server extension is switched on" in seen.out
    assert {row["how"] for row in sm("doctor", "--json").json()} <= {"ok", "note"}


def test_the_doctor_says_what_is_missing_and_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jupyter_core.paths

    for where in ("jupyter_path", "jupyter_config_path"):
        monkeypatch.setattr(jupyter_core.paths, where, list)
    found = list(doctor._extensions(open_desk(home)))
    assert [row.how for row in found] == ["fault", "fault"] and all(row.fix for row in found)


def test_targets_are_listed_with_how_they_are() -> None:
    assert sm("targets").out.splitlines()[0].split() == ["TARGET", "HEALTH"]
    assert "local" in {row["name"] for row in sm("targets", "--json").json()}


def test_a_target_that_does_not_answer_is_waited_for_as_long_as_told(
    tmp_path: Path, script: Path
) -> None:
    config = tmp_path / "config"
    keys = "aws_access_key_id = x\naws_secret_access_key = x\n"
    config.write_text(f"[profile silent]\nregion = us-east-1\n{keys}")
    env = {
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = sm("train", script, "--target", "silent@us-east-1", "--timeout", "2", **env)
    assert done.code == 1
    assert re.search(r"silent@us-east-1 (has not answered for \d s|can't be reached)", done.err)


def test_a_name_that_two_kinds_share_must_be_said_whole(job: str, home: Path) -> None:
    store = open_store(home)
    with store.write() as db:
        db.execute(
            "INSERT INTO jobs (target, kind, name, status, phase, created_at, modified_at, ended_at,"
            " request, log_closed) VALUES"
            " ('local', 'processing', 'one', 'Completed', 'ended', 1, 1, 1, '{}', 1)"
        )
    store.close()
    unclear = sm("show", "one")
    assert unclear.code == 1 and "processing/one on local" in unclear.err
    assert sm("show", "processing/one", "--json").json()["kind"] == "processing"
    assert sm("show", "training/one", "--json").json()["kind"] == "training"
    assert "processing/one" in sm("ls").out


def test_a_wrong_option_is_one_line() -> None:
    done = sm("ls", "-n", "0")
    assert done.code == 2 and len(done.err.splitlines()) == 1
    assert "0 is not between 1 and 10,000" in done.err
