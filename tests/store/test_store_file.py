"""The store's file: who may read it, how it is opened, migrated, shared, and what breaks it."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.desk.targets import shown as targets_shown
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.store import (
    Store,
    StoreError,
    changes,
    cursors,
    open_store,
    schema,
    submissions,
)
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.store.schema import MIGRATIONS

STORES = sorted(Path(__file__).with_name("data").glob("store-v*.sql"))
SCHEMA = Path(schema.__file__).with_suffix(".sql")
KEPT = JobKey("local", "training", "kept")

# One of several processes that make the store and then write to it at the same time.
WRITER = """
import sys, time
from pathlib import Path
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import open_store, submissions
home, number, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
store = open_store(home)
for n in range(count):
    submissions.add_submission(
        store, JobKey("local", "training", f"job-{number}-{n}"), submission_id=f"{number}-{n}",
        request={"n": n}, script="train.py")
store.close()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def add(store: Store, name: str) -> None:
    submissions.add_submission(
        store,
        JobKey("local", "training", name),
        submission_id=f"id-{name}",
        request={"TrainingJobName": name},
        script="train.py",
    )


def one_sentence(error: ExplainedError) -> str:
    said = str(error)
    assert said.endswith(".") and "\n" not in said and "Traceback" not in said
    return said


def test_only_the_user_can_read_the_store(home: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(home)
        add(store, "private")
    finally:
        os.umask(before)
    assert mode(home) == 0o700
    assert {path.name: mode(path) for path in home.glob("store.sqlite3*")} == {
        "store.sqlite3": 0o600,
        "store.sqlite3-wal": 0o600,
        "store.sqlite3-shm": 0o600,
        "store.sqlite3-pair": 0o600,
    }
    store.close()


def test_a_store_can_be_closed_and_opened_again(home: Path) -> None:
    first = open_store(home)
    add(first, "kept")
    first.close()
    add(first, "after-closing")  # a closed handle opens anew when it is used
    first.close()
    again = open_store(home)
    assert [job.name for job in jobs_table.listed(again)[0]] == ["after-closing", "kept"]
    assert again.read().execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    again.close()


def test_a_failed_write_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), store.write() as db:
        db.execute("INSERT INTO targets (name) VALUES ('half')")
        raise RuntimeError("on purpose")
    assert store.read().execute("SELECT COUNT(*) FROM targets").fetchone()[0] == 0
    add(store, "next")
    assert jobs_table.listed(store)[1] == 1


def test_a_durable_write_waits_for_the_disk_and_others_do_not(store: Store) -> None:
    def level() -> int:
        return store.read().execute("PRAGMA synchronous").fetchone()[0]

    with store.write(durable=True):
        assert level() == 2  # FULL
    with store.write():
        assert level() == 1  # NORMAL


def test_a_newer_schema_is_refused_in_a_sentence_and_left_alone(home: Path) -> None:
    open_store(home).close()
    path = home / "store.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError) as caught:
        open_store(home)
    said = one_sentence(caught.value)
    assert "newer jupyter_sm" in said and "update jupyter_sm" in said and str(path) in said
    assert "Free space" not in said, "space is not what a newer schema is about"
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1
    db.close()


def test_there_is_a_stored_file_of_every_earlier_schema() -> None:
    assert [path.stem for path in STORES] == [f"store-v{n}" for n in range(1, len(MIGRATIONS))]


def test_the_schema_is_what_its_snapshot_says(store: Store) -> None:
    rows = store.read().execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name")
    made = "\n\n".join(f"{row['sql']};" for row in rows)
    assert made + "\n" == SCHEMA.read_text("utf-8"), "write it anew: make schema"


@pytest.mark.parametrize("stored", STORES, ids=lambda path: path.stem)
def test_a_store_of_any_earlier_schema_opens_with_all_its_data(home: Path, stored: Path) -> None:
    home.mkdir()
    db = sqlite3.connect(home / "store.sqlite3")
    db.executescript(stored.read_text(encoding="utf-8"))
    db.close()
    store = open_store(home)
    assert store.read().execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    job = jobs_table.get(store, KEPT)
    assert job is not None
    assert (job.submission_id, job.status, job.secondary_status) == ("a" * 32, "Failed", "Failed")
    assert (job.created_at, job.modified_at) == (1700000000.25, 1700000060.5)
    assert (job.started_at, job.ended_at) == (1700000001.0, 1700000060.5)
    assert (job.instance_type, job.instance_count, job.script) == ("ml.m5.large", 2, "train.py")
    assert job.failure_reason == "AlgorithmError: größer"
    assert job.explanation is not None and job.explanation.fixes == ("Mend it.",)
    assert job.explanation.entities == {"error": "ValueError: größer"}
    assert (job.billable_seconds, job.model_uri) == (59, "file:///tmp/model.tar.gz")
    assert job.metric is not None and job.metric.recent == [0.5, 0.75]
    assert job.progress is not None and (job.progress.current, job.progress.total) == (2, 3)
    assert [t.status for t in job.transitions] == ["Submitting", "Training", "Failed"]
    assert jobs_table.request_of(store, KEPT)["HyperParameters"]["epochs"] == "3"
    page = LogPages(store).page(KEPT)
    assert [(r.seq, r.severity, r.stream) for r in page.records] == [
        (0, "info", "algo-1-1700000001"),
        (1, "warning", "algo-1-1700000001"),
        (2, "error", "algo-1-1700000001"),
    ]
    assert (page.total, page.next) == (3, 3)
    assert streams.position(store, 7, "kept/algo-1-1700000001") == "f/120"
    points = [(p.name, p.value, p.step) for p in streams.metric_points(store, KEPT)]
    assert points == [("accuracy", 0.5, 1), ("accuracy", 0.75, 2), ("loss", None, 2)]
    (due,) = submissions.open_submissions(store, "local")
    assert (due.id, due.key.name, due.steps) == ("b" * 32, "waiting", ("calling",))
    assert (due.attempts, due.stop_requested) == (3, True)
    assert cursors.get(store, "local", "training") == cursors.Cursor(1700000060.5, False)
    assert cursors.get(store, "local", "processing") == cursors.Cursor(0, False), "nothing skipped"
    assert (job.phase, jobs_table.get(store, due.key).phase) == ("ended", "submitting")
    (target,) = targets_shown(store)
    assert (target.health, target.reason) == ("stale", "local can't be reached: no")
    assert store.read().execute("SELECT holder, host FROM leases").fetchone()[:] == (
        "someone",
        "elsewhere",
    )
    feed = changes.since(store, 40)
    assert [(c.seq, c.topic, c.name) for c in feed.changes] == [
        (41, "job", "kept"),
        (42, "target", ""),
    ]
    add(store, "new")  # and it can be written
    assert changes.last(store) == 43
    store.close()


def test_processes_that_make_and_write_a_store_together_lose_nothing(home: Path) -> None:
    count = 40
    argv = [sys.executable, "-c", WRITER, os.fspath(home)]
    writers = [
        subprocess.Popen(
            [*argv, str(number), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    ends = [writer.communicate(timeout=60) for writer in writers]
    assert [(w.returncode, e[1]) for w, e in zip(writers, ends, strict=True)] == [(0, "")] * 4
    store = open_store(home)
    names = {job.name for job in jobs_table.listed(store, limit=1_000)[0]}
    assert names == {f"job-{number}-{n}" for number in range(4) for n in range(count)}
    # One more tells that the target came into use.
    assert changes.last(store) == 4 * count + 1
    store.close()


@pytest.mark.parametrize(
    "content", [b"this is no database, " * 500, b"SQLite format 3\0" + b"x" * 900]
)
def test_a_file_that_is_no_store_is_said_in_a_sentence(home: Path, content: bytes) -> None:
    home.mkdir()
    path = home / "store.sqlite3"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        open_store(home)
    assert str(path) in one_sentence(caught.value)
    assert path.read_bytes() == content, "what can't be read must not be overwritten"


def test_a_store_that_breaks_while_it_is_used_is_said_in_a_sentence(home: Path) -> None:
    open_store(home).close()
    path = home / "store.sqlite3"
    schema_bytes = path.stat().st_size
    store = open_store(home)
    for n in range(400):
        add(store, f"job-{n}")
    store.close()
    with path.open("r+b") as file:  # the header and the schema stay, the rest is noise
        file.seek(schema_bytes)
        file.write(b"\xa5" * (path.stat().st_size - schema_bytes))
    store = open_store(home)
    with pytest.raises(StoreError) as caught:
        for n in range(50, 100):
            add(store, f"job-{n}")
    assert str(path) in one_sentence(caught.value)
    store.close()


def test_a_folder_that_can_not_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path / "file" / "home")
    assert "JUPYTER_SM_HOME" in one_sentence(caught.value)


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65_536):
                pass
        except OSError:
            return filler
    return filler


@pytest.mark.parametrize("packed_before", [True, False])
def test_submitting_on_a_full_disk_is_refused_in_a_sentence_and_loses_nothing(
    small_disk: Callable[[int], Path], script: Path, packed_before: bool
) -> None:
    home = small_disk(4096) / "home"
    store = open_store(home)
    submit_spec(store, TrainingSpec(str(script)), name="before")
    filler = fill(home.parent)
    if not packed_before:
        script.write_text(f"x = {os.urandom(60_000).hex()!r}\n")
    with pytest.raises(ExplainedError) as caught:
        for n in range(200):  # the write-ahead log may have a little room left
            submit_spec(store, TrainingSpec(str(script)), name=f"never-{n}")
    one_sentence(caught.value)
    assert caught.value.explanation.category == "disk-full"
    assert caught.value.status == 507
    if not packed_before:
        assert not list((home / "sources").rglob(".part-*")), "half a copy must not stay"
    assert jobs_table.get(store, JobKey("local", "training", "before")) is not None
    assert jobs_table.get(store, JobKey("local", "training", "never-199")) is None
    store.close()
    filler.unlink()
    again = open_store(home)
    assert jobs_table.get(again, JobKey("local", "training", "before")) is not None
    submit_spec(again, TrainingSpec(str(script)), name="after")
    assert {s.key.name for s in submissions.open_submissions(again, "local")} >= {
        "before",
        "after",
    }
    again.close()


def test_the_version_tells_of_another_connection_s_commit_only(home: Path, store: Store) -> None:
    other = open_store(home)
    seen = store.version()
    assert store.version() == seen
    add(store, "own")
    assert store.version() == seen, "what one wrote oneself is no news"
    add(other, "others")
    assert store.version() != seen
    other.close()


def test_the_write_ahead_log_is_short_again_after_a_long_read(store: Store) -> None:
    log = store.path.with_name(f"{store.path.name}-wal")
    with store.write() as db:
        db.execute("CREATE TABLE filler (data)")
    other = open_store(store.folder)
    reading = other.read()
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM filler").fetchone()
    for _ in range(40):
        with store.write() as db:
            db.execute("INSERT INTO filler VALUES (zeroblob(1 << 20))")
    assert log.stat().st_size > 40 << 20
    reading.execute("COMMIT")
    for _ in range(2):
        with store.write() as db:
            db.execute("INSERT INTO filler VALUES (1)")
    assert log.stat().st_size <= 16 << 20
    other.close()


def test_a_store_can_be_closed_while_threads_read(home: Path) -> None:
    """Closing a connection in the middle of a statement would crash the process."""
    store = open_store(home)
    stopped, broken = threading.Event(), list[Exception]()
    begun = threading.Barrier(5)

    def read() -> None:
        begun.wait(30)
        while not stopped.is_set():
            try:
                store.read().execute(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)"
                    " SELECT sum(i) FROM n"
                ).fetchone()
            except (StoreError, sqlite3.OperationalError) as error:
                broken.append(error)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(30)
    for _ in range(20):
        store.close()
        time.sleep(0.01)
    stopped.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    store.close()
    assert all("interrupted" in str(error) for error in broken)
    add(store, "next")
    assert jobs_table.listed(store)[1] == 1
    store.close()
