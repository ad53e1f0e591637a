"""Kinds of trouble: what passes, what waits for the user, what is for good."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest
from botocore import exceptions, parsers
from botocore.exceptions import ClientError

from jupyter_sm.diagnosis import refusal
from jupyter_sm.store import StoreError
from jupyter_sm.targets import NotReadyError, StagingRefusedError
from jupyter_sm.targets.aws import credentials
from jupyter_sm.targets.aws.answers import ForeignAnswerError
from jupyter_sm.targets.aws.credentials import Credentials
from jupyter_sm.targets.aws.profiles import AwsName
from jupyter_sm.tracking.calls import is_denied
from jupyter_sm.tracking.trouble import Once, Trouble, kind_of, told

from kit.tracking_faults import api_error
from kit.wait import wait_for

URL = "https://api.sagemaker.us-east-1.amazonaws.com/"


def assume_role(code: str, status: int = 403) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "AssumeRole")


def unreadable() -> Exception:
    """What botocore makes of a body that is no object."""
    try:
        parsers.JSONParser().parse({"status_code": 400, "headers": {}, "body": b"[1]"}, None)
    except Exception as error:
        return error
    raise AssertionError("it was read")


KINDS = [
    (api_error("ThrottlingException"), Trouble.PASSING),
    (api_error("InternalFailure", 500), Trouble.PASSING),
    (api_error("BadDigest"), Trouble.PASSING),
    (exceptions.ReadTimeoutError(endpoint_url=URL), Trouble.PASSING),
    (exceptions.ConnectionClosedError(endpoint_url=URL), Trouble.PASSING),
    (exceptions.ProxyConnectionError(proxy_url="http://proxy"), Trouble.PASSING),
    (exceptions.EndpointConnectionError(endpoint_url=URL), Trouble.PASSING),
    (exceptions.CredentialRetrievalError(provider="iam-role", error_msg="busy"), Trouble.PASSING),
    (ForeignAnswerError(endpoint=URL, what="a web page (HTTP 200)"), Trouble.PASSING),
    (parsers.ResponseParserError("no XML"), Trouble.PASSING),
    (unreadable(), Trouble.PASSING),
    (assume_role("InternalFailure", 503), Trouble.PASSING),
    (StoreError("The disk is full."), Trouble.PASSING),
    (NotReadyError("x", "Slow", "It comes.", passes=True), Trouble.PASSING),
    (api_error("ExpiredTokenException"), Trouble.WAITING),
    (api_error("RequestTimeTooSkewed"), Trouble.WAITING),
    (assume_role("AccessDenied"), Trouble.WAITING),
    (exceptions.NoCredentialsError(), Trouble.WAITING),
    (exceptions.NoRegionError(), Trouble.WAITING),
    (exceptions.ConfigParseError(path="config", error="odd"), Trouble.WAITING),
    (exceptions.SSLError(endpoint_url=URL, error="CERTIFICATE_VERIFY_FAILED"), Trouble.WAITING),
    (exceptions.HTTPClientError(error="Invalid IPv6 URL"), Trouble.WAITING),
    (
        exceptions.EndpointConnectionError(endpoint_url=URL.replace("us-east-1", "us-moon-7")),
        Trouble.WAITING,
    ),
    (NotReadyError("x", "Odd", "It is odd."), Trouble.WAITING),
    (OSError(28, "No space left on device"), Trouble.WAITING),
    (api_error("AccessDeniedException"), Trouble.FINAL),
    (api_error("ValidationException"), Trouble.FINAL),
    (exceptions.ParamValidationError(report="odd"), Trouble.FINAL),
    (StagingRefusedError("x", "No bucket", "There is none."), Trouble.FINAL),
    (refusal("x", "No", "No."), Trouble.FINAL),
    (KeyError("a fault of ours"), Trouble.FINAL),
]


@pytest.mark.parametrize(("error", "kind"), KINDS, ids=lambda value: type(value).__name__)
def test_an_error_is_of_its_kind_and_told_in_a_line(error: Exception, kind: Trouble) -> None:
    assert kind_of(error) is kind
    said = told(error, "default@us-east-1")
    assert said.endswith((".", "!")) or ": " in said
    assert "\n" not in said and not said.startswith(type(error).__name__)


def test_a_role_that_is_not_assumed_is_no_right_that_is_missing() -> None:
    assert is_denied(api_error("AccessDenied")) and not is_denied(assume_role("AccessDenied"))


def test_what_goes_on_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    once = Once(logging.getLogger("jupyter_sm"))
    for text in ("away", "away", "slow", "slow"):
        once.warn(text)
    once.over()
    once.warn("slow")
    assert [record.getMessage() for record in caplog.records] == ["away", "slow", "slow"]


def test_credentials_that_take_their_time_are_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that asks somebody something must not be started over and over."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(credentials, "_SECONDS", 0.1)
    program, go, starts = (tmp_path / name for name in ("program.py", "go", "starts"))
    program.write_text(
        "import json, pathlib, sys, time\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "with folder.joinpath('starts').open('a') as starts: starts.write('.')\n"
        "while not folder.joinpath('go').exists(): time.sleep(0.02)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'ID', 'SecretAccessKey': 'x'}))\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {sys.executable} {program} {tmp_path}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    found = Credentials(AwsName("default", "us-east-1"))
    for _ in range(3):
        with pytest.raises(NotReadyError, match="have not come") as caught:
            found.session()
        assert caught.value.passes
        found.renew()
    go.touch()

    def session() -> object:
        try:
            return found.session()
        except NotReadyError:
            return None

    session = wait_for(session)
    assert session.get_credentials().access_key == "ID"
    assert starts.read_text() == "."
