"""Defaults of one-line calls: what a project and a user set once for all of their jobs.

`jupyter_sm.toml` beside the notebook, or above it in the same repository, has options of the call:

    instance = "ml.g5.xlarge"
    bucket = "team-training"

    [tags]
    team = "vision"

    [targets."team@eu-west-1"]
    subnets = ["subnet-0a1b"]
    security_group_ids = ["sg-0c2d"]

In the user's `config.toml` they stand in `defaults` and in a target's table (`settings.py`). The call
goes before the project's file, that before the user's, a target's table before what is for all;
tags and variables are put together. A place that begins with `./` or `../` is seen from the file's folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_sm.targets.protocol import Default
from jupyter_sm.targets.settings import SettingsError, checked, read_toml, tables_of

PROJECT = "jupyter_sm.toml"
# Options that may name a place on this machine.
_PLACES = frozenset({"output", "image"})
# Set together or not at all.
NETWORK = frozenset({"subnets", "security_group_ids"})
# What counts on any target; the rest is an account's, and on the local target only where its own
# table says so.
_ANYWHERE = frozenset({"instance", "instance_count", "max_runtime", "tags", "environment"})


def project_defaults(folder: Path, target: str, *, is_account: bool) -> list[Default]:
    """What the project's file sets for calls from a folder, strongest first. Raises SettingsError."""
    path = _project_file(folder)
    if path is None:
        return []
    for_all = read_toml(path)
    tables = for_all.pop("targets", {})
    own = tables.get(target, {}) if isinstance(tables, dict) else None
    if not isinstance(own, dict):
        raise SettingsError(f"In {path}, targets and each of targets must be tables.")
    return _defaults(path, own, for_all, is_account=is_account)


def user_defaults(data_dir: Path, target: str, *, is_account: bool) -> list[Default]:
    """What the user's `config.toml` sets for calls, strongest first. Raises SettingsError."""
    path, own, for_all = tables_of(data_dir, target)
    return _defaults(path, own, for_all, "queue_url", is_account=is_account)


def merged(found: Iterable[Default]) -> dict[str, Default]:
    """One default an option, of several the strongest; mappings are put together."""
    kept: dict[str, Default] = {}
    network = ""  # where the first part of one is set: half of somebody's network is nobody's
    for one in found:
        if one.name in NETWORK:
            network = network or one.source
            if one.source != network:
                continue
        stronger = kept.get(one.name)
        if stronger is None:
            kept[one.name] = one
        elif isinstance(one.value, Mapping):
            value = {**one.value, **stronger.value}
            if value != stronger.value:
                sources = ", ".join(dict.fromkeys([*stronger.source.split(", "), one.source]))
                kept[one.name] = Default(one.name, value, sources)
    return kept


def _defaults(
    path: Path,
    own: Mapping[str, Any],
    for_all: Mapping[str, Any],
    *more: str,
    is_account: bool,
) -> list[Default]:
    own, for_all = (
        {name: _from(path.parent, name, value) for name, value in checked(path, one, *more).items()}
        for one in (own, for_all)
    )
    counting = {name: value for name, value in for_all.items() if is_account or name in _ANYWHERE}
    return [
        Default(name, value, str(path))
        for table in (own, counting)
        for name, value in table.items()
        if name not in more
    ]


def _from(folder: Path, name: str, value: Any) -> Any:
    """A place on this machine, which a file names as seen from its own folder."""
    is_relative = isinstance(value, str) and value.startswith(("./", "../"))
    return os.path.normpath(folder / value) if name in _PLACES and is_relative else value


def _project_file(folder: Path) -> Path | None:
    """The nearest file: in the folder, or above it up to where its repository begins."""
    around = [folder, *folder.parents]
    top = next((n for n, place in enumerate(around) if (place / ".git").exists()), 0)
    return next((p for place in around[: top + 1] if (p := place / PROJECT).is_file()), None)
