"""A store that can't be opened: the server runs, every route says why, and it goes on once it can."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.server.routes import API, ROUTES
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store import open_store

from kit.real_server import TOKEN, RealServer
from kit.wait import wait_for


def _no_folder(home: Path) -> str:
    home.write_text("a file")
    return "can't be opened"


def _no_database(home: Path) -> str:
    home.mkdir()
    (home / "store.sqlite3").write_bytes(b"nothing of SQLite's " * 500)
    return "file is not a database"


def _of_tomorrow(home: Path) -> str:
    home.mkdir()
    with sqlite3.connect(home / "store.sqlite3") as db:
        db.execute("PRAGMA user_version=9999")
    return "was written by a newer jupyter_sm"


def _nobody(home: Path) -> str:
    return "where no folder can be"


def answer(
    server: RealServer, path: str, *, method: str = "GET", token: str = TOKEN
) -> tuple[int, dict]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/{path}",
        headers={"Authorization": f"token {token}"},
        method=method,
        data=b"{}" if method == "POST" else None,
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize("spoil", [_no_folder, _no_database, _of_tomorrow, _nobody])
def test_every_route_says_why_and_the_log_once(
    tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    home = tmp_path / "spoiled"
    why = spoil(home)
    place = "~nobody-of-this-name/x" if spoil is _nobody else str(home)
    with RealServer(tmp_path / "server", config=f'c.SageMakerApp.home = "{place}"') as server:
        wait_for(server.is_up, 60)
        for route in ROUTES:
            path = f"{API}{route.path}".format(target="local", kind="training", name="x")
            for method in route.operations:
                if route.path == "/openapi.json":
                    continue
                status, body = answer(server, path, method=method.upper())
                # What is wrong with a body can be said without a store.
                assert status == (400 if (path, method) == (f"{API}/jobs", "post") else 503), path
                if status == 503:
                    assert why in body["message"], body
                    assert body["message"] == answer(server, f"{API}/jobs")[1]["message"]
        assert answer(server, f"{API}/jobs", token="wrong")[0] == 403
        assert server.stop() == 0
    log = (tmp_path / "server" / "server.log").read_text()
    assert "Traceback" not in log
    assert log.count("jupyter_sm waits:") == 1


def test_it_goes_on_by_itself_once_the_store_can_be_opened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file")
    with RealServer(tmp_path / "server", config=f'c.SageMakerApp.home = "{home}"') as server:
        wait_for(server.is_up, 60)
        assert answer(server, f"{API}/jobs")[0] == 503
        home.unlink()
        wait_for(lambda: answer(server, f"{API}/jobs")[0] == 200, 60)
        # It tracks, too.
        wait_for(lambda: answer(server, f"{API}/targets")[1]["targets"][0]["health"] == "ready", 60)
        assert server.stop() == 0


# The disk is full from when the store has been opened until a file says otherwise.
FULL = """
import sqlite3
from pathlib import Path
from jupyter_sm.server.app import SageMakerApp
from jupyter_sm.store.file import Store
opened, write, read = SageMakerApp._open, Store.write, Store.read
full = []
def check(store):
    if full and not (store.folder / "freed").exists():
        raise store.trouble("used", sqlite3.OperationalError("database or disk is full"))
def checked_write(self, **options):
    check(self)
    return write(self, **options)
def checked_read(self):
    check(self)
    return read(self)
def open_all(self):
    opened(self)
    full.append(True)
SageMakerApp._open, Store.write, Store.read = open_all, checked_write, checked_read
"""


def test_a_disk_that_is_full_as_the_server_begins_keeps_it_from_nothing(
    home: Path, script: Path
) -> None:
    with RealServer(home, config=FULL) as server:
        wait_for(server.is_up, 60)
        assert answer(server, f"{API}/jobs")[0] == 507
        store = open_store(home)
        submit_spec(store, TrainingSpec(str(script)), name="waited")
        (home / "freed").touch()
        wait_for(lambda: jobs_table.find(store, "waited")[0].status == "Completed", 60)
        store.close()
        assert "Traceback" not in (home / "server.log").read_text()
