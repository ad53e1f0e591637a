"""Staging to S3: what is uploaded, where to, how often, and what is said when it can't be."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_account import BUCKET, TARGET, Account, account_in
from aws_gate import Gate, gate, refusal

from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.tracking import JobView, Store, stops, submit_request

from conftest import wait_for

MIB = 1 << 20


@pytest.fixture
def account(home: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account_in(home, store, monkeypatch) as made:
        yield made


@pytest.fixture
def s3(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    with gate(os.environ["AWS_ENDPOINT_URL_S3"]) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", made.url)
        yield made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.csv").write_text("1,2\n" * 1000)
    (folder / "deep" / "er" / "b.csv").write_text("3,4\n")
    return folder


def input_of(account: Account, name: str) -> tuple[str, str]:
    """Bucket and prefix of a created job's first channel."""
    source = account.there(name).request["InputDataConfig"][0]["DataSource"]
    bucket, _, prefix = source["S3DataSource"]["S3Uri"].removeprefix("s3://").partition("/")
    return bucket, prefix


def created(account: Account, name: str) -> bool:
    return name in account.sim.region().jobs


def refused(account: Account, name: str) -> JobView:
    wait_for(lambda: account.status(name) == "Rejected")
    job = account.known(name)
    assert job.explanation is not None and job.failure_reason
    assert account.sim.count("CreateTrainingJob") == 0
    return job


def test_a_folder_lies_under_the_hash_of_its_content(
    account: Account, data: Path, s3: Gate
) -> None:
    account.track()
    account.submit("one", inputs={"train": str(data)})
    wait_for(lambda: created(account, "one"))
    bucket, prefix = input_of(account, "one")
    assert bucket == BUCKET and prefix.endswith("/")
    assert {k for k in account.contents() if k.startswith(prefix)} == {
        f"{prefix}a.csv",
        f"{prefix}deep/er/b.csv",
    }
    # The same again, under another name and from a fresh process: nothing is uploaded.
    puts = s3.count("PUT") + s3.count("POST")
    account.stop()
    account.track()
    copy = data.rename(data.with_name("moved"))
    account.submit("two", inputs={"other": str(copy)})
    wait_for(lambda: created(account, "two"))
    assert input_of(account, "two") == (bucket, prefix)
    assert s3.count("PUT") + s3.count("POST") == puts
    # Other content lies elsewhere, and only what differs is uploaded below it.
    (copy / "a.csv").write_text("5,6\n")
    account.submit("three", inputs={"train": str(copy)})
    wait_for(lambda: created(account, "three"))
    assert input_of(account, "three") != (bucket, prefix)


def test_one_file_is_an_input_too(account: Account, data: Path) -> None:
    account.track()
    account.submit("job", inputs={"train": str(data / "a.csv")})
    wait_for(lambda: created(account, "job"))
    _, prefix = input_of(account, "job")
    assert f"{prefix}a.csv" in account.contents()


def test_s3_inputs_pass_through(account: Account) -> None:
    account.client("s3").create_bucket(Bucket="theirs")
    account.track()
    account.submit("job", inputs={"train": "s3://theirs/some where/x#y"})
    wait_for(lambda: created(account, "job"))
    assert input_of(account, "job") == ("theirs", "some where/x#y")


NAMES = [
    "with space.csv",
    "per%20cent%.csv",
    "hash#tag.csv",
    "question?.csv",
    "plus+and&amp;.csv",
    "\u00fcml\u00e4ut-\u4e2d\u6587-\U0001f680.csv",
    "quote'\"`.csv",
    "semi;colon,=@:!$().csv",
    "back\\slash.csv",
    ".hidden",
    "~tilde",
    "-dash",
    "a" * 200,
]


def test_names_of_any_kind_arrive_as_they_are(account: Account, tmp_path: Path) -> None:
    folder = tmp_path / "da ta#1%20?" / "\u00fc"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(name)
    account.track()
    account.submit("job", inputs={"train": str(folder)})
    wait_for(lambda: created(account, "job"))
    _, prefix = input_of(account, "job")
    s3 = account.client("s3")
    for name in NAMES:
        body = s3.get_object(Bucket=BUCKET, Key=f"{prefix}{name}")["Body"]
        with body:
            assert body.read() == name.encode()


def test_a_name_that_is_no_text_is_refused_in_words(account: Account, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.csv")).write_text("1")
    account.track()
    account.submit("job", inputs={"train": str(folder)})
    wait_for(lambda: account.status("job") == "Rejected" or created(account, "job"), 10)


def test_links_that_go_in_circles_are_followed_once(account: Account, data: Path) -> None:
    (data / "loop").symlink_to(data)
    account.track()
    account.submit("job", inputs={"train": str(data)})
    wait_for(lambda: account.known("job").status != "Submitting", 15)
    assert len(account.contents()) < 10


@pytest.mark.parametrize("content", [b"", b"x"])
def test_empty_files_arrive(account: Account, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.bin").write_bytes(content)
    account.track()
    account.submit("job", inputs={"train": str(tmp_path / "data.bin")})
    wait_for(lambda: created(account, "job"))


def test_an_empty_folder_is_refused(account: Account, tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    account.track()
    account.submit("job", inputs={"train": str(tmp_path / "empty")})
    reason = refused(account, "job").failure_reason or ""
    assert "'train' holds no file" in reason


def test_an_input_that_is_gone_by_then_is_refused(account: Account, data: Path) -> None:
    account.submit("job", inputs={"train": str(data)})
    data.rename(data.with_name("elsewhere"))
    account.track()
    reason = refused(account, "job").failure_reason or ""
    assert "no longer there" in reason and "'train'" in reason


def test_a_file_changed_after_submitting_is_told(account: Account, data: Path) -> None:
    account.submit("job", inputs={"train": str(data)})
    (data / "a.csv").write_text("9,9\n")
    later = time.time() + 60
    os.utime(data / "a.csv", (later, later))
    account.track()
    wait_for(lambda: created(account, "job"))
    wait_for(lambda: any("train/a.csv" in note for note in account.known("job").notes))
    _, prefix = input_of(account, "job")
    with account.client("s3").get_object(Bucket=BUCKET, Key=f"{prefix}a.csv")["Body"] as body:
        assert body.read() == b"9,9\n"


def test_the_source_is_the_one_of_when_it_was_submitted(account: Account, tmp_path: Path) -> None:
    account.submit("job")
    account.submit("same")
    (account.store.folder.parent / "train.py").write_text("import torch, broken\n")
    account.track()
    wait_for(lambda: created(account, "job") and created(account, "same"))
    uris = {
        json.loads(account.there(n).request["HyperParameters"]["sagemaker_submit_directory"])
        for n in ("job", "same")
    }
    assert len(uris) == 1 and sum("sourcedir" in key for key in account.contents()) == 1


def test_bytes_are_counted_on_the_job(account: Account, tmp_path: Path, s3: Gate) -> None:
    (tmp_path / "big.bin").write_bytes(os.urandom(20 * MIB))
    account.track()
    s3.rule = lambda method, path: time.sleep(0.4) if "partNumber" in path else None
    account.submit("job", inputs={"train": str(tmp_path / "big.bin")})
    seen: list[tuple[int, int | None]] = []

    def look() -> bool:
        job = account.known("job")
        if job.progress is not None and job.status == "Submitting":
            assert (job.secondary_status, job.progress.unit) == ("Staging", "bytes")
            seen.append((job.progress.current, job.progress.total))
        return created(account, "job")

    wait_for(look)
    assert seen and seen == sorted(seen) and all(done <= (total or 0) for done, total in seen)
    assert 20 * MIB < (seen[-1][1] or 0) < 21 * MIB
    assert len({done for done, _ in seen}) > 1
    wait_for(lambda: account.known("job").progress is None)


def test_a_stop_while_staging_creates_nothing(account: Account, tmp_path: Path, s3: Gate) -> None:
    (tmp_path / "big.bin").write_bytes(os.urandom(20 * MIB))
    account.track()
    s3.is_open.clear()
    s3.rule = lambda method, path: None
    account.client("s3")  # so that botocore is loaded
    account.submit("job", inputs={"train": str(tmp_path / "big.bin")})
    wait_for(lambda: s3.count("PUT") or s3.count("POST"))
    stops.request_stop(account.store, TARGET, "training", "job")
    s3.is_open.set()
    wait_for(lambda: account.status("job") == "Stopped")
    job = account.known("job")
    assert (job.failure_reason, job.explanation, job.progress) == (None, None, None)
    assert account.sim.count("CreateTrainingJob") == 0
    # The next one is none the worse for it.
    account.submit("next", inputs={"train": str(tmp_path / "big.bin")})
    wait_for(lambda: created(account, "next"))


def test_a_stop_before_staging_creates_nothing(account: Account, s3: Gate) -> None:
    account.submit("job")
    stops.request_stop(account.store, TARGET, "training", "job")
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
    wait_for(lambda: created(account, "job"))
    _, prefix = input_of(account, "job")
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
    wait_for(lambda: created(account, "job"))
    assert s3.count("PUT", "0.bin") == s3.count("PUT", "1.bin") == 1
    gc.collect()


def test_what_was_deleted_from_the_bucket_is_uploaded_again(account: Account, data: Path) -> None:
    account.track()
    account.submit("one", inputs={"train": str(data)})
    wait_for(lambda: created(account, "one"))
    s3 = account.client("s3")
    for key in account.contents():
        s3.delete_object(Bucket=BUCKET, Key=key)
    account.submit("two", inputs={"train": str(data)})
    wait_for(lambda: created(account, "two"))
    _, prefix = input_of(account, "two")
    assert f"{prefix}a.csv" in account.contents()


def test_an_upload_that_is_denied_is_a_refusal(account: Account, s3: Gate) -> None:
    s3.rule = lambda method, path: (
        refusal(403, "AccessDenied") if method == "PUT" and "sourcedir" in path else None
    )
    account.track()
    account.submit("job")
    wait_for(lambda: account.status("job") == "Rejected", 10)
    assert "AccessDenied" in (refused(account, "job").failure_reason or "")


def test_staging_that_fails_is_tried_ever_more_seldom(account: Account, s3: Gate) -> None:
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


def test_an_input_that_may_not_be_read_is_a_refusal(
    account: Account, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = Path.open

    def no(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "b.csv":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", no)
    account.track()
    account.submit("job", inputs={"train": str(data)})
    wait_for(lambda: account.status("job") == "Rejected", 10)
    assert "b.csv" in (refused(account, "job").failure_reason or "")


def test_the_default_bucket_is_created_only_when_asked(account: Account) -> None:
    account.settings(role="arn:aws:iam::123456789012:role/Training")
    account.track()
    account.submit("no")
    job = refused(account, "no")
    assert BUCKET in (job.failure_reason or "") and "not created without asking" in (
        job.failure_reason or ""
    )
    assert any("create_bucket=True" in fix for fix in job.explanation.fixes)  # type: ignore[union-attr]
    assert account.client("s3").list_buckets()["Buckets"] == []
    account.submit("yes", create_bucket=True)
    wait_for(lambda: created(account, "yes"))
    assert f"Created the bucket {BUCKET}." in account.known("yes").notes
    account.submit("then")
    wait_for(lambda: created(account, "then"))
    assert not any("Created" in note for note in account.known("then").notes)


@pytest.mark.parametrize(
    ("options", "settings", "says"),
    [
        (
            {"output": "s3://not-there/out"},
            {},
            "There is no bucket 'not-there', which the output names",
        ),
        ({}, {"bucket": "not-there"}, "which config.toml names"),
        ({"inputs": {"train": "s3://not-there/x"}}, {}, "which the channel train names"),
        ({"output": "s3://Bad_Bucket!/x"}, {}, "Bad_Bucket!"),
        ({"inputs": {"train": "s3://Bad Bucket/x"}}, {}, "Bad Bucket"),
        ({}, {"bucket": "Bad Bucket"}, "Bad Bucket"),
        ({}, {"bucket": ""}, ""),
    ],
)
def test_a_bucket_that_is_none_is_refused_in_words(
    account: Account, options: dict[str, Any], settings: dict[str, Any], says: str
) -> None:
    account.settings(role="arn:aws:iam::123456789012:role/Training", create_bucket=True, **settings)
    account.track()
    try:
        account.submit("job", **options)
    except ExplainedError as error:
        assert says in str(error)
        return
    if settings.get("bucket") == "":
        wait_for(lambda: account.known("job").status != "Submitting", 10)
        return
    wait_for(lambda: account.status("job") == "Rejected", 10)
    assert says in (refused(account, "job").failure_reason or "")


@pytest.mark.parametrize("whose", ["output", "input", "settings"])
@pytest.mark.parametrize("status", [200, 301, 403])
def test_a_bucket_of_another_region_is_refused(
    account: Account, s3: Gate, whose: str, status: int
) -> None:
    headers = {"x-amz-bucket-region": "eu-west-1"}
    s3.rule = lambda method, path: (
        refusal(status, "", headers)._replace(body=b"") if path.startswith("/far") else None
    )
    options: dict[str, Any] = {}
    if whose == "output":
        options["output"] = "s3://far/out"
    elif whose == "input":
        options["inputs"] = {"train": "s3://far/data"}
    else:
        account.settings(role="arn:aws:iam::123456789012:role/Training", bucket="far")
    account.track()
    account.submit("job", **options)
    reason = refused(account, "job").failure_reason or ""
    assert "lies in eu-west-1" in reason and "us-east-1" in reason
    assert s3.count("PUT", "sourcedir") == 0


def test_the_default_bucket_of_another_owner_is_refused(account: Account, s3: Gate) -> None:
    s3.rule = lambda method, path: refusal(403, "")._replace(body=b"") if BUCKET in path else None
    account.track()
    account.submit("job")
    assert "another account" in (refused(account, "job").failure_reason or "")


def test_a_full_request_with_local_folders_is_staged(account: Account, data: Path) -> None:
    from simulator import default_request

    request = {
        **default_request("job"),
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data.as_uri()}},
            }
        ],
    }
    del request["RoleArn"], request["OutputDataConfig"]
    account.track()
    submit_request(account.store, request, target=TARGET)
    wait_for(lambda: created(account, "job"))
    bucket, prefix = input_of(account, "job")
    assert f"{prefix}a.csv" in account.contents(bucket)
