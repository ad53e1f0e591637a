"""Progress bars: tqdm's, fastprogress', Rich's, Keras's, and which of them count a training."""

from __future__ import annotations

import re
from typing import NamedTuple

from jupyter_sm.logs.counters import EPOCH, counters_in, counts_of

# tqdm's: `Epoch 3:  50%|#####     | 5/10 [00:01<00:01, 5.0it/s, loss=0.3]`.
_BAR = re.compile(
    r"([^%|]{0,80}?)(\d{1,3})%\|[^|]{0,400}\|\s{0,9}(\d[\d.]{0,11}[kMGT]?)/(\d[\d.]{0,11}[kMGT]?)(?![\d.])"
    r"(?:\s?\[([^\]]{0,2000})\]?)?"
)
# The same where there was no room for a bar: `100% 8/8 [00:11<00:00,  1.40s/it]`.
_NARROW_BAR = re.compile(
    r"([^%|]{0,80}?)(\d{1,3})% (\d{1,12})/(\d{1,12}) \[(\d\d:[^\]]{0,2000})\]?"
)
# fastprogress': `Epoch 2/6 : |█████---| 50.00% [5/10 00:01<00:01]`.
_FASTAI_BAR = re.compile(
    r"([^|%]{0,60}?):? ?\|[^|]{0,200}\| (\d{1,3}(?:\.\d{1,6})?)% \[(\d{1,12})/(\d{1,12}) "
)
# Rich's, Lightning's and Keras 3's: `Epoch 1/3  ━━━━━━━ 10/15 0:00:01`, `15/15 ━━━━━ 0s`.
_LINE_BAR = re.compile(r"([^━╸╺]{0,60}?)\s{0,9}[━╸╺]{3,200}\s{1,9}(\d{1,12})/(\d{1,12})")
# Keras: `15/15 [======>...] - ETA: 0s - loss: 0.5`, `500/500 - 97s - loss: 2.4`.
_KERAS_BAR = re.compile(r"\s{0,9}(\d{1,12})/(\d{1,12}) (?:\[[=>.]{3,60}\]|- |━)")
# YOLO's row before its bar: `1/100  3.51G  1.218 ...  640:  2%|`.
_ROW = re.compile(r"\s{0,9}(\d{1,6}/\d{1,6})\s{2,9}\d")
# Bars of something else than training.
_NOT_TRAINING = re.compile(
    r"(?i)download|upload|extract|valid|\bval\b|sanity|test|eval|predict|infer|load|map\b|\bmap|filter|token"
    r"|generat|fetch|sav(?:e|ing)|running|cast|pars|writ|read|preprocess|scann|cach|build|convert|index"
    r"|importing|shards?|\.(?:json|bin|txt|safetensors|model|zip|gz)|computing|class +images|calculat"
)
_NOT_STEPS = re.compile(r"[kKMG]?i?B/s|ex(?:amples)?/s|ba/s|files?/s|tokens?/s|B\]")

_TESTS = re.compile(r"\b(?:val|valid|validation|test|eval)\b", re.I)
_WHOLE = re.compile(r"\b(?:training progress|overall|total progress)\b", re.I)
_DIGITS = re.compile(r"\d+")
_EPOCHS = ("epoch", "epochs", "training epochs")
_PACE = re.compile(
    r"(?:it|batch|batches|steps?|epochs?|trials?|iters?|rounds?|episodes?)/s|s/(?:it|batch|step|epoch|trial|iter)"
)


class Bar(NamedTuple):
    """One state of a progress bar; `postfix` is what it prints about itself."""

    label: str
    current: int
    total: int
    percent: float
    is_training: bool
    postfix: str
    is_within: bool = False
    # What the line says behind the bar: a dict, say.
    behind: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it reached its end; Keras's may go past it when a generator gives more."""
        return self.current >= self.total

    @property
    def epoch(self) -> int | None:
        """The epoch that its label names."""
        counts = counts_of(self.label, counters_in(self.label)) if self.label else ()
        return next((int(n) for counter, n, _ in counts if counter.word == EPOCH), None)

    @property
    def kind(self) -> str:
        """What its label says but for numbers: the same for the bars of all epochs."""
        return _DIGITS.sub("", self.label)

    @property
    def tests(self) -> str:
        """What it tests the model on, if it does: `val`, `test`."""
        found = _TESTS.search(self.label)
        return found[0].lower() if found else ""

    @property
    def counts_all(self) -> bool:
        """Whether its label says that it is the whole training's."""
        return _WHOLE.search(self.label) is not None

    @property
    def counts_epochs(self) -> bool:
        """Whether it moves once an epoch."""
        return self.label.strip(" :").lower() in _EPOCHS


def bar_in(line: str) -> Bar | None:
    """The bar that `line` draws, if it draws one."""
    if "%|" in line or "% " in line[:90]:
        found = _BAR.search(line) if "%|" in line else _NARROW_BAR.match(line)
        if found is None:
            return _other_bar(line)
        row = _ROW.match(line)
        label = f"epoch {row[1]}" if row else found[1].strip()
        postfix = found[5] or ""
        current, total = _whole(found[3]), _whole(found[4])
        is_training = (
            not _NOT_TRAINING.search(label)
            and not _NOT_STEPS.search(postfix)
            and ("," not in postfix or _PACE.search(postfix) is not None)
            and found[3][-1].isdigit()
            and found[4][-1].isdigit()
        )
        percent = min(100.0, float(found[2]))
        behind = line[found.end() :] if found[5] else ""
        return Bar(label, current, total, percent, is_training, postfix, behind=behind)
    return _other_bar(line)


def _other_bar(line: str) -> Bar | None:
    """A bar that is none of tqdm's."""
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


def _whole(text: str) -> int:
    digits = text.partition(".")[0].rstrip("kMGT")
    return int(digits) if digits else 0
