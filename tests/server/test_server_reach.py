"""A server with a target that can't be reached: it says so once, and ends when it is told to."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store, targets

from kit.broken import TARGET, broken
from kit.known import add_job
from kit.real_server import RealServer
from kit.wait import wait_for

REASON = "aws sso login --profile default"


def test_what_is_in_the_way_is_logged_once(
    home: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broken("sso-expired", tmp_path, monkeypatch) as one:
        add_job(store, JobKey(one.target, "training", "known"))
        with RealServer(home) as server:
            seen = set()

            def is_told_thrice() -> bool:
                row = targets.row(store, one.target)
                assert row is not None
                seen.add(row.as_of)
                return len(seen - {None}) >= 3

            wait_for(is_told_thrice)
            told = {row["name"]: row for row in server.get("jupyter-sm/api/targets")["targets"]}
            assert told[one.target]["health"] == "waiting"
            assert REASON in told[one.target]["reason"]
            assert told["local"]["health"] == "ready" and told["local"]["reason"] is None
            assert server.stop() == 0
        log = (home / "server.log").read_text()
        assert log.count(REASON) == 1 and "Traceback" not in log


def test_a_server_ends_whatever_its_threads_wait_for(
    home: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, broken("silent", tmp_path, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        add_job(store, JobKey(TARGET, "training", "known"))
        with RealServer(home) as server:
            silent.settimeout(60)
            asked, _ = silent.accept()  # and gets no answer
            assert server.stop() == 0
            asked.close()
