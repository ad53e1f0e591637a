"""Bringing inputs to a host: copied (File) or linked (FastFile), and looked after."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyter_sm.jobs.kinds import Place


class ChannelError(Exception):
    """An input that can't be brought, in SageMaker's manner: the text is the FailureReason."""


def local_path(uri: str) -> Path:
    """The path that a file:// address stands for."""
    return Path(unquote(urlsplit(uri).path))


def stage(
    place: Place,
    request: Mapping[str, Any],
    into: Path,
    since: float,
    *,
    mode: str = "File",
    share: tuple[int, int] | None = None,
) -> Iterator[str]:
    """Bring what lies at an address to a folder; yields a line for every file changed after `since`.

    `share`: a host's number, from 0, and how many there are, where each gets its part of the files.
    """
    path = local_path(place.uri(request))
    if not path.exists():
        raise ChannelError(
            f"ClientError: Data download failed: there is nothing at {path}, the {place.phrase}."
        )
    files = list(_files(path))
    if share is not None:
        files = files[share[0] :: share[1]]
    into.mkdir(parents=True, exist_ok=True)
    if mode == "File":
        _check_room(files, into, place)
    for key, file in files:
        here = into / key
        here.parent.mkdir(parents=True, exist_ok=True)
        before = file.stat()
        if before.st_mtime > since:
            yield f"{file} ({place.what}) changed after the job was submitted; the job reads it as it is now."
        if mode == "FastFile":
            here.symlink_to(file)
            continue
        try:
            shutil.copyfile(file, here)
        except OSError as error:
            raise ChannelError(
                f"ClientError: Data download failed: {error.strerror} while copying {file}, the {place.phrase}."
            ) from error
        after = file.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            yield f"{file} ({place.what}) changed while it was copied."


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield path.name, path
        return
    for root, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(root) / name
            if file.is_file():
                yield file.relative_to(path).as_posix(), file


def _check_room(files: Sequence[tuple[str, Path]], target: Path, place: Place) -> None:
    needed = sum(file.stat().st_size for _, file in files)
    free = shutil.disk_usage(target).free
    if needed > free:
        raise ChannelError(
            f"ClientError: Data download failed: No space left on device: '{target}' has "
            f"{free >> 20} MiB free, the {place.phrase} needs {needed >> 20} MiB."
        )
