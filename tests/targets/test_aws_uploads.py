"""Uploads: counted, stopped, broken off, taken up again, and refused."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_request
from jupyter_sm.jobs import JobKey
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.store import stops
from jupyter_sm.targets import Staging, StagingStoppedError
from jupyter_sm.targets.aws import uploads
from jupyter_sm.tracking import submitter

from kit.aws_account import BUCKET, TARGET, Account
from kit.aws_gate import Gate, refusal
from kit.simulator import default_request
from kit.wait import wait_for

MIB = 1 << 20


def test_bytes_are_counted_on_the_job(
    account: Account, tmp_path: Path, s3: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_TELL_SECONDS", 0.0)
    monkeypatch.setattr(uploads, "AT_ONCE", 1)
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_bytes(os.urandom(2 * MIB))
    seen: list[tuple[int, int | None]] = []
    asked: list[str] = []

    def hold_until_it_is_seen(method: str, path: str) -> None:
        if method == "PUT" and "/inputs/" in path:
            asked.append(path)
            wait_for(lambda: seen and seen[-1][0] >= 2 * MIB * (len(asked) - 1))

    s3.rule = hold_until_it_is_seen
    account.track()
    account.submit("job", inputs={"train": str(folder)})

    def look() -> bool:
        job = account.known("job")
        if job.progress is not None and job.status == "Submitting":
            assert (job.secondary_status, job.progress.unit) == ("Staging", "bytes")
            seen.append((job.progress.current, job.progress.total))
        return account.created("job")

    wait_for(look)
    assert seen == sorted(seen) and all(done <= (total or 0) for done, total in seen)
    assert 4 * MIB < (seen[-1][1] or 0) < 5 * MIB
    assert len(asked) == 2
    wait_for(lambda: account.known("job").progress is None)


def test_a_stop_while_staging_creates_nothing(account: Account, tmp_path: Path, s3: Gate) -> None:
    (tmp_path / "big.bin").write_bytes(os.urandom(20 * MIB))
    account.track()
    s3.is_open.clear()
    s3.rule = lambda method, path: None
    account.client("s3")  # so that botocore is loaded
    account.submit("job", inputs={"train": str(tmp_path / "big.bin")})
    wait_for(lambda: s3.count("PUT") or s3.count("POST"))
    stops.request_stop(account.store, JobKey(TARGET, "training", "job"))
    s3.is_open.set()
    wait_for(lambda: account.status("job") == "Stopped")
    job = account.known("job")
    assert (job.failure_reason, job.explanation, job.progress) == (None, None, None)
    assert account.sim.count("CreateTrainingJob") == 0
    # The next one is none the worse for it.
    account.submit("next", inputs={"train": str(tmp_path / "big.bin")})
    wait_for(lambda: account.created("next"))


def test_a_stop_before_staging_creates_nothing(account: Account, s3: Gate) -> None:
    account.submit("job")
    stops.request_stop(account.store, JobKey(TARGET, "training", "job"))
    account.track()
    wait_for(lambda: account.status("job") == "Stopped")
    assert not s3.calls and account.sim.count("CreateTrainingJob") == 0


def test_an_upload_that_broke_off_goes_on(account: Account, tmp_path: Path, s3: Gate) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.bin").write_bytes(os.urandom(1000))
    gone = iter(range(12))
    s3.rule = lambda method, path: (
        refusal(503, "SlowDown")
        if method == "PUT" and "4.bin" in path and next(gone, None) is not None
        else None
    )
    account.track()
    account.submit("job", inputs={"train": str(folder)})
    wait_for(lambda: account.created("job"))
    _, prefix = account.input_of("job")
    assert sum(key.startswith(prefix) for key in account.contents()) == 6
    for n in (0, 1, 2, 3, 5):
        assert s3.count("PUT", f"{n}.bin") == 1


# s3transfer leaves the file of an upload that was cancelled to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_tracker_that_takes_over_uploads_only_the_rest(
    account: Account, tmp_path: Path, s3: Gate
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for n in range(4):
        (folder / f"{n}.bin").write_bytes(os.urandom(1000))
    s3.rule = lambda method, path: (
        refusal(503, "SlowDown") if method == "PUT" and "2.bin" in path else None
    )
    one = account.track()
    account.submit("job", inputs={"train": str(folder)})
    wait_for(lambda: s3.count("PUT", "2.bin"))
    one.stop()
    s3.rule = lambda method, path: None
    account.track()
    wait_for(lambda: account.created("job"))
    assert s3.count("PUT", "0.bin") == s3.count("PUT", "1.bin") == 1
    gc.collect()


def test_an_upload_that_is_stopped_closes_its_files(account: Account, data: Path, s3: Gate) -> None:
    stopped = threading.Event()
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data.as_uri()}}
    request = {"InputDataConfig": [{"ChannelName": "train", "DataSource": source}]}
    s3.is_open.clear()
    staging = Staging(
        TRAINING, "job", request, time.time(), "", True, lambda done, total: None, stopped
    )
    ended: list[BaseException] = []

    def stage() -> None:
        try:
            account.target().stage(staging)
        except StagingStoppedError as error:
            ended.append(error)

    thread = threading.Thread(target=stage)
    thread.start()
    # The first PUT makes the bucket, the others carry files.
    s3.rule = lambda method, path: stopped.set() if method == "PUT" and "/input" in path else None
    s3.is_open.set()
    thread.join(30)
    assert len(ended) == 1
    ended.clear()
    gc.collect()  # a file that was left open warns here, and warnings are errors


def test_what_was_deleted_from_the_bucket_is_uploaded_again(account: Account, data: Path) -> None:
    account.track()
    account.submit("one", inputs={"train": str(data)})
    wait_for(lambda: account.created("one"))
    s3 = account.client("s3")
    for key in account.contents():
        s3.delete_object(Bucket=BUCKET, Key=key)
    account.submit("two", inputs={"train": str(data)})
    wait_for(lambda: account.created("two"))
    _, prefix = account.input_of("two")
    assert f"{prefix}a.csv" in account.contents()


def test_an_upload_that_is_denied_is_a_refusal(account: Account, s3: Gate) -> None:
    s3.rule = lambda method, path: (
        refusal(403, "AccessDenied") if method == "PUT" and "sourcedir" in path else None
    )
    account.track()
    account.submit("job")
    wait_for(lambda: account.status("job") == "Rejected", 10)
    assert "AccessDenied" in (account.refused("job").failure_reason or "")


def test_staging_that_fails_is_tried_ever_more_seldom(
    account: Account, s3: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitter, "_LONGEST_WAIT", 60.0)
    s3.rule = lambda method, path: (
        refusal(500, "InternalError") if method == "PUT" and "sourcedir" in path else None
    )
    account.track()
    account.submit("job")
    wait_for(lambda: s3.count("PUT", "sourcedir"))
    row = "SELECT next_attempt_at - ? FROM submissions"
    waits: list[float] = []

    def look() -> bool:
        waits.append(account.store.read().execute(row, (time.time(),)).fetchone()[0])
        return max(waits) > 1.5

    wait_for(look, 25)


def test_eight_files_are_sent_at_once_and_no_more(
    account: Account, tmp_path: Path, s3: Gate
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for n in range(40):
        (folder / f"{n}.bin").write_bytes(os.urandom(10))
    together = threading.Barrier(uploads.AT_ONCE)
    at_work: list[int] = []
    lock = threading.Lock()

    def meet(method: str, path: str) -> None:
        if method == "PUT" and "/inputs/" in path:
            with lock:
                at_work.append(1)
                assert len(at_work) <= uploads.AT_ONCE
            together.wait(20)
            with lock:
                at_work.pop()

    s3.rule = meet
    account.track()
    account.submit("job", inputs={"train": str(folder)})
    wait_for(lambda: account.created("job"))
    _, prefix = account.input_of("job")
    assert sum(key.startswith(prefix) for key in account.contents()) == 40


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of six parts, each S3's least size but for the last."""
    monkeypatch.setattr(uploads, "_PART", 5 * MIB)
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(25 * MIB + 17))
    return path


def stored(account: Account, name: str, file: str) -> bytes:
    _, prefix = account.input_of(name)
    body = account.client("s3").get_object(Bucket=BUCKET, Key=f"{prefix}{file}")["Body"]
    with body:
        return bytes(body.read())


def unfinished(account: Account) -> list[str]:
    answer = account.client("s3").list_multipart_uploads(Bucket=BUCKET)
    return [upload["Key"] for upload in answer.get("Uploads", [])]


def test_a_large_file_arrives_in_parts(account: Account, large: Path, s3: Gate) -> None:
    account.track()
    account.submit("job", inputs={"train": str(large)})
    wait_for(lambda: account.created("job"))
    assert stored(account, "job", large.name) == large.read_bytes()
    assert s3.count("PUT", "partNumber") == 6
    assert not unfinished(account)


def test_the_parts_of_an_upload_that_broke_off_count(
    account: Account, large: Path, s3: Gate
) -> None:
    s3.rule = lambda method, path: refusal(503, "SlowDown") if "partNumber=4" in path else None
    account.submit("job", inputs={"train": str(large)})
    small_parts = f"from jupyter_sm.targets.aws import uploads; uploads._PART = {uploads._PART}"
    doomed = account.process("track", small_parts)
    sent = [f"partNumber={n}" for n in range(1, 7)]
    wait_for(lambda: all(s3.count("PUT", part) for part in sent))
    doomed.kill()
    doomed.wait()
    s3.rule = lambda method, path: None
    s3.calls.clear()
    account.track()
    wait_for(lambda: account.created("job"))
    assert s3.count("PUT", "partNumber") == s3.count("PUT", "partNumber=4") == 1
    assert stored(account, "job", large.name) == large.read_bytes()
    assert not unfinished(account)


def test_of_two_jobs_that_bring_one_file_each_has_its_own_upload(
    account: Account, large: Path, s3: Gate
) -> None:
    go_on = threading.Event()
    account.client("s3").create_bucket(Bucket=BUCKET)
    s3.rule = lambda method, path: (go_on.wait(30) and None) if "partNumber" in path else None
    account.track()
    for number, name in enumerate(("stopped", "other"), 1):
        account.submit(name, inputs={"train": str(large)})
        wait_for(lambda number=number: len(unfinished(account)) == number)
    stops.request_stop(account.store, JobKey(TARGET, "training", "stopped"))
    wait_for(lambda: account.status("stopped") == "Stopped")
    go_on.set()
    wait_for(lambda: account.created("other"))
    assert stored(account, "other", large.name) == large.read_bytes()
    wait_for(lambda: not unfinished(account))


def test_a_stopped_upload_leaves_no_parts(account: Account, large: Path, s3: Gate) -> None:
    key = JobKey(TARGET, "training", "job")
    s3.rule = lambda method, path: (
        stops.request_stop(account.store, key) and None if "partNumber=2" in path else None
    )
    account.track()
    account.submit("job", inputs={"train": str(large)})
    wait_for(lambda: account.status("job") in ("Stopped", "Rejected"))
    assert account.status("job") == "Stopped"
    wait_for(lambda: not unfinished(account))
    assert account.sim.count("CreateTrainingJob") == 0


def test_a_stop_does_not_wait_for_what_is_being_sent(
    account: Account, large: Path, s3: Gate
) -> None:
    arrives = threading.Event()
    s3.rule = lambda method, path: (arrives.wait(30) and None) if "partNumber" in path else None
    account.track()
    account.submit("job", inputs={"train": str(large)})
    wait_for(lambda: s3.count("PUT", "partNumber"))
    stops.request_stop(account.store, JobKey(TARGET, "training", "job"))
    wait_for(lambda: account.status("job") == "Stopped", 5)
    arrives.set()
    wait_for(lambda: s3.count("DELETE", "uploadId") and not unfinished(account))
    assert account.known("job").secondary_status == "Stopped"
    assert account.sim.count("CreateTrainingJob") == 0


@pytest.mark.parametrize("when", ["HEAD", "PUT"])
@pytest.mark.parametrize("is_large", [False, True])
def test_what_is_rewritten_meanwhile_never_lies_under_the_name_of_what_it_was(
    account: Account, data: Path, large: Path, s3: Gate, when: str, is_large: bool
) -> None:
    file = large if is_large else data / "a.csv"
    before = file.read_bytes()
    after = before[:-1] + bytes([before[-1] ^ 1])

    def rewrite(method: str, path: str) -> None:
        if method == when and "/inputs/" in path:
            file.write_bytes(after)

    s3.rule = rewrite
    account.track()
    account.submit("one", inputs={"train": str(file)})
    wait_for(lambda: account.created("one") or account.status("one") == "Rejected")
    s3.rule = lambda method, path: None
    if account.created("one"):
        assert stored(account, "one", file.name) == before
    else:
        assert f"{file} was written to while" in (account.refused("one").failure_reason or "")
        assert not [key for key in account.contents() if "/inputs/" in key]
    assert not unfinished(account)
    # Whoever has the right file trains on the right file.
    file.write_bytes(before)
    account.submit("two", inputs={"train": str(file)})
    wait_for(lambda: account.created("two"))
    assert stored(account, "two", file.name) == before


def test_what_is_damaged_on_its_way_is_sent_again(
    account: Account, data: Path, large: Path, s3: Gate
) -> None:
    damaged: list[str] = []

    def once(method: str, path: str) -> bool:
        is_new = method == "PUT" and "/inputs/" in path and path not in damaged
        if is_new:
            damaged.append(path)
        return is_new

    s3.damages = once
    account.track()
    account.submit("job", inputs={"small": str(data / "a.csv"), "train": str(large)})
    wait_for(lambda: account.created("job"), 60)
    assert damaged
    assert stored(account, "job", "a.csv") == (data / "a.csv").read_bytes()


def test_a_source_lies_under_its_content_whatever_its_folder_is_called(
    account: Account, tmp_path: Path
) -> None:
    archive = tmp_path / "source" / "sourcedir.tar.gz"
    archive.parent.mkdir()
    account.track()
    for name in ("one", "two"):
        archive.write_bytes(name.encode())  # of one size
        own = {"sagemaker_program": "train.py", "sagemaker_submit_directory": archive.as_uri()}
        request = {**default_request(name), "HyperParameters": own}
        del request["RoleArn"], request["OutputDataConfig"]
        submit_request(account.store, request, target=TARGET)
        wait_for(lambda name=name: account.created(name))
    sources = [key for key in account.contents() if "/sources/" in key]
    assert len(sources) == 2
