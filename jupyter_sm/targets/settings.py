"""What the user sets once for all jobs of a target: `config.toml` in the data folder.

    [defaults]
    role = "arn:aws:iam::123456789012:role/Training"

    [targets."team@eu-west-1"]
    bucket = "team-training"
    create_bucket = false
    instance = "ml.g5.xlarge"
    queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jupyter-sm"

    [store]
    log_limit_mb = 2000
    sources_limit_mb = 1000

    [local]
    limit_gb = 50
    limit_jobs = 10000

    [space]
    keep_alive = false

A target's own table goes before `defaults`; both may also have options of one-line calls, which
`defaults.py` reads. What is the machine's is a variable of the environment.
"""

from __future__ import annotations

import difflib
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.jobs.values import misfit
from jupyter_sm.targets.protocol import NotReadyError

_LOG_LIMIT_MB = 2_000
_SOURCES_LIMIT_MB = 1_000
_LOCAL_LIMIT_GB = 50
_LOCAL_LIMIT_JOBS = 10_000
# Options of a one-line call that are no single job's own.
_OWN = frozenset(
    {
        *("script", "entry_point", "dependencies", "inputs", "hyperparameters"),
        *("checkpoint", "metrics", "distribution", "follow_links"),
    }
)
OPTIONS = tuple(one.name for one in fields(TrainingSpec) if one.name not in _OWN)
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
    path, own, for_all = tables_of(data_dir, target)
    known = get_type_hints(Settings)
    merged = {**checked(path, for_all, *known), **checked(path, own, *known)}
    return Settings(**{name: value for name, value in merged.items() if name in known})


def tables_of(data_dir: Path, target: str) -> tuple[Path, Mapping[str, Any], Mapping[str, Any]]:
    """The file, and its tables for a target and for all. Raises SettingsError."""
    path, content = _read(data_dir)
    tables = content.get("targets", {})
    own = tables.get(target, {}) if isinstance(tables, dict) else None
    for_all = content.get("defaults", {})
    if not isinstance(own, dict) or not isinstance(for_all, dict):
        raise SettingsError(f"In {path}, defaults, targets and each of targets must be tables.")
    return path, own, for_all


def checked(path: Path, table: Mapping[str, Any], *more: str) -> Mapping[str, Any]:
    """A table of options of one-line calls, and `more` settings. Raises SettingsError."""
    hints = {**get_type_hints(TrainingSpec), **get_type_hints(Settings)}
    known = [*more, *(name for name in OPTIONS if name not in more)]
    for name, value in table.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, cutoff=0.7)
            meant = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
            raise SettingsError(f"{path} sets {name!r}; {meant}")
        wrong = misfit(value, hints[name], name)
        if wrong:
            raise SettingsError(f"In {path}, {wrong.where} {wrong.what}")
    return table


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


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a file, empty where there is none. Raises SettingsError."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"The settings in {path} can't be read: {error}.") from None
    return content


def _read(data_dir: Path) -> tuple[Path, dict[str, Any]]:
    path = data_dir / "config.toml"
    content = read_toml(path)
    unknown = [name for name in content if name not in _TABLES]
    if unknown:
        raise SettingsError(f"{path} has {unknown[0]!r}; known tables are {', '.join(_TABLES)}.")
    return path, content
