"""The files below a place that a user named: all of them, or a refusal that names the one in the way.

Inputs and sources of every target are walked here. Links within the place are followed; one that
leads out of it only if the user said so, as what was downloaded may hold links to whatever a
person has. What can't be read, or is no file at all, is never left out in silence.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# Folders that links lead to, again and again, can become more than any disk holds.
_MOST_LINKED = 10_000
# So many entries of a folder are read between two looks at the stop sign.
_AT_ONCE = 1_000


class WalkError(ValueError):
    """Something below a place that can't be taken along: what it is, and what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what} {remedy}".rstrip())
        self.what = what


class File(NamedTuple):
    """A file: its name below the place, with slashes; where it lies; its size in bytes."""

    name: str
    path: Path
    size: int


def walk(
    place: Path,
    *,
    follow_links: bool = False,
    left_out: Collection[str] = (),
    check_stop: Callable[[], None] = lambda: None,
) -> Iterator[File]:
    """All files of a folder, in the order of their names; of a file the file itself.

    `follow_links`: also those of links that lead out of the folder. What is named in `left_out`
    is passed over. `check_stop` is called for each entry, and may raise. Raises WalkError.
    """
    return _Walk(place, follow_links, frozenset(left_out), check_stop).files()


def is_missing(place: Path) -> bool:
    """Whether nothing is there; what may not be looked at is there."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # no path holds a NUL
        return True
    except OSError:
        pass
    return False


def file_in(folder: Path, name: str, *, follow_links: bool = False) -> File:
    """One file of a folder, by the same rules. Raises WalkError."""
    return _Walk(folder, follow_links).file_in(name)


class _Walk:
    def __init__(
        self,
        place: Path,
        follow_links: bool,
        left_out: frozenset[str] = frozenset(),
        check_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._place = place
        self._real = os.path.realpath(place)
        self._follow_links = follow_links
        self._left_out = left_out
        self._check_stop = check_stop
        self._linked = 0

    def files(self) -> Iterator[File]:
        found = self._status(self._place)
        if stat.S_ISDIR(found.st_mode):
            yield from self._below(self._place, "", (self._real,))
        else:
            yield self._file(self._place.name, self._place, found)

    def file_in(self, name: str) -> File:
        path = self._place / name
        found = self._status(path)
        if path.is_symlink():
            self._real_of(path)
        return self._file(name, path, found)

    def _below(self, folder: Path, name: str, above: tuple[str, ...]) -> Iterator[File]:
        """The files of a folder; `above` are the real paths of it and of all that hold it."""
        for entry in sorted(self._names(folder)):
            if entry not in self._left_out:
                self._check_stop()
                yield from self._entry(folder, entry, name, above)

    def _names(self, folder: Path) -> Iterator[str]:
        """What a folder holds, which may be millions."""
        try:
            scanned = os.scandir(folder)
        except OSError as error:
            raise _unreadable(folder, error) from None
        with scanned:
            while some := self._some(folder, scanned):
                self._check_stop()
                yield from some

    def _some(self, folder: Path, scanned: Iterator[os.DirEntry[str]]) -> list[str]:
        try:
            return [entry.name for entry in itertools.islice(scanned, _AT_ONCE)]
        except OSError as error:
            raise _unreadable(folder, error) from None

    def _entry(self, folder: Path, entry: str, name: str, above: tuple[str, ...]) -> Iterator[File]:
        path = folder / entry
        is_link = path.is_symlink()
        found = self._status(path)
        real = self._real_of(path) if is_link else os.path.join(above[-1], entry)  # noqa: PTH118
        if not stat.S_ISDIR(found.st_mode):
            yield self._file(f"{name}{entry}", path, found)
            return
        if is_link:
            self._enter(path, real, above)
        yield from self._below(path, f"{name}{entry}/", (*above, real))

    def _real_of(self, link: Path) -> str:
        """Where a link leads to, if it may."""
        real = os.path.realpath(link)
        inside = real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)
        if not inside and not self._follow_links:
            raise WalkError(
                f"{link} is a link to {real}, which lies outside of {self._place}.",
                "If it is to be taken along, say so with follow_links; else remove it.",
            )
        return real

    def _enter(self, link: Path, real: str, above: tuple[str, ...]) -> None:
        """A folder is entered by a link."""
        if real in above:
            raise WalkError(f"{link} is a link to {real}, which holds it: a loop. Remove it.")
        self._linked += 1
        if self._linked > _MOST_LINKED:
            raise WalkError(
                f"Links below {self._place} lead to more than {_MOST_LINKED:,} folders, at last "
                f"{link} to {real}. Remove those that lead to one another."
            )

    def _status(self, path: Path) -> os.stat_result:
        try:
            return path.stat()
        except OSError as error:
            if path.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                where = path.readlink()
                reason = "a loop" if error.errno == errno.ELOOP else "and there is nothing there"
                raise WalkError(f"{path} is a link to {where}, {reason}. Remove it.") from None
            raise WalkError(f"{path} can't be read: {error.strerror}.") from None

    def _file(self, name: str, path: Path, found: os.stat_result) -> File:
        if not stat.S_ISREG(found.st_mode):
            kind = next((kind for is_one, kind in _KINDS if is_one(found.st_mode)), "no file")
            raise WalkError(f"{path} is {kind}, which can't be taken along. Remove it.")
        if not os.access(path, os.R_OK):
            raise WalkError(f"{path} can't be read: {os.strerror(errno.EACCES)}.")
        return File(name, path, found.st_size)


def _unreadable(folder: Path, error: OSError) -> WalkError:
    return WalkError(f"The folder {folder} can't be read: {error.strerror}.")
