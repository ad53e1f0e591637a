"""The files of a local input, for every target in the same way: links are followed, loops left out."""

from __future__ import annotations

import os
from pathlib import Path


def files_of(place: Path) -> list[tuple[str, Path]]:
    """The files at a place, with the keys that they have below an input's address.

    Raises OSError for a folder that can't be read.
    """
    if place.is_file():
        return [(place.name, place)]
    found = []
    walked: set[str] = set()
    for root, folders, names in os.walk(place, followlinks=True, onerror=_raise):
        real = os.path.realpath(root)
        if real in walked:
            folders.clear()  # a link that leads to where we have been
            continue
        walked.add(real)
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            if path.is_file():
                found.append((path.relative_to(place).as_posix(), path))
    return found


def _raise(error: OSError) -> None:
    raise error
