"""How far a training is: the outermost of its epochs, steps and bars, and when it may end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_sm.logs.bars import Bar
from jupyter_sm.logs.entries import Progress
from jupyter_sm.logs.steps import Step, steps_in

_SCANNED = 2_000
_PERCENT = re.compile(
    r"completed (\d{1,3}(?:\.\d{1,9})?) ?% (?:of )?epochs|Progress: (\d{1,3}(?:\.\d{1,9})?)%"
)
# Boosting rounds: `[80]` and a tab, of which a terminal or a page may have made blanks.
_ROUND = re.compile(
    r"(?:^|[\s:\]])(?<!Batch )\[(\d{1,9})\](?:\t| {1,8}\w{1,20}[-'][\w' -]{1,30}: ?\d)"
    r"|^(\d{1,9}):\s{1,9}learn:? \d"
    # Darknet's iterations: ` 404: 27.88, 27.87 avg loss, 0.000072 rate, ...`.
    r"|^\s{0,4}(\d{1,9}): [-\d.na]{1,20}, [-\d.na]{1,20} avg\b"
)
# Where settings say how many epochs there will be.
_TOTAL = re.compile(
    r"(?:(?:(?:n|num|max|nb|total|num_train)_|Num |\b|_)epochs|(?:num|max|total)_epoch)"
    r"[\"']?\s{0,3}[=:,]\s{0,3}(?:u?[\"'])?(\d{1,6})\b(?!\.\d{0,9}[1-9]|/)"
    r"|(?:rain(?:ing)? for|\bmax:) (\d{1,6}) epochs\b"
    r"|--(?:(?:num|n|max|num[-_]train)[-_])?epochs[ =](\d{1,6})\b",
    re.I,
)
# Hugging Face's announcement of how many steps its bar will count.
_STEPS_AHEAD = re.compile(r"otal optimization steps = (\d{1,9})\b")
_BY_OUTER, _BY_TRIAL, _BY_BATCH = 45, 42, 4
_BY_PERCENT, _BY_EPOCH, _BY_BAR, _BY_TOTAL, _BY_COUNT, _BY_FIELD, _BY_KERAS = (
    50, 40, 30, 28, 20, 10, 5,
)  # fmt: skip


def tells_more(line: str) -> bool:
    """Whether `line` may announce epochs, SageMaker's percentage, or a boosting round."""
    return (
        (("]\t" in line or "]  " in line) and _ROUND.search(line[:120]) is not None)
        or ("%" in line and ("completed " in line or "Progress: " in line))
        or "pochs" in line
        or "POCHS" in line
        or "_epoch" in line
        or "otal optimization steps" in line
        or "learn" in line[:24]
        or (" avg" in line and _ROUND.search(line[:120]) is not None)
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
    steps_ahead: int = 0
    bar_label: str = ""
    bar_total: int = 0
    bar_current: int = 0
    bar_is_outer: bool = False
    last_epoch: float = -1
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
        words = bar.label.strip().strip(":").lower()
        if words in ("epoch", "epochs", "training epochs"):
            # An epoch count that has not moved says less than the bar within it.
            self._set(
                _BY_EPOCH if bar.current else 1, bar.current, bar.total, "epoch", timestamp_ms
            )
            return
        if bar.epoch is not None:
            self.read_steps(bar.label, steps_in(bar.label), timestamp_ms)
            return
        if self.steps_ahead and bar.total == self.steps_ahead and not bar.label:
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

    def read_line(self, line: str, timestamp_ms: int) -> tuple[int | None, int | None]:
        """Epoch and step (or boosting round) of a line that is no bar."""
        if len(line) > _SCANNED:
            line = line[:_SCANNED]
        if tells_more(line):
            self.read_total(line)
            self.read_percent(line, timestamp_ms)
            count = self.read_round(line, timestamp_ms)
            if count is not None:
                return None, count
        return self.read_steps(line, steps_in(line), timestamp_ms)

    def read_steps(
        self, line: str, steps: Sequence[Step], timestamp_ms: int
    ) -> tuple[int | None, int | None]:
        """Epoch and step that `line` names; take the outermost as progress."""
        epoch = step = None
        for word, begin, end, total_begin, total_end in steps:
            if word == "part":
                part = float(line[begin:end])
                self._epoch(int(part) if part.is_integer() else part, None, timestamp_ms, _BY_FIELD)
                continue
            current = int(line[begin:end])
            total = int(line[total_begin:total_end]) if total_end else None
            before = line[begin - 1]
            if word == "epoch":
                if epoch is not None:
                    continue
                epoch = current
                # `'epoch': 1.0` or `epoch=1` among metrics: a bar tells more, where there is one.
                is_field = total is None and (
                    before == "=" or line[end : end + 1] == "." or line[:3] == ":::"
                )
                if is_field and before == "=" and not self.epochs:
                    continue  # it says where the metrics belong, not how far it is
                self._epoch(current, total, timestamp_ms, _BY_FIELD if is_field else _BY_EPOCH)
            elif step is None:
                step = current
                if total is None and before == "=" and word != "episode":
                    continue
                rank = _BY_COUNT if total is None else _BY_TOTAL
                rank = {"batch": _BY_BATCH, "trial": _BY_TRIAL, "progress": _BY_PERCENT}.get(
                    word, rank
                )
                unit = "step" if word == "progress" else word
                self._set(rank, current, total, unit, timestamp_ms)
        return epoch, step

    def read_epoch(self, current: int, total: int | None, timestamp_ms: int) -> None:
        """Take an epoch that a table or a JSON line tells."""
        self._epoch(current, total, timestamp_ms)

    def read_count(self, current: int, timestamp_ms: int) -> None:
        """Take a step that a table's row tells."""
        self._set(_BY_COUNT, current, None, "step", timestamp_ms)

    def read_percent(self, line: str, timestamp_ms: int) -> bool:
        """Take SageMaker's `#progress_metric`; True if `line` is one."""
        found = _PERCENT.search(line)
        if found is None:
            return False
        percent = min(100.0, float(found[1] or found[2]))
        self._set(_BY_PERCENT, int(percent), 100, "percent", timestamp_ms, percent)
        return True

    def read_round(self, line: str, timestamp_ms: int) -> int | None:
        """The boosting round that begins `line`, XGBoost's and CatBoost's way."""
        found = _ROUND.search(line[:120])
        if found is None:
            return None
        current = int(found[1] or found[2] or found[3])
        # The best round is printed again at the end; a second training counts anew.
        if (
            self.rank < _BY_COUNT
            or self.unit != "iteration"
            or current > (self.current or 0)
            or (current == 0 and found[2])
        ):
            self._set(_BY_COUNT, current, None, "iteration", timestamp_ms)
        return current

    def read_total(self, line: str) -> None:
        """How many epochs a setting announces, or steps a trainer does."""
        if "optimization steps" in line and (ahead := _STEPS_AHEAD.search(line)):
            self.steps_ahead = int(ahead[1])
            return
        found = _TOTAL.search(line)
        if found:
            self.epochs = int(found[1] or found[2] or found[3]) or None
            if self.unit == "epoch" and self.total is None and self.current is not None:
                self._show(self.current, self.epochs)

    def _epoch(
        self, current: float, total: int | None, timestamp_ms: int, rank: int = _BY_EPOCH
    ) -> None:
        if total is None and self.epochs is not None and current <= self.epochs:
            total = self.epochs
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
