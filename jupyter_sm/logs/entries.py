"""What comes out of a log: records, metric points, progress and an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

SEVERITIES = ("debug", "info", "warning", "error")
SOURCES = ("platform", "framework", "user", "progress")


# Tuples: a log has millions of records and points, and these cost a fifth of a dataclass's.
class Record(NamedTuple):
    """One readable log entry. `timestamp_ms` is UTC milliseconds.

    `source` says who wrote it: `platform` (SageMaker, pip, the toolkit), `framework`, `user`,
    or `progress` (a bar's state). `text` is what was printed, with colours as escapes; where
    it is a redrawn line's last state, `raw` is the whole event, and empty for an entry that
    stands in the raw text of the next one.
    """

    timestamp_ms: int
    stream: str
    severity: str
    source: str
    text: str
    raw: str | None = None


class Metric(NamedTuple):
    """One point of a series, with the step and the epoch (maybe a part of one) that the log tells."""

    name: str
    value: float
    step: int | None
    timestamp_ms: int
    epoch: float | None = None


@dataclass(frozen=True)
class Progress:
    """How far the training is: `current` of `total` `unit`s, `percent` in 0..100.

    `current` is whole but for trainers that tell parts of an epoch.
    """

    current: float
    total: int | None
    unit: str
    percent: float | None


@dataclass(frozen=True)
class LogError:
    """Why the script failed: exception type and message, and where it was raised.

    `frame` is the innermost frame, `user_frame` the innermost one in a file of the user's,
    both as `path:line in function`.
    """

    type: str
    message: str
    frame: str | None
    user_frame: str | None = None


@dataclass(frozen=True)
class ParsedLog:
    """A whole log, read."""

    records: list[Record]
    metrics: list[Metric]
    speeds: list[Metric]
    progress: Progress | None
    error: LogError | None
