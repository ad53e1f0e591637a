"""Lines of one shape are taken apart once: a training prints the same few lines over and over.

A shape is a line with every digit made a 0. Lines of the same shape have their numbers at the same
places, so what was found out about one (names, places, severity) holds for the next; only the
numbers are read anew. This is what makes the parser read 100,000 lines a second.
"""

from __future__ import annotations

from typing import NamedTuple

from jupyter_sm.logs.counters import Counter
from jupyter_sm.logs.pairs import Pair

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
# A longer line is data, and more shapes than this is no repetition.
LONGEST = 400
_MOST = 4_000


class Plan(NamedTuple):
    """What to read from lines of a shape, and what their records are.

    `fixed` are places whose digits belong to a name (`top5`), so that they must be the same.
    """

    severity: str
    source: str
    counters: tuple[Counter, ...]
    pairs: tuple[Pair, ...]
    fixed: tuple[tuple[int, int, str], ...] = ()


class Shapes:
    """The shapes seen so far; forgotten when there are too many of them."""

    def __init__(self) -> None:
        self._plans: dict[bytes, Plan] = {}

    def plan_of(self, line: str) -> Plan | None:
        """The plan for lines like this one."""
        plan = self._plans.get(_shape_of(line))
        if plan is not None and plan.fixed:
            for begin, end, text in plan.fixed:
                if line[begin:end] != text:
                    return None
        return plan

    def learn(self, line: str, plan: Plan) -> None:
        """Keep what was found out about `line`, if it depends on its shape alone."""
        if len(line) > LONGEST or any(pair.begin < 0 for pair in plan.pairs):
            return
        fixed = []
        for pair in plan.pairs:
            if _has_digit(pair.name):
                begin = line.rfind(pair.name, 0, pair.begin)
                if begin < 0:
                    return
                fixed.append((begin, begin + len(pair.name), pair.name))
        if len(self._plans) >= _MOST:
            self._plans.clear()
        self._plans[_shape_of(line)] = plan._replace(fixed=tuple(fixed))


def _shape_of(line: str) -> bytes:
    return line.encode("utf-8", "replace").translate(_DIGITS)


def _has_digit(name: str) -> bool:
    return any(character.isdigit() for character in name)
