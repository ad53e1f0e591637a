"""Whether a text looks drawn at random, as keys and tokens are, or written by a person."""

from __future__ import annotations

import re
from itertools import pairwise

_PIECES = re.compile(r"[A-Za-z0-9]+")
# Shorter pieces may be anything: a version, a size, a name.
_SHORTEST = 16
# Of neighbours drawn from letters and digits about half are of different sorts (a digit, a small
# letter, a capital), of those in names and in words few.
_SHARE = 0.25
_SHARE_OF_KEYS = 0.35


def is_random(text: str) -> bool:
    """Whether some part of a text, between its punctuation, looks drawn at random."""
    return any(
        len(piece) >= _SHORTEST
        and any(map(str.isdigit, piece))
        and _changes(piece, within_words=False) >= _SHARE * len(piece)
        for piece in _PIECES.findall(text)
    )


def is_secret_key(text: str) -> bool:
    """Whether 40 characters are an AWS secret access key; a path or a hash is none."""
    has_all = all(re.search(sort, text) for sort in ("[a-z]", "[A-Z]", "[0-9]"))
    return has_all and _changes(text, within_words=True) >= _SHARE_OF_KEYS * len(text)


def _changes(text: str, *, within_words: bool) -> int:
    """How often the sort changes; a capital before a small letter begins a word."""
    sorts = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in text]
    return sum(
        one != other and (within_words or (one, other) != ("u", "l"))
        for one, other in pairwise(sorts)
    )
