"""Patterns that are cheap to try: each is first looked for by literal parts of itself.

Most of the catalogue's patterns do not fit most texts, and asking whether a text contains
a word costs a hundredth of a search for a pattern. What a pattern surely needs is read
off its own text: literals outside of anything optional, and for a group of alternatives
one of theirs. A part that can't be read off needs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUANTIFIER = re.compile(r"[?*+]\??|\{\d*,?\d*\}\??")
_GROUP_HEAD = re.compile(r"\?(?:P<\w+>|:|-i:)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_SHORTEST = 2

Needs = tuple[frozenset[str], ...]


class Pattern:
    """A regular expression, in any case, with what every match contains."""

    def __init__(self, pattern: str) -> None:
        self.regex = re.compile(pattern, re.IGNORECASE)
        self.needs = needs_of(pattern)

    def search(self, text: str, lowered: str) -> re.Match[str] | None:
        """A match in `text`; `lowered` is the same text in lower case."""
        return self.regex.search(text) if holds(lowered, self.needs) else None


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
