"""Packing a script or a source folder into SageMaker's sourcedir.tar.gz, reproducibly.

The archive is named by its content, so the same source is stored once, and it is a
copy: what the user edits after the cell returned does not reach the job.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_sm.targets.paths import PathError, resolved
from jupyter_sm.targets.walk import WalkError, file_in, walk

# When there is too much, so much goes that it does not begin anew at once.
_DOWN_TO = 0.9
# A job may be about to be submitted with it.
_FRESH_SECONDS = 3600
# What a small file takes on the disk.
_LEAST_BYTES = 4096
MAX_BYTES = 200 * 1024 * 1024
# What is larger is seldom text. It is stored as it is, as a cell waits for it to be packed.
_COMPRESSED_BYTES = 16 * 1024 * 1024
_BLOCK = 1024 * 1024
_REQUIREMENTS = "requirements.txt"
_LEFT_OUT = frozenset({".git", ".hg", "__pycache__", ".ipynb_checkpoints", ".venv", "node_modules"})


class SourceError(ValueError):
    """A source that can't be packed: missing, without its entry point, or far too big."""


def pack_source(
    script: str | Path,
    entry_point: str | None,
    into: Path,
    dependencies: Sequence[str] = (),
    *,
    follow_links: bool = False,
) -> tuple[Path, str]:
    """Pack a script (alone) or a folder; returns the archive's path and the program's name.

    `dependencies` are files and folders that come to lie beside it, each under its own name.
    `follow_links`: what links lead to, out of the folder, is packed too.
    Raises SourceError with one sentence saying what is wrong and where.
    """
    files, program = _source(script, entry_point, follow_links=follow_links)
    for dependency in dependencies:
        files += _dependency(dependency, files, follow_links=follow_links)
    if sum(path.stat().st_size for _, path in files) > MAX_BYTES:
        raise SourceError(
            f"The source and its dependencies hold more than {MAX_BYTES >> 20} MiB; pass data as "
            "inputs."
        )
    return _write(files, into), program


def _source(
    script: str | Path, entry_point: str | None, *, follow_links: bool
) -> tuple[list[tuple[str, Path]], str]:
    try:
        path = resolved(os.fspath(script))
    except PathError as error:
        raise SourceError(str(error)) from None
    if os.fspath(script) and path.is_dir():
        program = _entry_of(path, entry_point, follow_links=follow_links)
        return _folder_files(path, follow_links=follow_links), program
    if not path.is_file():
        raise SourceError(f"There is no script {str(script)!r} (looked for {path.absolute()}).")
    if path.stat().st_size > MAX_BYTES:
        raise SourceError(f"The script {str(script)!r} has more than {MAX_BYTES >> 20} MiB.")
    files = [(path.name, path)]
    requirements = path.parent / _REQUIREMENTS
    if requirements.is_symlink() or requirements.is_file():
        files.append((_REQUIREMENTS, _beside(path, follow_links=follow_links)))
    return files, path.name


def _beside(script: Path, *, follow_links: bool) -> Path:
    try:
        return file_in(script.parent, _REQUIREMENTS, follow_links=follow_links).path
    except WalkError as error:
        raise SourceError(str(error)) from None


def _dependency(
    given: str, beside: Sequence[tuple[str, Path]], *, follow_links: bool
) -> list[tuple[str, Path]]:
    """The files of a dependency, as they come to lie beside others."""
    try:
        path = resolved(given)
    except PathError as error:
        raise SourceError(f"A dependency can't be packed: {error}") from None
    if not given or not (path.is_file() or path.is_dir()):
        raise SourceError(
            f"There is no file or folder {given!r} to pack as a dependency (looked for {path})."
        )
    if path.name in {name.partition("/")[0] for name, _ in beside}:
        raise SourceError(
            f"The dependency {given!r} can't be packed, as the source has another {path.name!r}; "
            "rename one of them."
        )
    if path.is_file():
        return [(path.name, path)]
    files = _folder_files(path, follow_links=follow_links)
    return [(f"{path.name}/{name}", file) for name, file in files]


def _entry_of(folder: Path, entry_point: str | None, *, follow_links: bool) -> str:
    if entry_point is None:
        raise SourceError(
            f"{str(folder)!r} is a folder, so entry_point must name the script in it to run."
        )
    try:
        entry = resolved(os.fspath(folder / entry_point))
    except PathError as error:
        raise SourceError(str(error)) from None
    if not follow_links:
        folder, entry = folder.resolve(), entry.resolve()
    if not entry.is_relative_to(folder) or not entry.is_file():
        raise SourceError(f"There is no script {entry_point!r} in the folder {str(folder)!r}.")
    inside = entry.relative_to(folder)
    left_out = _LEFT_OUT.intersection(inside.parts)
    if left_out:
        raise SourceError(f"{entry_point!r} lies in {min(left_out)}, which is not packed.")
    return inside.as_posix()


def _folder_files(folder: Path, *, follow_links: bool) -> list[tuple[str, Path]]:
    files: list[tuple[str, Path]] = []
    total = 0
    try:
        for file in walk(folder, follow_links=follow_links, left_out=_LEFT_OUT):
            total += file.size
            if total > MAX_BYTES:
                raise SourceError(
                    f"The source folder {str(folder)!r} holds more than {MAX_BYTES >> 20} MiB; "
                    "pass data as inputs, and keep only code in the source folder."
                )
            files.append((file.name, file.path))
    except WalkError as error:
        raise SourceError(str(error)) from None
    return files


def _write(files: list[tuple[str, Path]], into: Path) -> Path:
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A folder, as `trim_sources` takes folders away, should we be killed meanwhile.
    part = into / f".part-{os.getpid()}-{uuid.uuid4().hex}"
    try:
        part.mkdir(mode=0o700)
        packed = part / "sourcedir.tar.gz"
        target = into / _pack(files, packed) / packed.name
        if target.exists():
            with contextlib.suppress(OSError):
                os.utime(target)  # used again (`trim_sources`)
        else:
            target.parent.mkdir(exist_ok=True, mode=0o700)
            packed.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _pack(files: list[tuple[str, Path]], part: Path) -> str:
    """Write the archive; the digest of its content."""
    is_large = sum(path.stat().st_size for _, path in files) > _COMPRESSED_BYTES
    with part.open("wb") as file:
        hashed = _Hashed(file)
        # Times and owners are left out so that equal content gives equal bytes.
        with (
            gzip.GzipFile(
                fileobj=hashed, mode="wb", mtime=0, compresslevel=0 if is_large else 6
            ) as zipped,
            tarfile.TarFile(mode="w", fileobj=zipped, copybufsize=_BLOCK) as archive,
        ):
            for name, path in files:
                with path.open("rb") as content:
                    member = tarfile.TarInfo(name)
                    member.size = os.fstat(content.fileno()).st_size
                    member.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                    archive.addfile(member, content)
    return hashed.digest.hexdigest()[:16]


class _Hashed(io.RawIOBase):
    """A file that is written, and hashed on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Pass data on."""
        self.digest.update(data)
        return self._file.write(data)


def trim_sources(data_dir: Path, limit_mb: int, in_use: Sequence[str]) -> None:
    """Delete packed sources and cells' scripts, the longest unused first, beyond a limit (0: any).

    Those stay that one of the texts `in_use` names, or that were used within the hour.
    """
    limit = limit_mb * 1_000_000
    kept = [
        _kept(folder) for kind in ("sources", "cells") for folder in (data_dir / kind).glob("*")
    ]
    total = sum(size for _, size, _ in kept)
    if not limit or total <= limit:
        return
    for used, size, folder in sorted(kept):
        if total <= limit * _DOWN_TO or used > time.time() - _FRESH_SECONDS:
            break
        if not any(folder.name in text for text in in_use):
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


def _kept(folder: Path) -> tuple[float, int, Path]:
    """When what lies in a folder was last used, its bytes, the folder."""
    found = []
    with contextlib.suppress(OSError):
        found = [path.stat() for path in folder.iterdir()]
    used = max((status.st_mtime for status in found), default=0.0)
    return used, sum(max(_LEAST_BYTES, status.st_size) for status in found), folder
