"""Staging to S3: sources and local inputs, named by content and uploaded once.

A key holds the hash of what lies below it, so equal content is found there by the next job,
whoever submits it, and an upload that broke off goes on where it stopped.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from jupyter_sm.targets.aws.buckets import Buckets, split
from jupyter_sm.targets.aws.roles import find_role
from jupyter_sm.targets.settings import Settings
from jupyter_sm.targets.target import Staged, Staging, StagingRefusedError, StagingStoppedError

PREFIX = "jupyter-sm"
_BLOCK = 1 << 20
_TELL_SECONDS = 0.5


class Stager:
    """Stages for one target; safe to use from several threads."""

    def __init__(
        self,
        client: Callable[[str], Any],
        region: str,
        check: Callable[[dict[str, Any]], str | None],
    ) -> None:
        self._client = client
        self._check = check
        self._region = region
        self._buckets = Buckets(client, region)
        self._identity: dict[str, Any] | None = None

    def stage(self, staging: Staging, settings: Settings) -> Staged:
        """Upload what is local; the request then names `s3://` addresses and a role.

        Raises StagingRefusedError, StagingStoppedError, or what botocore raises.
        """
        staged = Staged(copy.deepcopy(staging.request))
        request = staged.request
        if "RoleArn" not in request:
            request["RoleArn"], where = find_role(self._client, self._caller(), settings.role)
            staged.notes.append(f"Role {request['RoleArn'].partition(':role/')[2]}, {where}.")
            wrong = self._check(request)
            if wrong:
                raise StagingRefusedError("invalid-parameter", "The role can't be right", wrong)
        bucket = self._bucket(staging, settings, staged)
        request.setdefault("OutputDataConfig", {"S3OutputPath": f"s3://{bucket}/{PREFIX}/output"})
        self._check_regions(request)
        uploads = _Uploads(self._client("s3"), staging)
        self._stage_source(request, bucket, uploads)
        for channel in request.get("InputDataConfig", []):
            source = channel.get("DataSource", {}).get("S3DataSource", {})
            if str(source.get("S3Uri", "")).startswith("file://"):
                source["S3Uri"] = self._stage_input(
                    path_of(source["S3Uri"]),
                    channel.get("ChannelName", ""),
                    bucket,
                    uploads,
                    staged,
                )
        uploads.run()
        return staged

    def _caller(self) -> dict[str, Any]:
        if self._identity is None:
            self._identity = self._client("sts").get_caller_identity()
        return self._identity

    def _bucket(self, staging: Staging, settings: Settings, staged: Staged) -> str:
        """Where files go: the settings' bucket, the output's, else SageMaker's default one."""
        if settings.bucket:
            self._buckets.check(settings.bucket, "config.toml names")
            return settings.bucket
        output = staged.request.get("OutputDataConfig", {}).get("S3OutputPath")
        if output:
            bucket = split(output)[0]
            self._buckets.check(bucket, "the output names")
            return bucket
        bucket = f"sagemaker-{self._region}-{self._caller()['Account']}"
        may_create = staging.create_bucket or settings.create_bucket
        if self._buckets.ensure(bucket, self._caller()["Account"], may_create=may_create):
            staged.notes.append(f"Created the bucket {bucket}.")
        return bucket

    def _check_regions(self, request: dict[str, Any]) -> None:
        self._buckets.check(
            split(request["OutputDataConfig"]["S3OutputPath"])[0], "the output names"
        )
        for channel in request.get("InputDataConfig", []):
            uri = channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
            if uri.startswith("s3://"):
                self._buckets.check(
                    split(uri)[0], f"the channel {channel.get('ChannelName')} names"
                )

    def _stage_source(self, request: dict[str, Any], bucket: str, uploads: _Uploads) -> None:
        parameters = request.get("HyperParameters", {})
        try:
            uri = json.loads(parameters.get("sagemaker_submit_directory", "null"))
        except ValueError:
            return
        if not isinstance(uri, str) or not uri.startswith("file://"):
            return
        archive = path_of(uri)
        # pack_source named the folder by the archive's content.
        key = f"{PREFIX}/sources/{archive.parent.name}/{archive.name}"
        uploads.add(archive, bucket, key)
        parameters["sagemaker_submit_directory"] = json.dumps(f"s3://{bucket}/{key}")

    def _stage_input(
        self, place: Path, channel: str, bucket: str, uploads: _Uploads, staged: Staged
    ) -> str:
        if not place.exists():
            raise StagingRefusedError(
                "local-file-not-found",
                "An input is gone",
                f"The input of channel {channel!r} is no longer there: {place}.",
                "Submit the job again once it is back.",
            )
        try:
            files = _files(place)
            return self._stage_files(place, files, channel, bucket, uploads, staged)
        except OSError as error:
            raise StagingRefusedError(
                "local-file-not-found",
                "An input can't be read",
                f"The input of channel {channel!r} can't be read: "
                f"{error.filename or place}: {error.strerror}.",
            ) from None

    def _stage_files(
        self,
        place: Path,
        files: list[tuple[str, Path]],
        channel: str,
        bucket: str,
        uploads: _Uploads,
        staged: Staged,
    ) -> str:
        if not files:
            raise StagingRefusedError(
                "local-file-not-found",
                "An input is empty",
                f"The input of channel {channel!r} holds no file: {place}.",
            )
        hashed = uploads.hashed(files)
        digest = _digest(hashed)
        prefix = f"{PREFIX}/inputs/{digest}"
        newer = [name for name, path in files if path.stat().st_mtime > uploads.submitted_at + 1]
        if newer:
            staged.notes.append(
                f"{channel}/{newer[0]}{f' and {len(newer) - 1} more' if len(newer) > 1 else ''} "
                "changed after the job was submitted; the newer content was uploaded."
            )
        for name, path in files:
            uploads.add(path, bucket, f"{prefix}/{name}", hashed[name])
        return f"s3://{bucket}/{prefix}/"


class _Uploads:
    """What one job uploads, with bytes counted over all of it."""

    def __init__(self, s3: Any, staging: Staging) -> None:
        self._s3 = s3
        self._staging = staging
        self._files: list[tuple[Path, str, str, str | None]] = []
        self._total = 0
        self._done = 0
        self._told = 0.0
        self._lock = threading.Lock()
        self.submitted_at = staging.submitted_at

    def add(self, path: Path, bucket: str, key: str, digest: str | None = None) -> None:
        """A file to be brought to a key, unless it is there already."""
        self._files.append((path, bucket, key, digest))
        self._total += path.stat().st_size

    def hashed(self, files: list[tuple[str, Path]]) -> dict[str, str]:
        """The SHA-256 of each file's content, by its name."""
        return {name: self._hash(path) for name, path in files}

    def run(self) -> None:
        """Upload what is missing."""
        for path, bucket, key, digest in self._files:
            self._check_stop()
            size = path.stat().st_size
            if self._has(bucket, key, size):
                self._count(size)
            else:
                self._upload(path, bucket, key, digest)
        self._tell(force=True)

    def _upload(self, path: Path, bucket: str, key: str, digest: str | None) -> None:
        # A file we opened is closed whatever happens; one that boto3 opens stays open when
        # the callback ends the upload.
        with path.open("rb") as file:
            self._s3.upload_fileobj(file, bucket, key, Callback=self._count)
        # Named by its content, so content that changed meanwhile must not stand there.
        if digest is not None and self._hash(path) != digest:
            self._s3.delete_object(Bucket=bucket, Key=key)
            raise StagingRefusedError(
                "local-file-not-found",
                "An input changed while it was uploaded",
                f"{path} was written to while it was being uploaded.",
                "Submit the job again once the file is whole.",
            )

    def _has(self, bucket: str, key: str, size: int) -> bool:
        from botocore.exceptions import ClientError

        try:
            answer = self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"].get("Code") in ("404", "403", "NoSuchKey"):
                return False
            raise
        return bool(answer["ContentLength"] == size)

    def _hash(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                self._check_stop()
                digest.update(block)
        return digest.hexdigest()

    def _count(self, done: int) -> None:
        # Called from the threads of boto3's transfer: an exception here ends the upload.
        self._check_stop()
        with self._lock:
            self._done += done
        self._tell()

    def _tell(self, *, force: bool = False) -> None:
        with self._lock:
            if not force and time.monotonic() - self._told < _TELL_SECONDS:
                return
            self._told = time.monotonic()
        self._staging.on_progress(min(self._done, self._total), self._total)

    def _check_stop(self) -> None:
        if self._staging.stopped.is_set():
            raise StagingStoppedError


def path_of(uri: str) -> Path:
    """The path that a `file://` address names."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def _files(place: Path) -> list[tuple[str, Path]]:
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
                found.append((_text(path.relative_to(place).as_posix()), path))
    return found


def _raise(error: OSError) -> None:
    raise error


def _text(name: str) -> str:
    """A file's name as a key can have it. Raises StagingRefusedError for one that is no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise StagingRefusedError(
            "local-file-not-found",
            "A file's name is no text",
            f"The name of the file {name!a} is not valid UTF-8, which S3 needs.",
            "Rename the file.",
        ) from None
    return name


def _digest(hashed: dict[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashed.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
