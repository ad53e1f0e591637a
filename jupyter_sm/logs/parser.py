"""LogParser: one stream's events, in order, become records, metrics, progress and an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SEVERITY = re.compile(r"\b(CRITICAL|FATAL|ERROR|WARNING|WARN|INFO|DEBUG)\b")
_WARNING_CLASS = re.compile(r"\b[A-Z]\w*Warning:")
_ERROR_LINE = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: (.*))?\Z", re.DOTALL)
_FRAME = re.compile(r'^\s+File "([^"]+)", line (\d+), in (\S+)')
_LIBRARY = re.compile(r"site-packages|dist-packages|/lib/python\d|^<")
# Repetitions are bounded and begin at a word's start, so that a line of any kind is read in
# time that grows with its length only; a count of more than 12 digits counts nothing.
_COUNT = r"(\d{1,12})(?!\d)"
_EPOCH = re.compile(
    rf"\b(epoch|step|iteration|iter|round)[ =:\[#]{{0,4}}{_COUNT}(?:\s?(?:/|of)\s?{_COUNT})?", re.I
)
_NUMBER = r"[-+]?(?:\d{1,40}\.?\d{0,40}(?:[eE][-+]?\d{1,4})?|nan|inf)"
_PAIR = re.compile(
    r"(?<![\w/.-])([A-Za-z][\w/.-]{0,60}(?: [A-Za-z][\w/-]{0,60})?)\s{0,3}[=:]\s{0,3}"
    rf"({_NUMBER})(?![\w:/]|\.\d)"
)
_BAR = re.compile(rf"(\d{{1,3}})%\|[^|]{{0,400}}\|\s{{0,9}}{_COUNT}/{_COUNT}")
# Metrics stand near a line's beginning; what follows after this is data.
_SCANNED = 2_000
_STEP_WORDS = frozenset({"epoch", "step", "iteration", "iter", "round"})
_METRIC_WORDS = re.compile(
    r"(?i)(loss|acc(uracy)?|auc|f1|precision|recall|error|rmse|mae|mse|r2|perplexity|ppl|score|reward|bleu)"
)
_LEVELS = {
    "CRITICAL": "error",
    "FATAL": "error",
    "ERROR": "error",
    "WARNING": "warning",
    "WARN": "warning",
    "DEBUG": "debug",
}


@dataclass(frozen=True)
class Record:
    """One readable log entry. `timestamp_ms` is UTC milliseconds; `source` who wrote it."""

    timestamp_ms: int
    stream: str
    severity: str
    source: str
    text: str


@dataclass(frozen=True)
class Metric:
    """One point of a series; `step` is the epoch or step on the same line, when there is one."""

    name: str
    value: float
    step: int | None
    timestamp_ms: int


@dataclass(frozen=True)
class Progress:
    """How far the training is: `current` of `total` `unit`s, `percent` in 0..100."""

    current: int
    total: int | None
    unit: str
    percent: float | None


@dataclass(frozen=True)
class LogError:
    """The last traceback's end: exception type and message, and where it was raised.

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
    progress: Progress | None
    error: LogError | None


@dataclass
class LogParser:
    """Reads one stream. `metric_definitions` are SageMaker's, name to regular expression."""

    metric_definitions: Mapping[str, str] | None = None
    metrics: list[Metric] = field(default_factory=list)
    progress: Progress | None = None
    error: LogError | None = None
    _in_traceback: bool = False
    _frame: str | None = None
    _user_frame: str | None = None

    def __post_init__(self) -> None:
        self._definitions: list[tuple[str, re.Pattern[str]]] = []
        for name, regex in (self.metric_definitions or {}).items():
            try:
                self._definitions.append((name, re.compile(regex)))
            except re.error:
                continue  # said when the job is submitted; the other definitions still count

    def feed(self, timestamp_ms: int, stream: str, message: str) -> list[Record]:
        """The records that one log event yields (of a redrawn progress bar, its last state)."""
        drawn = message.rstrip("\r\n")
        is_redrawn = "\r" in drawn
        text = drawn.rsplit("\r", 1)[-1] if is_redrawn else drawn
        plain = _ANSI.sub("", text)
        if not plain.strip() and is_redrawn:
            return []
        scanned = plain[:_SCANNED]
        bar = _BAR.search(scanned)
        if bar:
            current, total = int(bar[2]), int(bar[3])
            if self.progress is None or self.progress.unit == "it":
                self.progress = Progress(current, total, "it", min(100.0, float(bar[1])))
            self._search_definitions(timestamp_ms, plain, None)
            return [Record(timestamp_ms, stream, "info", "progress", text)]
        severity = self._severity(plain)
        self._find_metrics(timestamp_ms, plain, scanned)
        return [Record(timestamp_ms, stream, severity, "user", text)]

    def _severity(self, plain: str) -> str:
        if plain.startswith("Traceback (most recent call last)"):
            self._in_traceback, self._frame, self._user_frame = True, None, None
            return "error"
        if self._in_traceback:
            frame = _FRAME.match(plain)
            if frame:
                self._frame = f"{frame[1]}:{frame[2]} in {frame[3]}"
                if not _LIBRARY.search(frame[1]):
                    self._user_frame = self._frame
            if plain and not plain[0].isspace():
                self._in_traceback = False
                ended = _ERROR_LINE.match(plain)
                if ended:
                    self.error = LogError(ended[1], ended[2] or "", self._frame, self._user_frame)
            return "error"
        level = _SEVERITY.search(plain[:80])
        if level:
            return _LEVELS.get(level[1], "info")
        return "warning" if _WARNING_CLASS.search(plain[:200]) else "info"

    def _find_metrics(self, timestamp_ms: int, plain: str, scanned: str) -> None:
        epoch = _EPOCH.search(scanned)
        step = int(epoch[2]) if epoch else None
        if epoch and epoch[3]:
            current, total = int(epoch[2]), int(epoch[3])
            percent = min(100.0, 100.0 * current / total) if total else None
            self.progress = Progress(current, total, epoch[1].lower(), percent)
        if self._definitions:
            self._search_definitions(timestamp_ms, plain, step)
            return
        for found in _PAIR.finditer(scanned):
            name = found[1]
            head, _, last = name.rpartition(" ")
            if head.lower() in _STEP_WORDS:
                name = last
            if name.lower() not in _STEP_WORDS and _METRIC_WORDS.search(name):
                self._add(name, found[2], step, timestamp_ms)

    def _search_definitions(self, timestamp_ms: int, plain: str, step: int | None) -> None:
        for name, regex in self._definitions:
            found = regex.search(plain)
            if found and found.groups() and found[1]:
                self._add(name, found[1], step, timestamp_ms)

    def _add(self, name: str, value: str, step: int | None, timestamp_ms: int) -> None:
        try:
            self.metrics.append(Metric(name, float(value), step, timestamp_ms))
        except ValueError:
            return  # a definition may capture what is no number; the line itself is kept


def parse_text(text: str, metric_definitions: Mapping[str, str] | None = None) -> ParsedLog:
    """A whole log at once; times are 0 as a plain text has none."""
    parser = LogParser(metric_definitions)
    lines: Iterable[str] = text.removesuffix("\n").split("\n")
    records = [record for line in lines for record in parser.feed(0, "", line)]
    return ParsedLog(records, parser.metrics, parser.progress, parser.error)
