"""Uploads under names of content: what lies there is that content, or nothing does.

Every byte is hashed as it is sent, and S3 checks each call's hash itself. A file of one part is put
in one call; a larger one comes into being only when all its parts have arrived and their content is
that of its name. Many are sent at once; what is there already is not sent again, and the parts
of an upload that broke off count. Jobs that bring the same file at once have an upload each, so that
one's stop is none of the other's.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sm.background import Pool
from jupyter_sm.targets.protocol import Staging, StagingRefusedError, StagingStoppedError

AT_ONCE = 8
_BLOCK = 1 << 20
_PART = 8 << 20
# S3 takes 10,000 parts.
_MOST_PARTS = 9_000
# Of parts that wait to be sent, beside those that are.
_MOST_HELD = 128 << 20
_TELL_SECONDS = 0.5

# The uploads that this process is sending parts of.
_open: set[str] = set()
_open_lock = threading.Lock()


@dataclass(frozen=True)
class _File:
    path: Path
    bucket: str
    key: str
    digest: str
    size: int

    @property
    def place(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}


@dataclass
class _Multipart:
    """An upload in parts, and those that S3 had when it was found again."""

    place: dict[str, str]
    there: dict[int, dict[str, Any]] = field(default_factory=dict)


class Uploads:
    """What one job uploads, with bytes counted over all of it."""

    def __init__(self, s3: Any, staging: Staging) -> None:
        self._s3 = s3
        self.staging = staging
        self._files: list[_File] = []
        self._total = 0
        self._done = 0
        self._told = 0.0
        self._pending: set[Future[int]] = set()

    def add(self, path: Path, bucket: str, key: str, digest: str) -> None:
        """A file to be brought to a key, unless it is there already; `digest` is its content's."""
        file = _File(path, bucket, key, digest, path.stat().st_size)
        self._files.append(file)
        self._total += file.size

    def hash(self, path: Path) -> str:
        """The SHA-256 of a file's content."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                self.check_stop()
                digest.update(block)
        return digest.hexdigest()

    def check_stop(self) -> None:
        """Raises StagingStoppedError once the job is to be stopped."""
        if self.staging.stopped.is_set():
            raise StagingStoppedError

    def run(self) -> None:
        """Upload what is missing."""
        pool = Pool(AT_ONCE, "jupyter_sm upload")
        try:
            for file in self._files:
                if file.size <= _PART:
                    self._start(pool, _PART, self._bring, file)
                else:
                    self._bring_in_parts(pool, file)
            while self._pending:
                self._settle()
        finally:
            pool.close()
        self._tell(force=True)

    def _start(self, pool: Pool, size: int, work: Callable[..., int], *args: Any) -> None:
        """Have something done that gives the bytes it has brought; waits while much is being done."""
        most = max(2, min(2 * AT_ONCE, _MOST_HELD // size))
        while len(self._pending) >= most:
            self._settle()
        self.check_stop()
        self._pending.add(pool.submit(work, *args))

    def _settle(self) -> None:
        """Wait a little for what is being done; raises what went wrong with it."""
        done, self._pending = wait(self._pending, _TELL_SECONDS, FIRST_COMPLETED)
        self._done += sum(future.result() for future in done)
        self.check_stop()
        self._tell()

    def _tell(self, *, force: bool = False) -> None:
        if force or time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            self.staging.on_progress(min(self._done, self._total), self._total)

    def _bring(self, file: _File) -> int:
        if not self._has(file):
            with file.path.open("rb") as source:
                content = source.read(_PART + 1)
            sent = hashlib.sha256(content)
            if sent.hexdigest() != file.digest:
                raise _changed(file.path)
            self._s3.put_object(**file.place, Body=content, ChecksumSHA256=_text(sent))
        return file.size

    def _bring_in_parts(self, pool: Pool, file: _File) -> None:
        if self._has(file):
            self._done += file.size
            return
        upload = self._begun(file)
        try:
            self._send_parts(pool, file, upload)
        finally:
            with _open_lock:
                _open.discard(upload.place["UploadId"])

    def _send_parts(self, pool: Pool, file: _File, upload: _Multipart) -> None:
        size = max(_PART, -(-file.size // _MOST_PARTS))
        whole = hashlib.sha256()
        parts: list[dict[str, Any]] = []
        try:
            with file.path.open("rb") as source:
                while (block := source.read(size)) and len(parts) * size <= file.size:
                    whole.update(block)
                    parts.append({"PartNumber": len(parts) + 1})
                    self._start(pool, size, self._send, upload, parts[-1], block)
            while self._pending:
                self._settle()
            if whole.hexdigest() != file.digest:
                raise _changed(file.path)
        except (StagingStoppedError, StagingRefusedError):
            self._abort(upload)
            raise
        self._s3.complete_multipart_upload(**upload.place, MultipartUpload={"Parts": parts})

    def _abort(self, upload: _Multipart) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        wait(self._pending)  # a part that came later would stay
        with contextlib.suppress(BotoCoreError, ClientError):
            self._s3.abort_multipart_upload(**upload.place)

    def _begun(self, file: _File) -> _Multipart:
        """The file's upload that broke off, or a new one; no other job here has it."""
        from botocore.exceptions import ClientError

        asked = {"Bucket": file.bucket, "Prefix": file.key}
        try:
            for upload in self._s3.list_multipart_uploads(**asked).get("Uploads", []):
                if upload["Key"] == file.key and upload.get("ChecksumAlgorithm") == "SHA256":
                    place = {**file.place, "UploadId": upload["UploadId"]}
                    pages = self._s3.get_paginator("list_parts").paginate(**place)
                    parts = [part for page in pages for part in page.get("Parts", [])]
                    if _is_ours(upload["UploadId"]):
                        return _Multipart(place, {part["PartNumber"]: part for part in parts})
        except ClientError as error:
            # Who may put may not always list.
            if error.response["Error"].get("Code") not in ("AccessDenied", "NoSuchUpload"):
                raise
        while True:
            begun = self._s3.create_multipart_upload(**file.place, ChecksumAlgorithm="SHA256")
            if _is_ours(begun["UploadId"]):  # unless another has seen it in a list, and was faster
                return _Multipart({**file.place, "UploadId": begun["UploadId"]})

    def _send(self, upload: _Multipart, part: dict[str, Any], block: bytes) -> int:
        checksum = _text(hashlib.sha256(block))
        there = upload.there.get(part["PartNumber"], {})
        if not _is(there, block, checksum):
            there = self._s3.upload_part(
                **upload.place,
                PartNumber=part["PartNumber"],
                Body=block,
                ChecksumSHA256=checksum,
            )
        part.update(ETag=there["ETag"], ChecksumSHA256=checksum)
        return len(block)

    def _has(self, file: _File) -> bool:
        from botocore.exceptions import ClientError

        try:
            answer = self._s3.head_object(**file.place)
        except ClientError as error:
            if error.response["Error"].get("Code") in ("404", "403", "NoSuchKey"):
                return False
            raise
        return bool(answer["ContentLength"] == file.size)


def _is_ours(upload: str) -> bool:
    """Take an upload, unless another job of this process has it."""
    with _open_lock:
        if upload in _open:
            return False
        _open.add(upload)
        return True


def _is(part: dict[str, Any], block: bytes, checksum: str) -> bool:
    """Whether a part that S3 has is this one; not every S3 tells the checksum."""
    if "ChecksumSHA256" in part:
        return bool(part["ChecksumSHA256"] == checksum)
    etag = hashlib.md5(block, usedforsecurity=False).hexdigest()
    return str(part.get("ETag", "")).strip('"') == etag


def _text(digest: Any) -> str:
    return base64.b64encode(digest.digest()).decode()


def _changed(path: Path) -> StagingRefusedError:
    return StagingRefusedError(
        "local-file-not-found",
        "An input changed while it was uploaded",
        f"{path} was written to while it was being uploaded.",
        "Submit the job again once the file is whole.",
    )
