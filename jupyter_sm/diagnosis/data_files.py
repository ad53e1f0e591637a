"""The data that `explain` goes by: the rules, a file a subject, and hints.toml."""

from __future__ import annotations

import sys
from importlib import resources
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib


def text_of(name: str) -> str:
    """A file as it is."""
    return resources.files("jupyter_sm.diagnosis").joinpath(name).read_text("utf-8")


def rule_files() -> list[str]:
    """The files of rules, by their names."""
    folder = resources.files("jupyter_sm.diagnosis").joinpath("rules")
    return sorted(f"rules/{file.name}" for file in folder.iterdir() if file.name.endswith(".toml"))


def rows_of(name: str, table: str) -> list[dict[str, Any]]:
    """The entries `[[table]]` of a file, in their order."""
    rows: list[dict[str, Any]] = tomllib.loads(text_of(name))[table]
    return rows
