"""The SageMaker SDK's defaults, which administrators and users set once: VPC, keys, roles, tags.

Two files, the user's before the administrators'; a variable names another file, folder or S3 object
for either. Of a section such as `SageMaker.TrainingJob` only what a request leaves out counts.
Source: SageMaker developer guide, "Configuring and using defaults with the SageMaker Python SDK".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.kinds.places import at
from jupyter_sm.targets.aws.buckets import split
from jupyter_sm.targets.protocol import Default, StagingRefusedError

# The names that one-line calls have for members of a request.
_OPTIONS = {
    "RoleArn": "role",
    "Environment": "environment",
    "OutputDataConfig.KmsKeyId": "output_kms_key",
    "OutputDataConfig.S3OutputPath": "output",
    "ResourceConfig.VolumeKmsKeyId": "volume_kms_key",
}
_SESSION = ("SageMaker", "PythonSDK", "Modules", "Session")
# Taken whole or not at all: half of somebody's network is nobody's network.
_WHOLE = frozenset({"VpcConfig", "Environment", "ProfilerConfig"})


@dataclass(frozen=True)
class SdkDefaults:
    """The files there are, in the order in which they count, each with its content."""

    files: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def value(self, *path: str) -> tuple[Any, str]:
        """What the first file that says anything has at a path, and the file; None for nothing."""
        for file, content in self.files:
            found = at(content, *path)
            if found is not None:
                return found, file
        return None, ""

    def role(self, section: str) -> tuple[str, str] | None:
        """The execution role of a section's jobs, and the file that names it."""
        role, file = self.value("SageMaker", section, "RoleArn")
        return (role, file) if isinstance(role, str) else None

    def bucket(self) -> tuple[str, str, str] | None:
        """The session's bucket, the prefix of keys in it, and the file that names it."""
        bucket, file = self.value(*_SESSION, "DefaultS3Bucket")
        prefix, _ = self.value(*_SESSION, "DefaultS3ObjectKeyPrefix")
        return (str(bucket), str(prefix or "").strip("/"), file) if bucket else None

    def options(self, section: str) -> list[Default]:
        """What a section's jobs get, strongest first, under the names that one-line calls have for it."""
        found = []
        bucket = self.bucket()
        if bucket:
            found.append(Default("bucket", bucket[0], bucket[2]))
        for file, content in self.files:
            members = at(content, "SageMaker", section)
            filled: dict[str, Any] = {}
            for path in _fill(filled, members if isinstance(members, Mapping) else {}):
                value = at(filled, *path.split("."))
                for name, shown in _as_options(path, value):
                    found.append(Default(name, shown, file))
        return found

    def fill(self, request: dict[str, Any], section: str) -> list[str]:
        """Add to a request what it leaves out; in words, which file set what."""
        notes = []
        for file, content in self.files:
            found = at(content, "SageMaker", section)
            if isinstance(found, Mapping):
                set_now = list(_fill(request, found))
                if set_now:
                    notes.append(f"{', '.join(set_now)} from {file}.")
        return notes


def _as_options(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if path == "Tags":
        yield "tags", {str(tag["Key"]): str(tag.get("Value", "")) for tag in value}
    elif path == "VpcConfig":
        yield "subnets", at(value, "Subnets")
        yield "security_group_ids", at(value, "SecurityGroupIds")
    else:
        yield _OPTIONS.get(path, path), value


def read(client: Callable[[str], Any] | None = None) -> SdkDefaults:
    """The defaults that are set; a file that can't be read is refused in a sentence.

    `client` gives S3 where a variable names an object there; without it such a file is left out.
    """
    places = (
        (
            os.environ.get("SAGEMAKER_USER_CONFIG_OVERRIDE"),
            Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser(),
        ),
        (
            os.environ.get("SAGEMAKER_ADMIN_CONFIG_OVERRIDE"),
            Path((os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)[0]),
        ),
    )
    files = []
    for named, folder in places:
        place = named or os.fspath(folder / "sagemaker" / "config.yaml")
        if client is None and place.startswith("s3://"):
            continue
        try:
            text = _text(place, client)
        except FileNotFoundError:
            if named:
                raise _unreadable(place, "it is not there") from None
            continue
        except (OSError, ValueError) as error:
            raise _unreadable(place, getattr(error, "strerror", None) or str(error)) from None
        files.append((place, _parsed(text, place)))
    return SdkDefaults(tuple(files))


def _text(place: str, client: Callable[[str], Any] | None) -> str:
    if client is not None and place.startswith("s3://"):
        bucket, key = split(place)
        content: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content.decode()
    path = Path(place).expanduser()
    return (path / "config.yaml" if path.is_dir() else path).read_text(encoding="utf-8")


def _parsed(text: str, place: str) -> Mapping[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _unreadable(place, " ".join(str(error).split())) from None
    if content is not None and not isinstance(content, Mapping):
        raise _unreadable(place, "it holds no mapping")
    return content or {}


def _unreadable(place: str, why: str) -> StagingRefusedError:
    return StagingRefusedError(
        "aws-config",
        "The SDK's defaults can't be read",
        f"The SageMaker SDK's defaults in {place} can't be read: {why.rstrip('.')}.",
        "Mend the file, or name another one in SAGEMAKER_USER_CONFIG_OVERRIDE or "
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE.",
    )


def _fill(request: dict[str, Any], defaults: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Set what is missing; the members that were set, by their paths."""
    for member, value in defaults.items():
        path = f"{above}{member}"
        if member == "Tags":
            yield from _add_tags(request, value, path)
        elif isinstance(value, Mapping) and member not in _WHOLE:
            inner = request.get(member, {})
            if isinstance(inner, dict):
                set_now = list(_fill(inner, value, f"{path}."))
                if set_now:
                    request[member] = inner
                yield from set_now
        # Lists besides tags are channels and the like, of which only their number is known.
        elif not isinstance(value, list) and value is not None and member not in request:
            request[member] = value
            yield path


def _add_tags(request: dict[str, Any], tags: Any, path: str) -> Iterator[str]:
    own = request.get("Tags", [])
    named = {tag["Key"] for tag in own}
    new = [tag for tag in tags if isinstance(tag, Mapping) and tag.get("Key") not in named]
    if new:
        request["Tags"] = [*own, *map(dict, new)]
        yield path
