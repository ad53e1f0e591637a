"""`name: number`, `name=number` and `name number` anywhere in a line, read in one pass.

Numbers are looked for, and the name is read backwards from each: a line without numbers costs
next to nothing, and no expression can run away (every repetition is bounded).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from jupyter_sm.logs.names import METRIC, STEP, kind_of, may_accompany, needs_decimals, trimmed

NUMBER = (
    r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,4})?"
    r"|[-+]?(?:[nN][aA][nN]|[iI]nf(?:inity)?|INF)"
)
# tensor(1.2, device=..), np.float64(1.2), (1.2), [1.2], '1.2' are the number within.
_WRAPPED = r"(?:tensor\(|np\.float\d\d\(|array\(|[\"'(\[]){0,2}"
_VALUE = re.compile(rf"([=:]|\s)\s{{0,8}}{_WRAPPED}({NUMBER})(?![\w:]|\.\d|-\d)")
# The name before it, both reversed: `ssol lav` for `val loss`, maybe quoted or with a unit.
_REVERSED_NAME = re.compile(
    r"\s{0,4}(?:\)(\)?[^()]{1,20}(?:\(\w{1,20})?)\((\s?))?[\"'\]]?"
    r"([\w.@/%^'+:-]{1,60}(?: {1,2}[\w.@/%^'+:-]{1,60}){0,4})"
)
_PERCENT_OF = re.compile(r"/\s?\d{1,12} \((\d{1,3}(?:\.\d{1,10})?)\s?%\)")
_OTHER_OF = re.compile(r" ?/ ?\d{1,12}\.\d")
# `Accuracy of the network on the test images`, `AP for cats`: the measure stands first.
_MEASURE_OF = re.compile(r"([A-Za-z][\w@-]{0,30}) (?:of|for|on|over) [\w '\"-]{1,60}\Z")
_UNIT = re.compile(r"\s?(?:s|sec|secs|seconds|ms|us|min|mins|hours|[KMG]i?B|it/s|s/it|bytes)\b")
_BRACKETED_UNITS = frozenset({"s", "ms", "sec", "secs", "seconds", "us", "mb", "gb", "min", "hrs"})
_BACK = 90


class Pair(NamedTuple):
    """A metric's name and its number, as printed, and where in the line the number stands."""

    name: str
    value: str
    begin: int = -1
    end: int = -1


def pairs_in(line: str, has_step: bool = False) -> list[Pair]:
    """The metrics that `line` prints; a learning rate counts beside a metric or a step.

    Beside both, so do decimal numbers of other names.
    """
    pairs: list[Pair] = []
    rates: list[Pair] = []
    others: list[Pair] = []
    end = 0
    for found in _VALUE.finditer(line):
        begin = found.start()
        reversed_name = _REVERSED_NAME.match(line[max(end, begin - _BACK) : begin][::-1])
        end = found.end()
        if reversed_name is None:
            continue
        separator, value = found.groups()
        span = found.span(2)
        unit, gap, backwards = reversed_name.groups()
        if unit is not None and unit[::-1].lower() in _BRACKETED_UNITS:
            continue
        phrase = backwards[::-1]
        if "ew best " in phrase:
            continue  # early stopping repeats a value that was printed before
        # Without `:` or `=` only a measured number after a measure's own name will do.
        is_sentence = separator not in "=:"
        if is_sentence and not _is_measured(value):
            continue
        name = trimmed(phrase, is_sentence=is_sentence)
        kind = kind_of(name)
        if kind is None and not is_sentence:
            of = _MEASURE_OF.search(line[max(0, begin - _BACK) : begin].rstrip())
            if of is not None and kind_of(of[1]) is METRIC:
                name, kind = of[0], METRIC
            elif _is_measured(value) and not _UNIT.match(line, end) and may_accompany(name):
                if unit is not None and not gap:
                    name = f"{name}({unit[::-1]})"
                others.append(Pair(name, value, *span))
                continue
        if kind is None:
            continue
        if is_sentence and kind is METRIC and not _ends_in_measure(name, phrase):
            continue
        if kind is STEP:
            has_step = True
            continue
        is_of = line[end : end + 1] == "/" or line[end : end + 2] == " /"
        if is_of and not (_is_measured(value) and _OTHER_OF.match(line, end)):
            percent = _PERCENT_OF.match(line, end if line[end] == "/" else end + 1)
            if percent is None:
                continue
            value, span = percent[1], percent.span(1)
        elif (needs_decimals(name) and not _is_measured(value)) or _UNIT.match(line, end):
            continue
        (pairs if kind is METRIC else rates).append(Pair(name, value, *span))
    if rates and (pairs or has_step):
        pairs += rates
    return pairs + others if pairs and has_step else pairs


def _is_measured(value: str) -> bool:
    return "." in value or "n" in value or "N" in value or "e-" in value


def _ends_in_measure(name: str, phrase: str) -> bool:
    """Whether the number follows the measure itself, not words after it (`loss exceeds 3.2`)."""
    last = name.rpartition(" ")[2]
    if kind_of(last) is METRIC or name.lower().endswith("square distance"):
        return True
    return phrase.rstrip().endswith((" is", " was", " reached", " of"))


def number(text: str) -> float | None:
    """The number that `text` is, or None."""
    try:
        return float(text)
    except ValueError:
        return None
