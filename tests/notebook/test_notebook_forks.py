"""A notebook whose process forks, by multiprocessing say: parent and child both go on."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import jupyter_sm as sm
from jupyter_sm import forks
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey
from jupyter_sm.notebook import session
from jupyter_sm.store import Store, open_store, targets
from jupyter_sm.store.logs.pages import LogPages

from kit.forked import forked
from kit.wait import wait_for

COUNT = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT COUNT(*) FROM targets").fetchone()[0])
"""


def test_children_train_while_the_parent_tracks(script: Path) -> None:
    sm.train(script, name="of-the-parent").wait()
    names = [forked(lambda n=n: sm.train(script, name=f"of-child-{n}").name) for n in range(6)]
    for name in names:
        assert sm.get_job(name).wait().status == "Completed"
    assert sm.train(script, name="and-again").wait().status == "Completed"


def test_a_child_waits_for_its_job_and_reads_its_log(script: Path) -> None:
    def child() -> str:
        job = sm.train(script, name="of-child")
        return f"{job.wait().status} {len(list(job.logs()))}"

    sm.list_jobs()
    assert forked(child) == "Completed 3"


def test_a_child_of_a_notebook_that_has_not_trained_yet_tracks_by_itself(script: Path) -> None:
    assert forked(lambda: sm.train(script).wait().status) == "Completed"


def test_a_fork_waits_for_what_other_threads_write(store: Store) -> None:
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with store.write() as db:
            db.execute("INSERT INTO targets (name) VALUES ('one')")
            written.set()
            go_on.wait(30)

    thread = threading.Thread(target=write)
    thread.start()
    written.wait(30)
    threading.Timer(0.2, go_on.set).start()

    def child() -> str:
        targets.use(store, "two")
        return " ".join(sorted(row.name for row in targets.rows(store)))

    assert forked(child) == "one two"
    thread.join()


def test_a_child_that_was_forked_off_amidst_a_write_is_told_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forks, "_LONGEST_WAIT", 0.05)
    writing, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with store.write():
            writing.set()
            go_on.wait(30)

    thread = threading.Thread(target=write)
    thread.start()
    writing.wait(30)

    def child() -> str:
        try:
            targets.use(open_store(store.folder), "x")
        except ExplainedError as error:
            return error.explanation.sentence
        return "no"

    told = forked(child)
    assert "this process was forked off while another of its threads" in told and "spawn" in told
    go_on.set()
    thread.join()
    targets.use(store, "after")


def test_a_child_has_locks_of_its_own(store: Store, tmp_path: Path) -> None:
    """SQLite takes its parent's locks for the child's, if connections are not let go of.

    Whoever closes the store last removes the log that the child then still writes to.
    """
    targets.use(store, "of-parent")
    opened, closed = tmp_path / "opened", tmp_path / "closed"

    def child() -> str:
        targets.use(store, "of-child")
        opened.touch()
        wait_for(closed.exists)
        targets.use(store, "later")
        argv = [sys.executable, "-c", COUNT, str(store.path)]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    def close() -> None:
        wait_for(opened.exists)
        for _, connection in store._connections:
            connection.close()
        closed.touch()

    parent = threading.Thread(target=close)
    parent.start()
    assert forked(child) == "3"
    parent.join()
    store.close()


def test_a_log_that_is_being_read_is_read_in_the_child_too(script: Path) -> None:
    sm.train(script, name="job").wait()
    pages = LogPages(session.desk().store)
    key = JobKey("local", "training", "job")
    wait_for(lambda: pages.rows(key, start=0, limit=9).total == 3)
    for lock in (pages._lock, *(view.lock for view in pages._views.values())):
        lock.acquire()
    assert forked(lambda: str(pages.rows(key, start=0, limit=9).total)) == "3"
