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

A target's own table goes before `defaults`. What is the machine's is a variable of the environment.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from jupyter_sm.targets.protocol import NotReadyError

_LOG_LIMIT_MB = 2_000
_SOURCES_LIMIT_MB = 1_000
_LOCAL_LIMIT_GB = 50
_LOCAL_LIMIT_JOBS = 10_000
_TABLES = ("defaults", "targets", "store", "local", "space")


class SettingsError(NotReadyError):
    """A setting of ours that can't be read or understood; the text is one sentence."""

    def __init__(self, what: str) -> None:
        super().__init__("invalid-parameter", "A setting can't be used", what)


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
    own = tables.get(target, {}) if isinstance(tables, dict) else None
    merged: dict[str, Any] = {}
    for table in (content.get("defaults", {}), own):
        if not isinstance(table, dict):
            raise SettingsError(f"In {path}, defaults, targets and each of targets must be tables.")
        merged |= table
    known = {field.name: str(field.type) for field in fields(Settings)}
    for key, value in merged.items():
        if key not in known:
            raise SettingsError(f"{path} sets {key!r}; known settings are {', '.join(known)}.")
        wanted = bool if known[key] == "bool" else str
        if not isinstance(value, wanted):
            raise SettingsError(f"In {path}, {key} must be a {wanted.__name__}, not {value!r}.")
    return Settings(**merged)


def check(data_dir: Path) -> None:
    """Raises SettingsError where any of the settings can't be understood."""
    _, content = _read(data_dir)
    tables = content.get("targets")
    for target in ["", *(tables if isinstance(tables, dict) else ())]:
        read_settings(data_dir, target)
    log_limit_mb(data_dir)
    sources_limit_mb(data_dir)
    local_limits(data_dir)
    keeps_space_alive(data_dir)


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


def number_of(variable: str, default: float, *, least: float, most: float) -> float:
    """A number that a variable of the environment sets. Raises SettingsError for any other text."""
    text = os.environ.get(variable) or ""
    try:
        number = float(text) if text else default
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise SettingsError(
            f"{variable} is {text!r}, which is no number from {least:,.0f} to {most:,.0f}: set it to "
            "one where Jupyter is started, or unset it."
        )
    return number


def check_switch(variable: str) -> None:
    """Raises SettingsError for a variable of the environment that is neither unset, 0 nor 1."""
    text = os.environ.get(variable, "")
    if text not in ("", "0", "1"):
        raise SettingsError(f"{variable} is {text!r}: set it to 0 or 1, or unset it.")


def _read(data_dir: Path) -> tuple[Path, dict[str, Any]]:
    path = data_dir / "config.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return path, {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings in {path} can't be read: {error}.") from None
    unknown = [name for name in content if name not in _TABLES]
    if unknown:
        raise SettingsError(f"{path} has {unknown[0]!r}; known tables are {', '.join(_TABLES)}.")
    return path, content
