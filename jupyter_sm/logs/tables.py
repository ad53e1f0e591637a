"""Tables: a head of column names and rows of numbers, or two columns of names and numbers.

scikit-learn, fastai, YOLO, spaCy, notebooks and CSV have the first kind; Stable-Baselines, Rich and
Lightning's test results the second, whose counter may stand below what it counts: their rows
are held until the table ends. A head whose names say nothing is believed when its rows count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jupyter_sm.logs.counters import EPOCH, PART, STEP, Count, Counter
from jupyter_sm.logs.names import METRIC, OTHER, RATE, SPEED, kind_of
from jupyter_sm.logs.pairs import NUMBER, Pair, is_measured, number
from jupyter_sm.logs.places import Place
from jupyter_sm.logs.repeats import Held

_NUMBER = re.compile(rf"(?:{NUMBER})%?\Z")
_STANDS_ALONE = re.compile(r"(?<![\w.@-])[-+]?\d[\d.,]*(?![\w:])")
_TWO_CELLS = re.compile(
    rf"\s{{0,9}}[|│┃║]\s{{0,80}}([A-Za-z][^|│┃║]{{0,80}}?)\s{{0,80}}[|│┃║]\s{{0,80}}({NUMBER})?\s{{0,80}}[|│┃║]\s{{0,9}}\Z"
)
_COUNTER = re.compile(
    r"(?:(?:total_?|global_?|num_?|n_)?(?:epochs?|epch|iter(?:ation)?s?|(?:time)?steps?|updates|rounds?|gen|batch"
    r"|episodes?|trial|it)|e|ep|#|time/(?:iterations|total_timesteps))\Z",
    re.I,
)
# Columns of detection trainers that are losses by their place, not by their name.
_LOSSES = frozenset(
    {"box", "obj", "cls", "dfl", "seg", "pose", "kobj", "ents_f", "dep_uas", "dep_las"}
)
_BAR = re.compile(r":?\s{0,9}\d{1,3}%.{0,300}\Z")
_RULES = frozenset("-=+|│┃║─━┏┓┗┛┡┩┼┴┬╇├┤└┘┌┐: \t")
_BOX = re.compile(r"[|│┃║]")
_PROSE = re.compile(r"\b(?:and|or|the|of|is|are|was|to|with|for|in|from)\b")
_BLANKS = re.compile(r"\s{2,}")
# A head that no row followed within this many lines is forgotten; sooner if it may be none.
_FORGOTTEN_AFTER, _DOUBTED_AFTER = 6, 2
_LONGEST = 1_000


@dataclass
class Tables:
    """The head last seen, and the rows that follow it."""

    columns: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    by: str = ""
    is_doubtful: bool = False
    lines_since: int = 0
    counts_from_0: bool = False
    # Rows of a head that may be none, and of a table of two columns that goes on.
    rows: list[list[str]] = field(default_factory=list)
    block: list[list[str]] = field(default_factory=list)
    # What the line just read counts, and what was held back until it came.
    counted: list[Count] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether the next line may belong to a table."""
        return bool(self.columns or self.words or self.block)

    def state(self) -> dict[str, Any]:
        """What makes it again, ready for JSON."""
        self.begin_line()
        return asdict(self)

    def begin_line(self) -> None:
        """Forget what the last line counted."""
        self.counted, self.held = [], []

    def read(self, line: str) -> list[Pair] | None:
        """The metrics of a table's line; None if `line` belongs to no table."""
        if len(line) > _LONGEST:
            return None
        has_bars = "|" in line or "│" in line or "┃" in line
        pair = _TWO_CELLS.match(line) if has_bars else None
        if pair is not None and (pair[2] or self.block):
            self.block.append([pair[1].strip(), pair[2] or ""])
            return []
        if self.block:
            self.end_block()
            if set(line) <= _RULES:
                return []
        if self.columns or self.words:
            row = self._row(line)
            if row is not None:
                return row
        if has_bars or "  " in line or "\t" in line or "," in line:
            return self._head(line)
        return None

    def end_block(self) -> None:
        """Let go of a table of two columns: its counter counts for all of it."""
        step = epoch = None
        pairs = [Pair(name, value) for name, value in self.block if value and _is_told(name)]
        if not any(kind_of(pair.name) != RATE for pair in pairs):
            self.block = []  # settings
            return
        for name, value in self.block:
            if _COUNTER.match(name) and value.isdigit():
                if name.lower().startswith("epoch"):
                    epoch = float(value)
                elif step is None or "timesteps" in name:
                    step = int(value)
        self.block = []
        if step is not None:
            self.counted = [(Counter("timesteps", what="table"), step, None)]
        if epoch is not None:
            self.counted.append((Counter(EPOCH), epoch, None))
        self.held.append(Held(None, Place(step, epoch) if self.counted else None, pairs))

    def _head(self, line: str) -> list[Pair] | None:
        bare = (_BAR.sub("", line) if "%" in line else line).strip(" |│┃║\n")
        if _STANDS_ALONE.search(bare) or "=" in bare or set(line) <= _RULES:
            return None
        by = "box" if _BOX.search(bare) else "\t" if "\t" in bare.strip() else ""
        by = by or ("," if "," in bare and "  " not in bare.strip() else "")
        cells = _cells(bare, by) if by else [c for c in _BLANKS.split(bare.strip()) if c]
        words = [] if by else bare.split()
        if not by and len(words) >= 3 and (_COUNTER.match(words[0]) or words[0] == "Class"):
            is_head = any(_measures(name) for name in (*cells[1:], *words[1:]))
        else:
            words = []
            is_head = len(cells) >= 2 and any(map(_measures, cells)) and _are_names(cells)
            counts = bool(cells) and (not cells[0] or _COUNTER.match(cells[0]) is not None)
            is_head = is_head and (counts or sum(map(_measures, cells)) > 1)
        is_doubtful = not is_head and len(cells) >= 2 and _are_names(cells) and by != ","
        if not is_head and not is_doubtful:
            return None
        self.columns = cells if len(cells) >= 2 else []
        self.words, self.by, self.is_doubtful = words, by, is_doubtful
        self.lines_since, self.rows = 0, []
        return None if is_doubtful else []

    def _row(self, line: str) -> list[Pair] | None:
        if set(line) <= _RULES:
            return [] if line.strip() else None
        bare = _BAR.sub("", line) if "%" in line else line
        cells = (
            _cells(bare.strip(" |│┃║\n"), self.by) if self.by else bare.replace("|", " ").split()
        )
        # Names of more than one word stand apart by two blanks, names of one word maybe by one.
        columns = self.columns if len(cells) == len(self.columns) else self.words
        if len(cells) != len(columns) or not _is_row(cells):
            self.lines_since += 1
            if self.lines_since > (_DOUBTED_AFTER if self.is_doubtful else _FORGOTTEN_AFTER):
                self.columns, self.words, self.rows = [], [], []
            return None
        self.lines_since = 0
        if self.is_doubtful:
            return self._doubted(cells)
        pairs = self._pairs(columns, cells)
        self.counted = self._counts(columns, cells)
        return pairs

    def _doubted(self, cells: list[str]) -> list[Pair] | None:
        """A row below a head whose names say nothing: the first number has to count."""
        if not cells[0].isdigit() or (self.rows and int(cells[0]) <= int(self.rows[-1][0])):
            self.columns, self.rows = [], []
            return None
        self.rows.append(cells)
        if len(self.rows) < 3:
            return []
        rows, self.rows, self.is_doubtful = self.rows, [], False
        for row in rows[:-1]:
            counts = self._counts(self.columns, row)
            place = Place(int(row[0]), None)
            if counts[0][0].word == EPOCH:
                place = Place(None, counts[0][1])
            self.held.append(Held(None, place, self._pairs(self.columns, row)))
        self.counted = self._counts(self.columns, cells)
        return self._pairs(self.columns, cells)

    def _counts(self, columns: Sequence[str], cells: Sequence[str]) -> list[Count]:
        if columns[1:2] == ["#"] and cells[1].isdigit():
            # spaCy's steps, after its epochs.
            steps = (Counter(STEP, what="table #"), int(cells[1][:12]), None)
            return [(Counter(PART), float(cells[0]), None), steps]
        counts: list[Count] = []
        for name, cell in zip(columns[:3], cells[:3], strict=False):
            if not (
                name == "" or _COUNTER.match(name) or (not counts and _counts_unnamed(name, cell))
            ):
                break
            counter, _, total = cell.partition("/")
            is_epoch = name.lower().startswith(("epoch", "epch")) or name in ("E", "e", "")
            if not counter.isdigit():
                if is_epoch and _NUMBER.match(counter):
                    counts.append((Counter(PART), float(counter), None))
                    continue
                break
            current, of = int(counter[:12]), None
            if total.isdigit():
                # Counted from 0, the total printed is the last row's number.
                self.counts_from_0 = self.counts_from_0 or current == 0
                of = int(total[:12]) + self.counts_from_0
            word = EPOCH if is_epoch else STEP
            counts.append((Counter(word, what=f"table {name}"), current, of))
        return counts

    def _pairs(self, columns: Sequence[str], cells: Sequence[str]) -> list[Pair]:
        return [
            Pair(name, cell.rstrip("%"))
            for name, cell in zip(columns, cells, strict=True)
            if _NUMBER.match(cell) and not _COUNTER.match(name) and _counts_for(name, cell)
        ]


def _cells(line: str, by: str) -> list[str]:
    cells = _BOX.split(line) if by == "box" else line.split(by)
    return [cell.strip() for cell in (cells if by == "," else _without_empty_end(cells))]


def _without_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells may be a head's: short names, of which but the first may be empty."""
    return (
        not any(map(_PROSE.search, cells))
        and all(
            (cell and len(cell) <= 40 and cell.count(" ") < 4 and any(map(str.isalpha, cell)))
            or cell == "#"
            or (not cell and not place)
            for place, cell in enumerate(cells)
        )
        and not any(cell.endswith((":", ".", "...", ";")) for cell in cells)
    )


def _is_row(cells: Sequence[str]) -> bool:
    first = cells[0]
    if not (first[:1].isdigit() or first[:1] in "-." or first == "all"):
        return False
    return sum(_NUMBER.match(cell) is not None for cell in cells) * 2 >= len(cells)


def _counts_unnamed(name: str, cell: str) -> bool:
    """Whether a first column counts though its name does not say so."""
    return cell.isdigit() and kind_of(name) != METRIC


def _counts_for(name: str, cell: str) -> bool:
    kind = kind_of(name)
    if _measures(name) or kind in (RATE, SPEED):
        return number(cell.rstrip("%")) is not None
    return kind == OTHER and is_measured(cell)


def _measures(name: str) -> bool:
    return kind_of(name) == METRIC or name.lower() in _LOSSES or "mAP" in name


def _is_told(name: str) -> bool:
    return kind_of(name) in (METRIC, RATE, SPEED) or name.endswith(
        ("_mean", "lenmean", "rewmean", "clipfrac", "/mean_reward")
    )
