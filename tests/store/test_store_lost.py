"""A store whose file is deleted, replaced or damaged while processes use it."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store, StoreLostError, changes, open_store, submissions
from jupyter_sm.store import jobs as jobs_table

# Commits a job and is gone without having closed the store, as a killed process is.
KILLED = """
import os, sys
from pathlib import Path
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import open_store, submissions
submissions.add_submission(open_store(Path(sys.argv[1])), JobKey("local", "training", "old"),
    submission_id="old", request={}, script="train.py")
os._exit(0)
"""


def add(store: Store, name: str) -> None:
    submissions.add_submission(
        store, JobKey("local", "training", name), submission_id=name, request={}, script="train.py"
    )


def names(store: Store) -> list[str]:
    return sorted(job.name for job in jobs_table.listed(store)[0])


def refused(store: Store) -> str:
    """What every use of a store says, in this thread and another one."""
    said: list[str] = []

    def use() -> None:
        for work in (
            lambda: names(store),
            lambda: add(store, "never"),
            lambda: changes.last(store),
        ):
            with pytest.raises(StoreLostError) as caught:
                work()
            said.append(str(caught.value))

    use()
    other = threading.Thread(target=use)
    other.start()
    other.join()
    assert len(said) == 6 and len(set(said)) == 1
    return said[0]


def test_a_store_that_is_deleted_is_told_once_and_made_by_nobody_anew(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(home)
    add(store, "kept")
    away = store.path.with_name("away")
    store.path.rename(away)
    with caplog.at_level(logging.ERROR):
        said = refused(store)
    assert said.startswith(f"The job store {store.path} was deleted while it was in use. Put it")
    assert [record.message for record in caplog.records] == [said]
    assert not store.path.exists()
    away.rename(store.path)
    add(store, "after")
    assert names(store) == ["after", "kept"]
    store.close()


def test_the_next_store_of_that_name_has_nothing_of_the_one_that_was_deleted(home: Path) -> None:
    old = open_store(home)
    add(old, "old")
    old.path.unlink()  # what SQLite keeps beside it stays, and stays in use
    new = open_store(home)
    add(new, "new")
    assert f"{old.path} was replaced by another file" in refused(old)
    assert names(new) == ["new"]
    old.close()
    add(new, "newer")
    assert names(new) == ["new", "newer"]
    assert [tuple(row) for row in new.read().execute("PRAGMA integrity_check")] == [("ok",)]
    new.close()


def test_what_a_killed_process_left_beside_a_deleted_store_is_not_read(home: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, os.fspath(home)], check=True)
    assert (home / "store.sqlite3-wal").stat().st_size > 0
    (home / "store.sqlite3").unlink()
    store = open_store(home)
    assert names(store) == []
    store.close()


def copy_of(store: Store, path: Path) -> Path:
    """A copy of the store's file, as a backup makes it."""
    with contextlib.closing(sqlite3.connect(path)) as copy:
        store.read().backup(copy)
    return path


def test_what_a_killed_process_left_is_not_read_as_that_of_a_copy_put_back(home: Path) -> None:
    store = open_store(home)
    for number in range(150):
        add(store, f"copied-{number}")
    copy = copy_of(store, home / "copy.sqlite3")
    known = names(store)
    store.close()
    subprocess.run([sys.executable, "-c", KILLED, os.fspath(home)], check=True)
    assert (home / "store.sqlite3-wal").stat().st_size > 0
    copy.replace(home / "store.sqlite3")
    for _ in range(2):  # and none of its own is taken away when it is opened again
        again = open_store(home)
        assert names(again) == known
        assert [tuple(row) for row in again.read().execute("PRAGMA integrity_check")] == [("ok",)]
    add(again, "after")
    third = open_store(home)
    assert names(third) == ["after", *known]
    for one in (again, third):
        one.close()


def test_a_folder_that_is_copied_has_all_that_a_killed_process_wrote(home: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, os.fspath(home)], check=True)
    copied = home.with_name("copied")
    shutil.copytree(home, copied)
    store, copy = open_store(home), open_store(copied)
    assert names(copy) == names(store) != []
    store.close()
    copy.close()


def test_nobody_is_told_that_a_job_is_accepted_by_a_file_that_is_gone(home: Path) -> None:
    store = open_store(home)
    with pytest.raises(StoreLostError, match="was deleted"), store.write(durable=True):
        store.path.unlink()  # while the transaction waited for its turn, say
    store.close()


def test_damage_is_told_once_with_what_to_do(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(home)
    for number in range(400):
        add(store, f"job-{number}")
    store.close()
    size = store.path.stat().st_size
    with store.path.open("r+b") as file:
        file.seek(8192)  # the tables' own pages stay
        file.write(b"\xa5" * (size - 8192))
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(StoreLostError) as caught:
                names(store)
    said = str(caught.value)
    assert said.startswith(f"The job store {store.path} is damaged: ") and "move it away" in said
    assert [record.message for record in caplog.records] == [said]
    store.close()
