"""What a Job handle can do beside status and log: results, code, changes, differences; many jobs."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

import jupyter_sm as sm

from kit.aws_account import TARGET, Account
from kit.wait import wait_for

LEAVES = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--lr", default="1")
parser.add_argument("--pause", type=float, default=0)
options, _ = parser.parse_known_args()
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights.txt").write_text(options.lr)
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt").write_text("well")
print("loss: " + options.lr)
import time
time.sleep(options.pause)
"""


@pytest.fixture
def leaves(tmp_path: Path) -> Path:
    path = tmp_path / "leaves.py"
    path.write_text(LEAVES)
    return path


def done(*arguments, **options) -> sm.Job:
    return sm.train(*arguments, **options).wait(60, progress=False)


def test_what_a_job_has_left_is_listed_fetched_and_unpacked(
    leaves: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = done(leaves, hyperparameters={"lr": 3})
    found = job.artifacts()
    assert [one.name for one in found] == ["model.tar.gz", "output.tar.gz"]
    assert "model.tar.gz" in repr(found) and all(one.size > 0 for one in found)
    files = found.download(tmp_path / "here")
    assert [file.name for file in files] == ["model.tar.gz", "output.tar.gz"]
    assert (job.model(tmp_path / "there") / "weights.txt").read_text() == "3"
    assert "downloaded" in capsys.readouterr().out


def test_the_last_lines_and_points_are_there_once_the_status_is_final(tmp_path: Path) -> None:
    script = tmp_path / "prints.py"
    script.write_text("for n in range(3000): print('loss:', n)")
    job = sm.train(script, metrics={"loss": "loss: ([0-9]+)"})
    wait_for(lambda: job.status == "Completed")
    assert job.logs()[-1].text.endswith("2999")
    other = sm.train(script, metrics={"loss": "loss: ([0-9]+)"})
    wait_for(lambda: other.status == "Completed")
    assert len(other.metrics()) == 3000


def test_an_archive_that_leads_outside_is_refused(leaves: Path, tmp_path: Path) -> None:
    job = done(leaves)
    archive = Path(job.view.model_uri.removeprefix("file://"))
    with tarfile.open(archive, "w:gz") as made:
        member = tarfile.TarInfo("../../escaped")
        member.size = 1
        made.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(sm.ExplainedError, match=r"can't be unpacked|leads outside"):
        job.model(tmp_path / "there")
    assert not (tmp_path / "escaped").exists() and not (tmp_path.parent / "escaped").exists()
    assert not (tmp_path / "there" / "model").exists()


def test_a_job_that_left_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("print('done')")
    job = done(tmp_path / "empty.py")
    with pytest.raises(sm.ExplainedError, match="has left no model"):
        job.model()
    assert repr(job.artifacts()).endswith("has left nothing (yet).")


@pytest.mark.parametrize("form", ["jupyter_sm", "boto3"])
def test_the_code_of_a_job_starts_the_same_job(leaves: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1,2")
    first = done(
        leaves,
        inputs={"train": tmp_path / "data"},
        hyperparameters={"lr": "1e-3", "deep": {"a": [1]}},
        environment={"A": "it's"},
        metrics={"loss": "loss: ([0-9.e-]+)"},
    )
    code = first.code(form)
    assert repr(code) == str(code)
    exec(compile(str(code), "pasted", "exec"), space := {})
    if form == "boto3":
        name = space["request"]["TrainingJobName"]
        second = wait_for(lambda: next((j for j in sm.list_jobs() if j.name == name), None))
    else:
        assert "sm.train(" in code
        second = space["job"]
    second.wait(60, progress=False)
    assert second.name != first.name
    assert {row.path for row in first.diff(second)} <= {
        "TrainingJobName",
        "HyperParameters.sagemaker_job_name",
    }


def test_dependencies_are_packed_again_and_written_as_code(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "util.py").write_text(f"TEXT = 'from {place}'")
    script = tmp_path / "uses.py"
    script.write_text("from util import TEXT; print(TEXT)")
    first = sm.train(script, dependencies=[tmp_path / "a" / "util.py"])
    space: dict[str, sm.Job] = {}
    exec(compile(str(first.code()), "pasted", "exec"), space)
    moved = first.again(dependencies=[str(tmp_path / "b" / "util.py")])
    script.write_text("import util; print('edited', util.TEXT)")
    edited = moved.again(script=str(script))
    for job, said in (
        (first, "from a"),
        (space["job"], "from a"),
        (moved, "from b"),
        (edited, "edited from b"),
    ):
        assert [line.text for line in done_log(job)] == [said]


def done_log(job: sm.Job) -> list:
    job.wait(60, progress=False)
    return wait_for(job.logs)


def test_a_request_that_no_option_says_is_written_whole(leaves: Path) -> None:
    first = done(leaves)
    request = {k: v for k, v in first.request.items() if k != "Tags"}
    request["TrainingJobName"] = "whole"
    request["RetryStrategy"] = {"MaximumRetryAttempts": 2}
    second = sm.submit(request)
    assert "sm.submit(request" in second.code() and "MaximumRetryAttempts" in second.code()
    with pytest.raises(sm.ExplainedError, match="There is no code 'cobol'"):
        second.code("cobol")


def test_again_takes_any_option_and_keeps_the_rest(leaves: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(LEAVES.replace("loss", "cost"))
    request = {
        **done(leaves, hyperparameters={"lr": 1, "old": 2}, environment={"A": "1"}).request,
        "TrainingJobName": "base",
        "RetryStrategy": {"MaximumRetryAttempts": 2},
    }
    del request["Tags"]
    base = sm.submit(request)
    fresh = base.again(
        hyperparameters={"lr": "0.50", "old": None},
        environment={"B": "2"},
        instance="ml.m5.xlarge",
        script=str(other),
    ).wait(60, progress=False)
    assert fresh.logs()[0].text == "cost: 0.50"
    changed = {row.path: row.other for row in base.diff(fresh)}
    assert changed.pop("TrainingJobName") == fresh.name
    for ours in ("submit_directory", "program", "job_name"):
        changed.pop(f"HyperParameters.sagemaker_{ours}", None)
    assert changed == {
        "HyperParameters.lr": '"0.50"',
        "HyperParameters.old": None,
        "ResourceConfig.InstanceType": "ml.m5.xlarge",
        "Environment.B": "2",
    }
    assert fresh.request["RetryStrategy"] == {"MaximumRetryAttempts": 2}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gpus": 3}, "has no option 'gpus'"),
        ({"instance_count": 0}, "InstanceCount"),
        ({"instance_count": "2"}, "must be a whole number, not '2'"),
        ({"script": "/no/such.py"}, "no/such.py"),
        ({"hyperparameters": {"a": {1, 2}}}, "can't be sent"),
        ({"inputs": 3}, "inputs"),
    ],
)
def test_again_with_what_can_not_be_is_one_sentence(leaves: Path, changes, says: str) -> None:
    with pytest.raises(sm.ExplainedError) as caught:
        done(leaves).again(**changes)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_the_log_has_a_tail_and_streams(script: Path) -> None:
    job = done(script, hyperparameters={"epochs": 4}, instance_count=2)
    (last,) = job.logs(tail=1, stream="algo-2")
    assert last.text.startswith("epoch 4/4") and "algo-2" in last.stream
    assert {("algo-1" in one.stream, "algo-2" in one.stream) for one in job.logs()} == {
        (True, False),
        (False, True),
    }


def test_the_handle_tells_all_that_is_known(script: Path) -> None:
    job = done(script, hyperparameters={"epochs": 2})
    assert job.secondary_status == "Completed" and job.transitions[-1].status == "Completed"
    assert 0 < job.elapsed < 60 and job.notes == job.view.notes
    assert job.progress is None or job.progress.current == 2


def test_jobs_come_as_they_end(leaves: Path) -> None:
    slow = sm.train(leaves, hyperparameters={"pause": 600})
    quick = sm.train(leaves, hyperparameters={"lr": 7})
    ended = sm.as_completed([slow, quick])
    assert next(ended) is quick
    with pytest.raises(TimeoutError, match=slow.name):
        sm.wait_all([slow, quick], timeout=0.2)
    slow.stop()
    assert next(ended) is slow
    assert sm.wait_all([slow, quick]) == [slow, quick]


def test_a_failed_one_is_told_once_all_have_ended(script: Path) -> None:
    bad = sm.train(script, hyperparameters={"fail": "no such label"})
    good = sm.train(script)
    with pytest.raises(sm.ExplainedError, match="no such label"):
        sm.wait_all([bad, good])
    assert good.status == "Completed"
    assert sm.wait_all([bad, good], check=False) == [bad, good]


def test_jobs_are_compared_side_by_side(leaves: Path) -> None:
    jobs = [done(leaves, hyperparameters={"lr": value}) for value in (1, 2)]
    table = sm.compare(jobs)
    rows = table if isinstance(table, list) else table.reset_index().to_dict("records")
    assert [(row["lr"], row["loss"], row["status"]) for row in rows] == [
        (1, 1.0, "Completed"),
        (2, 2.0, "Completed"),
    ]


def test_what_lies_in_s3_is_fetched(account: Account, tmp_path: Path) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="made")
    s3.put_object(Bucket="made", Key="out/far/output/model.tar.gz", Body=b"model")
    s3.put_object(Bucket="made", Key="out/far/output/data/a.txt", Body=b"text")
    request = {"OutputDataConfig": {"S3OutputPath": "s3://made/out"}}
    account.sim.add_job("far", request=request)
    job = sm.track("far", target=TARGET)
    found = job.artifacts()
    assert [(one.name, one.size) for one in found] == [("data/a.txt", 4), ("model.tar.gz", 5)]
    found.download(tmp_path / "here")
    assert (tmp_path / "here" / "data" / "a.txt").read_bytes() == b"text"
    with pytest.raises(sm.ExplainedError, match="can't be unpacked"):
        job.model(tmp_path / "there")
