"""Fixtures of the tests on an AWS account; conftest.py makes them known to all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.store import Store

from kit.aws_account import Account, account_in
from kit.aws_gate import Gate, gate


@pytest.fixture
def account(home: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account of the test's own."""
    with account_in(home, store, monkeypatch) as made:
        yield made


@pytest.fixture
def s3(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate before the account's S3, which counts and fails calls as a test wants."""
    with gate(os.environ["AWS_ENDPOINT_URL_S3"]) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", made.url)
        yield made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small input folder."""
    folder = tmp_path / "data"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.csv").write_text("1,2\n" * 1000)
    (folder / "deep" / "er" / "b.csv").write_text("3,4\n")
    return folder
