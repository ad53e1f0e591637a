"""Metric points in blocks: a series' points, some hundred in one row.

As with `log_blocks`, a block is appended to while it is open, and compressed when full. A
point is a step, a time in UTC milliseconds and a value; a series is one metric of one stream.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from math import isfinite
from operator import sub

from jupyter_sm.logs import Metric

_MOST_POINTS = 512
# A step that the log does not tell. Numbers beyond a double's are none either.
_NO_STEP = -1
_LARGEST = 2**53
_POINT = 24


@dataclass
class Series:
    """One metric of one stream, in the order in which it was printed. A value may be nan."""

    name: str
    stream: str
    steps: array[int]
    times: array[int]
    values: array[float]

    def step_at(self, place: int) -> int | None:
        """The step of a point, or None."""
        step = self.steps[place]
        return None if step == _NO_STEP else step

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
    data = array("q")
    values = array("d", (float(point.value) for point in points))
    for point, bits in zip(points, array("q", values.tobytes()), strict=True):
        at_ms = max(-_LARGEST, min(point.timestamp_ms, _LARGEST))
        data.extend((_step(point.step), at_ms, bits))
    opened = db.execute(
        "SELECT rowid, length(data) AS size FROM point_blocks"
        " WHERE series_id = ? AND is_sealed = 0",
        (series,),
    ).fetchone()
    if opened is None:
        db.execute("INSERT INTO point_blocks VALUES (?, 0, ?)", (series, data.tobytes()))
        return
    db.execute(
        "UPDATE point_blocks SET data = CAST(data || ? AS BLOB) WHERE rowid = ?",
        (data.tobytes(), opened["rowid"]),
    )
    if opened["size"] + len(data) * 8 >= _MOST_POINTS * _POINT:
        _seal(db, opened["rowid"])


def _step(step: int | None) -> int:
    return step if step is not None and 0 <= step <= _LARGEST else _NO_STEP


def _seal(db: sqlite3.Connection, rowid: int) -> None:
    """Columns of differences compress far better than points do."""
    row = db.execute("SELECT data FROM point_blocks WHERE rowid = ?", (rowid,)).fetchone()
    points = array("q", row["data"])
    steps, times, values = points[0::3], points[1::3], points[2::3]
    columns = _differences(steps).tobytes() + _differences(times).tobytes() + values.tobytes()
    db.execute(
        "UPDATE point_blocks SET is_sealed = 1, data = ? WHERE rowid = ?",
        (zlib.compress(columns, 1), rowid),
    )


def _differences(numbers: array[int]) -> array[int]:
    return array("q", map(sub, numbers, chain((0,), numbers)))


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
        points = array("q", data)
        series.steps.extend(points[0::3])
        series.times.extend(points[1::3])
        series.values.frombytes(points[2::3].tobytes())
        return
    columns = zlib.decompress(data)
    size = len(columns) // 3
    series.steps.fromlist(list(accumulate(array("q", columns[:size]))))
    series.times.fromlist(list(accumulate(array("q", columns[size : 2 * size]))))
    series.values.frombytes(columns[2 * size :])
