"""Patterns that are cheap to try: each is first looked for by literal parts of itself.

Most of the rules' patterns do not fit most texts, and asking whether a text contains
a word costs a hundredth of a search for a pattern. What a pattern surely needs is read
off its own text: literals outside of anything optional, and for a group of alternatives
one of theirs. A part that can't be read off needs nothing.

Case is told apart by nobody: patterns and texts are put into lower case, as expressions that
ignore case are several times slower.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator

_QUANTIFIER = re.compile(r"[?*+]\??|\{\d*,?\d*\}\??")
_GROUP_HEAD = re.compile(r"\?(?:P<\w+>|:|-i:)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_SHORTEST = 2
_THREE = re.compile("...", re.DOTALL)
# What keeps its case within a pattern: escapes, and the heads of named groups.
_CASED = re.compile(r"\\.|\(\?P[<=]\w+|.", re.DOTALL)

Needs = tuple[frozenset[str], ...]


class Text:
    """A text to search, also in lower case."""

    def __init__(self, text: str) -> None:
        self.text = text
        lowered = text.lower()
        if len(lowered) != len(text):  # `İ` becomes two characters: places would no longer agree
            lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
        self.lowered = lowered

    def __bool__(self) -> bool:
        return bool(self.text)

    def holds(self, needs: Needs) -> bool:
        """Whether it contains one literal of each set."""
        return holds(self.lowered, needs)


class Pattern:
    """A regular expression, in any case but within `(?-i:…)`, with what every match contains."""

    def __init__(self, pattern: str) -> None:
        self._minds_case = "(?-i:" in pattern
        self._pattern = pattern
        self.needs = needs_of(pattern)

    @functools.cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled when a text first needs it: all of them take half a second."""
        if self._pattern.startswith("(?-i:") and _end_of_atom(self._pattern, 0) == len(
            self._pattern
        ):
            return re.compile(self._pattern)
        if self._minds_case:
            return re.compile(self._pattern, re.IGNORECASE)
        return re.compile(_CASED.sub(_lowered, self._pattern))

    def find(self, text: Text) -> re.Match[str] | None:
        """The first match in `text`, whose places are those of its text."""
        if not text.holds(self.needs):
            return None
        return self.regex.search(text.text if self._minds_case else text.lowered)

    def search(self, text: Text) -> dict[str, str] | None:
        """What a match in `text` names; None if there is none."""
        found = self.find(text)
        if found is None:
            return None
        return {
            name: text.text[slice(*found.span(name))]
            for name in self.regex.groupindex
            if found[name]
        }


class Index:
    """Which patterns may match a text: asked once, where each would be asked for itself.

    Of the sets of literals that a pattern needs the rarest leads to it. A text is cut into threes;
    wherever a literal of five begins, one of three threes in a row of its own is among them, and
    with it all that follow and go before in steps of three. How rare they are is counted in `prose`.
    """

    def __init__(self, patterns: Iterable[Pattern], prose: str) -> None:
        counts = Counter(prose[at : at + 3] for at in range(len(prose) - 2))

        def rarity(literal: str, at: int) -> int:
            return sum(counts[literal[n : n + 3]] for n in range(at, min(at, len(literal) - 5) + 3))

        def rarest(literal: str) -> int:
            return min(range(max(len(literal) - 4, 1)), key=lambda at: rarity(literal, at))

        self._patterns: dict[str, list[Pattern]] = {}
        self._always: list[Pattern] = []
        for pattern in patterns:
            sets = [any_of for any_of in pattern.needs if min(map(len, any_of)) >= 3]
            if not sets:
                self._always.append(pattern)
                continue
            for literal in min(
                sets, key=lambda any_of: sum(rarity(one, rarest(one)) for one in any_of)
            ):
                self._patterns.setdefault(literal, []).append(pattern)
        self._short = [literal for literal in self._patterns if len(literal) < 5]
        self._literals: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for literal in self._patterns.keys() - set(self._short):
            begin = rarest(literal)
            for at in range(begin, begin + 3):
                threes = frozenset(literal[n : n + 3] for n in range(at % 3, len(literal) - 2, 3))
                self._literals.setdefault(literal[at : at + 3], []).append((literal, threes))

    def candidates(self, text: Text) -> set[Pattern]:
        """The patterns that `text` is worth being searched for."""
        lowered = text.lowered
        there = set(_THREE.findall(lowered))
        literals = set(self._short)
        for three in self._literals.keys() & there:
            literals.update(literal for literal, threes in self._literals[three] if threes <= there)
        found = set(self._always)
        for literal in literals:
            if literal in lowered:
                found.update(self._patterns[literal])
        return found


def _lowered(part: re.Match[str]) -> str:
    return part[0] if len(part[0]) > 1 else part[0].lower()


def holds(lowered: str, needs: Needs) -> bool:
    """Whether a text in lower case contains one literal of each set."""
    for any_of in needs:
        for literal in any_of:
            if literal in lowered:
                break
        else:
            return False
    return True


def needs_of(pattern: str) -> Needs:
    """Sets of literals (in lower case), the rarest first: every match contains one of each set."""
    rarest = sorted(_of_alternatives(pattern), key=lambda any_of: (len(any_of), -len(min(any_of))))
    return tuple(rarest)


def _of_alternatives(pattern: str) -> list[frozenset[str]]:
    alternatives = [_of_sequence(part) for part in _split(pattern)]
    if len(alternatives) == 1:
        return alternatives[0]
    if not all(alternatives):
        return []
    # One set is enough of each alternative: the one whose shortest literal is the longest.
    best = [max(needs, key=lambda any_of: min(map(len, any_of))) for needs in alternatives]
    return [frozenset().union(*best)]


def _of_sequence(pattern: str) -> list[frozenset[str]]:
    needs: list[frozenset[str]] = []
    run = ""
    for atom, quantifier in _atoms(pattern):
        is_optional = quantifier.startswith(("?", "*", "{0", "{,"))
        character = "" if is_optional else _character(atom)
        run += character
        if character and not quantifier:
            continue
        needs += _literal(run)
        run = ""
        if atom.startswith("(") and not is_optional:
            head = _GROUP_HEAD.match(atom, 1)
            if head or atom[1] != "?":
                needs += _of_alternatives(atom[head.end() if head else 1 : -1])
    return needs + _literal(run)


def _literal(run: str) -> list[frozenset[str]]:
    return [frozenset({run.lower()})] if len(run.strip()) >= _SHORTEST else []


def _character(atom: str) -> str:
    """The one character an atom stands for, or nothing."""
    if len(atom) == 1:
        return "" if atom in "^$." else atom
    if atom.startswith("\\") and not atom[1].isalnum():
        return atom[1]
    return ""


def _atoms(pattern: str) -> Iterator[tuple[str, str]]:
    """The parts of a sequence with their quantifiers: characters, escapes, classes, groups."""
    at = 0
    while at < len(pattern):
        end = _end_of_atom(pattern, at)
        quantifier = _QUANTIFIER.match(pattern, end)
        yield pattern[at:end], quantifier[0] if quantifier else ""
        at = quantifier.end() if quantifier else end


def _end_of_atom(pattern: str, at: int) -> int:
    if pattern[at] == "\\":
        return at + (4 if pattern[at + 1] == "x" else 2)
    if pattern[at] == "[":
        found = _CLASS.match(pattern, at)
        return found.end() if found else at + 1
    if pattern[at] != "(":
        return at + 1
    end = at + 1
    while pattern[end] != ")":
        end = _end_of_atom(pattern, end)
    return end + 1


def _split(pattern: str) -> list[str]:
    """The alternatives at the top of a pattern."""
    parts, begin, at = [], 0, 0
    while at < len(pattern):
        if pattern[at] == "|":
            parts.append(pattern[begin:at])
            begin = at + 1
        at = _end_of_atom(pattern, at)
    return [*parts, pattern[begin:]]
