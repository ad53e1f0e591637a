"""What jobs have made: listed and fetched from where it lies, folders and S3 alike."""

from __future__ import annotations

import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jupyter_sm.shown.controls import line

# Tells bytes done, as they come.
Tell = Callable[[int], None]
_BLOCK = 1 << 20
# Files that are listed.
_MOST = 100_000


class ArtifactError(ValueError):
    """Something made by a job that can't be had, in one sentence."""


@dataclass(frozen=True)
class Artifact:
    """One file that a job has left: its name below the job's place, size in bytes, address."""

    name: str
    size: int
    uri: str


def list_artifacts(s3: Callable[[], Any], places: Sequence[str]) -> list[Artifact]:
    """All files below some addresses, `file://` or `s3://`, by name."""
    found: list[Artifact] = []
    for place in places:
        for one in _in_folder(place) if place.startswith("file://") else _in_s3(s3(), place):
            found.append(one)
            if len(found) > _MOST:
                raise ArtifactError(
                    f"There are more than {_MOST:,} files in {place}: fetch the folder itself."
                )
    return sorted(found, key=lambda one: one.name)


def _in_folder(place: str) -> Iterator[Artifact]:
    folder = _path(place)
    real = folder.resolve()
    below = (p for p in folder.rglob("*") if p.is_file() and p.resolve().is_relative_to(real))
    files = [folder] if folder.is_file() else below
    top = folder.parent if folder.is_file() else folder
    for path in files:
        yield Artifact(path.relative_to(top).as_posix(), path.stat().st_size, path.as_uri())


def _in_s3(s3: Any, place: str) -> Iterator[Artifact]:
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for row in page.get("Contents", []):
            name = row["Key"].removeprefix(prefix).lstrip("/") or Path(row["Key"]).name
            if not row["Key"].endswith("/"):
                yield Artifact(name, row["Size"], f"s3://{bucket}/{row['Key']}")


def fetch(s3: Callable[[], Any], artifact: Artifact, into: Path, tell: Tell) -> Path:
    """Bring one file below a folder, whole or not at all; what is there already is kept.

    Raises ArtifactError for a name that leads out of the folder.
    """
    # A name with escapes in it would do to each terminal that lists the folder what its author liked.
    place = (into / line(artifact.name)).resolve()
    if not place.is_relative_to(into.resolve()):
        raise ArtifactError(f"The name {artifact.name!r} leads out of {into}; it was not fetched.")
    if place.is_file() and place.stat().st_size == artifact.size:
        tell(artifact.size)
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part-{os.getpid()}")
    try:
        if artifact.uri.startswith("file://"):
            _copy(_path(artifact.uri), part, tell)
        else:
            bucket, _, key = artifact.uri.removeprefix("s3://").partition("/")
            s3().download_file(bucket, key, os.fspath(part), Callback=tell)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return place


def _copy(source: Path, to: Path, tell: Tell) -> None:
    with source.open("rb") as given, to.open("wb") as made:
        while block := given.read(_BLOCK):
            made.write(block)
            tell(len(block))


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a tar.gz into a fresh folder; members that lead outside are refused."""
    part = into.with_name(f".{into.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with tarfile.open(archive) as packed:
            _extract(packed, part)
        shutil.rmtree(into, ignore_errors=True)
        part.replace(into)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ArtifactError(f"The archive {archive} can't be unpacked: {error}.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return into


def _extract(packed: tarfile.TarFile, into: Path) -> None:
    if hasattr(tarfile, "data_filter"):
        packed.extractall(into, filter="data")
        return
    for member in packed:  # pragma: no cover - Pythons before the extraction filters
        inside = (into / member.name).resolve().is_relative_to(into.resolve())
        if not inside or not (member.isfile() or member.isdir()):
            raise ArtifactError(f"The archive holds {member.name!r}, which leads outside.")
        packed.extract(member, into)


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))
