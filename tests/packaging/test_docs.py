"""What the documents tell people to copy can be read by what they copy it into."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What Studio takes as a lifecycle script.
LONGEST = 16_384


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (path.name, text)
        for path in DOCS
        for of, text in BLOCK.findall(path.read_text())
        if of == language
    ]


@pytest.mark.parametrize(("where", "text"), blocks("bash"))
def test_shell_blocks_can_be_read(where: str, text: str) -> None:
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("where", "text"), blocks("toml"))
def test_settings_can_be_read(where: str, text: str) -> None:
    assert tomllib.loads(text)


@pytest.mark.parametrize(("where", "text"), blocks("json"))
def test_policies_can_be_read(where: str, text: str) -> None:
    assert json.loads(text)


def test_the_lifecycle_script_installs_the_newest_wheel(tmp_path: Path) -> None:
    [script] = [text for where, text in blocks("bash") if where == "studio.md" and "#!" in text]
    assert len(script) <= LONGEST
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    (home / ".jupyter_sm").mkdir(parents=True)
    wheel = home / ".jupyter_sm" / "jupyter_sm-0.1.0-py3-none-any.whl"
    wheel.touch()
    # A bucket that can't be read, and a pip that says what it was asked.
    for name, text in (("aws", "exit 1"), ("pip", 'printf "%s\\n" "$@"')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "install" and str(wheel) in done.stdout
    assert "the wheel of the last start is used" in done.stderr
