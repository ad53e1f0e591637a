"""What of a log is shown: filtered, folded, paged and searched.

A `LogFilter` says which entries; of these, rows: a run of platform lines or of a progress bar's
states is one row until somebody unfolds it. A view of a log is the numbers of its entries and
where each row begins, a few bytes an entry. It is kept for the next page, and only what came
since is looked at, so each page costs the same wherever in the log it is.

However long entries are, a page has so much text at most: of entries it has fewer then, and of rows
the longest are cut.
"""

from __future__ import annotations

import re
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any

from jupyter_sm import forks
from jupyter_sm.jobs import JobKey
from jupyter_sm.logs.entries import SEVERITIES, SOURCES
from jupyter_sm.store.file import Store
from jupyter_sm.store.logs import blocks
from jupyter_sm.store.logs.search import Finder
from jupyter_sm.store.views import LogHits, LogPage, LogRecord, LogRow, LogRows

MAX_PAGE = 5_000
# Of text on a page, in characters; and of one entry, whose rest is there to download.
MAX_TEXT = 1 << 20
MAX_ENTRY = 1 << 16
MAX_HITS = 10_000
_MOST_KEPT = 8
# Runs of quiet platform lines, and of progress.
_SHORTEST_RUN = 3
_RUNS = re.compile(rb"p{%d,}|g{2,}" % _SHORTEST_RUN)
_LETTERS = bytes(
    ord("g") if kind >> 2 == 3 else ord("p") if kind >> 2 == 0 and kind & 3 < 2 else ord(".")
    for kind in range(256)
)

_BLOCKS = (
    "SELECT * FROM log_blocks WHERE job_id = ? AND first < ? AND first + count > ? ORDER BY first"
)
_BLOCK_HEADS = _BLOCKS.replace("*", "first, count, kinds, streams")


@dataclass(frozen=True)
class LogFilter:
    """Entries that contain `query` (any case), are at least as severe as `severity`, and come
    from `source` and from a stream that begins with `stream`. Empty: all of them.
    """

    query: str = ""
    severity: str = ""
    source: str = ""
    stream: str = ""

    def mask(self) -> bytes | None:
        """For each kind of entry 1 or 0; None if each kind fits."""
        if not self.severity and not self.source:
            return None
        severities, sources = SEVERITIES, SOURCES
        known = self.severity in severities
        grave = severities[severities.index(self.severity) :] if known else ()
        fitting = {
            blocks.code_of(severity, source)
            for severity in (grave if self.severity else severities)
            for source in sources
            if self.source in ("", source)
        }
        return bytes(kind in fitting for kind in range(256))


class _Shown:
    """The entries of one job that fit a filter, and the rows they make."""

    def __init__(
        self, job_id: int, first: int | None, wanted: LogFilter, *, is_folded: bool
    ) -> None:
        self.job_id = job_id
        self.first = first
        self.seqs = array("I")
        self.rows = array("I")  # where in `seqs` each row begins
        self.seen = 0
        self.lock = threading.Lock()
        self._filter = wanted
        self._mask = wanted.mask()
        self._finder = Finder(wanted.query) if wanted.query else None
        self._is_folded = is_folded
        self._letters = bytearray()

    def extend(self, store: Store, total: int) -> None:
        """Look at the entries up to number `total`."""
        if total <= self.seen:
            return
        db = store.read()
        streams = self._streams(store)
        # The long columns are left where they lie, unless they are searched.
        sql = _BLOCK_HEADS if self._finder is None else _BLOCKS
        rows = db.execute(sql, (self.job_id, total, self.seen))
        for row in rows:
            first = row["first"]
            begin, end = max(self.seen - first, 0), min(total - first, row["count"])
            fits = self._fits(row, streams)
            seqs = range(first, first + row["count"])
            kinds = row["kinds"]
            if fits is None:
                self.seqs.extend(seqs[begin:end])
                self._letters += kinds[begin:end].translate(_LETTERS)
            else:
                self.seqs.extend(compress(seqs[begin:end], fits[begin:end]))
                self._letters += bytes(compress(kinds[begin:end], fits[begin:end])).translate(
                    _LETTERS
                )
        self.seen = total
        self._fold()

    def _streams(self, store: Store) -> set[int] | None:
        if not self._filter.stream:
            return None
        rows = store.read().execute("SELECT id, name FROM streams WHERE job_id = ?", (self.job_id,))
        return {row["id"] for row in rows if short(row["name"]).startswith(self._filter.stream)}

    def _fits(self, row: Any, streams: set[int] | None) -> bytes | None:
        fits = row["kinds"].translate(self._mask) if self._mask is not None else None
        if streams is not None:
            own = bytes(map(streams.__contains__, array("I", row["streams"])))
            fits = own if fits is None else bytes(map(int.__and__, fits, own))
        if self._finder is not None and (fits is None or any(fits)):
            found = bytearray(row["count"])
            for place in self._finder.places(blocks.Block(row)):
                found[place] = 1
            fits = bytes(found) if fits is None else bytes(map(int.__and__, fits, found))
        return fits

    def _fold(self) -> None:
        # The last rows may go on in what came, or become a run with it: they are folded anew.
        at = 0
        for _ in range(min(_SHORTEST_RUN, len(self.rows))):
            at = self.rows.pop()
        if self._is_folded:
            for run in _RUNS.finditer(self._letters, at):
                self.rows.extend(range(at, run.start() + 1))
                at = run.end()
        self.rows.extend(range(at, len(self.seqs)))

    def row_of(self, seq: int) -> int:
        """The row that the entry of this number is in, or the next after it."""
        return bisect_right(self.rows, bisect_left(self.seqs, seq)) - 1

    def is_progress(self, place: int) -> bool:
        """Whether the entry at this place is a progress bar's state."""
        return self._letters[place] == ord("g")


class LogPages:
    """Reads the logs of a store, and keeps what it learned of the last few."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._views: OrderedDict[tuple[int, LogFilter, bool], _Shown] = OrderedDict()
        self._lock = threading.Lock()
        forks.in_child(self._begin_anew)

    def _begin_anew(self) -> None:
        self._views.clear()
        self._lock = threading.Lock()

    def page(
        self, key: JobKey, *, start: int = 0, limit: int = 500, wanted: LogFilter = LogFilter()
    ) -> LogPage:
        """Entries that fit, from number `start` on; a negative one counts from the end of what fits."""
        found = self._job(key)
        if found is None:
            return LogPage([], 0, 0)
        job_id, total = found
        most = max(1, min(limit, MAX_PAGE))
        if wanted == LogFilter():
            begin = max(0, total + start) if start < 0 else start
            first = blocks.first_kept(self._store.read(), job_id)
            begin = max(begin, total if first is None else first)
            seqs: Any = range(begin, min(begin + most, total))
        else:
            view = self._view(job_id, total, wanted, is_folded=False)
            with view.lock:
                at = max(0, len(view.seqs) + start) if start < 0 else bisect_left(view.seqs, start)
                seqs = view.seqs[at : at + most]
        records: list[LogRecord] = []
        room = MAX_TEXT
        for record in self._records(job_id, seqs, MAX_ENTRY):
            room -= len(record.text)
            if room < 0 and records:
                break
            records.append(record)
        behind = records[-1].seq + 1 if records else min(max(start, 0), total)
        return LogPage(records, behind, total)

    def printed(self, key: JobKey, start: int, *, states: bool = True) -> tuple[str, int]:
        """What was printed from entry `start` on, a page of it, and the number of the entry behind.

        Nothing is cut. Of redrawn lines all `states`, as they were printed, or the last.
        """
        found = self._job(key)
        if found is None:
            return "", start
        job_id, total = found
        db = self._store.read()
        first = blocks.first_kept(db, job_id)
        seqs = range(max(start, total if first is None else first), total)
        raws = blocks.raws(db, job_id, seqs.start, total) if states else iter(())
        seq, raw = next(raws, (total, ""))
        parts: list[str] = []
        room, behind = MAX_TEXT, max(seqs.start, start)
        for entry in blocks.entries(db, job_id, seqs[:MAX_PAGE]):
            text, is_covered = entry.text, False
            if entry.seq == seq:
                text, is_covered = raw, not raw
                seq, raw = next(raws, (total, ""))
            if not is_covered:
                parts.append(f"{text}\n")
            behind, room = entry.seq + 1, room - len(text) - 1
            if room < 0:
                break
        return "".join(parts), behind

    def rows(
        self,
        key: JobKey,
        *,
        start: int,
        limit: int,
        around: int | None = None,
        wanted: LogFilter = LogFilter(),
        is_folded: bool = True,
    ) -> LogRows:
        """Rows from row `start` on; a negative one counts from the end.

        With `around` from the row that holds the entry of that number.
        """
        found = self._job(key)
        if found is None:
            return LogRows([], 0, 0, 0)
        job_id, total = found
        view = self._view(job_id, total, wanted, is_folded=is_folded)
        with view.lock:
            count = len(view.rows)
            if around is not None:
                start = view.row_of(around)
            begin = max(0, count + start) if start < 0 else min(start, count)
            end = min(begin + max(1, min(limit, MAX_PAGE)), count)
            bounds = [*view.rows[begin : end + 1], len(view.seqs)][: end - begin + 1]
            # Of platform lines the first is shown, of progress where it stands.
            shown = [
                behind - 1 if behind - at > 1 and view.is_progress(at) else at
                for at, behind in pairwise(bounds)
            ]
            firsts = [view.seqs[at] for at in bounds[:-1]]
            seqs = [view.seqs[at] for at in shown]
        longest = _share(list(blocks.sizes(self._store.read(), job_id, seqs)), MAX_TEXT)
        records = {record.seq: record for record in self._records(job_id, seqs, longest)}
        rows = [
            LogRow(begin + n, firsts[n], bounds[n + 1] - bounds[n], records[seq])
            for n, seq in enumerate(seqs)
            if seq in records
        ]
        return LogRows(rows, begin, count, total)

    def hits(
        self,
        key: JobKey,
        query: str,
        *,
        is_regex: bool = False,
        wanted: LogFilter = LogFilter(),
        is_folded: bool = True,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> LogHits:
        """Where among the rows `query` is found: row and entry number of up to MAX_HITS entries.

        A search that `is_wanted` no longer ends early, with what was found until then.
        Raises ExplainedError for a regular expression that can't be read or takes too long.
        """
        found = self._job(key)
        if found is None or not query:
            return LogHits(0, [], [], [])
        job_id, total = found
        view = self._view(job_id, total, wanted, is_folded=is_folded)
        finds = Finder(query, is_regex).search(self._store, job_id, total, is_wanted)
        marks = dict(zip(finds.seqs, finds.marks, strict=False))
        with view.lock:
            seqs = finds.seqs
            if len(view.seqs) < view.seen:
                fitting = set(view.seqs)
                seqs = [seq for seq in seqs if seq in fitting]
            shown = seqs[:MAX_HITS]
            rows = [view.row_of(seq) for seq in shown]
            return LogHits(len(seqs), rows, shown, [marks.get(seq, []) for seq in shown])

    def _job(self, key: JobKey) -> tuple[int, int] | None:
        row = (
            self._store.read()
            .execute(
                "SELECT id, log_lines FROM jobs WHERE target = ? AND kind = ? AND name = ?", key
            )
            .fetchone()
        )
        return (row["id"], row["log_lines"]) if row else None

    def _view(self, job_id: int, total: int, wanted: LogFilter, *, is_folded: bool) -> _Shown:
        key = (job_id, wanted, is_folded)
        first = blocks.first_kept(self._store.read(), job_id)
        with self._lock:
            view = self._views.pop(key, None)
            if view is None or view.seen > total or view.first != first:
                view = _Shown(job_id, first, wanted, is_folded=is_folded)
            self._views[key] = view
            while len(self._views) > _MOST_KEPT:
                self._views.popitem(last=False)
        with view.lock:
            view.extend(self._store, total)
        return view

    def _records(self, job_id: int, seqs: Any, longest: int) -> Iterator[LogRecord]:
        """Entries, of their texts `longest` characters at most."""
        db = self._store.read()
        names = {
            row["id"]: short(row["name"])
            for row in db.execute("SELECT id, name FROM streams WHERE job_id = ?", (job_id,))
        }
        for entry in blocks.entries(db, job_id, seqs):
            yield record_of(entry, names, longest)


def record_of(entry: blocks.Entry, names: dict[int, str], longest: int = MAX_ENTRY) -> LogRecord:
    """An entry as faces see it, its text cut behind `longest` characters."""
    return LogRecord(
        entry.seq,
        entry.timestamp_ms,
        names[entry.stream],
        entry.severity,
        entry.source,
        entry.text[:longest],
        max(len(entry.text) - longest, 0),
    )


def _share(sizes: Sequence[int], room: int) -> int:
    """How long each may be for all to fit: what the short ones leave, the long ones have."""
    for number, size in enumerate(sorted(sizes)):
        share = room // (len(sizes) - number)
        if size > share:
            return share
        room -= size
    return max(sizes, default=0)


def short(stream: str) -> str:
    """`algo-1-1700000000` of `job/algo-1-1700000000`."""
    return stream.rpartition("/")[2]
