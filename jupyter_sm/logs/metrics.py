"""Metric points from lines: by the user's definitions, else by shapes, tables, names, repetition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import isclose
from typing import Any, NamedTuple

from jupyter_sm.logs.bars import Bar
from jupyter_sm.logs.counters import BATCH, EPOCH, LEADING, PART, STEP, Count, Counter, counters_in
from jupyter_sm.logs.definitions import Definitions
from jupyter_sm.logs.entries import Metric
from jupyter_sm.logs.frameworks import is_echo, shaped
from jupyter_sm.logs.json_lines import JsonLine
from jupyter_sm.logs.names import METRIC, OTHER, SPEED, WEAK, kind_of
from jupyter_sm.logs.pairs import Pair, chosen, is_measured, items_in, number
from jupyter_sm.logs.places import Place, Places
from jupyter_sm.logs.repeats import Repeats, signature_of
from jupyter_sm.logs.tables import Tables

# Metrics stand near a line's beginning; what follows after this is data.
_SCANNED = 2_000
_RUNTIME = re.compile(r"'train_runtime': '?(\d{1,12}(?:\.\d{1,12})?)")
_PACE = re.compile(r", {1,3}(\d{1,9}(?:\.\d{1,6})?)(?:(s)/)?([a-z]{2,8})(?:/s)?(?=[,\]]|\Z)")
_MOST_NAMES = 2_000
_BESTS = ("best ", "Best ", "best_")
# Points and records are made by the million: this way takes half the time.
new = tuple.__new__
_MOST_ITEMS = 128


class Parts(NamedTuple):
    """A line taken apart: what it counts, its metrics, and numbers that may turn out to be some."""

    counters: Sequence[Counter]
    metrics: Sequence[Pair]
    rest: Sequence[Pair] = ()
    # All its numbers, while it is not known what those of its shape are.
    items: Sequence[Pair] = ()
    signature: int = 0
    # Whether the same is in every line of its shape.
    is_whole: bool = False


class MetricReader:
    """Finds a stream's metrics and the place in the training that each belongs to."""

    def __init__(self, metric_definitions: Mapping[str, str] | None) -> None:
        self.definitions = Definitions(metric_definitions or {})
        self.tables = Tables()
        self.places = Places()
        self._repeats = Repeats()
        self._uses_definitions = bool(metric_definitions)
        # Of each series the last value, step and epoch.
        self._last: dict[str, tuple[float, int | None, float | None]] = {}
        # A dict wrapped to a width: the name that ended a line, and what waits for its epoch.
        self._dangling = ""
        self._waiting: list[Pair] = []
        self._repeats_best = False
        self._now_ms = 0

    def state(self) -> dict[str, Any]:
        """What `resume` needs, ready for JSON."""
        return {
            "tables": self.tables.state(),
            "places": asdict(self.places),
            "repeats": self._repeats.state(),
            "last": {name: [repr(last[0]), *last[1:]] for name, last in self._last.items()},
            "dangling": self._dangling,
            "waiting": self._waiting,
            "repeats_best": self._repeats_best,
            "now_ms": self._now_ms,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.tables = Tables(**state["tables"])
        self.places = Places(**state["places"])
        self._repeats.resume(state["repeats"])
        self._last = {
            name: (float(value), step, epoch)
            for name, (value, step, epoch) in state["last"].items()
        }
        self._dangling, self._repeats_best = state["dangling"], state["repeats_best"]
        self._now_ms = state["now_ms"]
        self._waiting = [Pair(*pair) for pair in state["waiting"]]

    @property
    def is_between(self) -> bool:
        """Whether the next line is read for itself: in no table, no wrapped dict, no repetition."""
        return not (
            self.tables.is_open or self._dangling or self._repeats_best or self._uses_definitions
        )

    def take_apart(self, line: str, *, is_warning: bool) -> Parts:
        """What a line that is no bar and no JSON holds."""
        self.tables.begin_line()
        if len(line) > _SCANNED:
            line = line[:_SCANNED]
        if self._uses_definitions:
            return Parts(counters_in(line), [])
        found = shaped(line)
        if found is not None:
            return Parts(counters_in(line), found)
        row = self.tables.read(line)
        if row is not None:
            return Parts([], row)
        if self._repeats_best:
            # XGBoost prints its best round a second time after `Best iteration:`.
            self._repeats_best = False
            return Parts([], [])
        self._repeats_best = "Best iteration:" in line
        counters = counters_in(line)
        if is_echo(line) or (is_warning and not counters):
            return Parts(counters, self._wrapped(line, []))
        return self._by_names(line, counters)

    def _by_names(self, line: str, counters: list[Counter]) -> Parts:
        items = items_in(line)
        signature = signature_of(items)
        if not counters and (counts := self._repeats.counter_in(signature, items)) is not None:
            counters = [Counter(STEP, counts.begin, counts.end, what=f"learned {signature}")]
        place = self.places
        has_begun = place.epoch is not None or place.step is not None
        if counters and not any(map(_measures, items)):
            counters = _without_sizes(counters, items)
        metrics, rest = chosen(items, has_step=bool(counters), has_begun=has_begun)
        metrics += self._repeats.metrics_of(signature, rest)
        if "'train_runtime': " in line and (found := _RUNTIME.search(line)):
            # A time, but the one that Hugging Face's examples publish as a training's metric.
            metrics.append(Pair("train_runtime", found[1], *found.span(1)))
        may_count = bool(metrics) and not counters and any(i.value.isdigit() for i in items)
        may_teach = bool(rest) or may_count
        is_decided = (
            not may_teach or len(items) > _MOST_ITEMS or self._repeats.is_decided(signature)
        )
        before = len(metrics)
        metrics = self._wrapped(line, metrics)
        return Parts(
            counters,
            metrics,
            rest,
            [] if is_decided else items,
            signature,
            is_whole=is_decided and before == len(metrics),
        )

    def points(
        self, timestamp_ms: int, line: str, raw: str, parts: Parts, counts: Sequence[Count]
    ) -> list[Metric]:
        """The points of a line that was taken apart, and of those whose like it is."""
        self._now_ms = timestamp_ms
        points: list[Metric] = []
        if self._waiting and not self._dangling:
            points = self._late(timestamp_ms, line)
        place = self.places.enter(counts) if counts else self.places.place
        if self._uses_definitions:
            return self._defined(timestamp_ms, line, raw, place)
        if parts.items:
            held = self._repeats.learn(
                parts.signature, parts.items, parts.rest, timestamp_ms, place,
                has_counter=bool(counts),
            )  # fmt: skip
        else:
            held = self.tables.held
        for at, its_place, pairs in held:
            points += self._points(timestamp_ms if at is None else at, pairs, its_place or place)
        return points + self._points(timestamp_ms, parts.metrics, place)

    def follow(
        self, timestamp_ms: int, pairs: Iterable[tuple[str, str]], counts: Sequence[Count]
    ) -> list[Metric]:
        """The points of a line whose like is known."""
        place = self.places.enter(counts) if counts else self.places.place
        return self._points(timestamp_ms, pairs, place)

    def end(self) -> list[Metric]:
        """The points of a table that waited for its end."""
        self.tables.begin_line()
        self.tables.end_block()
        points: list[Metric] = []
        for _, place, pairs in self.tables.held:
            points += self._points(self._now_ms, pairs, place or self.places.place)
        return points

    def pass_bar(self, bar: Bar) -> Place:
        """The place of a bar's state."""
        counts: list[Count] = []
        if bar.epoch is not None:
            counts.append((Counter(EPOCH), bar.epoch, None))
        if bar.is_training and not bar.counts_epochs:
            counts.append((Counter("bar", what=f"bar {bar.kind}"), bar.current, bar.total))
        return self.places.enter(counts) if counts else self.places.place

    def read_bar(self, timestamp_ms: int, bar: Bar, line: str, raw: str) -> list[Metric]:
        """The points that a progress bar carries behind it."""
        place = self.pass_bar(bar)
        if self._uses_definitions:
            return self._defined(timestamp_ms, line, raw, place)
        if bar.is_within and not bar.is_complete:
            return []  # the mean so far
        items = items_in(bar.postfix[:_SCANNED])
        pairs = [item for item in chosen(items, has_step=True)[0] if item.kind != SPEED]
        pairs = pairs or list(chosen(items_in(bar.label.rstrip(" :")), has_step=True)[0])
        if bar.tests:
            pairs = [
                p if bar.tests in p.name else p._replace(name=f"{bar.tests} {p.name}")
                for p in pairs
            ]
        if not bar.current:
            # What stands at a bar's beginning is left from the one before, if there was one.
            pairs = [pair for pair in pairs if pair.name not in self._last]
        if bar.is_training and (pace := _PACE.search(bar.postfix)):
            pairs.append(_pace(pace))
        return self._points(timestamp_ms, pairs, place)

    def read_json(self, timestamp_ms: int, told: JsonLine, raw: str) -> list[Metric]:
        """The points of a JSON object's fields."""
        counts = told.counts
        place = self.places.enter(counts) if counts else self.places.place
        if self._uses_definitions:
            return self._defined(timestamp_ms, raw, raw, place)
        return self._points(timestamp_ms, told.metrics, place)

    def _wrapped(self, line: str, metrics: list[Pair]) -> list[Pair]:
        """The metrics with that of a wrapped dict: its name ended a line, its number begins this one."""
        dangling, self._dangling = self._dangling, ""
        bare = line.rstrip()
        if bare[-2:] == "':":
            self._dangling = bare[:-2].rpartition("'")[2][:80]
            if self._dangling == "epoch":
                self._waiting, metrics = metrics, []
        if dangling and kind_of(dangling) == METRIC:
            value = _first_number(line)
            return [*metrics, Pair(dangling, value)] if value else metrics
        return metrics

    def _late(self, timestamp_ms: int, line: str) -> list[Metric]:
        """The points that waited for the epoch at the end of their wrapped dict."""
        waiting, self._waiting = self._waiting, []
        epoch = number(_first_number(line))
        place = self.places.place
        if epoch is not None:
            place = self.places.enter([(Counter(PART if epoch % 1 else EPOCH), epoch, None)])
        return self._points(timestamp_ms, waiting, place)

    def _defined(self, timestamp_ms: int, line: str, raw: str, place: Place) -> list[Metric]:
        # SageMaker sees the line as it came (`#011` included); a local job's has the character.
        pairs = [Pair(*found) for found in self.definitions.search(raw)]
        if raw != line:
            known = {pair.name for pair in pairs}
            pairs += [Pair(*f) for f in self.definitions.search(line) if f[0] not in known]
        return self._points(timestamp_ms, pairs, place)

    def _points(
        self, timestamp_ms: int, pairs: Iterable[tuple[Any, ...]], place: Place
    ) -> list[Metric]:
        points: list[Metric] = []
        step, epoch = place
        is_placed = step is not None or epoch is not None
        for pair in pairs:
            name, value = pair[0], number(pair[1])
            if value is None:
                continue  # a definition may capture what is no number; the line itself is kept
            if is_placed:
                # The same point printed twice (print and logger, a redrawn bar) is one.
                last = (value, step, epoch)
                if self._last.get(name) == last:
                    continue
                if name[:5] in _BESTS and self._is_known(value):
                    continue  # early stopping repeats a value that was printed before
                if len(self._last) >= _MOST_NAMES:
                    self._last.clear()
                self._last[name] = last
            points.append(new(Metric, (name, value, step, timestamp_ms, epoch)))
        return points

    def _is_known(self, value: float) -> bool:
        """Whether a series' last value is this one, maybe printed with other digits."""
        return any(isclose(value, last[0], rel_tol=1e-3) for last in self._last.values())


def _first_number(line: str) -> str:
    first = line.split(None, 1)[:1]
    value = first[0].rstrip(",}") if first else ""
    return value if number(value) is not None else ""


def _measures(item: Pair) -> bool:
    return item.kind in (METRIC, WEAK) or (item.kind == OTHER and is_measured(item.value))


def _without_sizes(counters: list[Counter], items: Sequence[Pair]) -> list[Counter]:
    """Counters of a line that measures nothing: the number of a file, a batch's size are none."""
    first = counters[0]
    others = any(item.begin != first.begin for item in items)
    is_size = first.word == BATCH and not first.total_end and others
    return counters[1:] if first.word == LEADING or is_size else counters


def _pace(found: re.Match[str]) -> Pair:
    """How fast a bar moves, in things a second whatever it says."""
    value = float(found[1])
    if found[2] and value:
        value = float(f"{1 / value:.6g}")
    return Pair(f"{found[3]}/s", repr(value), kind=SPEED)
