"""Which epochs, steps, batches and episodes a line counts, and where the numbers stand.

A counter is what a line begins with (`[049500/50000]`, `[101]:`) or names (`step 12/100`,
`'epoch': 0.06`), in this order. What is only a size (`batch 16` at the end of a line) is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

EPOCH, STEP, BATCH, ROUND, TRIAL = "epoch", "step", "batch", "iteration", "trial"
PART, PROGRESS, LEADING = "part", "progress", "leading"

# Repetitions are bounded; a count of more than 12 digits counts nothing.
_COUNT = r"(\d{1,3}(?:,\d{3}){1,3}|\d{1,12})(?![\dkKMB]|,\d{3})"
_OF = rf"(?:\]? {{0,12}}(?:/|of|out of) {{0,12}}{_COUNT})?"
WORDS = (
    r"epoch[ea]?|epch|[eé]po(?:ca|que)|epok|global[_ ]?step|num_updates|step|iteration|iter"
    r"|iteraci[oó]n|it[eé]ration|round|(?:total_)?(?:num_)?(?:env_|time)steps|update|batch|mini-?batch"
    r"|episode|generation|attempt|schritt|paso|passo|[eé]tape|up\.|ep"
)
NAMED = re.compile(
    r"(?:(?<![A-Za-z])|(?<=generated training model))"  # the SDK ends its status with no newline
    rf"({WORDS})(?:\(train\))?[\"']?[ =:\[#,(|\u2502]{{0,40}}[\"']?{_COUNT}(?!\.\d*[1-9]){_OF}",
    re.I,
)
# Behind these a word counts nothing: `every step 10`, `max_iter: 100`, `best epoch 3`.
_NOT_BEHIND = (
    "per ", "at ", "best ", "best_", "every ", "each ", "scheduler_", "from ", "after ", "max_", "min_",
    "num_", "n_", "warmup_", "per_", "every_", "max ", "num ", "warmup ",
)  # fmt: skip
# What tells CatBoost's rounds from others: a second training of it begins with 0 again.
TREE = "tree"
# In scripts without blanks between words: `第 3/10 轮`, `迭代 100`, `エポック 3`, `эпоха 3`.
_FOREIGN = re.compile(
    r"(эпох[аи]|шаг|итерация|轮次|轮数|训练轮|周期|步数|步骤|迭代(?:次数)?|エポック|ステップ|에[폭포]크?|스텝|반복)"
    rf"[ :：=\[(#]{{0,6}}{_COUNT}(?!\.\d){_OF}|第 ?{_COUNT}{_OF} ?(轮|步|次|代|期|个epoch)",
    re.I,
)
_FOREIGN_STEPS = ("ш", "и", "步", "迭", "ス", "스", "반", "次")
_KINDS = {"e": EPOCH, "é": EPOCH, "b": BATCH, "m": BATCH}
# `Score at iteration 100 is 0.69`, `12epoch results`, `3 epoch, loss: 0.5`.
_AT = re.compile(rf"\b(?:at|after) (iteration|step|epoch) {_COUNT}(?: is| ?:|,)", re.I)
_BEFORE = re.compile(r"(\d{1,9})(?:st|nd|rd|th)? ?(epoch|iteration|step)\b", re.I)
# Optuna's trials, and only its own words: a `trial` may be anything.
_TRIAL = re.compile(r"\bTrial (\d{1,9}) (?:finished|pruned|failed)|\bFinished trial ?#(\d{1,9})")
# MMF: `progress: 2300/22000, train/loss: ...`.
_PROGRESS = re.compile(r"\bprogress: (\d{1,12})/(\d{1,12})\b")
# Parts of an epoch, as Hugging Face's trainer tells them: `'epoch': 0.58`.
_PART = re.compile(r"\bepo?ch['\"]? ?[:=] ?['\"]?(\d{1,6}\.\d{1,9})")
# What stands in brackets right behind an epoch is within it: `Epoch: [0][100/127]`.
_WITHIN = re.compile(r"\]?[:,]? {0,4}[\[(] {0,8}(\d{1,12})(?:/| ?/ {0,8})(\d{1,12})(?!\d)")
_WITHIN_ALONE = re.compile(r"\]\[(\d{1,12})\]")
# What a line begins with, once date, level and logger are taken off.
_LEADING = re.compile(
    r"(?:(?:train|test|val|eval)[a-z]{0,7}:? ?)?\[ {0,9}(?P<a>\d{1,12}) ?/ {0,8}(?P<b>\d{1,12})\]"
    r"(?:\[(?P<c>\d{1,9})/(?P<d>\d{1,9})\])?"
    r"|\[(?P<e>\d{1,9})\]\[ {0,9}(?P<f>\d{1,12}) ?/ {0,8}(?P<g>\d{1,12})\]"
    r"|\[(?P<h>\d{1,6}), {1,8}(?P<i>\d{1,9})\] "
    r"|\[ {1,9}(?P<o>\d{1,12}) (?=[A-Z])"
    r"|\( {0,9}(?P<j>\d{1,12})/ {0,8}(?P<k>\d{1,12})\)"
    r"|Train(?:ing)?: (?P<l>\d{1,9}) \[ {0,9}(?P<m>\d{1,12})/ {0,8}(?P<n>\d{1,12}) ",
    re.I,
)
_PREFIXES = (
    r"[\[(]?\d{2,4}[-/]\d\d[-/]\d\d[T ]{1,2}\d\d:\d\d:\d\d(?:[.,:]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?[\])]?:?",
    r"[\[(]?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?[\])]?",
    r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,6}\d{1,9} [\w.]{1,60}:\d{1,6}\]",
    r"\[?(?:INFO|DEBUG|WARNING|WARN|ERROR)\]?(?::[\w.]{1,60})?:?",
    r"\([\w ]{1,40}pid=\d{1,9}(?:, ip=[\d.]{1,20})?\)",
    r"\[(?:[A-Za-z][\w.]{0,60}(?::\d{1,6})?(?::\w{1,40})?|[Rr]ank -?\d{1,5})\]",
    r"\| (?:INFO|DEBUG|WARNING|ERROR|SUCCESS) {0,6}\| [\w.]{1,80}:[\w<>]{1,60}:\d{1,6}(?= - )",
    r"[\w.]{1,80}(?= - )",
    r"[|:>-]{1,3}",
)
_PREFIX = re.compile(rf"(?:(?:{'|'.join(_PREFIXES)}) {{0,4}}){{1,8}}")
# Boosting rounds: `[80]` and a tab, of which a terminal or a page may have made blanks.
_ROUND = re.compile(
    r"(?:^|[\s:\]])(?<!Batch )\[(\d{1,9})\](?::?\t|: {0,8}(?=\w)| {1,8}\w{1,20}[-'][\w' -]{1,30}: ?\d)"
    # CatBoost's, and Darknet's: ` 404: 27.88, 27.87 avg loss, 0.000072 rate, ...`.
    r"|^(\d{1,9}):\s{1,9}(?:learn|test\d?|best):? [-\d]"
    r"|^\s{0,4}(\d{1,9}): [-\d.na]{1,20}, [-\d.na]{1,20} avg\b"
)
_OPENS = frozenset("[(TVEtve")
_LEADS = frozenset("0123456789[(IWEFD|-:abcdefghijklmnopqrstuvwxyz")
_HINTS = (
    "epoch", "epch", "step", "iter", "round", "batch", "episode", "trial", "progress: ", "poca", "poque",
    "epok", "update", "ep:", "ep=", "ep ", "schritt", "paso", "passo", "tape", "up.", "attempt", "generation",
)  # fmt: skip
_VALUE = re.compile(r"[=:] ?\d")
_REWARDED = re.compile(r"reward|return|score", re.I)
_LETTERS = re.compile(r"[\W\d]+")
_TESTS = re.compile(r"\b(?:test|val|valid|validation|eval|evaluating|evaluation)\b", re.I)


class Counter(NamedTuple):
    """What a line counts, where the count stands, and where its total; 0 where there is none.

    `what` tells counters of one word apart by the text before them. `by` is what makes one a
    field among others: `=` before it, or a point behind it.
    """

    word: str
    begin: int = 0
    end: int = 0
    total_begin: int = 0
    total_end: int = 0
    what: str = ""
    is_test: bool = False
    by: str = ""


# A counter's value in one line, and its total.
Count = tuple[Counter, float, "int | None"]


def body_of(line: str) -> int:
    """Where a line begins that date, level and logger are taken off."""
    found = _PREFIX.match(line) if line[:1] in _LEADS else None
    return found.end() if found else 0


def counters_in(line: str) -> list[Counter]:
    """The counters of `line`, its own first."""
    return [_told_apart(line, counter) for counter in _all(line)]


def counts_of(line: str, counters: Iterable[Counter]) -> list[Count]:
    """What these counters say in a line."""
    return [
        (
            counter,
            _number(line[counter[1] : counter[2]]),
            int(_number(line[counter[3] : counter[4]])) if counter[4] else None,
        )
        for counter in counters
    ]


def _number(printed: str) -> float:
    try:
        return int(printed)
    except ValueError:
        return int(printed.replace(",", "")) if "," in printed else float(printed)


def _told_apart(line: str, counter: Counter) -> Counter:
    begin, end = counter.begin, counter.end
    before = line[max(0, begin - 40) : begin]
    by = ""
    if not counter.total_end:
        # MLPerf's lines are records of their own.
        is_point = line[end : end + 1] == "." or line[:3] == ":::"
        by = "=" if line[begin - 1] == "=" else "." if is_point else ""
    return counter._replace(
        what=counter.what or f"{counter.word} {_LETTERS.sub('', before)[-24:]}",
        is_test=_TESTS.search(before) is not None,
        by=by,
    )


def _all(line: str) -> list[Counter]:
    if ("]" in line or ":\t" in line or " avg" in line or "learn" in line[:24]) and (
        found := _ROUND.search(line, 0, 120)
    ):
        return [Counter(ROUND, *found.span(found.lastindex or 1), what=TREE if found[2] else "")]
    body = body_of(line)
    counters = _leading(line, body)
    if counters and counters[0].word == EPOCH:
        return counters
    lower = line.lower()
    if any(hint in lower for hint in _HINTS):
        counters += _named(line, body, is_alone=not counters)
    elif not line.isascii():
        counters += _foreign(line)
    return counters


def _leading(line: str, begin: int) -> list[Counter]:
    while line[begin : begin + 1] in (" ", "\t"):
        begin += 1
    if line[begin : begin + 1] not in _OPENS:
        before = _BEFORE.match(line, begin)
        if before is None:
            return []
        return [Counter(_word(before[2]), *before.span(1))]
    found = _LEADING.match(line, begin)
    if found is None:
        return []
    group = found.lastgroup
    if group == "b":
        return [Counter(LEADING, *found.span("a"), *found.span("b"))]
    if group == "o":
        return [Counter(LEADING, *found.span("o"))]
    if group == "k":
        return [Counter(LEADING, *found.span("j"), *found.span("k"))]
    if group == "d":
        epoch = Counter(EPOCH, *found.span("a"), *found.span("b"))
        return [epoch, Counter(BATCH, *found.span("c"), *found.span("d"))]
    if group == "i":
        return [Counter(EPOCH, *found.span("h")), Counter(BATCH, *found.span("i"))]
    first, second, total = ("e", "f", "g") if group == "g" else ("l", "m", "n")
    epoch = Counter(EPOCH, *found.span(first))
    return [epoch, Counter(BATCH, *found.span(second), *found.span(total))]


def _named(line: str, begin: int, *, is_alone: bool) -> list[Counter]:
    if "rial" in line and (trial := _TRIAL.search(line)):
        return [Counter(TRIAL, *trial.span(1 if trial[1] else 2))]
    if "progress: " in line and (progress := _PROGRESS.search(line)):
        return [Counter(PROGRESS, *progress.span(1), *progress.span(2))]
    counters: list[Counter] = []
    if ("epoch" in line or "epch" in line) and (part := _PART.search(line)):
        counters.append(Counter(PART, *part.span(1)))
    for found in NAMED.finditer(line, begin):
        if line[max(0, found.start() - 10) : found.start()].lower().endswith(_NOT_BEHIND):
            continue
        word = _word(found[1])
        if found[1].lower() == "ep" and _REWARDED.search(line):
            word = "episode"
        if word == EPOCH and counters and counters[0].word == PART:
            continue
        if word == BATCH and not _counts_batches(found, counters, is_alone=is_alone):
            continue  # a size
        counters.append(Counter(word, *found.span(2), *(found.span(3) if found[3] else (0, 0))))
        if word == EPOCH and (within := _within(line, found.end())):
            counters.append(within)
    if not counters and is_alone and (at := _AT.search(line)):
        counters.append(Counter(_word(at[1]), *at.span(2)))
    return counters


def _counts_batches(found: re.Match[str], counters: list[Counter], *, is_alone: bool) -> bool:
    """Whether a `batch` counts: of a total, right behind an epoch, or at the line's beginning."""
    if found[3] or (counters and counters[-1].word == EPOCH):
        return True
    return is_alone and not counters and not _VALUE.search(found.string, 0, found.start())


def _within(line: str, end: int) -> Counter | None:
    if found := _WITHIN.match(line, end):
        return Counter(BATCH, *found.span(1), *found.span(2))
    if found := _WITHIN_ALONE.match(line, end):
        return Counter(BATCH, *found.span(1))
    return None


def _foreign(line: str) -> list[Counter]:
    counters = []
    for found in _FOREIGN.finditer(line):
        word, at, of = (found[1], 2, 3) if found[1] else (found[6], 4, 5)
        kind = STEP if word.lower().startswith(_FOREIGN_STEPS) else EPOCH
        counters.append(Counter(kind, *found.span(at), *(found.span(of) if found[of] else (0, 0))))
    return counters


def _word(printed: str) -> str:
    """A counter's own word: languages and forms of one thing are one."""
    word = printed.lower()
    if word.startswith("episode"):
        return "episode"
    if word in ("étape", "etape"):
        return STEP
    if word.startswith("env"):
        return "timesteps"
    kind = _KINDS.get(word[0])
    if kind is not None:
        return kind
    if "timestep" in word:
        return "timesteps"
    if word.startswith(("iter", "it")):
        return "iter" if word.startswith("iters") or word == "iter" else ROUND
    if word.startswith(("global", "num", "step", "schritt", "pas", "up")):
        return STEP
    return word
