"""Metric points from lines: by the user's definitions, else by shapes, tables and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from jupyter_sm.logs.bars import Bar
from jupyter_sm.logs.definitions import Definitions
from jupyter_sm.logs.entries import Metric
from jupyter_sm.logs.frameworks import is_echo, shaped
from jupyter_sm.logs.json_lines import JsonLine
from jupyter_sm.logs.names import METRIC, kind_of
from jupyter_sm.logs.pairs import Pair, number, pairs_in
from jupyter_sm.logs.tables import Tables

# Metrics stand near a line's beginning; what follows after this is data.
_SCANNED = 2_000
_RUNTIME = re.compile(r"'train_runtime': '?(\d{1,12}(?:\.\d{1,12})?)")
_MOST_NAMES = 2_000


class MetricReader:
    """Finds a stream's metrics and the step each belongs to."""

    def __init__(self, metric_definitions: Mapping[str, str] | None) -> None:
        self.definitions = Definitions(metric_definitions or {})
        self.tables = Tables()
        self._uses_definitions = bool(metric_definitions)
        self._epoch: int | None = None
        self._bar_step: int | None = None
        self._last: dict[str, tuple[int | None, float]] = {}
        self._dangling = ""
        self._repeats_best = False

    def state(self) -> dict[str, Any]:
        """What `resume` needs, ready for JSON."""
        return {
            "tables": asdict(self.tables),
            "epoch": self._epoch,
            "bar_step": self._bar_step,
            "last": {name: [step, repr(value)] for name, (step, value) in self._last.items()},
            "dangling": self._dangling,
            "repeats_best": self._repeats_best,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.tables = Tables(**state["tables"])
        self._epoch, self._bar_step = state["epoch"], state["bar_step"]
        self._last = {name: (step, float(value)) for name, (step, value) in state["last"].items()}
        self._dangling, self._repeats_best = state["dangling"], state["repeats_best"]

    @property
    def is_between(self) -> bool:
        """Whether the next line is read for itself: in no table, no wrapped dict, no repetition."""
        tables = self.tables
        return not (
            tables.columns
            or tables.words
            or self._dangling
            or self._repeats_best
            or self._uses_definitions
        )

    def read_text(
        self, timestamp_ms: int, line: str, raw: str, epoch: int | None, step: int | None
    ) -> tuple[list[Metric], list[Pair] | None]:
        """The points of a line in which the progress reader saw this epoch and step.

        With them the pairs they come from, if these depend on nothing but the line.
        """
        self.tables.begin_line()
        if self._uses_definitions:
            self._epoch = epoch if epoch is not None else self._epoch
            step = step if step is not None else epoch
            return self._defined(timestamp_ms, line, raw, step), None
        if len(line) > _SCANNED:
            line = line[:_SCANNED]
        found = shaped(line)
        if found is None:
            found = self.tables.read(line)
            if found is not None and self.tables.step is not None:
                step = self.tables.step
                if self.tables.counts_epochs:
                    self._epoch = step
        if found is not None:
            return self.read_pairs(timestamp_ms, found, epoch, step), None
        if self._repeats_best:
            # XGBoost prints its best round a second time after `Best iteration:`.
            self._repeats_best = False
            return [], None
        self._repeats_best = "Best iteration:" in line
        pairs = self._paired(line, step is not None or epoch is not None)
        return self.read_pairs(timestamp_ms, pairs, epoch, step), pairs

    def read_pairs(
        self,
        timestamp_ms: int,
        pairs: Iterable[tuple[str, str, int, int]],
        epoch: int | None,
        step: int | None,
    ) -> list[Metric]:
        """The points that pairs of a line with this epoch and step are."""
        if epoch is not None:
            self._epoch = epoch
            if step is None:
                step = epoch
        if not pairs:
            return []
        return self._points(timestamp_ms, pairs, step if step is not None else self._context())

    def read_bar(self, timestamp_ms: int, bar: Bar, line: str, raw: str) -> list[Metric]:
        """The points that a progress bar carries behind it."""
        if bar.epoch is not None:
            self._epoch = bar.epoch
        if bar.is_training:
            self._bar_step = bar.current
        if self._uses_definitions:
            return self._defined(timestamp_ms, line, raw, self._bar_step)
        # What stands at a bar's beginning is left from the one before; within one of Keras's,
        # the mean so far.
        if not bar.current or (bar.is_within and not bar.is_complete):
            return []
        pairs = pairs_in(bar.postfix[:_SCANNED]) or pairs_in(bar.label)
        if not pairs:
            return []
        step: int | None = bar.current if bar.is_training else self._epoch
        if bar.epoch is not None:
            step = bar.epoch * max(bar.total, 1) + bar.current
        return self._points(timestamp_ms, pairs, step)

    def read_json(self, timestamp_ms: int, told: JsonLine, raw: str) -> list[Metric]:
        """The points of a JSON object's fields."""
        if told.epoch is not None:
            self._epoch = told.epoch
        if self._uses_definitions:
            return self._defined(timestamp_ms, raw, raw, told.step)
        step = told.step if told.step is not None else self._context()
        return self._points(timestamp_ms, told.metrics, step)

    def _context(self) -> int | None:
        return self._bar_step if self._bar_step is not None else self._epoch

    def _paired(self, line: str, has_step: bool) -> list[Pair]:
        dangling, self._dangling = self._dangling, ""
        bare = line.rstrip()
        if bare[-2:] == "':":
            # A dict that was wrapped to a width: the name ends one line, the number begins the next.
            self._dangling = bare[:-2].rpartition("'")[2][:80]
        if "'train_runtime': " in line and (found := _RUNTIME.search(line)):
            # A time, but the one that Hugging Face's examples publish as a training's metric.
            return [*pairs_in(line), Pair("train_runtime", found[1])]
        pairs = [] if is_echo(line) else pairs_in(line, has_step)
        if dangling and kind_of(dangling) is METRIC:
            first = line.split(None, 1)[:1]
            value = first[0].rstrip(",}") if first else ""
            if number(value) is not None:
                pairs.append(Pair(dangling, value))
        return pairs

    def _defined(self, timestamp_ms: int, line: str, raw: str, step: int | None) -> list[Metric]:
        # SageMaker sees the line as it came (`#011` included); a local job's has the character.
        pairs = [Pair(*found) for found in self.definitions.search(raw)]
        if raw != line:
            known = {pair.name for pair in pairs}
            pairs += [Pair(*f) for f in self.definitions.search(line) if f[0] not in known]
        return self._points(timestamp_ms, pairs, step)

    def _points(
        self, timestamp_ms: int, pairs: Iterable[tuple[str, str, int, int]], step: int | None
    ) -> list[Metric]:
        points: list[Metric] = []
        for name, text, _, _ in pairs:
            value = number(text)
            if value is None:
                continue  # a definition may capture what is no number; the line itself is kept
            if step is not None:
                # The same point printed twice (print and logger, a redrawn bar) is one.
                last = (step, value)
                if self._last.get(name) == last:
                    continue
                if len(self._last) >= _MOST_NAMES:
                    self._last.clear()
                self._last[name] = last
            points.append(Metric(name, value, step, timestamp_ms))
        return points
