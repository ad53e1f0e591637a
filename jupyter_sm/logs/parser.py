"""LogParser: one stream's events, in order, become records, metrics, progress and an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import reduce
from typing import Any, NamedTuple

from jupyter_sm.logs import json_lines
from jupyter_sm.logs.bars import Bar, bar_in
from jupyter_sm.logs.counters import counts_of
from jupyter_sm.logs.entries import LogError, Metric, ParsedLog, Progress, Record
from jupyter_sm.logs.metrics import MetricReader, Parts, new
from jupyter_sm.logs.prefixes import (
    decode,
    is_redrawn,
    states,
    voices,
    without_ansi,
    without_status,
)
from jupyter_sm.logs.progress import ProgressReader, tells_more
from jupyter_sm.logs.severity import severity_of, source_of
from jupyter_sm.logs.shapes import LONGEST, Plan, Shapes
from jupyter_sm.logs.speed import group_of, is_metric
from jupyter_sm.logs.tracebacks import ErrorReader

__all__ = ["LogError", "LogParser", "Metric", "ParsedLog", "Progress", "Record", "parse_text"]

# What stands after this in a line is data: it is kept, and not read.
_SCANNED = 8_000
# Of a line redrawn for so long only the end is taken apart.
_REDRAWN = 500_000
_MOST_HELD = 1_000
_GRAVITY = {"debug": 0, "info": 0, "warning": 1, "error": 2}


class _Reading(NamedTuple):
    """What a line is. `is_error` says that it is part of a traceback or an error block."""

    severity: str
    source: str
    voice: str
    is_error: bool


class LogParser:
    """Reads one stream. `metric_definitions` are SageMaker's, name to regular expression.

    `metrics` collects points; whoever reads them takes the list and puts an empty one there.
    By default every line becomes a record at once. With `group_tracebacks` the lines of a
    traceback are held back and become one record: call `flush` when the stream is quiet or has
    ended, else what is held is not seen until a line after the traceback comes.
    """

    def __init__(
        self,
        metric_definitions: Mapping[str, str] | None = None,
        *,
        group_tracebacks: bool = False,
    ) -> None:
        self.metric_definitions = metric_definitions
        self.group_tracebacks = group_tracebacks
        self.metrics: list[Metric] = []
        self._reader = MetricReader(metric_definitions)
        self._progress = ProgressReader()
        self._errors = ErrorReader()
        self._held: dict[str, list[Record]] = {}
        self._shapes = Shapes()
        # Whether the next line is free of those before it; only a line of no known shape changes it.
        self._is_free = True

    @property
    def progress(self) -> Progress | None:
        """How far the training is: its outermost epochs, steps or bar."""
        return self._progress.progress

    @property
    def estimated_end_ms(self) -> float | None:
        """When the training would end at its pace so far, in UTC milliseconds."""
        return self._progress.estimated_end_ms

    @property
    def error(self) -> LogError | None:
        """The error that explains a failure, as far as the log tells it."""
        return self._errors.error

    @property
    def faults(self) -> list[str]:
        """What is wrong with metric definitions, in words for whoever wrote them."""
        return list(self._reader.definitions.faults)

    def foreseen(self, messages: Sequence[str]) -> AbstractContextManager[None]:
        """While these are fed: metric definitions are searched for in all of them at once."""
        if not self.metric_definitions:
            return nullcontext()
        return self._reader.definitions.foreseen([*messages, *map(_plain, map(decode, messages))])

    def feed(self, timestamp_ms: int, stream: str, message: str) -> list[Record]:
        """The records that one log event yields; of a redrawn progress bar its last state."""
        text = decode(message).rstrip("\r\n")
        plain = _plain(text) if "\x1b" in text else text[:_SCANNED]
        # Most lines are of a shape that is known: their numbers alone are read.
        if self._is_free and len(plain) <= LONGEST:
            plan = self._shapes.plan_of(plain)
            if plan is not None:
                return self._follow(plan, timestamp_ms, stream, plain, text)
        records = self._feed_unknown(timestamp_ms, stream, message, text, plain)
        self._is_free = self._is_between
        return records

    def _feed_unknown(
        self, timestamp_ms: int, stream: str, message: str, text: str, plain: str
    ) -> list[Record]:
        """The records of an event whose shape is not known."""
        if is_redrawn(text):
            return self._feed_redrawn(timestamp_ms, stream, text)
        if "\n" in text:
            return self._feed_lines(timestamp_ms, stream, text)
        reading = self._read(timestamp_ms, plain, message)
        record = Record(timestamp_ms, stream, reading.severity, reading.source, text)
        return self._grouped(record, reading, plain)

    @property
    def _is_between(self) -> bool:
        """Whether what a line says depends on none before it: on no traceback, table or the like."""
        return not self._errors.blocks and not self._held and self._reader.is_between

    def _learn(self, line: str, severity: str, parts: Parts) -> None:
        """Keep how a line was read, for others of its shape."""
        if not tells_more(line):
            plan = Plan(severity, source_of(line), tuple(parts.counters), tuple(parts.metrics))
            self._shapes.learn(line, plan)

    def _follow(
        self, plan: Plan, timestamp_ms: int, stream: str, line: str, text: str
    ) -> list[Record]:
        """Read a line as one of its shape was read."""
        if plan.counters or plan.pairs:
            counts = counts_of(line, plan.counters)
            if counts:
                has_metrics = bool(plan.pairs)
                self._progress.read_counts(counts, timestamp_ms, has_metrics=has_metrics)
            elif self._progress.pending is not None:
                self._progress.confirm(timestamp_ms)
            pairs = [(name, line[begin:end]) for name, _, begin, end, _ in plan.pairs]
            self.metrics += self._reader.follow(timestamp_ms, pairs, counts)
        return [new(Record, (timestamp_ms, stream, plan.severity, plan.source, text, None))]

    def flush(self) -> list[Record]:
        """The records held back so far (only with `group_tracebacks`); half a traceback is one too.

        A table that waits for its end gives its points.
        """
        self.metrics += self._reader.end()
        records = [self._release(voice) for voice in list(self._held)]
        self._is_free = self._is_between
        return records

    def state(self) -> dict[str, Any]:
        """What `resume` needs to go on from here, ready for JSON; `metrics` are not part of it."""
        return {
            "metric_definitions": dict(self.metric_definitions or {}),
            "group_tracebacks": self.group_tracebacks,
            "metrics": self._reader.state(),
            "progress": asdict(self._progress),
            "errors": self._errors.state(),
            "held": {voice: [r._asdict() for r in held] for voice, held in self._held.items()},
        }

    @classmethod
    def resume(cls, state: Mapping[str, Any]) -> LogParser:
        """The parser whose `state()` this was."""
        parser = cls(
            state["metric_definitions"] or None, group_tracebacks=state["group_tracebacks"]
        )
        parser._reader.resume(state["metrics"])
        parser._progress = ProgressReader(**state["progress"])
        parser._errors = ErrorReader.resumed(state["errors"])
        parser._held = {
            voice: [Record(**record) for record in held] for voice, held in state["held"].items()
        }
        parser._is_free = parser._is_between
        return parser

    def _read(self, timestamp_ms: int, plain: str, raw: str) -> _Reading:
        """Take from a line what it says."""
        severity, source, voice, is_error = "info", "", "", False
        for voice, line in voices(plain):
            if self._errors.read(voice, line):
                is_error = True
                severity, source = "error", "user"
            elif (bar := bar_in(line)) is not None:
                source = "progress"
                self._read_bar(timestamp_ms, bar, line, raw)
                if bar.behind.strip():
                    self._read_text(timestamp_ms, bar.behind, bar.behind)
            elif (told := _json_in(line)) is not None:
                severity = _graver(severity, self._read_json(timestamp_ms, told, raw))
            else:
                # Behind a voice's tag it is not the whole line, so its shape is not kept.
                own_severity = self._read_line(timestamp_ms, line, raw, is_whole=line == plain)
                severity = _graver(severity, own_severity)
        return _Reading(severity, source or source_of(line), voice, is_error)

    def _read_line(self, timestamp_ms: int, line: str, raw: str, *, is_whole: bool) -> str:
        """Read a line that is neither a bar nor JSON, and learn its shape; its severity."""
        severity = severity_of(line)
        was_between = self._is_between
        is_warning = _GRAVITY[severity] > 0
        parts = self._read_text(timestamp_ms, line, raw, is_warning=is_warning)
        if parts.is_whole and is_whole and was_between and self._is_between:
            self._learn(line, severity, parts)
        return severity

    def _read_text(
        self, timestamp_ms: int, line: str, raw: str, *, is_warning: bool = False
    ) -> Parts:
        """Take progress and metrics of a text."""
        self._progress.read_line(line, timestamp_ms)
        parts = self._reader.take_apart(line, is_warning=is_warning)
        counts = self._reader.tables.counted or counts_of(line, parts.counters)
        if counts:
            has_metrics = bool(parts.metrics or self._reader.tables.held)
            self._progress.read_counts(counts, timestamp_ms, has_metrics=has_metrics)
        elif parts.metrics:
            self._progress.confirm(timestamp_ms)
        self.metrics += self._reader.points(timestamp_ms, line, raw, parts, counts)
        return parts

    def _read_bar(self, timestamp_ms: int, bar: Bar, line: str, raw: str) -> None:
        self._progress.read_bar(bar, timestamp_ms)
        self.metrics += self._reader.read_bar(timestamp_ms, bar, line, raw)

    def _read_json(self, timestamp_ms: int, told: json_lines.JsonLine, raw: str) -> str:
        if told.total_epochs:
            self._progress.epochs = told.total_epochs
        if told.counts:
            has_metrics = bool(told.metrics)
            self._progress.read_counts(told.counts, timestamp_ms, has_metrics=has_metrics)
        self.metrics += self._reader.read_json(timestamp_ms, told, raw)
        for line in told.traceback:
            self._errors.read("json", line)
        if told.message and not told.metrics:
            self._read_text(timestamp_ms, told.message[:_SCANNED], raw)
        return severity_of(told.level)

    def _feed_lines(self, timestamp_ms: int, stream: str, text: str) -> list[Record]:
        """An event of several lines stays one record, as grave as its gravest line."""
        readings: list[_Reading] = []
        for line in text[: _SCANNED * 8].split("\n"):
            plain = _plain(line)
            readings.append(self._read(timestamp_ms, plain, line[:_SCANNED]))
        severity = reduce(_graver, [reading.severity for reading in readings])
        record = Record(timestamp_ms, stream, severity, readings[0].source, text)
        return self._grouped(record, readings[-1], plain)

    def _feed_redrawn(self, timestamp_ms: int, stream: str, text: str) -> list[Record]:
        """A record for each state that is shown; the whole event lies under the last one."""
        shown = self._read_states(timestamp_ms, text)
        if not shown:
            return []
        *others, last = shown
        return [
            *(Record(timestamp_ms, stream, *state, raw="") for state in others),
            Record(timestamp_ms, stream, *last, raw=None if last[2] == text else text),
        ]

    def _read_states(self, timestamp_ms: int, text: str) -> list[tuple[str, str, str]]:
        """Severity, source and text of what is shown: a bar's last state, and text between two."""
        drawn = states(text[-_REDRAWN:])
        while len(drawn) > 1 and not drawn[-1]:
            drawn.pop()
        shown: list[tuple[str, str, str]] = []
        wiped = ""
        for number, state in enumerate(drawn, 1):
            plain = without_ansi(state[:_SCANNED])
            if not plain.strip():
                continue
            inner = voices(plain)[-1][1]
            bar = bar_in(inner)
            is_last = number == len(drawn)
            if bar is not None and not is_last:
                wiped = state
                self._progress.read_bar(bar, timestamp_ms)
                if bar.is_complete:
                    self.metrics += self._reader.read_bar(timestamp_ms, bar, inner, state)
                else:
                    self._reader.pass_bar(bar)
            elif not is_last and not wiped and plain == inner and len(plain) <= LONGEST:
                self._read_wiped(timestamp_ms, plain)
            elif is_last or wiped:
                reading = self._read(timestamp_ms, plain, state[:_SCANNED])
                shown.append((reading.severity, reading.source, state))
        if wiped and not shown:
            return [("info", "progress", wiped)]
        return shown

    def _read_wiped(self, timestamp_ms: int, line: str) -> None:
        """Take the points of a line that the next one was drawn over."""
        plan = self._shapes.plan_of(line) if self._is_between else None
        if plan is not None:
            self._follow(plan, timestamp_ms, "", line, line)
        else:
            self._read_line(timestamp_ms, line, line, is_whole=True)

    def _grouped(self, record: Record, reading: _Reading, plain: str) -> list[Record]:
        """What is held back no longer, and the record, unless it is part of a traceback.

        `plain` is the record's last line.
        """
        if not self.group_tracebacks:
            return [record]
        voice = reading.voice
        released: list[Record] = []
        held = self._held.get(voice)
        if held:
            # What chains two tracebacks stands before an empty line.
            before = held[-1].text if len(held) == 1 else f"{held[-2].text}\n{held[-1].text}"
            if self._errors.begins_anew(plain, before):
                released.append(self._release(voice))
                held = None
        if reading.is_error or (held and self._errors.ties(plain)):
            held = self._held.setdefault(voice, [])
            held.append(record)
            # What is held is kept with every step of reading, and becomes one entry.
            if len(held) >= _MOST_HELD or len(record.text) > _SCANNED:
                released.append(self._release(voice))
            return released
        if held:
            released.append(self._release(voice))
        return [*released, record]

    def _release(self, voice: str) -> Record:
        """The one record that those held back of a voice become."""
        held = self._held.pop(voice)
        first = held[0]
        text = "\n".join(record.text for record in held)
        return Record(first.timestamp_ms, first.stream, "error", first.source, text)


def _plain(line: str) -> str:
    """The beginning of a line as it reads without colours."""
    return without_ansi(without_status(line[:_SCANNED]))


def _json_in(line: str) -> json_lines.JsonLine | None:
    is_object = line[:1] == "{" and line.rstrip()[-1:] == "}"
    return json_lines.read(line) if is_object else None


def _graver(severity: str, later: str) -> str:
    """The graver of two severities; of two below a warning the later."""
    return later if _GRAVITY[later] >= _GRAVITY[severity] else severity


def parse_text(text: str, metric_definitions: Mapping[str, str] | None = None) -> ParsedLog:
    """A whole log at once, a traceback one record; times are 0 as a plain text has none.

    Its speeds lie apart from its metrics, but for those that are published as such.
    """
    parser = LogParser(metric_definitions, group_tracebacks=True)
    lines = text.removesuffix("\n").split("\n")
    records = [record for line in lines for record in parser.feed(0, "", line)]
    records += parser.flush()
    metrics = [metric for metric in parser.metrics if is_metric(metric.name)]
    speeds = [metric for metric in parser.metrics if group_of(metric.name)]
    return ParsedLog(records, metrics, speeds, parser.progress, parser.error)
