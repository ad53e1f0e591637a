"""Tables: a header of column names and rows of numbers, or two columns of names and numbers.

scikit-learn, fastai, YOLO, spaCy and Lightning print the first kind; Stable-Baselines, Rich and
Lightning's test results the second. A row counts only right after its header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jupyter_sm.logs.names import METRIC, RATE, kind_of
from jupyter_sm.logs.pairs import NUMBER, Pair

_CELL_END = re.compile(r"\s{2,}|\t|\s?[|│┃║]\s?")
_NUMBER = re.compile(rf"(?:{NUMBER})\Z")
_TWO_CELLS = re.compile(
    rf"\s{{0,9}}[|│┃║]\s{{0,80}}([A-Za-z][^|│┃║]{{0,80}}?)\s{{0,80}}[|│┃║]\s{{0,80}}({NUMBER})\s{{0,80}}[|│┃║]"
)
_COUNTER = frozenset({"epoch", "iter", "iteration", "step", "steps", "e", "round", "gen"})
# Columns of detection trainers that are losses by their place, not by their name.
_LOSSES = frozenset(
    {"box", "obj", "cls", "dfl", "seg", "pose", "kobj", "ents_f", "dep_uas", "dep_las"}
)
_BAR = re.compile(r":?\s{0,9}\d{1,3}%.{0,300}\Z")
_RULES = frozenset("-=+|│┃║─━┏┓┗┛┡┩┼┴┬╇ \t")
# A header that no row followed within this many lines is forgotten.
_FORGOTTEN_AFTER = 6
_LONGEST = 600


@dataclass
class Tables:
    """The header last seen, and the rows that follow it."""

    columns: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    lines_since: int = 0
    step: int | None = None
    step_total: int | None = None
    counts_from_0: bool = False

    @property
    def counts_epochs(self) -> bool:
        """Whether the rows' counter is one of epochs."""
        return self.columns[:1] in (["epoch"], ["Epoch"], ["EPOCH"])

    def begin_line(self) -> None:
        """Forget what the last line counted."""
        self.step = self.step_total = None

    def read(self, line: str) -> list[Pair] | None:
        """The metrics of a table's line; None if `line` belongs to no table."""
        self.begin_line()
        if len(line) > _LONGEST:
            return None
        if line[:1] in " |│┃║" and ("|" in line or "│" in line or "┃" in line):
            pair = _TWO_CELLS.match(line)
            if pair:
                return _told(pair[1], pair[2])
        if self.columns or self.words:
            row = self._row(line)
            if row is not None:
                return row
        if "  " in line or "\t" in line:
            columns, words = _header(line)
            if columns or words:
                self.columns, self.words, self.lines_since = columns, words, 0
                return []
        return None

    def _row(self, line: str) -> list[Pair] | None:
        cells = _BAR.sub("", line).replace("|", " ").split()
        if not cells or (not _RULES.isdisjoint(cells[0]) and set(line) <= _RULES):
            return [] if cells else None
        first = cells[0]
        # Names of more than one word stand apart by two blanks, names of one word maybe by one.
        columns = self.columns if len(cells) == len(self.columns) else self.words
        if len(cells) != len(columns) or not (first[0].isdigit() or first == "all"):
            self.lines_since += 1
            if self.lines_since > _FORGOTTEN_AFTER:
                self.columns, self.words = [], []
            return None
        self.lines_since = 0
        counter, _, total = first.partition("/")
        if counter.isdigit() and len(counter) < 12:
            self.step = int(counter)
            if total.isdigit() and len(total) < 12:
                # Counted from 0, the total printed is the last row's number.
                self.counts_from_0 = self.counts_from_0 or self.step == 0
                self.step_total = int(total) + self.counts_from_0
        if self.step is None and first != "all":
            return None
        if columns[1] == "#" and cells[1].isdigit():
            self.step = int(cells[1][:12])  # spaCy's steps, after its epochs
        return [
            Pair(name, cell)
            for name, cell in zip(columns[1:], cells[1:], strict=True)
            if _NUMBER.match(cell) and _measures(name)
        ]


def _measures(name: str) -> bool:
    return kind_of(name) is METRIC or name.lower() in _LOSSES or "mAP" in name


def _told(name: str, value: str) -> list[Pair]:
    name = name.strip()
    is_told = kind_of(name) in (METRIC, RATE) or name.endswith(
        ("_mean", "lenmean", "rewmean", "clipfrac", "/mean_reward")
    )
    return [Pair(name, value)] if is_told else []


def _header(line: str) -> tuple[list[str], list[str]]:
    """Column names, by columns and by words, if `line` is a header with at least one measure."""
    bare = _BAR.sub("", line).strip(" |\t│┃║")
    words = bare.split()
    if len(words) < 3 or words[0].lower() not in (*_COUNTER, "class"):
        return [], []
    if any("=" in word or word[0].isdigit() or word[0] in "[('\"" for word in words):
        return [], []
    cells = [cell.strip() for cell in _CELL_END.split(bare) if cell and cell.strip()]
    if not any(_measures(name) for name in (*cells[1:], *words[1:])):
        return [], []
    return (cells if len(cells) >= 3 else []), words
