"""`name: number`, `name=number` and `name number` anywhere in a line, read in one pass.

Numbers are looked for, and the name is read backwards from each: a line without numbers costs
next to nothing, and no expression can run away (every repetition is bounded).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from jupyter_sm.logs.counters import body_of
from jupyter_sm.logs.names import (
    ASIDE,
    METRIC,
    OTHER,
    RATE,
    SPEED,
    STEP,
    WEAK,
    kind_of,
    needs_decimals,
    trimmed,
)
from jupyter_sm.logs.speed import unit_behind

NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)(?:\.\d{1,40})?|\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})"
    r"(?:[eE][-+]?\d{1,4})?|[-+]?(?:[nN][aA][nN]|[iI]nf(?:inity)?|INF)"
)
# tensor(1.2, device=..), np.float64(1.2), (1.2), [1.2], '1.2' are the number within.
_WRAPPED = r"(?:tensor\(|np\.float\d\d\(|array\(|[\"'(\[]){0,2}"
_VALUE = re.compile(
    rf"([=:：＝]|\s)\s{{0,20}}{_WRAPPED}({NUMBER})(?!(?!dB\b)[\w:]|\.\d|-\d| ?= ?[-\d])"
)
# The same where a unit is glued to the number: `5.0it/s`, `823.1MB`.
_GLUED = re.compile(rf"([=:]|\s|^)\s{{0,4}}({NUMBER})(?=[a-zA-Z])")
_ELEMENT = rf"{_WRAPPED}(?:{NUMBER})\)?"
_LIST = re.compile(
    rf"[=:]?\s{{0,4}}\[ ?({_ELEMENT}(?:(?:,\s{{0,4}}|\s{{1,4}}){_ELEMENT}){{1,64}}) ?\]"
)
_NUMBER = re.compile(NUMBER)
# The name before it, both reversed: `ssol lav` for `val loss`, maybe quoted or with a unit.
_REVERSED_NAME = re.compile(
    r"\s{0,4}(?:\)(\)?[^()]{1,20}(?:\(\w{1,20})?)\((\s?))?[\"'\]]?"
    r"([\w.@/%^'+:-]{1,60}(?: {1,2}[\w.@/%^'+:-]{1,60}){0,4})"
)
_PERCENT_OF = re.compile(r"/\s?\d{1,12} \((\d{1,3}(?:\.\d{1,10})?)\s?%\)")
_OTHER_OF = re.compile(r" ?/ ?\d{1,12}\.\d")
# `Accuracy of the network on the test images`, `AP for cats`: the measure stands first.
_MEASURE_OF = re.compile(r"([A-Za-z][\w@-]{0,30}) (?:of|for|on|over) [\w '\"-]{1,60}\Z")
# The value stands first: `, 27.87 avg loss,`, `0.93 accuracy`.
_BEHIND = re.compile(r"[%]? ([A-Za-z][A-Za-z_ ]{2,40}?)(?=\s{0,3}(?:[,;|)]|\Z))")
# What is counted, in the midst of a sentence.
_COUNTED = re.compile(r" (?:at|after|on|in|for) (?:iteration|step|epoch|round) \d{1,12}(?= |\Z)")
# `Avg reward, last 100 episodes`
_WINDOW = re.compile(r",? \(?(?:(?:of|over|in|for) )?(?:the )?last \d{1,9} [a-z]{2,20}\)?\Z")
_COUNTING = ("iteration", "step", "epoch", "round")
_UNIT = re.compile(r"\s?(?:s|sec|secs|seconds|ms|us|min|mins|hours|h|[KMGT]i?B|bytes|[KMBGT])\b")
_BRACKETED_UNITS = frozenset({"s", "ms", "sec", "secs", "seconds", "us", "mb", "gb", "min", "hrs"})
# Which data the numbers behind it are of: `Val - CE: 0.02`, `train: loss=0.5 | val: loss=0.6`.
_WHO = re.compile(
    r"(?<![\w/.-])(train|training|val|valid|validation|test|testing|eval|evaluation|dev)"
    r"(?: set)?\s{0,4}(?:[\]:|>)](?= |\Z)|- )",
    re.I,
)
_TOLD = re.compile(r"train|val|test|eval|dev", re.I)
_TOLD_FIRST = re.compile(
    r"((?:train|training|val|valid|validation|test|testing|eval|dev)[_ -])(?=\w)", re.I
)
_LEAD = re.compile(r"[^\W\d_][\w./@%-]{0,30}(?: [\w./@%-]{1,30}){0,2}\Z")
_BREAKS = re.compile(r"[|,;\t]|\s{2,}| - |: |[(\[{]\Z")
_SEPARATORS = "=:：＝"
_BACK = 90


class Pair(NamedTuple):
    """A name and its number, as printed, and where in the line the number stands."""

    name: str
    value: str
    begin: int = -1
    end: int = -1
    kind: str = METRIC


def pairs_in(line: str, has_step: bool = False) -> list[Pair]:
    """The metrics that `line` prints, by their names and what stands beside them."""
    return chosen(items_in(line), has_step=has_step)[0]


def chosen(
    items: Sequence[Pair], *, has_step: bool, has_begun: bool = False
) -> tuple[list[Pair], list[Pair]]:
    """Which of a line's numbers are metrics, and which may be, should the line repeat itself.

    A learning rate counts beside a metric or a step, or once training has begun; beside both a
    metric and a step so do decimal numbers of names that say nothing.
    """
    has_metric = any(item.kind == METRIC for item in items)
    taken: list[Pair] = []
    rest: list[Pair] = []
    for item in items:
        kind = item.kind
        is_one = (
            kind == METRIC
            or (kind == RATE and (has_metric or has_step or has_begun))
            or (kind == SPEED and (has_metric or has_step))
            or (kind == WEAK and has_step)
            or (kind == OTHER and has_metric and has_step and is_measured(item.value))
        )
        if is_one:
            taken.append(item)
        elif kind != ASIDE:
            rest.append(item)
    return taken, rest


def items_in(line: str) -> list[Pair]:
    """All numbers of `line` that have a name, metrics or not."""
    items: list[Pair] = []
    # Where the last number ended, and the last one that was no count of steps.
    end = told = 0
    whose = [(found.end(), found[1]) for found in _WHO.finditer(line, body_of(line))]
    for found in _VALUE.finditer(line):
        begin = found.start()
        if begin < end:
            continue
        # `Score at iteration 100 is 0.69`: the name may stand before the count.
        floor = end if found[1] in _SEPARATORS and line[end:begin].strip() else told
        back = line[max(floor, begin - _BACK) : begin]
        if any(word in back for word in _COUNTING):
            back = _COUNTED.sub("", back)
        item = _item(line, found, back)
        if item is None and found[2].isdigit():
            continue  # maybe it is part of a name: `reward of the last 100 episodes`
        end = found.end()
        if item is not None and item.kind == STEP:
            continue
        told = end
        if item is None:
            continue
        if item.kind == SPEED and (unit := unit_behind(line, end)):
            end = told = unit.end()
        if "[" in line[begin : found.start(2)] and (several := _LIST.match(line, begin)):
            if item.kind == METRIC:
                items += _elements(several, _lead_of(back) or item.name)
            end = told = several.end()
            continue
        if whose and item.kind in (METRIC, OTHER):
            item = _told_whose(item, whose)
        items.append(item)
    if "/s" in line or "B" in line or "s/" in line:
        items += _glued(line, items)
    return _told_apart(items)


def _told_whose(item: Pair, whose: Sequence[tuple[int, str]]) -> Pair:
    who = next((who for at, who in reversed(whose) if at <= item.begin), "")
    has_none = bool(who) and not _TOLD.search(item.name)
    return item._replace(name=f"{who} {item.name}") if has_none else item


def _told_apart(items: list[Pair]) -> list[Pair]:
    """Numbers behind one of the training's, or a test's, are of the same data.

    That is so in a line that names one such data first (`val Loss: 0.5, Acc: 0.9`), and for a
    name that stands twice.
    """
    names = [item.name for item in items]
    tolds = [_TOLD_FIRST.match(name) for name in names]
    data = {told[1].lower() for told in tolds if told}
    is_of_one = len(data) == 1 and tolds[0] is not None
    if not is_of_one and len(set(names)) == len(names):
        return items
    apart, who = [], ""
    for item, told in zip(items, tolds, strict=True):
        who = told[1] if told else who
        belongs = names.count(item.name) > 1 or (is_of_one and item.kind == METRIC)
        is_told = told is None and belongs and who
        apart.append(item._replace(name=f"{who}{item.name}") if is_told else item)
    return apart


def _elements(several: re.Match[str], name: str) -> list[Pair]:
    """A list's numbers, each a series."""
    at = several.start(1)
    numbers = [
        n for n in _NUMBER.finditer(several[1]) if not several[1][: n.start()].endswith("float")
    ]
    return [
        Pair(f"{name} ({place})", n[0], at + n.start(), at + n.end())
        for place, n in enumerate(numbers)
    ]


def _glued(line: str, items: Sequence[Pair]) -> list[Pair]:
    """Numbers with a unit of speed or memory glued to them."""
    found = []
    known = {item.begin for item in items}
    for glued in _GLUED.finditer(line):
        unit_found = unit_behind(line, glued.end(2))
        if unit_found is None or glued.start(2) in known:
            continue
        unit = unit_found[1]
        name = _name_before(line[max(0, glued.start() - _BACK) : glued.start()])
        if "/" not in unit and kind_of(name) != SPEED:
            continue
        name = name if kind_of(name) == SPEED else unit
        found.append(Pair(name, glued[2], *glued.span(2), SPEED))
    return found


def _name_before(back: str) -> str:
    reversed_name = _REVERSED_NAME.match(back[::-1])
    return trimmed(reversed_name[3][::-1], is_sentence=False) if reversed_name else ""


def _item(line: str, found: re.Match[str], back: str) -> Pair | None:
    """What one number is, by the name before it, or behind it."""
    separator, value = found.groups()
    span, end = found.span(2), found.end()
    reversed_name = _REVERSED_NAME.match(back[::-1])
    rate = unit_found[1] if (unit_found := unit_behind(line, end)) else ""
    has_rate = "/" in rate or "flop" in rate.lower()
    rate = f"items{rate}" if rate[:1] == "/" else rate
    if reversed_name is None:
        if has_rate:
            return Pair(rate, value, *span, SPEED)
        return _named_behind(line, value, span)
    unit, gap, backwards = reversed_name.groups()
    phrase = backwards[::-1]
    if "ew best score" in phrase:
        return None  # early stopping repeats a value that was printed before
    # Without `:` or `=` only a measured number after a measure's own name will do.
    is_sentence = separator not in _SEPARATORS
    name = trimmed(phrase, is_sentence=is_sentence)
    if has_rate:
        return Pair(name if kind_of(name) == SPEED else rate, value, *span, SPEED)
    kind = kind_of(name)
    if kind == STEP:
        return Pair(name, value, *span, STEP)
    if unit is not None and unit[::-1].lower() in _BRACKETED_UNITS and kind != SPEED:
        return None
    if is_sentence:
        if not (is_measured(value) and _is_said_of(name, kind, phrase)):
            return _led(line, back, value, span) or _named_behind(line, value, span)
    elif kind in (OTHER, ASIDE, None):
        of = _MEASURE_OF.search(line[max(0, found.start() - _BACK) : found.start()].rstrip())
        if of is not None and kind_of(of[1]) == METRIC:
            name, kind = of[0], METRIC
        elif "last " in back and kind_of(_WINDOW.sub("", lead := _whole_lead(back))) == METRIC:
            name, kind = lead, METRIC
    if kind is None or kind == ASIDE:
        # A whole number may turn out to count.
        count = Pair(name, value, *span, ASIDE) if name and value.isdigit() else None
        return _named_behind(line, value, span) or count
    is_of = line[end : end + 1] == "/" or line[end : end + 2] == " /"
    if is_of and kind != SPEED and not (is_measured(value) and _OTHER_OF.match(line, end)):
        percent = _PERCENT_OF.match(line, end if line[end] == "/" else end + 1)
        if percent is None or kind != METRIC:
            return None
        value, span = percent[1], percent.span(1)
    elif kind != SPEED and _UNIT.match(line, end):
        return None
    elif needs_decimals(name) and not is_measured(value):
        kind = WEAK
    if kind == OTHER and unit is not None and not gap:
        name = f"{name}({unit[::-1]})"
    return Pair(name, value, *span, kind)


def _lead_of(back: str) -> str:
    """The name that is all that stands before a number since the last one or the last break."""
    begins = [found.end() for found in _BREAKS.finditer(back)]
    if not begins and len(back) == _BACK:
        return ""
    found = _LEAD.match(back[begins[-1] if begins else 0 :].strip(" :"))
    return trimmed(found[0], is_sentence=False) if found else ""


def _whole_lead(back: str) -> str:
    """All words since the last break, numbers among them."""
    begins = [found.end() for found in _BREAKS.finditer(back)]
    lead = back[begins[-1] if begins else 0 :].strip(" :\"'")
    return lead if lead[:1].isalpha() and len(lead.split()) <= 6 else ""


def _led(line: str, back: str, value: str, span: tuple[int, int]) -> Pair | None:
    """A number whose name is all that stands between it and what came before: `sp 4.09 mag 1.41`."""
    name = _lead_of(back)
    kind = kind_of(name)
    if kind != SPEED and (_UNIT.match(line, span[1]) or line[span[1] : span[1] + 1] == "/"):
        return None
    if kind in (None, ASIDE) or (kind == METRIC and not is_measured(value)):
        return None
    # A measure's name would have been taken by itself: here it is something about it.
    return Pair(name, value, *span, OTHER if kind == METRIC else kind)


def _named_behind(line: str, value: str, span: tuple[int, int]) -> Pair | None:
    behind = _BEHIND.match(line, span[1])
    if behind is None or not is_measured(value):
        return None
    name = trimmed(behind[1], is_sentence=False)
    return Pair(name, value, *span, METRIC) if kind_of(name) == METRIC else None


def is_measured(value: str) -> bool:
    """Whether a number as printed is a measurement rather than a count."""
    return "." in value or "n" in value or "N" in value or "e-" in value


def _is_said_of(name: str, kind: str | None, phrase: str) -> bool:
    """Whether a sentence gives the number to the measure, not to words after it (`loss exceeds 3.2`)."""
    if " from " in f" {phrase} " or kind not in (METRIC, RATE):
        return False
    last = name.rpartition(" ")[2]
    if kind_of(last) == METRIC or name.lower().endswith("square distance"):
        return True
    return phrase.rstrip().endswith((" is", " was", " reached", " of", " to"))


def number(text: str) -> float | None:
    """The number that `text` is, or None."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
