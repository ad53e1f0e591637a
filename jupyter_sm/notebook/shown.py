"""Small things that show themselves in a notebook: code, differences, a meter of bytes."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from jupyter_sm.desk import words
from jupyter_sm.jobs.differences import Difference

if TYPE_CHECKING:
    from jupyter_sm.notebook.job import Job

_TELL_SECONDS = 0.2


class Code(str):
    """Code that shows itself as it is to be pasted."""

    def __repr__(self) -> str:
        return str(self)


class Diff(list[Difference]):
    """What two jobs' requests have otherwise; shows itself as a table."""

    def __init__(self, one: Job, other: Job) -> None:
        super().__init__(one._desk.differences(one.key, other.key))
        self._heads = ("", one.name, other.name)

    def __repr__(self) -> str:
        if not self:
            return "The requests are the same."
        rows = [self._heads, *((d.path, _short(d.one), _short(d.other)) for d in self)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )


def _short(value: object, longest: int = 60) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class Meter:
    """A line that tells how many bytes are done, drawn over itself."""

    def __init__(self, done: str, show: bool) -> None:
        self._word = done
        self._show = show
        self._told = 0.0

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._told:
            sys.stdout.write("\n")

    def tell(self, done: int, total: int) -> None:
        """So many bytes are done, of so many."""
        now = time.monotonic()
        if self._show and (done >= total or now - self._told >= _TELL_SECONDS):
            self._told = now
            line = f"{words.size(done)} of {words.size(total)} {self._word}"
            sys.stdout.write(f"\r{line:<40}")
            sys.stdout.flush()
