"""How far a training is: the outermost of its epochs, steps and bars, and when it may end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jupyter_sm.logs.entries import Progress

# Repetitions are bounded; a count of more than 12 digits counts nothing.
_COUNT = r"(\d{1,12})(?![\d])"
_STEP = re.compile(
    r"(?:(?<![A-Za-z])|(?<=generated training model))"  # the SDK ends its status with no newline
    r"(?<!per )(?<!at )(?<!best )(?<!best_)(?<!every )(?<!each )(?<!scheduler_)"
    r"(epoch|global[_ ]step|step|iteration|iter|round|(?:total_)?timesteps|batch|episode)"
    rf"(?:\(train\))?[\"']?[ =:\[#,(|\u2502]{{0,40}}{_COUNT}(?!\.\d*[1-9])"
    rf"(?:\]? {{0,12}}(?:/|of|out of) {{0,12}}{_COUNT})?",
    re.I,
)
_STEP_WORDS = ("epoch", "step", "iter", "round", "batch", "episode")
_SCANNED = 2_000
# tqdm's: `Epoch 3:  50%|#####     | 5/10 [00:01<00:01, 5.0it/s, loss=0.3]`.
_BAR = re.compile(
    r"([^%|]{0,80}?)(\d{1,3})%\|[^|]{0,400}\|\s{0,9}(\d[\d.]{0,11}[kMGT]?)/(\d[\d.]{0,11}[kMGT]?)(?![\d.])"
    r"(?:\s?\[([^\]]{0,2000}))?"
)
# fastprogress': `Epoch 2/6 : |█████---| 50.00% [5/10 00:01<00:01]`.
_FASTAI_BAR = re.compile(
    r"([^|%]{0,60}?):? ?\|[^|]{0,200}\| (\d{1,3}(?:\.\d{1,6})?)% \[(\d{1,12})/(\d{1,12}) "
)
# Rich's, Lightning's and Keras 3's: `Epoch 1/3  ━━━━━━━ 10/15 0:00:01`, `15/15 ━━━━━ 0s`.
_LINE_BAR = re.compile(r"([^━╸╺]{0,60}?)\s{0,9}[━╸╺]{3,200}\s{1,9}(\d{1,12})/(\d{1,12})")
# Keras: `15/15 [======>...] - ETA: 0s - loss: 0.5`, `500/500 - 97s - loss: 2.4`.
_KERAS_BAR = re.compile(r"\s{0,9}(\d{1,12})/(\d{1,12}) (?:\[[=>.]{3,60}\]|- |━)")
_PERCENT = re.compile(
    r"completed (\d{1,3}(?:\.\d{1,9})?) ?% (?:of )?epochs|Progress: (\d{1,3}(?:\.\d{1,9})?)%"
)
# Boosting rounds: `[80]` and a tab, of which a terminal or a page may have made blanks.
_ROUND = re.compile(
    r"(?:^|[\s:\]])\[(\d{1,9})\](?:\t| {1,8}\w{1,20}[-'][\w' -]{1,30}: ?\d)|^(\d{1,9}):\s{1,4}learn: "
    # Darknet's iterations: ` 404: 27.88, 27.87 avg loss, 0.000072 rate, ...`.
    r"|^\s{0,4}(\d{1,9}): [-\d.na]{1,20}, [-\d.na]{1,20} avg\b"
)
# Epoch and batch at a line's beginning, as PyTorch's GAN example has them: `[24/25][776/782] ...`.
_LEADING = re.compile(r"\[(\d{1,6})/(\d{1,6})\]\[\d{1,9}/\d{1,9}\]")
# Epoch and batch (or just the batch's number) of PyTorch's first tutorial: `[2,  2400] loss: 1.2`.
_TUTORIAL = re.compile(r"\[(\d{1,6}), {1,8}(\d{1,9})\] ")
# ESPnet: `12epoch results: [train] loss=...`.
_EPOCH_RESULTS = re.compile(r"(?<!\d)(\d{1,6})epoch results: ")
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
# Bars of something else than training.
_NOT_TRAINING = re.compile(
    r"(?i)download|upload|extract|valid|sanity|test|eval|predict|infer|load|map\b|\bmap|filter|token"
    r"|generat|fetch|sav(?:e|ing)|running|cast|pars|writ|read|preprocess|scann|cach|build|convert|index"
    r"|importing|shards?|\.(?:json|bin|txt|safetensors|model|zip|gz)|computing|class +images|calculat"
)
_NOT_STEPS = re.compile(r"[kKMG]?i?B/s|ex(?:amples)?/s|ba/s|files?/s|tokens?/s|B\]")

_PACE = re.compile(
    r"(?:it|batch|batches|steps?|epochs?|trials?|iters?|rounds?|episodes?)/s|s/(?:it|batch|step|epoch|trial|iter)"
)

_BY_OUTER, _BY_BATCH = 45, 4
_BY_PERCENT, _BY_EPOCH, _BY_BAR, _BY_TOTAL, _BY_COUNT, _BY_FIELD, _BY_KERAS = (
    50, 40, 30, 28, 20, 10, 5,
)  # fmt: skip


class Bar(NamedTuple):
    """One state of a progress bar; `postfix` is what it prints about itself."""

    label: str
    current: int
    total: int
    percent: float
    is_training: bool
    postfix: str
    is_within: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether it reached its end; Keras's may go past it when a generator gives more."""
        return self.current >= self.total

    @property
    def epoch(self) -> int | None:
        """The epoch that its label names."""
        found = _STEP.search(self.label) if self.label else None
        return int(found[2]) if found and found[1].lower() == "epoch" else None


def bar_in(line: str) -> Bar | None:
    """The bar that `line` draws, if it draws one."""
    if "%|" in line:
        found = _BAR.search(line)
        if found is None:
            return None
        label, postfix = found[1].strip(), found[5] or ""
        current, total = _whole(found[3]), _whole(found[4])
        is_training = (
            not _NOT_TRAINING.search(label)
            and not _NOT_STEPS.search(postfix)
            and ("," not in postfix or _PACE.search(postfix) is not None)
            and found[3][-1].isdigit()
            and found[4][-1].isdigit()
        )
        return Bar(label, current, total, min(100.0, float(found[2])), is_training, postfix)
    if "% [" in line and (found := _FASTAI_BAR.search(line)):
        current, total = int(found[3]), int(found[4])
        label, percent = found[1].strip(), min(100.0, float(found[2]))
        return Bar(label, current, total, percent, bool(label), line[found.end() :])
    if "━" in line or "╺" in line:
        found = _LINE_BAR.match(line)
        if found:
            current, total = int(found[2]), int(found[3])
            percent = min(100.0, 100.0 * current / total) if total else 0.0
            label = found[1].strip()
            is_training = not _NOT_TRAINING.search(label) and " " not in label[:1]
            return Bar(label, current, total, percent, is_training, line[found.end() :])
    if "/" in line[:24]:
        found = _KERAS_BAR.match(line)
        if found:
            current, total = int(found[1]), int(found[2])
            # Within an epoch, whose number stands on a line of its own.
            percent = min(100.0, 100.0 * current / total) if total else 0.0
            return Bar("", current, total, percent, False, line[found.end() :], is_within=True)
    return None


class Step(NamedTuple):
    """Where a line names an epoch or a step: the word, the count's place and its total's."""

    word: str
    begin: int
    end: int
    total_begin: int
    total_end: int


def steps_in(line: str) -> list[Step]:
    """The epochs and steps that `line` names."""
    if line[:1] == "[" and (leading := _LEADING.match(line)):
        return [Step("epoch", *leading.span(1), *leading.span(2))]
    if line[:1] == "[" and (tutorial := _TUTORIAL.match(line)):
        return [
            Step("epoch", *tutorial.span(1), 0, 0),
            Step("batch", *tutorial.span(2), 0, 0),
        ]
    lower = line.lower()
    if not any(word in lower for word in _STEP_WORDS):
        return []
    if "epoch results: " in line and (results := _EPOCH_RESULTS.search(line)):
        return [Step("epoch", *results.span(1), 0, 0)]
    steps = []
    for found in _STEP.finditer(line):
        word = found[1].lower().removeprefix("total_")
        word = "step" if word.startswith("global") else word
        total = found.span(3) if found[3] else (0, 0)
        steps.append(Step(word, *found.span(2), *total))
    return steps


def tells_more(line: str) -> bool:
    """Whether `line` may announce epochs, SageMaker's percentage, or a boosting round."""
    return (
        (("]\t" in line or "]  " in line) and _ROUND.search(line[:120]) is not None)
        or ("%" in line and ("completed " in line or "Progress: " in line))
        or "pochs" in line
        or "POCHS" in line
        or "_epoch" in line
        or "otal optimization steps" in line
        or "learn: " in line
        or (" avg" in line and _ROUND.search(line[:120]) is not None)
    )


def _whole(text: str) -> int:
    digits = text.partition(".")[0].rstrip("kMGT")
    return int(digits) if digits else 0


@dataclass
class ProgressReader:
    """Follows a stream's progress. Its fields are what a saved state holds."""

    current: int | None = None
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
    last_epoch: int = -1
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
        numbered = _STEP.search(bar.label)
        if numbered and numbered[1].lower() == "epoch":
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
                if word == "batch":
                    rank = _BY_BATCH
                self._set(rank, current, total, word, timestamp_ms)
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
        if self.rank < _BY_COUNT or self.unit != "iteration" or current > (self.current or 0):
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
        self, current: int, total: int | None, timestamp_ms: int, rank: int = _BY_EPOCH
    ) -> None:
        if total is None and self.epochs is not None and current <= self.epochs:
            total = self.epochs
        if current != self.last_epoch:
            # A bar that goes on while epochs come and go is the outer one.
            self.bar_is_outer = self.last_epoch >= 0 and 0 < self.bar_current < self.bar_total
            self.last_epoch = current
        self._set(rank, current, total, "epoch", timestamp_ms)

    def _set(
        self, rank: int, current: int, total: int | None, unit: str, timestamp_ms: int,
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

    def _show(self, current: int, total: int | None, percent: float | None = None) -> None:
        self.current, self.total = current, total
        if percent is None and total:
            percent = min(100.0, 100.0 * current / total)
        self.percent = percent
