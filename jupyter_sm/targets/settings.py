"""What the user sets once for all jobs of a target: `config.toml` in the data folder.

    [defaults]
    role = "arn:aws:iam::123456789012:role/Training"

    [targets."team@eu-west-1"]
    bucket = "team-training"
    create_bucket = false
    queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jupyter-sm"

    [store]
    log_limit_mb = 2000
    sources_limit_mb = 1000

    [local]
    limit_gb = 50
    limit_jobs = 10000

    [space]
    keep_alive = false

A target's own table goes before `defaults`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_LOG_LIMIT_MB = 2_000
_SOURCES_LIMIT_MB = 1_000
_LOCAL_LIMIT_GB = 50
_LOCAL_LIMIT_JOBS = 10_000


class SettingsError(ValueError):
    """A settings file that can't be read or understood; the text is one sentence."""


@dataclass(frozen=True)
class Settings:
    """One target's settings.

    - `role`: ARN of the execution role; `bucket`: where sources and inputs are staged.
    - `create_bucket`: whether SageMaker's default bucket may be created.
    - `queue_url`: an SQS queue that gets SageMaker's state change events.
    """

    role: str | None = None
    bucket: str | None = None
    create_bucket: bool = False
    queue_url: str | None = None


def read_settings(data_dir: Path, target: str) -> Settings:
    """The settings for a target; all unset where there is no file. Raises SettingsError."""
    path, content = _read(data_dir)
    tables = content.get("targets", {})
    own = tables.get(target, {}) if isinstance(tables, dict) else {}
    merged: dict[str, Any] = {}
    for table in (content.get("defaults", {}), own):
        if not isinstance(table, dict):
            raise SettingsError(f"In {path}, defaults and each of targets must be tables.")
        merged |= table
    known = {field.name: str(field.type) for field in fields(Settings)}
    for key, value in merged.items():
        if key not in known:
            raise SettingsError(f"{path} sets {key!r}; known settings are {', '.join(known)}.")
        wanted = bool if known[key] == "bool" else str
        if not isinstance(value, wanted):
            raise SettingsError(f"In {path}, {key} must be a {wanted.__name__}, not {value!r}.")
    return Settings(**merged)


def log_limit_mb(data_dir: Path) -> int:
    """How large stored logs may become before old ones are dropped, in MB; 0 for no limit."""
    return _limit(data_dir, "store", "log_limit_mb", _LOG_LIMIT_MB)


def sources_limit_mb(data_dir: Path) -> int:
    """How much packed sources and cells' scripts may take, in MB; 0 for no limit."""
    return _limit(data_dir, "store", "sources_limit_mb", _SOURCES_LIMIT_MB)


def local_limits(data_dir: Path) -> tuple[int, int]:
    """How many bytes ended local jobs may leave, and how many jobs; 0 for no limit."""
    limit_gb = _limit(data_dir, "local", "limit_gb", _LOCAL_LIMIT_GB)
    return limit_gb * 10**9, _limit(data_dir, "local", "limit_jobs", _LOCAL_LIMIT_JOBS)


def _limit(data_dir: Path, table: str, name: str, default: int) -> int:
    path, content = _read(data_dir)
    given = content.get(table, {})
    limit = given.get(name, default) if isinstance(given, dict) else None
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        unit = f" of {name[-2:].upper()}" if name.endswith(("_mb", "_gb")) else ""
        raise SettingsError(
            f"In {path}, {name} in [{table}] must be a whole number{unit}, or 0 for no limit."
        )
    return limit


def keeps_space_alive(data_dir: Path) -> bool:
    """Whether a Studio space counts as in use while local jobs run; yes, unless said otherwise."""
    path, content = _read(data_dir)
    table = content.get("space", {})
    answer = table.get("keep_alive", True) if isinstance(table, dict) else None
    if not isinstance(answer, bool):
        raise SettingsError(f"In {path}, keep_alive in [space] must be true or false.")
    return answer


def _read(data_dir: Path) -> tuple[Path, dict[str, Any]]:
    path = data_dir / "config.toml"
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return path, {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings in {path} can't be read: {error}.") from None
