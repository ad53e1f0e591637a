"""Shapes of lines that the log itself teaches: what repeats with changing numbers is measured.

A line's shape is the names of its numbers, in order. Where one comes again and again while a
counter runs on, its own or the training's, those numbers that change are metrics, whatever their
names are. What stands there once is configuration. Points are held until it is known: those of
the first lines come with a later one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from jupyter_sm.logs.names import ASIDE, OTHER, SETTING, WEAK
from jupyter_sm.logs.pairs import Pair, is_measured
from jupyter_sm.logs.places import Place

# So often a shape is seen before it is believed, or given up.
_ENOUGH, _TOO_OFTEN = 3, 12
_MOST_OPEN, _MOST_KNOWN = 48, 400


@dataclass
class _Shape:
    """A shape that is not yet known to be one: what its lines held so far."""

    moved: int = 0
    changed: list[bool] = field(default_factory=list)
    # Whole numbers that have grown from each line to the next, by their places in the line.
    growing: list[int] = field(default_factory=list)
    # Of each line its time, its place and its numbers.
    lines: list[tuple[int, list[Any], list[str]]] = field(default_factory=list)


@dataclass
class _Known:
    """A shape that is decided: the names that are metrics, and which number counts."""

    names: list[str]
    counter: int = -1


class Held(NamedTuple):
    """A line's numbers, held back until it was known what they are.

    Without a time or a place they have those of the line that told.
    """

    timestamp_ms: int | None
    place: Place | None
    pairs: list[Pair]


def signature_of(items: Sequence[Pair]) -> int:
    """The shape of a line, by its numbers' names."""
    return zlib.crc32("\n".join(item.name for item in items).encode())


class Repeats:
    """The shapes of a stream's lines."""

    def __init__(self) -> None:
        self._open: dict[int, _Shape] = {}
        self._known: dict[int, _Known] = {}

    def state(self) -> dict[str, Any]:
        """What `resume` needs, ready for JSON."""
        return {
            "open": [[key, asdict(shape)] for key, shape in self._open.items()],
            "known": [[key, known.names, known.counter] for key, known in self._known.items()],
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self._open = {key: _Shape(**shape) for key, shape in state["open"]}
        self._known = {key: _Known(names, counter) for key, names, counter in state["known"]}

    def is_decided(self, signature: int) -> bool:
        """Whether it is known what lines of this shape hold."""
        return signature in self._known

    def counter_in(self, signature: int, items: Sequence[Pair]) -> Pair | None:
        """The number that counts in lines of this shape, if they taught one."""
        known = self._known.get(signature)
        if known is None or known.counter < 0 or not _is_count(items[known.counter].value):
            return None
        return items[known.counter]

    def metrics_of(self, signature: int, rest: Sequence[Pair]) -> list[Pair]:
        """Those of a line's other numbers that lines of its shape have taught to be metrics."""
        known = self._known.get(signature)
        return [item for item in rest if item.name in known.names] if known and known.names else []

    def learn(
        self,
        signature: int,
        items: Sequence[Pair],
        rest: Sequence[Pair],
        timestamp_ms: int,
        place: Place,
        *,
        has_counter: bool,
    ) -> list[Held]:
        """Take a line of a shape that is not decided; what was held if now it is.

        `rest` are those of its `items` that are not metrics already; `has_counter` says that
        the place is the line's own.
        """
        shape = self._open.get(signature)
        if shape is None:
            if len(self._open) >= _MOST_OPEN:
                del self._open[next(iter(self._open))]
            shape = self._open[signature] = _Shape()
        _take(shape, items, place, timestamp_ms)
        seen = len(shape.lines)
        # What stands beside a metric and a counter needs little proof.
        enough = 2 if has_counter and len(items) > len(rest) else _ENOUGH
        if seen >= enough:
            counter = -1 if has_counter or not shape.growing else shape.growing[0]
            if counter >= 0 or shape.moved >= seen - 1:
                return self._believe(signature, shape, items, rest, counter)
        if seen >= _TOO_OFTEN:
            self._decide(signature, _Known([]))
        return []

    def _believe(
        self,
        signature: int,
        shape: _Shape,
        items: Sequence[Pair],
        rest: Sequence[Pair],
        counter: int,
    ) -> list[Held]:
        changed = {item.name for item, has in zip(items, shape.changed, strict=True) if has}
        names = [
            item.name
            for n, item in enumerate(items)
            if item in rest
            and n != counter
            and (item.name in changed or item.kind not in (SETTING, WEAK))
            and (item.kind not in (SETTING, OTHER) or is_measured(item.value))
        ]
        if rest and changed.isdisjoint(names):
            if len(shape.lines) < _TOO_OFTEN:
                return []
            names = []  # it says the same each time
        # A number counts where something is measured beside it.
        measures = names or len(rest) < sum(item.kind != ASIDE for item in items)
        self._decide(signature, _Known(names, counter if measures else -1))
        held = []
        for timestamp_ms, place, values in shape.lines if names else ():
            at = Place(*place)
            if counter >= 0:
                at = at._replace(step=_count(values[counter]))
            pairs = [
                Pair(item.name, value)
                for item, value in zip(items, values, strict=True)
                if item.name in names
            ]
            held.append(Held(timestamp_ms, at, pairs))
        return held

    def _decide(self, signature: int, known: _Known) -> None:
        self._open.pop(signature, None)
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[signature] = known


def _take(shape: _Shape, items: Sequence[Pair], place: Place, timestamp_ms: int) -> None:
    values = [item.value for item in items]
    if not shape.lines:
        shape.changed = [False] * len(values)
        shape.growing = [n for n, value in enumerate(values) if _is_count(value)]
    else:
        before = shape.lines[-1][2]
        shape.moved += list(place) != shape.lines[-1][1]
        shape.changed = [
            was or value != old
            for was, value, old in zip(shape.changed, values, before, strict=True)
        ]
        shape.growing = [
            n
            for n in shape.growing
            if _is_count(values[n]) and _count(values[n]) > _count(before[n])
        ]
    shape.lines.append((timestamp_ms, list(place), values))


def _is_count(value: str) -> bool:
    return len(value) < 11 and value.replace(",", "").isdigit()


def _count(value: str) -> int:
    return int(value.replace(",", "")[:12])
