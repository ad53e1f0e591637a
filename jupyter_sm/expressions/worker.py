"""The process that searches texts with others' expressions: a program, started as a file.

It reads texts, or an expression and the processor time it may take, a line each, and answers an
expression with places and captures, or with why it can't be read. What takes longer is ended by
the system, whatever the interpreter is at.
"""

from __future__ import annotations

import functools
import json
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser  # type: ignore[attr-defined]
else:
    import sre_parse as _parser


UNREADABLE = (re.error, RecursionError, OverflowError, MemoryError)


def end_after(seconds: float) -> None:
    """Let the system end this process, with SIGPROF, once it has computed for so long; 0: never."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    """Answer until whoever asks is gone."""
    texts: list[str] = []
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if "texts" in asked:
            texts = asked["texts"]
            continue
        end_after(asked["seconds"])
        try:
            answer: Any = found(asked["expression"], texts)
        except UNREADABLE as error:
            answer = f"can't be read ({error})"
        end_after(0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def found(expression: str, texts: Sequence[str]) -> list[tuple[int, str]]:
    """The places of the texts it is found in, with what group 1 captured in each."""
    regex, needed = _read(expression)
    if not regex.groups:
        return []
    captures = (
        (place, match[1])
        for place, text in enumerate(texts)
        if needed in text and (match := regex.search(text))
    )
    return [(place, capture) for place, capture in captures if capture]


@functools.lru_cache(maxsize=256)
def _read(expression: str) -> tuple[re.Pattern[str], str]:
    regex = re.compile(expression)
    if regex.flags & re.IGNORECASE:
        return regex, ""
    return regex, max(_literals(_parser.parse(expression)), key=len)


def _literals(sequence: Any) -> list[str]:
    """Texts of which every match has each: looking for one costs a tenth of a search, or less."""
    runs = [""]
    for kind, value in sequence:
        if kind is _parser.LITERAL:
            runs[-1] += chr(value)
        elif kind is _parser.SUBPATTERN and not value[1]:
            runs += [*_literals(value[3]), ""]
        else:
            runs.append("")
    return runs


if __name__ == "__main__":
    main()
