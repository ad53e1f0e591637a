"""The data that `explain` goes by: catalog.toml and hints.toml."""

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


def rows_of(name: str, table: str) -> list[dict[str, Any]]:
    """The entries `[[table]]` of a file, in their order."""
    rows: list[dict[str, Any]] = tomllib.loads(text_of(name))[table]
    return rows
