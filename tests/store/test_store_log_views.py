"""What of a log is shown: rows, folds, filters, searches; and blocks behind them that nobody sees."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.logs import LogParser, Record
from jupyter_sm.store import Store
from jupyter_sm.store.logs import blocks, pages, search, streams
from jupyter_sm.store.logs.pages import LogFilter, LogPages

from kit.hostile import HOSTILE
from kit.stored_log import KEY, Log, line


@pytest.fixture
def log(store: Store) -> Log:
    return Log(store)


def platform(*texts: str) -> list[Record]:
    return [line(text, "platform") for text in texts]


def test_quiet_platform_lines_are_one_row(log: Log) -> None:
    log.add(line("a"), *platform("p1", "p2", "p3", "p4"), line("b"), *platform("q1", "q2"))
    assert log.rows() == [(0, 1, "a"), (1, 4, "p1"), (5, 1, "b"), (6, 1, "q1"), (7, 1, "q2")]
    assert len(log.rows(is_folded=False)) == 8


def test_a_warning_among_platform_lines_is_not_folded_away(log: Log) -> None:
    log.add(*platform("p1", "p2", "p3"), line("disk?", "platform", "warning"), *platform("p5"))
    assert [row[2] for row in log.rows()] == ["p1", "disk?", "p5"]


def test_of_progress_the_newest_is_shown(log: Log) -> None:
    log.add(*(line(f"{n} %", "progress") for n in range(5)), line("done"))
    assert log.rows() == [(0, 5, "4 %"), (5, 1, "done")]


def test_what_was_printed_is_there_whole_behind_what_is_shown(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = "".join(f"\r{n}%|#  | {n}/100" for n in range(101)) + "\rsaved\r 100%|##| 100/100"
    events = ["first", drawn, "last \x1b[31mé"]
    records = [record for event in events for record in LogParser().feed(0, "algo-1-1", event)]
    log.add(*records)
    assert len(records) == 4
    whole = "".join(f"{event}\n" for event in events)
    assert log.views.printed(KEY, 0) == (whole, 4)
    shown = "".join(f"{record.text}\n" for record in records)
    assert log.views.printed(KEY, 0, states=False) == (shown, 4)
    monkeypatch.setattr(pages, "MAX_TEXT", 0)
    printed, at = "", 0
    for number in range(1, 5):
        text, at = log.views.printed(KEY, at)
        printed += text
        assert at == number
    assert printed == whole
    assert log.views.printed(KEY, at) == ("", at)


def test_what_was_printed_goes_with_the_entries_it_belongs_to(log: Log) -> None:
    for n in range(600):
        log.add(*LogParser().feed(0, "algo-1-1", f"\r1%|#| 1/9\r2%|#| 2/9 {n}"))
    with log.store.write() as db:
        blocks.drop_first(db, log.job.id, 1)
    kept = log.store.read().execute("SELECT min(seq), count(*) FROM log_raws").fetchone()
    assert tuple(kept) == (256, 344)
    with log.store.write() as db:
        blocks.drop(db, log.job.id)
    assert log.store.read().execute("SELECT count(*) FROM log_raws").fetchone()[0] == 0


def test_a_run_grows_over_pages_and_blocks(log: Log) -> None:
    log.add(*platform(*"ab"))
    assert len(log.rows()) == 2
    log.add(*platform("c"))
    assert log.rows() == [(0, 3, "a")]
    log.add(*(line(str(n), "platform") for n in range(600)))
    assert log.rows() == [(0, 603, "a")]
    log.add(line("end"))
    assert log.rows() == [(0, 603, "a"), (603, 1, "end")]


def test_rows_are_the_same_however_they_came(log: Log) -> None:
    """What is kept of a view and added to gives what a fresh look gives."""
    rng = random.Random(4)
    sources = ["platform", "platform", "user", "progress", "framework"]
    filters: list[dict[str, Any]] = [
        {},
        {"is_folded": False},
        {"severity": "warning"},
        {"source": "progress"},
        {"stream": "algo-2"},
        {"query": "7"},
        {"query": "7", "severity": "warning", "stream": "algo-1"},
    ]
    for number in range(150):
        records = [
            line(f"{number} {n}", rng.choice(sources), rng.choice(["info", "info", "warning"]))
            for n in range(rng.choice([1, 2, 3, 3, 40]))
        ]
        log.add(*records, stream=rng.choice(["algo-1-1", "algo-2-1"]))
        for wanted in filters:
            kept = log.rows(**wanted)
            log.views, fresh = LogPages(log.store), log.views
            assert log.rows(**wanted) == kept
            log.views = fresh
    total = log.views.page(KEY).total
    assert sum(count for _, count, _ in log.rows(limit=5000)) <= total


def test_a_page_of_rows_may_begin_anywhere(log: Log) -> None:
    log.add(*(line(str(n)) for n in range(700)))
    assert [row[2] for row in log.rows(start=255, limit=3)] == ["255", "256", "257"]
    assert [row[2] for row in log.rows(start=-2)] == ["698", "699"]
    assert log.rows(start=9000) == []
    found = log.views.rows(KEY, start=-5, limit=2)
    assert (found.start, found.total, found.entries) == (695, 700, 700)


def test_finds_name_row_and_entry(log: Log) -> None:
    log.add(line("loss 1"), *platform("one", "two loss", "three"), line("Loss 2"), line("x"))
    hits = log.views.hits(KEY, "LOSS")
    assert (hits.total, hits.rows, hits.seqs) == (3, [0, 1, 2], [0, 2, 4])
    assert log.views.hits(KEY, "loss", is_folded=False).rows == [0, 2, 4]
    assert log.views.hits(KEY, "loss", wanted=LogFilter(source="user")).rows == [0, 1]
    assert log.views.hits(KEY, "").total == 0
    assert log.views.hits(("local", "training", "none"), "loss").total == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (r"loss=\d+\.\d", [1]),
        ("^epoch", [0, 1]),
        ("EPOCH [12]$", [0]),
        ("größe", [2]),
        (r"second\b", [3]),
        ("(a+)+$", [3]),
        ("(first|epoch 1)", [0, 3]),
        ("EPOCH (1|2 loss)", [0, 1]),
        (r"\x65poch 2", [1]),
        ("(?i:EPOCH) 1", [0]),
        ("epo(?!x)", [0, 1]),
    ],
)
def test_regular_expressions_find_too(log: Log, query: str, found: list[int]) -> None:
    log.add(line("epoch 1"), line("Epoch 2 loss=0.5"), line("GRÖßE"), line("first\nsecond a"))
    assert log.views.hits(KEY, query, is_regex=True).seqs == found


def test_where_an_expression_is_found_is_told_as_browsers_count(log: Log) -> None:
    log.add(
        line("none"),
        line("loss=1, loss=22"),
        line("😀 \x1b[31mLo\x1b[0mss=3"),
        line("loss=4 " * 40),
    )
    hits = log.views.hits(KEY, r"loss=\d+", is_regex=True)
    assert hits.seqs == [1, 2, 3]
    assert hits.marks[:2] == [[0, 6, 8, 15], [3, 9]]
    assert hits.marks[2][:4] == [0, 6, 7, 13] and len(hits.marks[2]) == 40
    assert log.views.hits(KEY, "loss").marks == [[], [], []]


FRAGMENTS = [
    "ab", "loss", "(cd|ef)", "(?:gh|i)", "[xy]", "x{2}", "x{0,3}", "(ab)?", "y+", "z*", r"\.", r"\d",
    "^", "$", "|", "(?P<n>ab)", r"\x41", "[)]", "a|b", ".", "(a(bc|de)f)", "(?i:AB)",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6), st.data())
def test_what_an_expression_needs_is_in_whatever_it_matches(
    fragments: list[str], data: st.DataObject
) -> None:
    try:
        expression = re.compile("".join(fragments), re.IGNORECASE)
    except re.error:
        return
    words = search.literals_of(expression.pattern)
    if words:
        text = data.draw(st.from_regex(expression, alphabet=st.characters(max_codepoint=127)))
        assert any(word in text.lower() for word in words)


def test_a_broken_expression_is_told(log: Log) -> None:
    log.add(line("x"))
    with pytest.raises(ExplainedError, match=r"'\(' can't be read \(missing \)"):
        log.views.hits(KEY, "(", is_regex=True)


@pytest.mark.parametrize(("expression", "text"), HOSTILE)
def test_an_expression_that_runs_away_is_stopped(
    log: Log, monkeypatch: pytest.MonkeyPatch, expression: str, text: str
) -> None:
    monkeypatch.setattr(search, "_REGEX_SECONDS", 0.1)
    log.add(line(text))
    with pytest.raises(ExplainedError, match=r"was not through with the log after 0\.1 s"):
        log.views.hits(KEY, expression, is_regex=True)
    assert log.views.hits(KEY, text[:10]).total == 1


def test_text_of_all_kinds_comes_back_as_it_was(log: Log) -> None:
    texts = [
        "",
        "\n",
        "a\nb\n\nc",
        "nul \0 in it",
        "größer 😀",
        "\x1b[31mred\x1b[0m",
        " ",
        "x" * 65_536,
    ]
    texts += ["\n" * 300, "y" * 64_000, "z"]
    log.add(*(line(text) for text in texts))
    log.add(*(line(text) for text in texts))
    read = [record.text for record in log.views.page(KEY).records]
    assert read == texts * 2
    for text in ("größer", "C", "nul", "RED", "zz"):
        wanted = [n for n, one in enumerate(texts * 2) if text.lower() in one.lower()]
        assert log.views.hits(KEY, text).seqs == wanted, text


def test_colours_do_not_hide_what_is_searched_for(log: Log) -> None:
    log.add(line("\x1b[32mre\x1b[0mady to \x1b[1mtrain"), line("ready"))
    assert log.views.hits(KEY, "ready to train").seqs == [0]
    assert log.views.hits(KEY, "^ready", is_regex=True).seqs == [0, 1]
    assert log.views.hits(KEY, "[32m").seqs == []


def test_full_blocks_are_sealed_and_small(log: Log) -> None:
    for n in range(0, 600, 3):
        log.add(*(line(f"step {n + k} of many, and so on") for k in range(3)))
    blocks = log.blocks()
    assert [(b["first"], b["count"], b["is_sealed"]) for b in blocks] == [
        (0, 256, 1),
        (256, 256, 1),
        (512, 88, 0),
    ]
    assert len(blocks[0]["text"]) < 256 * 10
    assert [r.text for r in log.views.page(KEY, start=250, limit=10).records] == [
        f"step {n} of many, and so on" for n in range(250, 260)
    ]


def test_a_line_of_many_megabytes_is_kept_whole(log: Log) -> None:
    log.add(line("before"), line("x" * 20_000_000 + " the end"), line("after"))
    assert log.views.hits(KEY, "the end").seqs == [1]
    whole = "before\n" + "x" * 20_000_000 + " the end\n"
    assert log.views.printed(KEY, 0) == (whole, 2)
    (shown,) = log.views.page(KEY, start=1, limit=1).records
    assert len(shown.text) + shown.cut == 20_000_008
    assert len(log.blocks()) == 2


def test_the_last_of_each_stream(log: Log) -> None:
    for n in range(100):
        log.add(line(f"a{n}"), line(f"b{n}"))
        log.add(line(f"c{n}"), stream="algo-2-1")
    tails = streams.tails(log.store, log.job.id, 3)
    assert [[record.text for record in tail] for tail in tails] == [
        ["b98", "a99", "b99"],
        ["c97", "c98", "c99"],
    ]


def test_entries_know_their_stream_and_time(log: Log) -> None:
    log.add(Record(7, "algo-1-1", "error", "framework", "bad"), stream="algo-1-1")
    log.add(Record(-5, "algo-2-1", "debug", "progress", "1 %"), stream="algo-2-1")
    seen = [(r.timestamp_ms, r.stream, r.severity, r.source) for r in log.views.page(KEY).records]
    assert seen == [(7, "algo-1-1", "error", "framework"), (-5, "algo-2-1", "debug", "progress")]


def test_every_kind_has_a_byte_of_its_own() -> None:
    kinds = {blocks.code_of(s, o) for s in blocks.SEVERITIES for o in blocks.SOURCES}
    assert len(kinds) == 16
    assert blocks.code_of("strange", "") == blocks.code_of("info", "user")
