"""Which epochs, steps, batches and episodes a line names, and where its numbers stand."""

from __future__ import annotations

import re
from typing import NamedTuple

# Repetitions are bounded; a count of more than 12 digits counts nothing.
_COUNT = r"(\d{1,12})(?![\d])"
STEP = re.compile(
    r"(?:(?<![A-Za-z])|(?<=generated training model))"  # the SDK ends its status with no newline
    r"(?<!per )(?<!at )(?<!best )(?<!best_)(?<!every )(?<!each )(?<!scheduler_)(?<!from )"
    r"(epoch|global[_ ]step|step|iteration|iter|round|(?:total_)?timesteps|batch|episode)"
    rf"(?:\(train\))?[\"']?[ =:\[#,(|\u2502]{{0,40}}{_COUNT}(?!\.\d*[1-9])"
    rf"(?:\]? {{0,12}}(?:/|of|out of) {{0,12}}{_COUNT})?",
    re.I,
)
_STEP_WORDS = ("epoch", "step", "iter", "round", "batch", "episode", "trial", "progress: ")
# Optuna's trials, and only its own words: a `trial` may be anything.
_TRIAL = re.compile(r"\bTrial (\d{1,9}) (?:finished|pruned|failed)|\bFinished trial ?#(\d{1,9})")
# MMF: `progress: 2300/22000, train/loss: ...`.
_PROGRESS = re.compile(r"\bprogress: (\d{1,12})/(\d{1,12})\b")
# Epoch and batch at a line's beginning, as PyTorch's GAN example has them: `[24/25][776/782] ...`.
_LEADING = re.compile(r"\[(\d{1,6})/(\d{1,6})\]\[\d{1,9}/\d{1,9}\]")
# Epoch and batch (or just the batch's number) of PyTorch's first tutorial: `[2,  2400] loss: 1.2`.
_TUTORIAL = re.compile(r"\[(\d{1,6}), {1,8}(\d{1,9})\] ")
# ESPnet: `12epoch results: [train] loss=...`.
_EPOCH_RESULTS = re.compile(r"(?<!\d)(\d{1,6})epoch results: ")
# Hugging Face's trainer tells parts of an epoch: `'epoch': 0.58`.
_EPOCH_PART = re.compile(r"['\"]epoch['\"]: ['\"]?(\d{1,6}\.\d{1,9})")


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
    if "rial" in line and (trial := _TRIAL.search(line)):
        return [Step("trial", *trial.span(1 if trial[1] else 2), 0, 0)]
    if "progress: " in line and (progress := _PROGRESS.search(line)):
        return [Step("progress", *progress.span(1), *progress.span(2))]
    if "epoch" in line and (part := _EPOCH_PART.search(line)):
        steps = [Step("part", *part.span(1), 0, 0)]
    else:
        steps = []
    for found in STEP.finditer(line):
        if steps and found[1].lower() == "epoch":
            continue
        word = found[1].lower().removeprefix("total_")
        word = "step" if word.startswith("global") else word
        total = found.span(3) if found[3] else (0, 0)
        steps.append(Step(word, *found.span(2), *total))
    return steps
