"""Metric points in blocks: a series' points, some hundred in one row.

As with `log_blocks`, a block is appended to while it is open, and compressed when full. A point
is a step, a time in UTC milliseconds, a value and an epoch; a series is one metric of one stream.

An open block holds point after point, each as a `_POINT`. A sealed one holds four columns, 8
bytes a number: the steps and the times, each as its difference from the one before it, the
values, and the epochs. Differences compress far better. Both begin with `_MARK`, which blocks of
versions that knew no epochs lack.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import isfinite, nan

from jupyter_sm.logs import Metric

_MOST_POINTS = 512
_POINT = struct.Struct("qqdd")  # step, time, value, epoch
# The step of a point whose step the log does not tell. Its epoch, likewise, is nan.
_NO_STEP = -1
# What no block without epochs begins with: it is less than any step.
_MARK = struct.pack("q", -2)
# The browser's numbers are exact up to here; no step and no time is greater.
_LARGEST = 2**53


@dataclass
class Series:
    """One metric of one stream, in the order in which it was printed. A value may be nan."""

    name: str
    stream: str
    steps: array[int]
    times: array[int]
    values: array[float]
    epochs: array[float]

    def step_at(self, place: int) -> int | None:
        """The step of a point, or None."""
        step = self.steps[place]
        return None if step == _NO_STEP else step

    def epoch_at(self, place: int) -> float | None:
        """The epoch of a point, or None."""
        epoch = self.epochs[place]
        return epoch if isfinite(epoch) else None

    def value_at(self, place: int) -> float | None:
        """The value of a point; None where it is not a number that can be drawn."""
        value = self.values[place]
        return value if isfinite(value) else None

    def thinned(self, most: int) -> Sequence[int]:
        """The places of about `most` points that look as all do: each stretch's least and greatest."""
        count = len(self.values)
        if count <= most:
            return range(count)
        size = -(-2 * count // most)
        places = {0, count - 1}
        for begin in range(0, count, size):
            part = self.values[begin : begin + size]
            least, greatest = min(part), max(part)
            if not (isfinite(least) and isfinite(greatest)):
                # Where some can't be drawn, those of the others.
                finite = [value for value in part if isfinite(value)]
                if not finite:
                    places.add(begin)
                    continue
                least, greatest = min(finite), max(finite)
            places |= {begin + part.index(least), begin + part.index(greatest)}
        return sorted(places)


def append(db: sqlite3.Connection, job_id: int, stream: int, metrics: Sequence[Metric]) -> None:
    """Add points of one stream."""
    by_name: dict[str, list[Metric]] = defaultdict(list)
    for metric in metrics:
        by_name[metric.name].append(metric)
    for name, points in by_name.items():
        series = _series_id(db, job_id, stream, name)
        for at in range(0, len(points), _MOST_POINTS):
            _append(db, series, points[at : at + _MOST_POINTS])


def _series_id(db: sqlite3.Connection, job_id: int, stream: int, name: str) -> int:
    key = (job_id, stream, name)
    found = db.execute(
        "SELECT id FROM series WHERE job_id = ? AND stream_id = ? AND name = ?", key
    ).fetchone()
    if found is None:
        found = db.execute(
            "INSERT INTO series (job_id, stream_id, name) VALUES (?, ?, ?) RETURNING id", key
        ).fetchone()
    return int(found["id"])


def _append(db: sqlite3.Connection, series: int, points: Sequence[Metric]) -> None:
    data = b"".join(map(_packed, points))
    opened = db.execute(
        "SELECT rowid, data FROM point_blocks WHERE series_id = ? AND is_sealed = 0", (series,)
    ).fetchone()
    if opened is None:
        db.execute("INSERT INTO point_blocks VALUES (?, 0, ?)", (series, _MARK + data))
        return
    data = _marked(opened["data"]) + data
    is_full = len(data) >= _MOST_POINTS * _POINT.size
    db.execute(
        "UPDATE point_blocks SET is_sealed = ?, data = ? WHERE rowid = ?",
        (is_full, _sealed(data) if is_full else data, opened["rowid"]),
    )


def _packed(point: Metric) -> bytes:
    step = point.step
    if step is None or not 0 <= step <= _LARGEST:
        step = _NO_STEP
    epoch = nan if point.epoch is None else point.epoch
    return _POINT.pack(step, max(-_LARGEST, min(point.timestamp_ms, _LARGEST)), point.value, epoch)


def _marked(data: bytes) -> bytes:
    """An open block with epochs, whether it had some or not."""
    if data.startswith(_MARK):
        return data
    return _MARK + b"".join(map(_POINT.pack, *_columns(data)))


def _sealed(data: bytes) -> bytes:
    steps, times, values, epochs = _columns(data)
    whole = _differences(steps).tobytes() + _differences(times).tobytes()
    return zlib.compress(_MARK + whole + values.tobytes() + epochs.tobytes(), 1)


def _columns(data: bytes) -> tuple[array[int], array[int], array[float], array[float]]:
    """Steps, times, values and epochs of an open block.

    All of it is read as whole numbers and as doubles, of which each is one kind's: that takes a
    tenth of the time that unpacking point by point does.
    """
    has_epochs = data.startswith(_MARK)
    data = data.removeprefix(_MARK)
    whole, doubles = array("q", data), array("d", data)
    if not has_epochs:
        return whole[0::3], whole[1::3], doubles[2::3], array("d", [nan]) * (len(whole) // 3)
    return whole[0::4], whole[1::4], doubles[2::4], doubles[3::4]


def _differences(numbers: Sequence[int]) -> array[int]:
    return array("q", [number - before for before, number in pairwise((0, *numbers))])


def series_of(db: sqlite3.Connection, job_id: int) -> Iterator[Series]:
    """All series of a job, in the order in which they first appeared."""
    rows = db.execute(
        "SELECT s.id, s.name, t.name AS stream FROM series s JOIN streams t ON t.id = s.stream_id"
        " WHERE s.job_id = ? ORDER BY s.id",
        (job_id,),
    ).fetchall()
    for row in rows:
        series = Series(
            row["name"],
            row["stream"].rpartition("/")[2],
            array("q"),
            array("q"),
            array("d"),
            array("d"),
        )
        blocks = db.execute(
            "SELECT is_sealed, data FROM point_blocks WHERE series_id = ? ORDER BY rowid",
            (row["id"],),
        )
        for block in blocks:
            _read(series, block["data"], is_sealed=bool(block["is_sealed"]))
        yield series


def _read(series: Series, data: bytes, *, is_sealed: bool) -> None:
    if not is_sealed:
        steps, times, values, epochs = _columns(data)
        series.steps.extend(steps)
        series.times.extend(times)
        series.values.extend(values)
        series.epochs.extend(epochs)
        return
    columns = zlib.decompress(data)
    has_epochs = columns.startswith(_MARK)
    columns = columns.removeprefix(_MARK)
    size = len(columns) // (4 if has_epochs else 3)
    # By way of a list it takes a quarter less.
    series.steps.fromlist(list(accumulate(array("q", columns[:size]))))
    series.times.fromlist(list(accumulate(array("q", columns[size : 2 * size]))))
    series.values.frombytes(columns[2 * size : 3 * size])
    if has_epochs:
        series.epochs.frombytes(columns[3 * size :])
    else:
        series.epochs.extend([nan] * (size // 8))
