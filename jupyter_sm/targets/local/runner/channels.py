"""Bringing inputs to a host, so that it can't change the originals: copied, or mounted read-only."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.kinds import Place, follows_links
from jupyter_sm.targets.paths import path_of
from jupyter_sm.targets.walk import File, WalkError, is_missing, walk

_BLOCK = 4 << 20


class ChannelError(Exception):
    """An input that can't be brought, in SageMaker's manner: the text is the FailureReason."""


@dataclass(frozen=True)
class Input:
    """What lies at an address of a request: a file, or the files of a folder by their keys."""

    place: Place
    path: Path
    files: list[File]

    @classmethod
    def at(cls, place: Place, request: Mapping[str, Any], check_stop: Callable[[], None]) -> Input:
        """Raises ChannelError where there is nothing that could be brought."""
        path = path_of(place.uri(request))
        if is_missing(path):
            raise _failed(f"there is nothing at {path}, the {place.phrase}")
        try:
            walked = walk(path, follow_links=follows_links(request), check_stop=check_stop)
            files = list(walked)
        except WalkError as error:
            raise _failed(str(error).rstrip(".")) from None
        if not files:
            raise _failed(f"there is no file in {path}, the {place.phrase}")
        return cls(place, path, files)

    def share(self, number: int, count: int) -> Input:
        """The part of one host of several, numbered from 0, where each gets its own."""
        return replace(self, files=self.files[number::count])

    def changed_since(self, time: float) -> Iterator[str]:
        """A line for each file that changed after this time, in seconds."""
        for file in self.files:
            if file.path.stat().st_mtime > time:
                yield (
                    f"{file.path} ({self.place.what}) changed after the job was submitted; "
                    "the job reads it as it is now."
                )

    def has_links(self) -> bool:
        """Whether a link within leads elsewhere, which would lead there from a host too."""
        if self.path.is_file():
            return False
        top, folders = os.path.realpath(self.path), {file.path.parent for file in self.files}
        return any(file.path.is_symlink() for file in self.files) or any(
            os.path.realpath(folder) != os.path.normpath(Path(top, folder.relative_to(self.path)))
            for folder in folders
        )

    def copy_to(self, folder: Path, check_stop: Callable[[], None]) -> Iterator[str]:
        """Copy the files into a folder; a line for each that changed meanwhile."""
        folder.mkdir(parents=True, exist_ok=True)
        self._check_room(folder)
        for name, file, _ in self.files:
            check_stop()
            here = folder / name
            here.parent.mkdir(parents=True, exist_ok=True)
            before = file.stat()
            try:
                _copy(file, here, check_stop)
            except OSError as error:
                what = f"{error.strerror} while copying {file}, the {self.place.phrase}"
                raise _failed(what) from error
            after = file.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                yield f"{file} ({self.place.what}) changed while it was copied."

    def _check_room(self, folder: Path) -> None:
        needed = sum(file.size for file in self.files)
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise _failed(
                f"No space left on device: '{folder}' has {free >> 20} MiB free, "
                f"the {self.place.phrase} needs {needed >> 20} MiB"
            )


def _copy(file: Path, here: Path, check_stop: Callable[[], None]) -> None:
    with file.open("rb") as given, here.open("wb") as made:
        while block := given.read(_BLOCK):
            made.write(block)
            check_stop()


def _failed(what: str) -> ChannelError:
    return ChannelError(f"ClientError: Data download failed: {what}.")
