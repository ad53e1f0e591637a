"""Buckets: that they are there, in the right region, and creating the default one.

A bucket of another region makes SageMaker fail minutes later with a message about missing
objects, so its region is asked for before anything is created. Source: S3 HeadBucket, whose
answer names the region even where access is denied.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from jupyter_sm.targets.protocol import StagingRefusedError

_FIRST_REGION = "us-east-1"


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` address."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


class Buckets:
    """What is known of the buckets of one region; asked once each."""

    def __init__(self, client: Callable[[str], Any], region: str) -> None:
        self._client = client
        self._region = region
        self._good: set[str] = set()
        self._lock = threading.Lock()

    def check(self, bucket: str, who: str) -> None:
        """Refuse a bucket that is missing or lies elsewhere. `who` names it, as "the output names"."""
        if bucket in self._good:
            return
        region, status = self._head(bucket)
        if status == 404:
            raise StagingRefusedError(
                "s3-not-found",
                "There is no such bucket",
                f"There is no bucket {bucket!r}, which {who}.",
                "Check the spelling, or create it.",
            )
        if region and region != self._region:
            raise StagingRefusedError(
                "region-mismatch",
                "The bucket lies in another region",
                f"The bucket {bucket!r}, which {who}, lies in {region}, and the job would run in "
                f"{self._region}.",
                f"Use a bucket in {self._region}, or run the job in {region}.",
            )
        self._good.add(bucket)

    def ensure(self, bucket: str, account: str, *, may_create: bool) -> bool:
        """See that SageMaker's default bucket is there; True if it was created now."""
        if bucket in self._good:
            return False
        with self._lock:
            if self._head(bucket, account)[1] == 404:
                if not may_create:
                    raise StagingRefusedError(
                        "s3-not-found",
                        "The default bucket is not there yet",
                        f"The job's files go to SageMaker's default bucket {bucket}, which does "
                        "not exist, and it is not created without asking.",
                        "To have it created: create_bucket=True, or create_bucket = true in "
                        "config.toml.",
                        'To use another one: bucket = "…" in config.toml, or output="s3://…".',
                    )
                self._create(bucket)
                self._good.add(bucket)
                return True
        self.check(bucket, "holds the job's files")
        return False

    def _head(self, bucket: str, owner: str | None = None) -> tuple[str | None, int]:
        from botocore.exceptions import ClientError, ParamValidationError

        request = {"Bucket": bucket, **({"ExpectedBucketOwner": owner} if owner else {})}
        try:
            answer = self._client("s3").head_bucket(**request)
        except ParamValidationError:
            raise StagingRefusedError(
                "s3-invalid-uri",
                "No bucket can have that name",
                f"{bucket!r} is not the name of a bucket.",
                "Write the address as s3://bucket/prefix.",
            ) from None
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status not in (301, 400, 403, 404):
                raise
            answer = error.response
            if status == 403 and owner:
                raise StagingRefusedError(
                    "s3-access",
                    "The default bucket can't be used",
                    f"The bucket {bucket} belongs to another account, or this session has no "
                    "right to it.",
                    'Name another one: bucket = "…" in config.toml, or output="s3://…".',
                ) from None
        else:
            status = 200
        headers = answer["ResponseMetadata"].get("HTTPHeaders", {})
        return headers.get("x-amz-bucket-region"), status

    def _create(self, bucket: str) -> None:
        where = (
            {}
            if self._region == _FIRST_REGION
            else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        )
        self._client("s3").create_bucket(Bucket=bucket, **where)
