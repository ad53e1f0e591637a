"""Staging to S3: sources and local inputs, named by content and uploaded once.

A key holds the hash of what lies below it, so equal content is found there by the next job,
whoever submits it, and an upload that broke off goes on where it stopped.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_sm.jobs import Kind, check_request, errors_of
from jupyter_sm.jobs.kinds import Place, follows_links
from jupyter_sm.targets.aws import sdk_defaults
from jupyter_sm.targets.aws.buckets import Buckets, split
from jupyter_sm.targets.aws.roles import find_role
from jupyter_sm.targets.aws.sdk_defaults import SdkDefaults
from jupyter_sm.targets.aws.uploads import Uploads
from jupyter_sm.targets.paths import path_of
from jupyter_sm.targets.protocol import Staged, Staging, StagingRefusedError
from jupyter_sm.targets.settings import Settings
from jupyter_sm.targets.walk import File, WalkError, walk

PREFIX = "jupyter-sm"


class Stager:
    """Stages for one target; safe to use from several threads."""

    def __init__(
        self,
        client: Callable[[str], Any],
        region: str,
        check: Callable[[Kind, dict[str, Any]], str | None],
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
        sdk = sdk_defaults.read(self._client)
        if "RoleArn" not in request:
            request["RoleArn"], where = find_role(
                self._client, self._caller(), settings.role, sdk.role(staging.kind.sdk_section)
            )
            staged.notes.append(f"Role {request['RoleArn'].partition(':role/')[2]}, {where}.")
            wrong = self._check(staging.kind, request)
            if wrong:
                raise StagingRefusedError("invalid-parameter", "The role can't be right", wrong)
        places = list(staging.kind.places(request))
        is_ours = any(p.uri(request).startswith("file://") for p in places)
        is_open = any(p.role == "output" and not p.uri(request) for p in places)
        bucket, prefix = "", PREFIX
        if is_ours or is_open or staging.bucket or settings.bucket:
            bucket, prefix = self._bucket(staging, settings, sdk, staged, places)
        for place in places:
            if place.role == "output" and not place.uri(request):
                place.put(request, f"s3://{bucket}/{prefix}/output")
        self._fill_in(staging.kind, sdk, staged)
        self._check_regions(places, request)
        uploads = Uploads(self._client("s3"), staging)
        for place in places:
            uri = place.uri(request)
            if place.role == "code" and uri.startswith("file://"):
                place.put(request, self._stage_source(path_of(uri), bucket, prefix, uploads))
            elif place.role == "input" and uri.startswith("file://"):
                put = self._stage_input(path_of(uri), place, bucket, prefix, uploads, staged)
                place.put(request, put)
        uploads.run()
        return staged

    def _caller(self) -> dict[str, Any]:
        if self._identity is None:
            self._identity = self._client("sts").get_caller_identity()
        return self._identity

    def _fill_in(self, kind: Kind, sdk: SdkDefaults, staged: Staged) -> None:
        """Add what the SDK's files set and the request leaves out."""
        notes = sdk.fill(staged.request, kind.sdk_section)
        faults = errors_of(check_request(kind.create, staged.request, file_uris=True))
        if notes and faults:
            first = faults[0]
            files = " and ".join(file for file, _ in sdk.files)
            raise StagingRefusedError(
                "invalid-parameter",
                "The SDK's defaults can't be right",
                f"With the SageMaker SDK's defaults in {files} {first.path} {first.message}",
                "Correct the file, or say in the request what it should be.",
            )
        staged.notes += notes

    def _bucket(
        self,
        staging: Staging,
        settings: Settings,
        sdk: SdkDefaults,
        staged: Staged,
        places: list[Place],
    ) -> tuple[str, str]:
        """Where files go, and what our keys begin with there.

        The call's bucket, the settings', the output's, the SDK's, else SageMaker's default one.
        """
        for named, who in (
            (staging.bucket, "the call names"),
            (settings.bucket, "config.toml names"),
        ):
            if named:
                self._buckets.check(named, who)
                return named, PREFIX
        outputs = (p.uri(staged.request) for p in places if p.role == "output")
        output = next(filter(None, outputs), "")
        if output:
            bucket = split(output)[0]
            self._buckets.check(bucket, "the output names")
            return bucket, PREFIX
        company = sdk.bucket()
        if company:
            bucket, above, file = company
            self._buckets.check(bucket, f"{file} names")
            staged.notes.append(f"Bucket {bucket} from {file}.")
            return bucket, f"{above}/{PREFIX}" if above else PREFIX
        bucket = f"sagemaker-{self._region}-{self._caller()['Account']}"
        may_create = staging.create_bucket or settings.create_bucket
        if self._buckets.ensure(bucket, self._caller()["Account"], may_create=may_create):
            staged.notes.append(f"Created the bucket {bucket}.")
        return bucket, PREFIX

    def _check_regions(self, places: list[Place], request: dict[str, Any]) -> None:
        for place in places:
            uri = place.uri(request)
            if place.role in ("input", "output") and uri.startswith("s3://"):
                who = place.phrase if place.role == "output" else place.what
                self._buckets.check(split(uri)[0], f"the {who} names")

    def _stage_source(self, archive: Path, bucket: str, above: str, uploads: Uploads) -> str:
        try:
            digest = uploads.hash(archive)
        except OSError as error:
            what = f"The packed source {archive} can't be read: {error.strerror}."
            raise StagingRefusedError(
                "local-file-not-found", "The source is gone", what, "Submit the job again."
            ) from None
        key = f"{above}/sources/{digest[:16]}/{archive.name}"
        uploads.add(archive, bucket, key, digest)
        return f"s3://{bucket}/{key}"

    def _stage_input(
        self, path: Path, place: Place, bucket: str, above: str, uploads: Uploads, staged: Staged
    ) -> str:
        if not path.exists():
            raise StagingRefusedError(
                "local-file-not-found",
                "An input is gone",
                f"The {place.phrase} is no longer there: {path}.",
                "Submit the job again once it is back.",
            )
        try:
            follow_links = follows_links(staged.request)
            files = list(walk(path, follow_links=follow_links, check_stop=uploads.check_stop))
            return self._stage_files(path, files, place, bucket, above, uploads, staged)
        except WalkError as error:
            what = f"The {place.phrase} can't be staged: {error}"
        except OSError as error:
            what = f"The {place.phrase} can't be read: {error.filename or path}: {error.strerror}."
        raise StagingRefusedError("local-file-not-found", "An input can't be read", what)

    def _stage_files(
        self,
        path: Path,
        files: list[File],
        place: Place,
        bucket: str,
        above: str,
        uploads: Uploads,
        staged: Staged,
    ) -> str:
        if not files:
            raise StagingRefusedError(
                "local-file-not-found",
                "An input is empty",
                f"The {place.phrase} holds no file: {path}.",
            )
        hashed = {_text(file.name): uploads.hash(file.path) for file in files}
        digest = _digest(hashed)
        prefix = f"{above}/inputs/{digest}"
        newer = [f.name for f in files if f.path.stat().st_mtime > uploads.staging.submitted_at + 1]
        if newer:
            staged.notes.append(
                f"{place.name}/{newer[0]}{f' and {len(newer) - 1} more' if len(newer) > 1 else ''} "
                "changed after the job was submitted; the newer content was uploaded."
            )
        for file in files:
            uploads.add(file.path, bucket, f"{prefix}/{file.name}", hashed[file.name])
        return f"s3://{bucket}/{prefix}/"


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
