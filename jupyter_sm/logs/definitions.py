"""SageMaker's MetricDefinitions: a user's own expressions, broken and runaway ones included.

As SageMaker does it, each line is searched with every expression; group 1 is the value. They are
searched apart, as nothing else could stop one that runs away. An expression that can't be read or
that takes too long is not searched for any more, and named in `faults`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from jupyter_sm import expressions

# SageMaker reads metrics from a line; what an expression wants stands well before this.
_SCANNED = 2_000
_Captures = list[tuple[str, str]]


class Definitions:
    """The definitions that work, and why the others do not; from name to expression."""

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._working = dict(definitions)
        self._foreseen: dict[str, _Captures] = {}

    @contextmanager
    def foreseen(self, lines: Sequence[str]) -> Iterator[None]:
        """While lines are read: search all of them at once, which is far cheaper than each alone."""
        wanted = list(dict.fromkeys(line[:_SCANNED] for line in lines)) if self._working else []
        self._foreseen = dict(zip(wanted, self._searched(wanted), strict=True))
        try:
            yield
        finally:
            self._foreseen = {}

    def search(self, line: str) -> _Captures:
        """Name and captured text of each definition that finds something in `line`."""
        seen = line[:_SCANNED]
        captures = self._foreseen.get(seen)
        return self._searched([seen])[0] if captures is None else captures

    def _searched(self, lines: Sequence[str]) -> list[_Captures]:
        captures: list[_Captures] = [[] for _ in lines]
        names = list(self._working)
        try:
            found = expressions.search(list(self._working.values()), lines) if lines else []
        except OSError as error:
            self._tell(f"Metrics of some lines are missing: {error}.")
            return captures
        for name, one in zip(names, found, strict=True):
            for place, text in one.captured.items():
                captures[place].append((name, text))
            if one.fault:
                del self._working[name]
                self._tell(
                    f"The metric definition {name!r} is not searched for any more: its regular "
                    f"expression {one.fault}."
                )
        return captures

    def _tell(self, fault: str) -> None:
        if fault not in self.faults:
            self.faults.append(fault)
