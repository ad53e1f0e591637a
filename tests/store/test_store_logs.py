"""The log tables: each page once, in order, with honest numbers and literal queries."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.logs import Metric, Progress, Record
from jupyter_sm.store import Store, changes, submissions
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.logs import pages, streams
from jupyter_sm.store.logs.pages import LogFilter, LogPages
from jupyter_sm.store.logs.streams import LoggedJob
from jupyter_sm.store.views import LogPage

KEY = JobKey("local", "training", "logged")
STREAM = "logged/algo-1-1700000000"


@pytest.fixture
def job(store: Store) -> LoggedJob:
    submissions.add_submission(
        store,
        JobKey("local", "training", "logged"),
        submission_id="s",
        request={},
        script="",
    )
    row = store.read().execute("SELECT id FROM jobs").fetchone()
    return LoggedJob(row["id"], JobKey("local", "training", "logged"), False, None)


def record(text: str, severity: str = "info", at: int = 0) -> Record:
    return Record(at, "algo-1", severity, "user", text)


def metric(
    name: str, value: float, step: int | None = None, at: int = 0, epoch: float | None = None
) -> Metric:
    return Metric(name, value, step, at, epoch)


def append(
    store: Store,
    job: LoggedJob,
    before: str,
    after: str,
    records: Sequence[Record] = (),
    *,
    stream: str = STREAM,
    metrics: Sequence[Metric] = (),
    progress: Progress | None = None,
) -> bool:
    return streams.append(
        store,
        job,
        streams.Parsed(stream, records, metrics, progress),
        before=before,
        after=after,
    )


def page_of(store: Store, *, start: int = 0, limit: int = 500, **wanted: str) -> LogPage:
    return LogPages(store).page(KEY, start=start, limit=limit, wanted=LogFilter(**wanted))


def texts(store: Store, **options) -> list[str]:
    return [r.text for r in page_of(store, **options).records]


def main(store: Store):
    return jobs_table.get(store, KEY).metric


def test_a_page_is_stored_once(store: Store, job: LoggedJob) -> None:
    assert streams.position(store, job.id, STREAM) == ""
    assert append(store, job, "", "t1", [record("one")])
    assert streams.position(store, job.id, STREAM) == "t1"
    seq = changes.last(store)
    lost = [metric("loss", 9.0)]
    assert not append(store, job, "", "t1", [record("one")], metrics=lost)
    assert not append(store, job, "t0", "t9", [record("from nowhere")])
    assert changes.last(store) == seq, "nothing changed, so nothing is told"
    assert texts(store) == ["one"]
    assert list(streams.metric_points(store, KEY)) == []
    assert append(store, job, "t1", "t2", [record("two")])
    assert texts(store) == ["one", "two"]
    assert jobs_table.get(store, KEY).log_lines == 2


def test_of_readers_of_the_same_page_one_stores_it(store: Store, job: LoggedJob) -> None:
    start = threading.Barrier(6)
    stored: list[bool] = []

    def read() -> None:
        start.wait()
        for n in range(20):
            stored.append(append(store, job, str(n or ""), str(n + 1), [record(f"line {n}")]))

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored.count(True) == 20
    assert texts(store) == [f"line {n}" for n in range(20)]


def test_numbers_go_on_over_pages_and_streams(store: Store, job: LoggedJob) -> None:
    other = "logged/algo-2-1700000000"
    append(store, job, "", "a1", [record("a", at=50), record("b", at=60)])
    append(store, job, "", "b1", [record("c", at=10)], stream=other)
    append(store, job, "a1", "a2", [record("d", at=70)])
    page = LogPages(store).page(KEY)
    assert [(r.seq, r.text, r.stream, r.timestamp_ms) for r in page.records] == [
        (0, "a", "algo-1-1700000000", 50),
        (1, "b", "algo-1-1700000000", 60),
        (2, "c", "algo-2-1700000000", 10),
        (3, "d", "algo-1-1700000000", 70),
    ]
    assert (page.next, page.total) == (4, 4)


def test_an_empty_page_moves_the_position(store: Store, job: LoggedJob) -> None:
    assert append(store, job, "", "t1")
    assert streams.position(store, job.id, STREAM) == "t1"
    assert LogPages(store).page(KEY).total == 0


def test_what_is_no_number_has_no_value(store: Store, job: LoggedJob) -> None:
    odd = [metric("loss", float(v), n, n) for n, v in enumerate(("nan", "inf", "-inf", "0.5"))]
    append(store, job, "", "t1", metrics=odd)
    points = list(streams.metric_points(store, KEY))
    assert [p.value for p in points] == [None, None, None, 0.5]
    assert [p.step for p in points] == [0, 1, 2, 3]
    assert (main(store).value, main(store).recent) == (0.5, [0.5])
    append(store, job, "t1", "t2", metrics=[metric("loss", float("nan"))])
    assert (main(store).value, main(store).recent) == (0.5, [0.5])


def test_points_come_in_the_order_of_time(store: Store, job: LoggedJob) -> None:
    late, early = metric("loss", 1.0, at=20), metric("loss", 2.0, at=10)
    append(store, job, "", "t1", metrics=[late, metric("x", 3.0, at=20), early])
    assert [p.value for p in streams.metric_points(store, KEY)] == [2.0, 1.0, 3.0]


@pytest.mark.parametrize("count", [3, 1300])
def test_a_points_step_and_epoch_are_kept_whatever_else_is_not(
    store: Store, job: LoggedJob, count: int
) -> None:
    made = [
        metric("loss", 1.0, n if n % 2 else None, n, n / 4 if n % 3 else None) for n in range(count)
    ]
    for at in range(0, count, 100):
        append(store, job, f"{at}" if at else "", f"{at + 100}", metrics=made[at : at + 100])
    points = list(streams.metric_points(store, KEY))
    assert [(p.step, p.epoch) for p in points] == [(m.step, m.epoch) for m in made]
    (series,), _ = streams.metric_series(store, KEY)
    assert series.epochs[:3] == [None, 0.25, 0.5]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_points_stored_before_there_were_epochs_are_read(
    store: Store, job: LoggedJob, is_sealed: bool
) -> None:
    append(store, job, "", "t1", metrics=[metric("loss", 9.0)])
    old = struct.pack("qqdqqd", 1, 10, 0.5, -1, 20, 0.25)
    if is_sealed:
        old = zlib.compress(struct.pack("qqqqdd", 1, -2, 10, 10, 0.5, 0.25))
    with store.write() as db:
        db.execute("UPDATE point_blocks SET is_sealed = ?, data = ?", (is_sealed, old))
    append(store, job, "t1", "t2", metrics=[metric("loss", 0.125, 3, 30, 1.5)])
    points = list(streams.metric_points(store, KEY))
    assert [(p.step, p.epoch, p.timestamp_ms, p.value) for p in points] == [
        (1, None, 10, 0.5),
        (None, None, 20, 0.25),
        (3, 1.5, 30, 0.125),
    ]


def test_a_speed_is_of_a_group_of_its_own_and_never_the_main_metric(
    store: Store, job: LoggedJob
) -> None:
    append(store, job, "", "t1", metrics=[metric("it/s", 3.0), metric("loss", 0.5)])
    assert [(s.name, s.group) for s in streams.metric_series(store, KEY)[0]] == [
        ("it/s", "speed"),
        ("loss", ""),
    ]
    shown = main(store)
    assert shown is not None and shown.name == "loss"


def test_no_metric_is_the_main_one_while_none_is_finite(store: Store, job: LoggedJob) -> None:
    append(store, job, "", "t1", metrics=[metric("loss", float("inf"))])
    assert main(store) is None


def test_the_main_metric_is_the_first_seen(store: Store, job: LoggedJob) -> None:
    append(store, job, "", "t1", metrics=[metric("loss", 2.0), metric("rmse", 7.0)])
    append(store, job, "t1", "t2", metrics=[metric("rmse", 6.0), metric("loss", 1.0)])
    assert (main(store).name, main(store).value, main(store).recent) == ("loss", 1.0, [2.0, 1.0])
    append(store, job, "t2", "t3", metrics=[metric("rmse", 5.0)])
    assert main(store).value == 1.0


def test_an_accuracy_takes_over_and_stays(store: Store, job: LoggedJob) -> None:
    append(store, job, "", "t1", metrics=[metric("loss", 2.0)])
    append(store, job, "t1", "t2", metrics=[metric("loss", 1.0), metric("Val_Accuracy", 0.5)])
    assert (main(store).name, main(store).recent) == ("Val_Accuracy", [0.5])
    append(store, job, "t2", "t3", metrics=[metric("acc", 0.1), metric("Val_Accuracy", 0.6)])
    assert (main(store).name, main(store).recent) == ("Val_Accuracy", [0.5, 0.6])


def test_the_sparkline_keeps_the_last_forty(store: Store, job: LoggedJob) -> None:
    append(store, job, "", "t1", metrics=[metric("loss", float(n)) for n in range(30)])
    append(store, job, "t1", "t2", metrics=[metric("loss", float(n)) for n in range(30, 100)])
    assert main(store).recent == [float(n) for n in range(60, 100)]
    assert len(list(streams.metric_points(store, KEY))) == 100


def test_progress_stays_until_there_is_another(store: Store, job: LoggedJob) -> None:
    append(store, job, "", "t1", progress=Progress(2, 3, "epoch", 66.6))
    append(store, job, "t1", "t2", [record("no progress on this page")])
    progress = jobs_table.get(store, KEY).progress
    assert (progress.current, progress.total, progress.unit) == (2, 3, "epoch")


def test_only_what_concerns_the_row_is_told_as_a_change_of_the_job(
    store: Store, job: LoggedJob
) -> None:
    seq = changes.last(store)
    append(store, job, "", "t1", [record("text")])
    assert [c.topic for c in changes.since(store, seq).changes] == ["log"]
    seq = changes.last(store)
    append(store, job, "t1", "t2", [record("loss: 1")], metrics=[metric("loss", 1.0)])
    assert [c.topic for c in changes.since(store, seq).changes] == ["log", "job"]


@pytest.mark.parametrize(
    ("start", "limit", "first", "count", "following"),
    [
        (0, 500, 0, 10, 10),
        (4, 3, 4, 3, 7),
        (-3, 500, 7, 3, 10),
        (-3, 2, 7, 2, 9),
        (-10, 500, 0, 10, 10),
        (-99, 500, 0, 10, 10),
        (9, 500, 9, 1, 10),
        (0, 0, 0, 1, 1),
    ],
)
def test_pages_are_cut_as_in_python(
    store: Store, job: LoggedJob, start: int, limit: int, first: int, count: int, following: int
) -> None:
    append(store, job, "", "t1", [record(f"line {n}") for n in range(10)])
    page = LogPages(store).page(KEY, start=start, limit=limit)
    assert [r.seq for r in page.records] == list(range(first, first + count))
    assert (page.next, page.total) == (following, 10)


def test_at_the_end_the_following_page_begins_where_lines_will_come(
    store: Store, job: LoggedJob
) -> None:
    append(store, job, "", "t1", [record("one")])
    page = LogPages(store).page(KEY, start=1)
    assert (page.records, page.next, page.total) == ([], 1, 1)
    append(store, job, "t1", "t2", [record("two")])
    assert texts(store, start=page.next) == ["two"]


def test_a_page_is_never_longer_than_the_longest(store: Store, job: LoggedJob, monkeypatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE", 4)
    append(store, job, "", "t1", [record(f"line {n}") for n in range(10)])
    assert len(texts(store, limit=10_000)) == 4


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("100%", ["at 100% now"]),
        ("%", ["at 100% now"]),
        ("a_b", ["a_b"]),
        ("_", ["a_b"]),
        ("\\", ["C:\\temp"]),
        ("\\t", ["C:\\temp"]),
        ("\\%", []),
        ("AXB", ["axb"]),
        ("'; DROP TABLE records; --", []),
        ("größe", ["Größe"]),
        ("", ["at 100% now", "a_b", "axb", "C:\\temp", "Größe", "1000"]),
    ],
)
def test_a_query_is_literal_and_of_any_case(
    store: Store, job: LoggedJob, query: str, found: list[str]
) -> None:
    lines = ["at 100% now", "a_b", "axb", "C:\\temp", "Größe", "1000"]
    append(store, job, "", "t1", [record(line) for line in lines])
    assert texts(store, query=query) == found
    assert LogPages(store).page(KEY).total == 6


def test_a_query_of_any_length_is_answered(store: Store, job: LoggedJob) -> None:
    """SQLite refuses LIKE patterns of more than 50,000 bytes."""
    append(store, job, "", "t1", [record("short")])
    assert texts(store, query="_" * 60_000) == []


def test_the_severity_filter_goes_with_the_query(store: Store, job: LoggedJob) -> None:
    rows = [record("a bad", "error"), record("a fine"), record("b bad", "error"), record("a odd")]
    append(store, job, "", "t1", rows)
    assert texts(store, severity="error") == ["a bad", "b bad"]
    assert texts(store, severity="error", query="A ") == ["a bad"]
    assert texts(store, severity="no-such") == []
    page = page_of(store, severity="error", limit=1)
    assert (page.next, page.total) == (1, 4)
    assert texts(store, severity="error", start=page.next) == ["b bad"]


def test_the_log_of_no_job_is_empty(store: Store) -> None:
    page = LogPages(store).page(JobKey("local", "training", "nobody"), start=-5)
    assert (page.records, page.next, page.total) == ([], 0, 0)
    assert list(streams.metric_points(store, ("local", "training", "nobody"))) == []


def test_text_that_is_no_valid_unicode_is_stored_all_the_same(store: Store, job: LoggedJob) -> None:
    """One odd line must not keep the rest of a log, and all other jobs, from being read."""
    append(store, job, "", "t1", [record("half a pair: \ud83d"), record("nul: \0"), record("ok")])
    assert texts(store)[-1] == "ok" and len(texts(store)) == 3


def severe(store: Store, job: LoggedJob) -> None:
    rows = [
        Record(n, "algo-1", severity, "user", f"line {n}")
        for n, severity in enumerate(["debug", "info", "warning", "error", "info"])
    ]
    append(store, job, "", "1", rows[:3])
    append(store, job, "", "1", rows[3:], stream="logged/algo-2-1700000000")


@pytest.mark.parametrize(
    ("more", "seqs"),
    [
        ({"severity": "debug"}, [0, 1, 2, 3, 4]),
        ({"severity": "warning"}, [2, 3]),
        ({"severity": "error"}, [3]),
        ({"severity": "nothing-known"}, []),
        ({"stream": "algo-2"}, [3, 4]),
        ({"stream": "algo-2", "severity": "error"}, [3]),
        ({"stream": "algo_2"}, []),
        ({"query": "LINE", "start": -2}, [3, 4]),
        ({"severity": "info", "start": -3}, [2, 3, 4]),
        ({"severity": "info", "start": 2, "limit": 1}, [2]),
    ],
)
def test_a_filter_is_by_least_severity_stream_and_text(
    store: Store, job: LoggedJob, more: dict[str, Any], seqs: list[int]
) -> None:
    severe(store, job)
    page = page_of(store, **more)
    assert [r.seq for r in page.records] == seqs
    assert page.total == 5
