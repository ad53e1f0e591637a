"""Archives going in and out of a job: the source unpacked with care, model and output packed."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_sm.targets.walk import WalkError, walk


class ArtifactError(Exception):
    """An archive that can't be read or written; the text is the FailureReason."""


class _Watched(io.FileIO):
    """A file whose reader looks at the stop sign."""

    def __init__(self, path: Path, check_stop: Callable[[], None]) -> None:
        super().__init__(path)
        self._check_stop = check_stop

    def read(self, size: int | None = -1, /) -> bytes:
        """As FileIO's."""
        self._check_stop()
        return super().read(size)


def unpack_source(archive: Path, into: Path, check_stop: Callable[[], None]) -> None:
    """Unpack a sourcedir.tar.gz; members that lead outside of `into` are refused."""
    if archive.exists() and not archive.is_file():  # a pipe would be waited for
        raise ArtifactError(f"ClientError: the source archive {archive} is no file.")
    try:
        with _Watched(archive, check_stop) as packed, tarfile.open(fileobj=packed) as source:
            if hasattr(tarfile, "data_filter"):
                source.extractall(into, filter="data")
                return
            for member in source:  # pragma: no cover - Pythons before the extraction filters
                inside = (into / member.name).resolve().is_relative_to(into.resolve())
                if not inside or not (member.isfile() or member.isdir()):
                    raise ArtifactError(
                        f"ClientError: the source archive holds {member.name!r}, which leads outside."
                    )
                source.extract(member, into)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ArtifactError(
            f"ClientError: the source archive {archive} can't be read: {error}."
        ) from error
    except OSError as error:
        raise ArtifactError(
            f"ClientError: unpacking the source archive {archive} failed: {error.strerror or error}."
        ) from error


def kept_folder(path: Path, what: str) -> Path:
    """A folder that the user named for what a job writes as it runs, made where there is none."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ArtifactError(
            f"ClientError: {path}, the folder of the {what}, can't be written: {error.strerror}."
        ) from error
    return path


def pack(folders: Sequence[Path], archive: Path) -> bool:
    """Pack the contents of folders into one tar.gz, written whole or not; False if all are empty."""
    if not any(_has_files(folder) for folder in folders):
        return False
    part = archive.with_name(f".{archive.name}.part")
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(part, "w:gz", compresslevel=6) as packed:
            for folder in folders:
                for child in sorted(folder.iterdir()):
                    packed.add(child, arcname=child.name)
        part.replace(archive)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise ArtifactError(
            f"ClientError: Artifact upload failed: {error.strerror or error} while writing '{archive}'."
        ) from error
    return True


def copy_uncompressed(folders: Sequence[Path], into: Path) -> bool:
    """CompressionType NONE: the folders' contents as they are; False if all are empty.

    Links are copied as what they lead to, as the job itself may read it; a pipe, a device or a loop
    is refused before anything is copied.
    """
    try:
        there = [folder for folder in folders if folder.exists()]
        files = [file for folder in there for file in walk(folder, follow_links=True)]
        for file in files:
            here = into / file.name
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.path, here)
    except WalkError as error:
        raise ArtifactError(f"ClientError: Artifact upload failed: {error.what}") from error
    except OSError as error:
        raise ArtifactError(f"ClientError: Artifact upload failed: {error} ('{into}').") from error
    return bool(files)


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(os.scandir(folder))
