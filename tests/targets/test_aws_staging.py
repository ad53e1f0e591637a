"""Staging to S3: what lies where, under which name, and what can't be staged."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk.again import submit_again
from jupyter_sm.desk.submit import submit_request

from kit.aws_account import BUCKET, TARGET, Account
from kit.aws_gate import Gate
from kit.wait import wait_for


def test_a_folder_lies_under_the_hash_of_its_content(
    account: Account, data: Path, s3: Gate
) -> None:
    account.track()
    account.submit("one", inputs={"train": str(data)})
    wait_for(lambda: account.created("one"))
    bucket, prefix = account.input_of("one")
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
    wait_for(lambda: account.created("two"))
    assert account.input_of("two") == (bucket, prefix)
    assert s3.count("PUT") + s3.count("POST") == puts
    # Other content lies elsewhere, and only what differs is uploaded below it.
    (copy / "a.csv").write_text("5,6\n")
    account.submit("three", inputs={"train": str(copy)})
    wait_for(lambda: account.created("three"))
    assert account.input_of("three") != (bucket, prefix)


def test_one_file_is_an_input_too(account: Account, data: Path) -> None:
    account.track()
    account.submit("job", inputs={"train": str(data / "a.csv")})
    wait_for(lambda: account.created("job"))
    _, prefix = account.input_of("job")
    assert f"{prefix}a.csv" in account.contents()


def test_s3_inputs_pass_through(account: Account) -> None:
    account.client("s3").create_bucket(Bucket="theirs")
    account.track()
    account.submit("job", inputs={"train": "s3://theirs/some where/x#y"})
    wait_for(lambda: account.created("job"))
    assert account.input_of("job") == ("theirs", "some where/x#y")


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
    wait_for(lambda: account.created("job"))
    _, prefix = account.input_of("job")
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
    wait_for(lambda: account.status("job") == "Rejected" or account.created("job"), 10)


def test_links_that_go_in_circles_are_refused(account: Account, data: Path) -> None:
    account.submit("job", inputs={"train": str(data)})
    (data / "loop").symlink_to(data)
    account.track()
    reason = account.refused("job").failure_reason or ""
    assert f"{data / 'loop'} is a link to" in reason and "a loop" in reason
    assert not [key for key in account.contents() if "/inputs/" in key]


def test_a_link_that_leads_out_goes_to_s3_at_the_users_word_only(
    account: Account, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "private.pem").write_text("key")
    account.submit("no", inputs={"train": str(data)})
    (data / "link.csv").symlink_to(tmp_path / "private.pem")
    account.track()
    reason = account.refused("no").failure_reason or ""
    assert f"The input of channel 'train' can't be staged: {data / 'link.csv'} is a link" in reason
    assert not [key for key in account.contents() if "/inputs/" in key]
    account.submit("yes", inputs={"train": str(data)}, follow_links=True)
    wait_for(lambda: account.created("yes"))
    _, prefix = account.input_of("yes")
    assert f"{prefix}link.csv" in account.contents()
    # Who runs it again has said so already.
    again = submit_again(account.store, account.known("yes").key)
    wait_for(lambda: account.created(again.name))
    assert account.input_of(again.name)[1] == prefix


def test_a_pipe_in_an_input_is_refused(account: Account, data: Path) -> None:
    account.submit("job", inputs={"train": str(data)})
    os.mkfifo(data / "pipe")
    account.track()
    assert f"{data / 'pipe'} is a pipe" in (account.refused("job").failure_reason or "")


@pytest.mark.parametrize("content", [b"", b"x"])
def test_empty_files_arrive(account: Account, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.bin").write_bytes(content)
    account.track()
    account.submit("job", inputs={"train": str(tmp_path / "data.bin")})
    wait_for(lambda: account.created("job"))


def test_an_empty_folder_is_refused(account: Account, tmp_path: Path) -> None:
    folder = tmp_path / "empty" / "deeper"
    folder.mkdir(parents=True)
    (folder / "rows").write_text("")
    account.submit("job", inputs={"train": str(tmp_path / "empty")})
    (folder / "rows").unlink()
    account.track()
    reason = account.refused("job").failure_reason or ""
    assert "'train' holds no file" in reason


def test_an_input_that_is_gone_by_then_is_refused(account: Account, data: Path) -> None:
    account.submit("job", inputs={"train": str(data)})
    data.rename(data.with_name("elsewhere"))
    account.track()
    reason = account.refused("job").failure_reason or ""
    assert "no longer there" in reason and "'train'" in reason


def test_a_file_changed_after_submitting_is_told(account: Account, data: Path) -> None:
    account.submit("job", inputs={"train": str(data)})
    (data / "a.csv").write_text("9,9\n")
    later = time.time() + 60
    os.utime(data / "a.csv", (later, later))
    account.track()
    wait_for(lambda: account.created("job"))
    wait_for(lambda: any("train/a.csv" in note for note in account.known("job").notes))
    _, prefix = account.input_of("job")
    with account.client("s3").get_object(Bucket=BUCKET, Key=f"{prefix}a.csv")["Body"] as body:
        assert body.read() == b"9,9\n"


def test_the_source_is_the_one_of_when_it_was_submitted(account: Account, tmp_path: Path) -> None:
    account.submit("job")
    account.submit("same")
    (account.store.folder.parent / "train.py").write_text("import torch, broken\n")
    account.track()
    wait_for(lambda: account.created("job") and account.created("same"))
    uris = {
        json.loads(account.there(n).request["HyperParameters"]["sagemaker_submit_directory"])
        for n in ("job", "same")
    }
    assert len(uris) == 1 and sum("sourcedir" in key for key in account.contents()) == 1


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
    assert "b.csv" in (account.refused("job").failure_reason or "")


def test_a_full_request_with_local_folders_is_staged(account: Account, data: Path) -> None:
    from kit.simulator import default_request

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
    wait_for(lambda: account.created("job"))
    bucket, prefix = account.input_of("job")
    assert f"{prefix}a.csv" in account.contents(bucket)
