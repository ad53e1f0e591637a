"""Bringing inputs to a host, so that it can't change the originals: copied, or mounted read-only."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyter_sm.jobs.kinds import Place
from jupyter_sm.targets.inputs import files_of


class ChannelError(Exception):
    """An input that can't be brought, in SageMaker's manner: the text is the FailureReason."""


def local_path(uri: str) -> Path:
    """The path that a file:// address stands for."""
    return Path(unquote(urlsplit(uri).path))


@dataclass(frozen=True)
class Input:
    """What lies at an address of a request: a file, or the files of a folder by their keys."""

    place: Place
    path: Path
    files: list[tuple[str, Path]]

    @classmethod
    def at(cls, place: Place, request: Mapping[str, Any]) -> Input:
        """Raises ChannelError where there is nothing that could be brought."""
        path = local_path(place.uri(request))
        if not path.exists():
            raise _failed(f"there is nothing at {path}, the {place.phrase}")
        if not path.is_file() and not path.is_dir():
            raise _failed(f"{path}, the {place.phrase}, is neither a file nor a folder")
        try:
            return cls(place, path, files_of(path))
        except OSError as error:
            what = f"{error.strerror} while reading {error.filename}, the {place.phrase}"
            raise _failed(what) from error

    def share(self, number: int, count: int) -> Input:
        """The part of one host of several, numbered from 0, where each gets its own."""
        return replace(self, files=self.files[number::count])

    def changed_since(self, time: float) -> Iterator[str]:
        """A line for each file that changed after this time, in seconds."""
        for _, file in self.files:
            if file.stat().st_mtime > time:
                yield (
                    f"{file} ({self.place.what}) changed after the job was submitted; "
                    "the job reads it as it is now."
                )

    def has_links(self) -> bool:
        """Whether a link within leads elsewhere, which would lead there from a host too."""
        if self.path.is_file():
            return False
        top, folders = os.path.realpath(self.path), {file.parent for _, file in self.files}
        return any(file.is_symlink() for _, file in self.files) or any(
            os.path.realpath(folder) != os.path.normpath(Path(top, folder.relative_to(self.path)))
            for folder in folders
        )

    def copy_to(self, folder: Path, check_stop: Callable[[], None]) -> Iterator[str]:
        """Copy the files into a folder; a line for each that changed meanwhile."""
        folder.mkdir(parents=True, exist_ok=True)
        self._check_room(folder)
        for key, file in self.files:
            check_stop()
            here = folder / key
            here.parent.mkdir(parents=True, exist_ok=True)
            before = file.stat()
            try:
                shutil.copyfile(file, here)
            except OSError as error:
                what = f"{error.strerror} while copying {file}, the {self.place.phrase}"
                raise _failed(what) from error
            after = file.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                yield f"{file} ({self.place.what}) changed while it was copied."

    def _check_room(self, folder: Path) -> None:
        needed = sum(file.stat().st_size for _, file in self.files)
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise _failed(
                f"No space left on device: '{folder}' has {free >> 20} MiB free, "
                f"the {self.place.phrase} needs {needed >> 20} MiB"
            )


def _failed(what: str) -> ChannelError:
    return ChannelError(f"ClientError: Data download failed: {what}.")
