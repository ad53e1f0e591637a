"""What is read of a log is bounded by its size, whatever the log: pages, rows, finds, curves."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from jupyter_sm.logs import Metric
from jupyter_sm.store import Store
from jupyter_sm.store.logs import points, streams
from jupyter_sm.store.logs.pages import MAX_ENTRY, MAX_TEXT

from kit.stored_log import KEY, Log, line

LONG = 256 * 1024
# What JSON adds to the text of a page.
ROOM = MAX_TEXT + 200_000


@pytest.fixture
def log(store: Store) -> Log:
    return Log(store)


@pytest.fixture
def wide(log: Log) -> Log:
    """Fifty lines of 256 KiB, each after a short one."""
    for n in range(50):
        log.add(line(f"before {n}"), line(f"{n} " + "x" * (LONG - 3)))
    return log


def test_pages_of_a_wide_log_are_small_and_lead_through_all_of_it(wide: Log) -> None:
    seen, start = [], 0
    while True:
        page = wide.views.page(KEY, start=start, limit=5_000)
        if not page.records:
            break
        assert len(json.dumps(asdict(page))) < ROOM
        seen += page.records
        start = page.next
    assert [record.seq for record in seen] == list(range(100))
    assert [len(record.text) + record.cut for record in seen[1::2]] == [
        LONG - 3 + len(f"{n} ") for n in range(50)
    ]
    assert max(len(record.text) for record in seen) == MAX_ENTRY


@pytest.mark.parametrize("limit", [1, 20, 100, 5_000])
def test_all_rows_of_a_page_are_there_and_the_longest_are_cut(wide: Log, limit: int) -> None:
    found = wide.views.rows(KEY, start=0, limit=limit)
    assert len(found.rows) == min(limit, 100)
    assert len(json.dumps(asdict(found))) < ROOM
    short = [row.record for row in found.rows[::2]]
    assert [(record.text, record.cut) for record in short] == [
        (f"before {n}", 0) for n in range(len(short))
    ]
    for record in (row.record for row in found.rows[1::2]):
        assert len(record.text) + record.cut >= LONG - 3 and len(record.text) >= 4_000


def test_texts_that_fit_are_not_cut(log: Log) -> None:
    log.add(line("x" * (MAX_ENTRY + 5)), line("y"))
    rows = log.views.rows(KEY, start=0, limit=10).rows
    assert [row.record.cut for row in rows] == [0, 0]
    (first, _) = log.views.page(KEY).records
    assert (len(first.text), first.cut) == (MAX_ENTRY, 5)


def test_the_whole_comes_a_page_at_a_time(wide: Log) -> None:
    pieces, at = [], 0
    while True:
        text, behind = wide.views.printed(KEY, at)
        if behind <= at:
            break
        assert len(text) <= MAX_TEXT + LONG + 1
        pieces.append(text)
        at = behind
    whole = "".join(pieces)
    assert whole.count("\n") == 100 and len(whole) > 50 * (LONG - 3)


def test_the_marks_of_a_search_are_bounded(log: Log) -> None:
    log.add(*(line("a" * 100) for _ in range(9_000)))
    found = log.views.hits(KEY, "a", is_regex=True)
    assert (found.total, len(found.rows)) == (9_000, 9_000)
    assert len(json.dumps(asdict(found))) < 1_000_000
    assert found.marks[0] and not found.marks[-1]


def test_thousands_of_curves_are_thinned_and_counted(log: Log) -> None:
    log.add(line("x"))
    row = log.store.read().execute("SELECT id FROM streams").fetchone()
    with log.store.write() as db:
        for n in range(1_100):
            metrics = [Metric(f"m{n}", float(k % 7), k, k) for k in range(250)]
            points.append(db, log.job.id, row["id"], metrics)
    series, total = streams.metric_series(log.store, KEY)
    assert (len(series), total) == (streams.MOST_SERIES, 1_100)
    assert sum(len(one.values) for one in series) <= 110_000
    first = next(streams.metric_points(log.store, KEY))
    assert (first.name, first.timestamp_ms) == ("m0", 0)


def test_points_come_in_the_order_of_time_though_clocks_go_back(log: Log) -> None:
    log.add(line("x"))
    row = log.store.read().execute("SELECT id FROM streams").fetchone()
    with log.store.write() as db:
        points.append(
            db, log.job.id, row["id"], [Metric("a", 1.0, n, t) for n, t in enumerate((5, 3, 9))]
        )
        points.append(
            db, log.job.id, row["id"], [Metric("b", 1.0, n, t) for n, t in enumerate((4, 8))]
        )
    found = [(p.name, p.timestamp_ms) for p in streams.metric_points(log.store, KEY)]
    assert found == [("a", 3), ("b", 4), ("a", 5), ("b", 8), ("a", 9)]
