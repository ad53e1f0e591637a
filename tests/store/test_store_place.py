"""A home that takes no database: the store lies beside it, for all processes, and says where."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.desk.targets import shown
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import Store, StoreError, jobs, open_store
from jupyter_sm.store.leases import Rank
from jupyter_sm.tracking.service import TrackingService

from kit.wait import wait_for

# What SQLite says on file systems without locks, without shared memory, and on odd network ones.
REFUSALS = ["unable to open database file", "locking protocol", "disk I/O error"]

# The same file system for a process of its own, which then runs the command line.
COMMAND = """
import sqlite3, sys
connect = sqlite3.connect
def refuse(path, *args, **options):
    if str(path).startswith(sys.argv[1]):
        raise sqlite3.OperationalError("disk I/O error")
    return connect(path, *args, **options)
sqlite3.connect = refuse
from jupyter_sm.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the machine's, for this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture(params=REFUSALS)
def refusing(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A home whose file system takes files, and no database."""
    connect = sqlite3.connect

    def refuse(path: Path, *args: object, **options: object) -> sqlite3.Connection:
        if Path(path).is_relative_to(home):
            raise sqlite3.OperationalError(request.param)
        return connect(path, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    return request.param


def test_the_store_lies_in_a_folder_of_the_user_s_own_and_says_so(
    refusing: str, home: Path, temporary: Path, script: Path
) -> None:
    store = open_store()
    assert store.path.is_relative_to(temporary) and store.folder == home
    for folder in (store.path.parent, store.path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list(home.glob(".probe-*"))
    again = open_store()
    assert again.path == store.path, "every process comes to the same store"
    again.close()
    tracking = TrackingService(store, Rank.SERVER)
    tracking.start()
    key = submit_spec(store, TrainingSpec(str(script)), name="trains").key
    wait_for(lambda: jobs.get(store, key).status == "Completed")
    [local] = [view for view in shown(store) if view.name == "local"]
    assert str(home) in local.reason and str(store.path.parent) in local.reason
    tracking.stop()
    store.close()


def test_a_store_that_lies_in_the_home_stays_there(store: Store, home: Path) -> None:
    assert (store.path.parent, store.note) == (home, "")
    assert [view.reason for view in shown(store) if view.name == "local"] == [None]


def test_a_store_that_was_moved_is_used_also_by_who_could_use_the_home(
    refusing: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    monkeypatch.undo()
    monkeypatch.setenv("TMPDIR", str(store.path.parents[2]))
    monkeypatch.setattr(tempfile, "tempdir", None)
    again = open_store(home)
    assert again.path == store.path
    for one in (store, again):
        one.close()


def test_the_command_line_says_where_the_store_lies(home: Path, temporary: Path) -> None:
    argv = [sys.executable, "-c", COMMAND, str(home), "ls"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert f"so the job store lies in {temporary}" in done.stderr


def test_a_folder_that_others_may_enter_is_not_used(
    refusing: str, home: Path, temporary: Path
) -> None:
    (temporary / f"jupyter_sm-{os.getuid()}").mkdir(mode=0o755)
    with pytest.raises(StoreError, match="others may own or enter"):
        open_store()
