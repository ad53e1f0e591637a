"""What faces get to see: plain data, the same over REST, in the kernel and on the command line.

The OpenAPI document and the TypeScript types are generated from these classes. Times
are seconds since 1970 (UTC) unless a name says `_ms`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import JobKey, is_over


@dataclass(frozen=True)
class Transition:
    """A span of a job's life in one secondary status; `end` is None while it lasts."""

    status: str
    start: float
    end: float | None
    message: str


@dataclass(frozen=True)
class MainMetric:
    """The metric a row shows: its last value, and up to 40 recent ones for a sparkline."""

    name: str
    value: float
    recent: list[float]


@dataclass(frozen=True)
class JobProgress:
    """`current` of `total` `unit`s; `percent` in 0..100.

    `ends_at` is when it would end, were it to go on as fast as so far.
    """

    current: int
    total: int | None
    unit: str
    percent: float | None
    ends_at: float | None = None


@dataclass(frozen=True)
class JobView:
    """A job as a list shows it. `status` and `secondary_status` are SageMaker's own words.

    `phase` is one that all kinds share: `submitting`, `open`, `ended`, `serving` or `gone`.
    `parent` is the job that this one is a part of, as `tuning/name`, or empty. `notes` say
    what the target decided (which role, which image); `log_note` why the log is not all there.
    """

    target: str
    kind: str
    name: str
    parent: str
    submission_id: str | None
    status: str
    secondary_status: str
    phase: str
    created_at: float
    modified_at: float
    started_at: float | None
    ended_at: float | None
    instance_type: str
    instance_count: int
    script: str
    failure_reason: str | None
    explanation: Explanation | None
    billable_seconds: int | None
    model_uri: str | None
    metric: MainMetric | None
    progress: JobProgress | None
    stop_requested: bool
    log_lines: int
    log_note: str | None
    notes: list[str]
    transitions: list[Transition] = field(default_factory=list)

    @property
    def key(self) -> JobKey:
        """What tells the job from all others."""
        return JobKey(self.target, self.kind, self.name)

    @property
    def is_over(self) -> bool:
        """Whether the job will not change any more."""
        return is_over(self.phase)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class LogRecord:
    """One log entry; `seq` counts from 0 within the job. `cut`: characters left out of a long text."""

    seq: int
    timestamp_ms: int
    stream: str
    severity: str
    source: str
    text: str
    cut: int = 0


@dataclass(frozen=True)
class LogPage:
    """A page of a job's log. `next` is where the following page begins; `total` all entries.

    Where entries are long, a page has fewer of them than were asked for.
    """

    records: list[LogRecord]
    next: int
    total: int


@dataclass(frozen=True)
class LogRow:
    """A row of a log as a viewer shows it: one entry, or a folded run of `count` that fit.

    `row` counts from 0; `first` is the number of the run's first entry. Of platform lines
    `record` is the first, of a progress bar's states the last.
    """

    row: int
    first: int
    count: int
    record: LogRecord


@dataclass(frozen=True)
class LogRows:
    """Rows of a job's log from row `start` on, of `total` rows; `entries` in the whole log.

    Where texts are long, the longest of a page are cut.
    """

    rows: list[LogRow]
    start: int
    total: int
    entries: int


@dataclass(frozen=True)
class LogHits:
    """Where a search found something: `total` entries; row and number of the first ones.

    `marks`: where in their texts (without colours) a regular expression is found, begins and ends in
    turn; a plain text is found again by who shows it.
    """

    total: int
    rows: list[int]
    seqs: list[int]
    marks: list[list[int]]


@dataclass(frozen=True)
class MetricPoint:
    """One point of a metric's series; `value` is None where the script printed nan or inf.

    `stream` tells the instances of a job apart; `group` is `speed` for what tells of the work
    rather than of the model.
    """

    name: str
    stream: str
    value: float | None
    step: int | None
    epoch: float | None
    timestamp_ms: int
    group: str


@dataclass(frozen=True)
class MetricSeries:
    """One metric of one instance (`stream`), as columns in the order of time.

    Of very many points (`total`) those are chosen that keep the curve's look: `values` are None
    where the script printed nan or inf, `steps` and `epochs` where it told none. `group` is
    `speed` for what tells of the work (samples a second, memory) rather than of the model.
    """

    name: str
    stream: str
    group: str
    total: int
    steps: list[int | None]
    epochs: list[float | None]
    times_ms: list[int]
    values: list[float | None]


@dataclass(frozen=True)
class TargetView:
    """A target and how it is: `ready`, `stale` or `waiting` (with the reason), `untracked`, `unused`.

    What makes a target stale passes; a waiting one has something for the user to mend. Nobody looks
    after an untracked one at the moment, or has had an answer yet; an unused one is asked for nothing
    until a job is submitted to it or looked for on it.
    """

    name: str
    health: str
    reason: str | None
    as_of: float | None


@dataclass(frozen=True)
class Change:
    """Something changed: `topic` is `job`, `log` or `target`; what it is now, REST says."""

    seq: int
    topic: str
    target: str
    kind: str
    name: str


@dataclass(frozen=True)
class ChangePage:
    """Changes since a number. `reset`: some are no longer known, so fetch everything."""

    changes: list[Change]
    last: int
    reset: bool
