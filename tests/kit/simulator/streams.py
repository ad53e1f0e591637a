"""The log streams of one job: which lines exist at a time, without keeping them all."""

from __future__ import annotations

import math
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from .scenario import AnyLine, Line, Scenario

# How late a line of a stream arrives, by the trap late_lines: seconds by (stream, index).
Lag = Callable[[str, int], float]
# Seconds by which times may be off, as they are large numbers.
_SLACK = 1e-5


class Generated:
    """Lines made up as they are asked for: so many a second, then the last ones."""

    uneven = False

    def __init__(self, scenario: Scenario, host: int, duration: float, over: float) -> None:
        self._rate = scenario.lines_per_second
        self._line = scenario.line
        self._host = host
        self._over = over
        steps = min(duration, over) * self._rate
        self._steps: float = math.inf if math.isinf(steps) else math.ceil(steps - 1e-9)
        self._last = scenario.last_lines

    def count(self, elapsed: float) -> int:
        if elapsed < 0:
            return 0
        steps = int(min(math.floor((elapsed + _SLACK) * self._rate) + 1, self._steps))
        if not self._rate:
            steps = 0
        return steps + (len(self._last) if elapsed >= self._over - _SLACK else 0)

    def line(self, index: int) -> Line:
        if index >= self._steps or not self._rate:
            step = int(self._steps) if self._rate else 0
            return Line(self._over, self._last[index - step])
        n = index + 1
        text = self._line.format(n=n, host=self._host, total=self._steps, loss=1 / math.sqrt(n))
        return Line(index / self._rate, text)

    def offset(self, index: int) -> float:
        return index / self._rate if self._rate and index < self._steps else self._over


class Listed:
    """Lines of a list, in the order of their time."""

    def __init__(self, lines: Sequence[AnyLine], scenario: Scenario, over: float) -> None:
        self._last = scenario.last_lines
        self._over = over
        self._set(lines)

    def _set(self, lines: Sequence[AnyLine]) -> None:
        over = self._over
        step = 1.0 if math.isinf(over) else over / (len(lines) + 1)
        self._lines = [_as_line(line, (n + 1) * step) for n, line in enumerate(lines)]
        self._lines += [Line(over, text) for text in self._last if not math.isinf(over)]
        self._lines.sort(key=lambda line: line.offset)
        self._offsets = [line.offset for line in self._lines]
        self.uneven = any(line.lag for line in self._lines)

    def count(self, elapsed: float) -> int:
        return bisect_right(self._offsets, elapsed + _SLACK)

    def line(self, index: int) -> Line:
        return self._lines[index]

    def offset(self, index: int) -> float:
        return self._offsets[index]


class Called(Listed):
    """Lines of a function, asked anew when time has passed."""

    def __init__(self, scenario: Scenario, host: int, over: float) -> None:
        super().__init__((), scenario, over)
        self._scenario = scenario
        self._host = host
        self._asked = -1.0

    def count(self, elapsed: float) -> int:
        if elapsed > self._asked and callable(self._scenario.lines):
            self._asked = elapsed
            self._set(list(self._scenario.lines(self._host, elapsed)))
        return super().count(elapsed)


def _as_line(line: AnyLine, offset: float) -> Line:
    return Line(offset, line) if isinstance(line, str) else Line(*line)


class Stream:
    """One container's log stream: `<job>/algo-<n>-<epoch>`, as SageMaker names them."""

    def __init__(
        self, job: str, scenario: Scenario, host: int, start: float, duration: float
    ) -> None:
        self.start = start + scenario.stream_delay
        self.end = start + duration
        self.name = f"{job}/algo-{host}-{int(self.start)}"
        self.lag = scenario.ingestion_lag
        self._mark = zlib.crc32(self.name.encode())
        over = duration if scenario.statuses is not None else scenario.training
        over = max(0.0, over - scenario.stream_delay)
        self.source: Generated | Listed
        if callable(scenario.lines):
            self.source = Called(scenario, host, over)
        elif scenario.lines:
            self.source = Listed(scenario.lines, scenario, over)
        else:
            self.source = Generated(scenario, host, duration - scenario.stream_delay, over)

    def timestamp(self, index: int) -> int:
        """The event's time in ms, on the clock of the host (see the trap skew)."""
        return int((self.start + self.source.offset(index)) * 1000)

    def event_id(self, index: int) -> str:
        """FilterLogEvents' eventId: unique, and the same whenever the event is read."""
        return f"3{self.timestamp(index):013d}{self._mark:010d}{index:032d}"

    def view(self, now: float, end: float, lag: float | Lag = 0.0, skew: float = 0.0) -> View:
        """What of the stream can be read at this time; `end` is when the container died."""
        return View(self, now, min(self.end, end), lag, skew)


class View:
    """A stream as it can be read at one time."""

    def __init__(
        self, stream: Stream, now: float, end: float, lag: float | Lag, skew: float
    ) -> None:
        self.stream = stream
        self.name = stream.name
        self._now = now
        self._skew = int(skew * 1000)
        self._lag = lag
        self._even = not callable(lag) and not stream.source.uneven
        late = stream.lag + (lag if not callable(lag) and self._even else 0.0)
        self.late = late
        self.count = stream.source.count(
            min(now - (late if self._even else 0.0), end) - stream.start
        )

    def timestamp(self, index: int) -> int:
        return self.stream.timestamp(index) + self._skew

    def ingested(self, index: int) -> int:
        """ingestionTime, which is CloudWatch's clock and not the host's."""
        late = self.late
        if not self._even:
            late = self.stream.lag + self.stream.source.line(index).lag
            late += self._lag(self.name, index) if callable(self._lag) else self._lag
        return int((self.stream.start + self.stream.source.offset(index) + late) * 1000)

    def visible(self, index: int) -> bool:
        """Whether the event has been ingested."""
        return self._even or self.ingested(index) <= self._now * 1000

    def first_at(self, timestamp: float) -> int:
        """Index of the first event that is not older than this time in ms."""
        return bisect_left(range(self.count), timestamp, key=self.timestamp)

    def event(self, index: int) -> dict[str, Any]:
        """The event as GetLogEvents answers it."""
        return {
            "timestamp": self.timestamp(index),
            "message": self.stream.source.line(index).text,
            "ingestionTime": self.ingested(index),
        }
