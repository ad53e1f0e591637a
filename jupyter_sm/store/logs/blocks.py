"""Log entries in blocks: some hundred of a job's entries, column by column, in one row.

A block is open until it is full: what comes is then appended to each column. A full one is
sealed: what is long is compressed. So a million lines take a fraction of their text, are
written fast, and are searched by reading some thousand rows. Numbers of entries count from 0
within a job; a block begins at `first`.

Columns: `kinds` (a byte an entry: severity, and source times 4), `streams` (ids, 4 bytes),
`times` (UTC milliseconds, 8 bytes), `lengths` (of the text's UTF-8, 4 bytes) and `text`, where
each entry ends with a newline. What was printed under a redrawn line's last state lies apart,
in `log_raws`: it is never looked at but to be downloaded.
"""

from __future__ import annotations

import functools
import sqlite3
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jupyter_sm.logs import Record
from jupyter_sm.logs.entries import SEVERITIES, SOURCES

# The code of an entry's kind is the sum of both: 4 * source + severity.
_SEVERITY_CODES = {severity: code for code, severity in enumerate(SEVERITIES)}
_SOURCE_CODES = {source: code * len(SEVERITIES) for code, source in enumerate(SOURCES)}
_INFO, _USER = _SEVERITY_CODES["info"], _SOURCE_CODES["user"]
# A block is full when it has so many entries, or so much text.
_MOST_ENTRIES = 256
_MOST_BYTES = 64 * 1024


def code_of(severity: str, source: str) -> int:
    """The byte that says both; an unknown source is the user's, an unknown severity info."""
    return _SEVERITY_CODES.get(severity, _INFO) + _SOURCE_CODES.get(source, _USER)


@dataclass(frozen=True)
class Entry:
    """One stored entry; `stream` is the stream's id."""

    seq: int
    timestamp_ms: int
    stream: int
    severity: str
    source: str
    text: str


class Block:
    """A row, read."""

    def __init__(self, row: sqlite3.Row) -> None:
        self._row = row
        self.first: int = row["first"]
        self.kinds: bytes = row["kinds"]
        self.lengths = array("I", self._unsealed("lengths"))

    @functools.cached_property
    def text(self) -> bytes:
        """The entries' texts, each with a newline behind it."""
        return self._unsealed("text")

    def _unsealed(self, column: str) -> bytes:
        data: bytes = self._row[column]
        return zlib.decompress(data) if self._row["is_sealed"] else data

    def ends(self) -> list[int]:
        """Where in `text` each entry ends."""
        ends, begin = [], 0
        for length in self.lengths:
            ends.append(begin + length)
            begin += length + 1
        return ends

    def texts(self) -> Iterator[str]:
        """The text of each entry."""
        for end, length in zip(self.ends(), self.lengths, strict=True):
            yield self.text[end - length : end].decode()

    def entries(self, places: Iterable[int]) -> Iterator[Entry]:
        """The entries at these places of the block."""
        streams = array("I", self._row["streams"])
        times = array("q", self._unsealed("times"))
        ends = self.ends()
        for place in places:
            end = ends[place]
            text = self.text[end - self.lengths[place] : end].decode()
            source, severity = divmod(self.kinds[place], len(SEVERITIES))
            yield Entry(
                self.first + place,
                times[place],
                streams[place],
                SEVERITIES[severity],
                SOURCES[source],
                text,
            )


class _Part:
    """What of one stream comes into the block that begins at `first`, column by column.

    That block has `count` entries, with `size` bytes of text, already.
    """

    def __init__(self, stream: int, first: int, count: int = 0, size: int = 0) -> None:
        self.first = first
        self.is_new = count == 0
        self.kinds = bytearray()
        self.times = array("q")
        self.lengths = array("I")
        self.text = bytearray()
        self._stream = stream
        self._room = _MOST_ENTRIES - count
        self._bytes_left = _MOST_BYTES - size

    @property
    def is_full(self) -> bool:
        """Whether this makes the block full."""
        return len(self.kinds) >= self._room or len(self.text) >= self._bytes_left

    def add(self, record: Record) -> None:
        text = record.text.encode("utf-8", "replace")
        self.kinds.append(code_of(record.severity, record.source))
        self.times.append(record.timestamp_ms)
        self.lengths.append(len(text))
        self.text += text
        self.text += b"\n"

    def short_columns(self) -> tuple[bytes, bytes]:
        """`kinds` and `streams`."""
        return bytes(self.kinds), array("I", [self._stream] * len(self.kinds)).tobytes()

    def long_columns(self) -> tuple[bytes, bytes, bytes]:
        """`times`, `lengths` and `text`, which are compressed when the block is full."""
        return self.times.tobytes(), self.lengths.tobytes(), bytes(self.text)


def append(
    db: sqlite3.Connection, job_id: int, first: int, stream: int, records: Sequence[Record]
) -> None:
    """Add entries of one stream, of which the first gets the number `first`."""
    if not records:
        return
    _append_raws(db, job_id, first, records)
    part = _first_part(db, job_id, first, stream)
    for following, record in enumerate(records, first + 1):
        part.add(record)
        if part.is_full:
            _write(db, job_id, part)
            part = _Part(stream, following)
    if part.kinds:
        _write(db, job_id, part)


def _first_part(db: sqlite3.Connection, job_id: int, first: int, stream: int) -> _Part:
    opened = db.execute(
        "SELECT first, count, length(text) AS size FROM log_blocks"
        " WHERE job_id = ? AND first < ? AND is_sealed = 0 ORDER BY first DESC LIMIT 1",
        (job_id, first),
    ).fetchone()
    if opened is None:
        return _Part(stream, first)
    return _Part(stream, opened["first"], opened["count"], opened["size"])


def _write(db: sqlite3.Connection, job_id: int, part: _Part) -> None:
    short, long = part.short_columns(), part.long_columns()
    if part.is_new:
        if part.is_full:
            long = _compressed(*long)
        db.execute(
            "INSERT INTO log_blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (job_id, part.first, len(part.kinds), part.is_full, *short, *long),
        )
        return
    # SQLite joins them: to read what is there only to write it back makes storing a line 5 %
    # slower. What `||` gives is text, unless it is cast.
    db.execute(
        "UPDATE log_blocks SET count = count + ?, kinds = CAST(kinds || ? AS BLOB),"
        " streams = CAST(streams || ? AS BLOB), times = CAST(times || ? AS BLOB),"
        " lengths = CAST(lengths || ? AS BLOB), text = CAST(text || ? AS BLOB)"
        " WHERE job_id = ? AND first = ?",
        (len(part.kinds), *short, *long, job_id, part.first),
    )
    if part.is_full:
        _seal(db, job_id, part.first)


def _seal(db: sqlite3.Connection, job_id: int, first: int) -> None:
    key = (job_id, first)
    long = db.execute(
        "SELECT times, lengths, text FROM log_blocks WHERE job_id = ? AND first = ?", key
    ).fetchone()
    db.execute(
        "UPDATE log_blocks SET is_sealed = 1, times = ?, lengths = ?, text = ?"
        " WHERE job_id = ? AND first = ?",
        (*_compressed(*long), *key),
    )


def _compressed(times: bytes, lengths: bytes, text: bytes) -> tuple[bytes, bytes, bytes]:
    return zlib.compress(times, 1), zlib.compress(lengths, 1), zlib.compress(text, 1)


def _append_raws(
    db: sqlite3.Connection, job_id: int, first: int, records: Sequence[Record]
) -> None:
    raws = [
        (job_id, first + n, zlib.compress(record.raw.encode("utf-8", "replace"), 1))
        for n, record in enumerate(records)
        if record.raw is not None
    ]
    if raws:
        db.executemany("INSERT INTO log_raws VALUES (?, ?, ?)", raws)


def first_kept(db: sqlite3.Connection, job_id: int) -> int | None:
    """The number of the first entry that was not dropped; None without any."""
    row = db.execute(
        "SELECT min(first) AS first FROM log_blocks WHERE job_id = ?", (job_id,)
    ).fetchone()
    return None if row["first"] is None else int(row["first"])


def raws(db: sqlite3.Connection, job_id: int, start: int, end: int) -> Iterator[tuple[int, str]]:
    """What was printed, of those entries from `start` up to `end` whose text is not all of it."""
    rows = db.execute(
        "SELECT seq, raw FROM log_raws WHERE job_id = ? AND seq >= ? AND seq < ? ORDER BY seq",
        (job_id, start, end),
    )
    return ((row["seq"], zlib.decompress(row["raw"]).decode()) for row in rows)


def drop(db: sqlite3.Connection, job_id: int) -> None:
    """Drop all entries of a job."""
    db.execute("DELETE FROM log_blocks WHERE job_id = ?", (job_id,))
    db.execute("DELETE FROM log_raws WHERE job_id = ?", (job_id,))


def drop_first(db: sqlite3.Connection, job_id: int, count: int) -> None:
    """Drop the first `count` blocks."""
    db.execute(
        "DELETE FROM log_blocks WHERE rowid IN"
        " (SELECT rowid FROM log_blocks WHERE job_id = ? ORDER BY first LIMIT ?)",
        (job_id, count),
    )
    db.execute(
        "DELETE FROM log_raws WHERE job_id = ? AND seq <"
        " coalesce((SELECT min(first) FROM log_blocks WHERE job_id = ?), seq + 1)",
        (job_id, job_id),
    )


def blocks(
    db: sqlite3.Connection, job_id: int, start: int, end: int, columns: str = "*"
) -> Iterator[Block]:
    """The blocks that hold entries from number `start` up to `end`, in order."""
    rows = db.execute(
        f"SELECT {columns} FROM log_blocks WHERE job_id = ? AND first < ? AND first >= coalesce("
        " (SELECT max(first) FROM log_blocks WHERE job_id = ? AND first <= ?), 0) ORDER BY first",
        (job_id, end, job_id, start),
    )
    return map(Block, rows)


def entries(db: sqlite3.Connection, job_id: int, seqs: Sequence[int]) -> Iterator[Entry]:
    """The entries of these numbers, which ascend. Those that are not there are left out."""
    for block, places in _parts(db, job_id, seqs, "*"):
        yield from block.entries(places)


def sizes(db: sqlite3.Connection, job_id: int, seqs: Sequence[int]) -> Iterator[int]:
    """How many bytes the texts of these entries have; the texts are not read."""
    for block, places in _parts(db, job_id, seqs, "first, kinds, lengths, is_sealed"):
        yield from map(block.lengths.__getitem__, places)


def _parts(
    db: sqlite3.Connection, job_id: int, seqs: Sequence[int], columns: str
) -> Iterator[tuple[Block, list[int]]]:
    """The blocks of these entries, and their places in each."""
    at = 0
    while at < len(seqs):
        block = next(blocks(db, job_id, seqs[at], seqs[at] + 1, columns), None)
        if block is None:
            return
        end = bisect_left(seqs, block.first + len(block.kinds), at)
        yield block, [seq - block.first for seq in seqs[at:end]]
        at = max(end, at + 1)  # this number may be of no entry


def last_of_stream(db: sqlite3.Connection, job_id: int, stream: int, count: int) -> list[Entry]:
    """The last entries of one stream, oldest first."""
    found: list[Entry] = []
    rows = db.execute("SELECT * FROM log_blocks WHERE job_id = ? ORDER BY first DESC", (job_id,))
    for row in rows:
        places = [n for n, one in enumerate(array("I", row["streams"])) if one == stream]
        if places:
            found = [*Block(row).entries(places), *found]
        if len(found) >= count:
            break
    return found[-count:]
