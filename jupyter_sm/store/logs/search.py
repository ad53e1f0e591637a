"""Searching a log's text: plain text at once, regular expressions in a process that can be killed."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import compress, count, islice, repeat
from operator import contains
from pathlib import Path

from jupyter_sm.diagnosis import ExplainedError, explained
from jupyter_sm.diagnosis.matching import needs_of
from jupyter_sm.expressions import worker
from jupyter_sm.logs.prefixes import without_ansi
from jupyter_sm.store.file import Store, address
from jupyter_sm.store.logs import blocks

# Of processor time. A search of a million lines takes a fraction of it; an expression that runs
# away, for ever.
_REGEX_SECONDS = 5.0
# It leaves the machine to whatever somebody waits for less patiently: what takes long, wholly.
_NICE = 10
_NICEST = 19
# How often it is seen whether a search is still wanted.
_LOOK_SECONDS = 0.25
_LOOKS_UNTIL_NICEST = 3
# Of an expression with one of these, what it needs can't be read off: escapes with digits in
# them, flags, conditions, comments, what must not follow.
_UNREADABLE = re.compile(r"\\[\dxuUN]|\(\?(?!:|P<)")
# An expression sees the beginning of an entry: what is longer is data.
_SCANNED = 20_000


# How many places are marked where an expression is found: in one entry, and in all.
_MOST_MARKS = 20
_MOST_MARKED = 50_000


@dataclass
class Finds:
    """The numbers of the entries in which something is found, ascending.

    `marks`: of the first of them where a regular expression is found, begins and ends in turn,
    counted as browsers count. A plain text is easily found again.
    """

    seqs: list[int] = field(default_factory=list)
    marks: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True)
class Finder:
    """Finds a text, in any case, or a regular expression in a job's entries."""

    query: str
    is_regex: bool = False

    def search(
        self,
        store: Store,
        job_id: int,
        total: int,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Finds:
        """The entries below `total` in which it is found, or some of them if nobody waits any more.

        Raises ExplainedError for a regular expression that can't be read or takes too long.
        """
        if self.is_regex:
            return self._search_apart(store.path, job_id, total, is_wanted)
        found: list[int] = []
        for block in blocks.blocks(store.read(), job_id, 0, total):
            found += map(block.first.__add__, self.places(block))
            if not is_wanted():
                break
        while found and found[-1] >= total:
            found.pop()
        return Finds(found)

    def places(self, block: blocks.Block) -> list[int]:
        """The places of a block's entries in which a plain text is found."""
        if not self.query.isascii():
            # Letters beyond ASCII have cases that bytes don't know.
            wanted = self.query.lower()
            if wanted not in block.text.decode().lower():
                return []
            return [n for n, text in enumerate(block.texts()) if wanted in text.lower()]
        if b"\x1b" in block.text:
            # What is seen is searched: colours stand within words now and then.
            wanted = self.query.lower()
            return [n for n, t in enumerate(block.texts()) if wanted in without_ansi(t).lower()]
        return _ascii_places(block, self.query.lower())

    def _search_apart(
        self, path: Path, job_id: int, total: int, is_wanted: Callable[[], bool]
    ) -> Finds:
        """A search that runs away can't be stopped within a process, and would hold it up."""
        wanted = [str(path), job_id, total, self.query, _REGEX_SECONDS]
        asked: bytes | None = json.dumps(wanted).encode()
        process = subprocess.Popen(
            # Loading what it needs is a good part of it.
            [
                sys.executable,
                "-c",
                f"import os; os.nice({_NICE}); from {__name__} import main; main()",
            ],
            # Python looks for modules where it runs: not where other people's files lie.
            cwd=path.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            for look in count():
                try:
                    output, error = process.communicate(asked, timeout=_LOOK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    asked = None  # it is on its way
                    if look == _LOOKS_UNTIL_NICEST:
                        os.setpriority(os.PRIO_PROCESS, process.pid, _NICEST)
                    if not is_wanted():
                        process.kill()
                        return Finds()
        if process.returncode == -signal.SIGPROF:
            raise _refusal(
                "The search takes too long",
                f"The regular expression {self.query!r} was not through with the log after "
                f"{_REGEX_SECONDS:g} s.",
                "Nested repetition such as (a+)+ is what usually takes so long: write it "
                "without, or search for plain text.",
            )
        if process.returncode:
            raise RuntimeError(f"The search ended early: {error.decode(errors='replace')}")
        told = json.loads(output)
        if isinstance(told, str):
            raise _refusal(
                "The search can't be read",
                f"The regular expression {self.query!r} {told}.",
                "Mend it, or search for it as plain text.",
            )
        return Finds(*told)


def _refusal(title: str, what: str, fix: str) -> ExplainedError:
    return ExplainedError(explained("invalid-parameter", title, what, fix), 400)


@functools.lru_cache(maxsize=16)
def literals_of(expression: str) -> frozenset[str]:
    """Words, in lower case, of which every match of a regular expression has one; none if unknown."""
    if not expression.isascii() or _UNREADABLE.search(expression):
        return frozenset()
    needs = [any_of for any_of in needs_of(expression) if min(map(len, any_of)) > 1]
    return max(needs, key=lambda any_of: min(map(len, any_of)), default=frozenset())


def _ascii_places(block: blocks.Block, wanted: str) -> list[int]:
    # A character a byte, whatever they stand for: a string is searched faster than bytes are.
    text = block.text.lower().decode("latin-1")
    at = text.find(wanted)
    if at < 0:
        return []
    if text.count("\n") == len(block.lengths):
        return list(compress(count(), map(contains, text.split("\n"), repeat(wanted))))
    ends, places = block.ends(), []
    while at >= 0:
        places.append(bisect_left(ends, at))
        at = text.find(wanted, ends[places[-1]])
    return places


def main() -> None:
    """Search as asked on standard input; print the finds, or what is wrong with the expression."""
    path, job_id, total, query, seconds = json.loads(sys.stdin.buffer.read())
    worker.end_after(seconds)
    told: tuple[list[int], list[list[int]]] | str
    try:
        finds = _matches(path, job_id, total, query)
        told = (finds.seqs, finds.marks)
    except worker.UNREADABLE as error:
        told = f"can't be read ({error})"
    print(json.dumps(told))  # noqa: T201


def _matches(path: str, job_id: int, total: int, query: str) -> Finds:
    expression = re.compile(query, re.IGNORECASE)
    db = sqlite3.connect(address(Path(path)), uri=True)
    db.row_factory = sqlite3.Row
    finds, marked = Finds(), 0
    for block in blocks.blocks(db, job_id, 0, total):
        for place, text in _candidates(block, query):
            seen = without_ansi(text[:_SCANNED])
            if block.first + place < total and expression.search(seen):
                finds.seqs.append(block.first + place)
                if marked < _MOST_MARKED:
                    finds.marks.append(_marks(expression, seen))
                    marked += len(finds.marks[-1]) // 2
    return finds


def _candidates(block: blocks.Block, query: str) -> Iterable[tuple[int, str]]:
    """The entries worth trying: looking for a word costs a tenth of that."""
    literals = literals_of(query)
    if not literals or not block.text.isascii() or b"\x1b" in block.text:
        return enumerate(block.texts())
    places = sorted({n for word in literals for n in _ascii_places(block, word)})
    if not places:
        return ()
    lines = list(block.texts())
    return ((place, lines[place]) for place in places)


def _marks(expression: re.Pattern[str], text: str) -> list[int]:
    marks = [
        end for match in islice(expression.finditer(text), _MOST_MARKS) for end in match.span()
    ]
    if text.isascii():
        return marks
    # JavaScript counts UTF-16's units.
    return [len(text[:end].encode("utf-16-le", "surrogatepass")) // 2 for end in marks]
