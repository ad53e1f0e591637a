"""The floors that are declared are those that `make hosts` runs on."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FLOOR = tomllib.loads((ROOT / "scripts" / "hosts.toml").read_text())["sets"]["floor"]
DEPENDENCIES = [
    *PROJECT["dependencies"],
    *(row for row in PROJECT["optional-dependencies"]["test"] if row.startswith("jupyterlab")),
]


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_a_dependency_s_floor_is_what_the_oldest_host_has(dependency: str) -> None:
    name, floor = re.match(r"([\w-]+)>=([\d.]+)", dependency).groups()
    [pinned] = [pin.partition("==")[2] for pin in FLOOR["pins"] if pin.startswith(f"{name}==")]
    assert f"{pinned}.".startswith(f"{floor}.") or pinned == f"{floor}.0"


def test_the_oldest_python_is_run() -> None:
    assert PROJECT["requires-python"] == f">={FLOOR['python']}"


def test_the_frontend_asks_of_its_host_what_it_depends_on() -> None:
    """Else the build asks for the version it was built with, and older hosts warn."""
    package = json.loads((ROOT / "package.json").read_text())
    asked = {
        n: row["requiredVersion"] for n, row in package["jupyterlab"]["sharedPackages"].items()
    }
    # Types alone, of which nothing is left at run time.
    types = {"@jupyterlab/rendermime-interfaces"}
    depends = {n: v for n, v in package["dependencies"].items() if n.startswith("@jupyterlab/")}
    assert asked == {n: v for n, v in depends.items() if n not in types}
