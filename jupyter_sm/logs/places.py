"""Where in the training a stream is: the epoch and the step that a point belongs to.

A step that a line counts within an epoch is joined with those of the epochs before, so that no
curve folds back on itself. What a line does not tell is what was told last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jupyter_sm.logs.counters import EPOCH, PART, Count

_MOST_JOINS = 64


class Place(NamedTuple):
    """A step and an epoch, as far as they are known."""

    step: int | None = None
    epoch: float | None = None


@dataclass
class Places:
    """Follows a stream's epochs and steps. Its fields are what a saved state holds."""

    epoch: float | None = None
    step: int | None = None
    # Of each kind of counter: its last value, what is added to it, and in which epoch that was.
    joins: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where the training is, by what was told last."""
        return Place(self.step, self.epoch)

    def enter(self, counts: Sequence[Count]) -> Place:
        """The place of a line that counts something."""
        epoch: float | None = None
        is_part = False
        own: Count | None = None
        for count in counts:
            word, is_test = count[0].word, count[0].is_test
            if word not in (EPOCH, PART):
                own = own or count  # the first is the line's own
            elif epoch is None:
                epoch, is_part = count[1], word == PART
                if epoch != self.epoch and not is_test:
                    self.epoch = epoch
                    if word == EPOCH:
                        self.step = None  # it was one of the epoch before
        if own is not None:
            step = self._joined(own)
            if not own[0].is_test:
                self.step = step
            return Place(step, epoch if epoch is not None else self.epoch)
        return Place(self.step if is_part else None, epoch)

    def _joined(self, count: Count) -> int:
        counter, value, total = count
        value = int(value)
        join = self.joins.get(counter.what)
        if join is None:
            if len(self.joins) >= _MOST_JOINS:
                self.joins.clear()
            self.joins[counter.what] = [value, 0, self.epoch]
            return value
        last, added, epoch = join
        if value <= last:
            goes_on = self.epoch is not None and (epoch is None or self.epoch > epoch)
            if goes_on:
                added += total or last
            elif value < last:
                added = 0  # it begins anew, as a second training does
            join[1] = added
        join[0], join[2] = value, self.epoch
        return int(value + added)
