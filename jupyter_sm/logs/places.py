"""Where in the training a stream is: the epoch and the step that a point belongs to.

A step that a line counts within an epoch is joined with those of the epochs before, so that no
curve folds back on itself. What a line does not tell is what was told last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

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
    joins: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where the training is, by what was told last."""
        return Place(self.step, self.epoch)

    def enter(self, counts: Sequence[Count]) -> Place:
        """The place of a line that counts something."""
        epoch = None
        for count in counts:
            if epoch is None and count.word in (EPOCH, PART):
                epoch = count.value
                if not count.is_test and epoch != self.epoch:
                    self.epoch = epoch
                    if count.word == EPOCH:
                        self.step = None  # it was one of the epoch before
        for count in counts:
            if count.word not in (EPOCH, PART):
                # The first is the line's own; one of a test moves nothing but itself.
                step = self._joined(count)
                if not count.is_test:
                    self.step = step
                return Place(step, epoch if epoch is not None else self.epoch)
        return Place(self.step, epoch) if epoch is not None and epoch % 1 else Place(None, epoch)

    def _joined(self, count: Count) -> int:
        value = int(count.value)
        join = self.joins.get(count.what)
        if join is None:
            if len(self.joins) >= _MOST_JOINS:
                self.joins.clear()
            self.joins[count.what] = [value, 0, self.epoch]
            return value
        last, added, epoch = int(join[0] or 0), int(join[1] or 0), join[2]
        goes_on = self.epoch is not None and (epoch is None or self.epoch > epoch)
        if value < last or (value == last and goes_on):
            # In a later epoch it goes on; else it begins anew, as a second training does.
            added = added + (count.total or last) if goes_on else 0
        join[0], join[1], join[2] = value, added, self.epoch
        return value + added
