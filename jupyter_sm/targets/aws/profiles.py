"""Which AWS targets there are: the profiles and regions of the user's own configuration.

Read with the standard library from the files that the AWS command line writes, since
names are needed where loading botocore would be felt. Clients are botocore's own work.
Source: AWS CLI user guide, "Configuration and credential file settings".
"""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass
from pathlib import Path

# `default@us-east-1`: a profile's name may hold nearly anything, a region may not.
_TARGET = re.compile(r"(?P<profile>[^@/\s]{1,100})@(?P<region>[a-z]{2,4}(?:-[a-z]+){1,3}-\d)")
DEFAULT_PROFILE = "default"


@dataclass(frozen=True)
class AwsName:
    """A profile and a region; as text, the target's name."""

    profile: str
    region: str

    def __str__(self) -> str:
        return f"{self.profile}@{self.region}"


def parse(target: str) -> AwsName | None:
    """The profile and region of a target's name, or None if it has another form."""
    found = _TARGET.fullmatch(target)
    return AwsName(found["profile"], found["region"]) if found else None


def names() -> list[str]:
    """A target for each profile whose region is known; the default profile's first."""
    found = profiles()
    first = current()
    region = _region_of_environment() or found.get(first)
    rows: dict[str, None] = {}
    # A profile that AWS_PROFILE names must be there; keys alone do for the default one.
    by_keys = "AWS_ACCESS_KEY_ID" in os.environ and "AWS_PROFILE" not in os.environ
    if region and (first in found or by_keys):
        rows[str(AwsName(first, region))] = None
    for profile, own in found.items():
        if own and profile != first:
            rows[str(AwsName(profile, own))] = None
    return [name for name in rows if parse(name)]


def current() -> str:
    """The profile that counts where none is named."""
    return os.environ.get("AWS_PROFILE") or DEFAULT_PROFILE


def profiles() -> dict[str, str | None]:
    """Profile names and the region each sets, from the configuration and credential files."""
    found: dict[str, str | None] = {}
    config = _read(_config_file())[0]
    for section in config.sections():
        head, _, rest = section.partition(" ")
        name = rest.strip().strip("'\"") if head == "profile" else section
        if head == "profile" or section == DEFAULT_PROFILE:
            found[name] = config[section].get("region")
    secrets = _read(_credentials_file())[0]
    for section in secrets.sections():
        found[section] = found.get(section) or secrets[section].get("region")
    return found


def fault(name: AwsName) -> str | None:
    """Why a well-formed name can't be used, in one sentence, or None. Makes no call."""
    found = profiles()
    if name.profile in found or name.profile == DEFAULT_PROFILE:
        return None
    for path in (_config_file(), _credentials_file()):
        broken = _read(path)[1]
        if broken:
            return (
                f"The AWS configuration in {path} can't be read, so whether there is a profile "
                f"{name.profile!r} is not known: {broken}."
            )
    known = ", ".join(sorted(found)) or "none"
    return (
        f"There is no AWS profile {name.profile!r} (profiles there are: {known}). "
        f"Run: aws configure --profile {name.profile}"
    )


def malformed(target: str) -> str | None:
    """What is wrong with a text that was meant as an AWS target, or None if it was not."""
    known = profiles()
    if target in known:
        region = known[target]
        if region is None:
            return (
                f"The AWS profile {target!r} sets no region: name it too, as in {target}@us-east-1."
            )
        return f"A target names a profile and a region: {target}@{region}."
    if "@" in target:
        return (
            f"{target!r} is no target: an AWS target is a profile and a region, "
            "as in default@us-east-1."
        )
    return None


def _region_of_environment() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def _config_file() -> str:
    return os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"


def _credentials_file() -> str:
    return os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"


def _read(path: str) -> tuple[configparser.RawConfigParser, str]:
    """A file's sections, and why it can't be read if it can't; one that is not there has none."""
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(Path(path).expanduser().read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError, RuntimeError, configparser.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).replace("\n", " ")
        return configparser.RawConfigParser(), reason.rstrip(".")
    return parser, ""
