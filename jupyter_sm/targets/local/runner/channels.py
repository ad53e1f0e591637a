"""Bringing input channels to a host: copied (File) or linked (FastFile), and looked after."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class ChannelError(Exception):
    """An input that can't be brought, in SageMaker's manner: the text is the FailureReason."""


def local_path(uri: str) -> Path:
    """The path that a file:// address stands for."""
    return Path(unquote(urlsplit(uri).path))


def stage(
    channel: Mapping[str, Any], mode: str, into: Path, host: int, hosts: int, since: float
) -> Iterator[str]:
    """Bring one channel below `into`; yields a line for every file changed after `since`.

    `host` of `hosts` matters for ShardedByS3Key, where every host gets its share.
    """
    name = channel["ChannelName"]
    source = channel["DataSource"]["S3DataSource"]
    path = local_path(source["S3Uri"])
    if not path.exists():
        raise ChannelError(
            f"ClientError: Data download failed: there is nothing at {path}, the input of channel {name!r}."
        )
    files = list(_files(path))
    if source.get("S3DataDistributionType") == "ShardedByS3Key":
        files = files[host::hosts]
    target = into / name
    target.mkdir(parents=True, exist_ok=True)
    if mode == "File":
        _check_room(files, target, name)
    for key, file in files:
        place = target / key
        place.parent.mkdir(parents=True, exist_ok=True)
        before = file.stat()
        if before.st_mtime > since:
            yield f"{file} (channel {name}) changed after the job was submitted; the job reads it as it is now."
        if mode == "FastFile":
            place.symlink_to(file)
            continue
        try:
            shutil.copyfile(file, place)
        except OSError as error:
            raise ChannelError(
                f"ClientError: Data download failed: {error.strerror} while copying {file} of channel {name!r}."
            ) from error
        after = file.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            yield f"{file} (channel {name}) changed while it was copied."


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


def _check_room(files: Sequence[tuple[str, Path]], target: Path, name: str) -> None:
    needed = sum(file.stat().st_size for _, file in files)
    free = shutil.disk_usage(target).free
    if needed > free:
        raise ChannelError(
            f"ClientError: Data download failed: No space left on device: '{target}' has "
            f"{free >> 20} MiB free, channel {name!r} needs {needed >> 20} MiB."
        )
