"""SageMaker's MetricDefinitions: a user's own expressions, broken and runaway ones included.

As SageMaker does it, each line is searched with every expression; group 1 is the value. An
expression that Python can't read is skipped. One that runs away can't be stopped from within,
so the text it sees is bounded, one that looks suspicious sees a little at first, and one
that twice took more than `_SLOW_SECONDS` is dropped. Both are named in `faults`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# SageMaker reads metrics from a line; what an expression wants stands well before this.
_SCANNED = 2_000
_SLOW_SECONDS = 0.05
_STRIKES = 2
# Repeated groups that repeat inside, `(a+)+`, `(.*)*`, `(a|a)*`: their time may double with a letter.
_NESTED = re.compile(
    r"\((?:[^()\\]|\\.){0,200}(?:[+*]|\{\d+,\d*\}|\|)(?:[^()\\]|\\.){0,200}\)[+*{]"
)
# What runs away with every letter shows it before this; what is slower in the long run, after.
_FIRST_LOOK = 24
_STEADY = 64


@dataclass
class _Definition:
    name: str
    regex: re.Pattern[str]
    is_suspicious: bool
    strikes: int = 0


@dataclass
class Definitions:
    """The definitions that work, and why the others do not."""

    faults: list[str] = field(default_factory=list)
    _working: list[_Definition] = field(default_factory=list)

    @classmethod
    def of(cls, expressions: Mapping[str, str]) -> Definitions:
        """From name to expression."""
        definitions = cls()
        for name, expression in expressions.items():
            try:
                regex = re.compile(expression)
            except (re.error, RecursionError, OverflowError) as error:
                definitions.faults.append(
                    f"The metric definition {name!r} is not searched for: its regular expression "
                    f"can't be read ({error})."
                )
                continue
            is_suspicious = bool(_NESTED.search(expression))
            definitions._working.append(_Definition(name, regex, is_suspicious))
        return definitions

    def search(self, line: str) -> Iterator[tuple[str, str]]:
        """Name and captured text of each definition that finds something in `line`."""
        for definition in tuple(self._working):
            found = self._searched(definition, line[:_SCANNED])
            if found is not None and found.re.groups and found[1]:
                yield definition.name, found[1]

    def _searched(self, definition: _Definition, line: str) -> re.Match[str] | None:
        # A suspicious expression sees the line grow; where it gets slow, the rest is not tried.
        length = _FIRST_LOOK if definition.is_suspicious else _SCANNED
        while True:
            before = time.process_time_ns()
            found = definition.regex.search(line, 0, length)
            if time.process_time_ns() - before > _SLOW_SECONDS * 1e9:
                self._strike(definition)
                return found if length >= len(line) else None
            if length >= len(line):
                return found
            length = length + 2 if length < _STEADY else length * 2

    def _strike(self, definition: _Definition) -> None:
        definition.strikes += 1
        if definition.strikes >= _STRIKES:
            self._working.remove(definition)
            self.faults.append(
                f"The metric definition {definition.name!r} is no longer searched for: a single "
                f"line took its regular expression more than {_SLOW_SECONDS * 1000:.0f} ms, twice."
            )
