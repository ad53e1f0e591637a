"""How far a training is: the outermost of its epochs, steps and bars, and when it may end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from jupyter_sm.logs.bars import Bar
from jupyter_sm.logs.counters import (
    BATCH,
    EPOCH,
    LEADING,
    PART,
    PROGRESS,
    ROUND,
    TREE,
    TRIAL,
    Count,
    Counter,
    counters_in,
    counts_of,
)
from jupyter_sm.logs.entries import Progress

_SCANNED = 2_000
_PERCENT = re.compile(
    r"completed (\d{1,3}(?:\.\d{1,9})?) ?% (?:of )?epochs|Progress: (\d{1,3}(?:\.\d{1,9})?)%"
)
# Where settings say how many epochs there will be.
_TOTAL = re.compile(
    r"(?:(?:(?:n|num|max|nb|total|num_train)_|Num |\b|_)epochs|(?:num|max|total)_epoch)"
    r"[\"']?\s{0,3}[=:,]\s{0,3}(?:u?[\"'])?(\d{1,6})\b(?!\.\d{0,9}[1-9]|/)"
    r"|(?:rain(?:ing)? for|\bmax:) (\d{1,6}) epochs\b"
    r"|--(?:(?:num|n|max|num[-_]train)[-_])?epochs[ =](\d{1,6})\b",
    re.I,
)
# What will be counted besides: `Total optimization steps = 79`, `num_iterations=976`, `niter: 600000`.
_AHEAD = re.compile(
    r"(?:otal optimization steps = |\b(?:num|max|total|n)_?(?:train_)?(iter(?:ation)?s?|steps|updates|episodes)"
    r"[\"']?\s{0,3}[=:]\s{0,3})(\d{2,12})\b(?!\.\d|/)",
    re.I,
)
_BY_OUTER, _BY_TRIAL, _BY_AHEAD, _BY_BATCH = 45, 42, 41, 4
_BY_PERCENT, _BY_EPOCH, _BY_BAR, _BY_TOTAL, _BY_COUNT, _BY_FIELD, _BY_KERAS = (
    50, 40, 30, 28, 20, 10, 5,
)  # fmt: skip
_ABOVE = (TRIAL, PROGRESS)
_COUNTING = ("iter", "steps", "updates", "episodes")
_THINGS = {"iter": "iteration", "update": "iteration"}


def tells_more(line: str) -> bool:
    """Whether `line` may announce epochs or steps, or tell SageMaker's percentage."""
    return (
        ("%" in line and ("completed " in line or "Progress: " in line))
        or "pochs" in line
        or "POCHS" in line
        or "_epoch" in line
        or "otal optimization steps" in line
        or (any(word in line for word in _COUNTING) and _AHEAD.search(line) is not None)
    )


@dataclass
class ProgressReader:
    """Follows a stream's progress. Its fields are what a saved state holds."""

    current: float | None = None
    total: int | None = None
    unit: str = ""
    percent: float | None = None
    rank: int = 0
    epochs: int | None = None
    # What else was announced: how many steps, iterations, episodes.
    ahead: dict[str, int] = field(default_factory=dict)
    bar_label: str = ""
    bar_total: int = 0
    bar_current: int = 0
    bar_is_outer: bool = False
    last_epoch: float = -1
    # How far the last epoch was of how many, and the other counter of a total within which epochs
    # come again and again.
    last_outer: list[float] = field(default_factory=list)
    is_nested: bool = False
    # A count that stood alone, of what only the lines after it can tell.
    pending: tuple[str, float] | None = None
    begun_ms: int | None = None
    begun_percent: float = 0.0
    now_ms: int = 0

    @property
    def progress(self) -> Progress | None:
        """The last known state."""
        if self.current is None:
            return None
        return Progress(self.current, self.total, self.unit, self.percent)

    @property
    def estimated_end_ms(self) -> float | None:
        """When it would end, were it to go on as fast as since the first progress seen."""
        percent = self.percent
        if percent is None or self.begun_ms is None or percent <= self.begun_percent:
            return None
        if self.now_ms <= self.begun_ms:
            return None
        spent = self.now_ms - self.begun_ms
        return self.now_ms + spent * (100.0 - percent) / (percent - self.begun_percent)

    def read_bar(self, bar: Bar, timestamp_ms: int) -> None:
        """Take the state of a bar."""
        # Of two such bars the shorter one evaluates.
        if bar.is_within and (self.unit != "step" or bar.total >= (self.total or 0)):
            self._set(_BY_KERAS, bar.current, bar.total, "step", timestamp_ms, bar.percent)
        if not bar.is_training:
            return
        if bar.counts_epochs:
            # An epoch count that has not moved says less than the bar within it.
            rank = _BY_EPOCH if bar.current else 1
            self._set(rank, bar.current, bar.total, "epoch", timestamp_ms)
            return
        if bar.epoch is not None:
            counts = counts_of(bar.label, counters_in(bar.label))
            self.read_counts(counts, timestamp_ms, has_metrics=False)
            return
        if (bar.total in self.ahead.values() and not bar.label) or bar.counts_all:
            self._set(_BY_OUTER, bar.current, bar.total, "it", timestamp_ms, bar.percent)
            return
        if bar.label == self.bar_label and bar.total == self.bar_total:
            self.bar_is_outer = self.bar_is_outer and bar.current >= self.bar_current
            self.bar_current = bar.current
            if self.bar_is_outer:
                self._set(_BY_OUTER, bar.current, bar.total, "it", timestamp_ms, bar.percent)
        elif self.rank > _BY_BAR and not self.bar_is_outer:
            self.bar_label, self.bar_total, self.bar_current = bar.label, bar.total, bar.current
        if self.rank > _BY_BAR:
            return
        nested = (
            self.rank == _BY_BAR
            and self.current is not None
            and (bar.label, bar.total) != (self.bar_label, self.total)
            # Another bar within one that goes on, or after it but of less: not the training's.
            and (self.current < (self.total or 0) or bar.total < (self.total or 0))
        )
        if not nested:
            self.bar_label, self.bar_total, self.bar_current = bar.label, bar.total, bar.current
            self._set(_BY_BAR, bar.current, bar.total, "it", timestamp_ms, bar.percent)

    def read_line(self, line: str, timestamp_ms: int) -> None:
        """Take what a line announces, or says of the whole in percent."""
        if len(line) > _SCANNED:
            line = line[:_SCANNED]
        if tells_more(line):
            self._read_total(line)
            self._read_percent(line, timestamp_ms)

    def read_counts(self, counts: Sequence[Count], timestamp_ms: int, *, has_metrics: bool) -> None:
        """Take the outermost of what a line counts; `has_metrics` says that it measures, too."""
        is_epoch_read = is_step_read = False
        self.pending = None
        for counter, value, total in counts:
            word = counter.word
            if word == PART:
                epoch = value if value % 1 else int(value)
                self._epoch(epoch, None, timestamp_ms, _BY_FIELD)
            elif word == EPOCH:
                if is_epoch_read:
                    continue
                is_epoch_read = True
                if counter.by == "=" and not self.epochs:
                    continue  # it says where something belongs, not how far it is
                rank = _BY_FIELD if counter.by else _BY_EPOCH
                is_beside = any(_THINGS.get(c[0].word) or c[0].word == ROUND for c in counts)
                self._epoch(value, total, timestamp_ms, rank, is_beside_steps=is_beside)
            elif not is_step_read:
                is_step_read = True
                if counter.is_test or (counter.by == "=" and word != "episode"):
                    continue
                self._count(counter, value, total, timestamp_ms, has_metrics=has_metrics)

    def confirm(self, timestamp_ms: int) -> None:
        """Metrics came below a count that stood alone: it counts the training."""
        if self.pending is not None:
            (word, value), self.pending = self.pending, None
            self._count(Counter(word), value, None, timestamp_ms, has_metrics=True)

    def _count(
        self, counter: Counter, value: float, total: int | None, timestamp_ms: int, *,
        has_metrics: bool,
    ) -> None:  # fmt: skip
        word = counter.word
        ahead = self.ahead.get(_THINGS.get(word, word)) if total is None else None
        if total is None and ahead is None and self.rank > _BY_TOTAL and word not in _ABOVE:
            return  # what is known tells more
        if word == ROUND and total is None and has_metrics:
            self._round(value, timestamp_ms, is_anew=counter.what == TREE and value == 0)
            return
        if total is None and not has_metrics and word not in (TRIAL, "episode"):
            # `Step 3: saving` is a chapter of the script, unless metrics follow.
            self.pending = (word, value)
            return
        rank = _BY_COUNT if total is None else _BY_TOTAL
        if ahead is not None and value <= ahead:
            # The whole was announced: that tells more than epochs of whose number nothing is known.
            total, rank = ahead, _BY_TOTAL if self.epochs or word == BATCH else _BY_AHEAD
        rank = {BATCH: _BY_BATCH, TRIAL: _BY_TRIAL, PROGRESS: _BY_PERCENT}.get(word, rank)
        if total is not None and word not in (BATCH, PROGRESS):
            if self.is_nested:
                rank = _BY_OUTER
            self.last_outer = [value, total]
        unit = "step" if word in (PROGRESS, LEADING) else word
        self._set(rank, value, total, unit, timestamp_ms)

    def _round(self, current: float, timestamp_ms: int, *, is_anew: bool) -> None:
        """A boosting round: the best one is printed again at the end; a second training counts anew."""
        if (
            self.rank < _BY_COUNT
            or self.unit != "iteration"
            or current > (self.current or 0)
            or is_anew
        ):
            self._set(_BY_COUNT, current, None, "iteration", timestamp_ms)

    def _read_percent(self, line: str, timestamp_ms: int) -> None:
        found = _PERCENT.search(line)
        if found is not None:
            percent = min(100.0, float(found[1] or found[2]))
            self._set(_BY_PERCENT, int(percent), 100, "percent", timestamp_ms, percent)

    def _read_total(self, line: str) -> None:
        """How many epochs a setting announces, or steps a trainer does."""
        for ahead in _AHEAD.finditer(line):
            thing = (ahead[1] or "step").lower().removesuffix("s")
            self.ahead[_THINGS.get(thing, thing)] = int(ahead[2])
        found = _TOTAL.search(line)
        if found:
            self.epochs = int(found[1] or found[2] or found[3]) or None
            if self.unit == "epoch" and self.total is None and self.current is not None:
                self._show(self.current, self.epochs)

    def _epoch(
        self,
        current: float,
        total: int | None,
        timestamp_ms: int,
        rank: int = _BY_EPOCH,
        *,
        is_beside_steps: bool = False,
    ) -> None:
        if current == self.last_epoch == self.current and rank == self.rank and total is None:
            self.now_ms = timestamp_ms
            return
        if total is None:
            ahead = (self.epochs, None if is_beside_steps else self.ahead.get("iteration"))
            total = next((one for one in ahead if one and current <= one), None)
        if current < self.last_epoch and total is not None and self.last_outer:
            # Epochs that begin again while another counter of a total goes on are within it.
            self.is_nested = self.is_nested or self.rank <= _BY_EPOCH
        if current != self.last_epoch:
            # A bar that goes on while epochs come and go is the outer one.
            self.bar_is_outer = self.last_epoch >= 0 and 0 < self.bar_current < self.bar_total
            self.last_epoch = current
        self._set(rank, current, total, "epoch", timestamp_ms)

    def _set(
        self, rank: int, current: float, total: int | None, unit: str, timestamp_ms: int,
        percent: float | None = None,
    ) -> None:  # fmt: skip
        if rank < self.rank:
            return
        if total is None and rank == self.rank and unit == self.unit and self.total:
            # Without a total it tells no more than what is known, or one less (counted from 0).
            if current in (self.current, (self.current or 0) - 1):
                return
            total = self.total if current <= self.total else None
        if rank > self.rank or unit != self.unit or total != self.total:
            self.begun_ms = None
        self.rank, self.unit, self.now_ms = rank, unit, timestamp_ms
        self._show(current, total, percent)
        if self.begun_ms is None and self.percent is not None:
            self.begun_ms, self.begun_percent = timestamp_ms, self.percent

    def _show(self, current: float, total: int | None, percent: float | None = None) -> None:
        self.current, self.total = current, total
        if percent is None and total:
            percent = min(100.0, 100.0 * current / total)
        self.percent = percent
