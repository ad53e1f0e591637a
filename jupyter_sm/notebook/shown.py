"""Small things that show themselves in a notebook: code, differences, a meter of bytes."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from jupyter_sm.desk import LogRecord, words
from jupyter_sm.jobs.differences import Difference
from jupyter_sm.shown.controls import coloured

if TYPE_CHECKING:
    from jupyter_sm.notebook.job import Job

_TELL_SECONDS = 0.2


# Characters of a log that are kept in a kernel, and that an output shows.
_KEPT = 32 << 20
_SHOWN = 256 << 10


class LogLines(list[LogRecord]):
    """A job's log entries, the last that fit; shows itself as the text.

    `left_out` is how many entries before these were too much to keep.
    """

    def __init__(self, records: Iterable[LogRecord] = (), tail: int | None = None) -> None:
        kept: deque[LogRecord] = deque(maxlen=tail)
        self.left_out, size = 0, 0
        for record in records:
            if len(kept) == tail and kept:
                size -= len(kept[0].text)
            kept.append(record)
            size += len(record.text)
            while size > _KEPT and len(kept) > 1:
                size -= len(kept.popleft().text)
                self.left_out += 1
        super().__init__(kept)

    def __repr__(self) -> str:
        lines: list[str] = []
        room = _SHOWN
        for record in reversed(self):
            lines.append(log_line(record))
            room -= len(lines[-1])
            if room < 0:
                break
        hidden = self.left_out + len(self) - len(lines)
        if hidden:
            lines.append(
                f"… {hidden:,} entries before these: `jupyter sm logs` or `export` has all of them"
            )
        return "\n".join(reversed(lines))


def log_line(record: LogRecord) -> str:
    """A log entry with its colours, and what is left out of it."""
    return coloured(record.text) + words.left_out(record)


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
        return words.columns(
            [self._heads, *((d.path, _short(d.one), _short(d.other)) for d in self)]
        )


def _short(value: object, longest: int = 60) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class Line:
    """A line that tells how something goes, drawn over itself; what is in its way gets its own."""

    def __init__(self, show: bool) -> None:
        self._show = show
        self._shown = ""
        self._told = ""

    def show(self, text: str) -> None:
        """It goes like this now."""
        if self._show and text != self._shown:
            self._shown = text
            sys.stdout.write(f"\r{text:<60}")
            sys.stdout.flush()

    def tell(self, text: str) -> None:
        """Something is in the way, told once; nothing is with an empty text."""
        # The time that it ends with changes all the while.
        what = text.partition(" As of ")[0]
        if self._show and what and what != self._told:
            sys.stdout.write(f"\r{what:<60}\n" if self._shown else f"{what}\n")
            self._shown = ""
        self._told = what

    def end(self, text: str) -> None:
        """It has ended like this."""
        if self._show and (self._shown or self._told):
            sys.stdout.write(f"\r{text:<60}\n")


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
