"""Every code block of README and docs, run as its reader would run it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_sm.targets.defaults import PROJECT, project_defaults
from jupyter_sm.targets.settings import (
    keeps_space_alive,
    local_limits,
    log_limit_mb,
    read_settings,
    sources_limit_mb,
)

from kit.aws_account import TARGET, Account
from kit.command import sm
from kit.scripts import TRAIN

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [code for named, code in _BLOCK.findall(page.read_text()) if named == language]


def pages_with(language: str) -> list[object]:
    return [pytest.param(page, id=page.name) for page in PAGES if blocks(page, language)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    known = {"bash", "json", "python", "toml"}
    assert {language for language, _ in _BLOCK.findall(page.read_text())} <= known


@pytest.mark.parametrize("page", pages_with("python"))
def test_python_runs_in_a_notebook_from_top_to_bottom(
    page: Path, account: Account, tmp_path: Path
) -> None:
    account.sim.add_job("name")
    folder = tmp_path / "notebook"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.csv").write_text("1,2\n")
    (folder / "train.py").write_text(TRAIN)
    cells = [nbformat.v4.new_code_cell(code) for code in blocks(page, "python")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    options = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=options).execute()
    for cell in notebook.cells:
        shown = json.dumps(cell.outputs)
        assert "error" not in {output["output_type"] for output in cell.outputs}, shown
        assert "jupyter-sm.error" not in shown, shown


@pytest.mark.parametrize("page", pages_with("bash"))
def test_commands_are_those_of_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for code in blocks(page, "bash"):
        for name in re.findall(r"^make ([\w-]+)", code, re.MULTILINE):
            assert name in targets


def test_commands_run_in_a_terminal_from_top_to_bottom(account: Account, tmp_path: Path) -> None:
    account.sim.add_job("name")
    folder = tmp_path / "terminal"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.csv").write_text("1,2\n")
    (folder / "train.py").write_text(TRAIN)
    (folder / "error.txt").write_text("No space left on device")
    lines = [
        line for code in blocks(ROOT / "docs" / "cli.md", "bash") for line in code.splitlines()
    ]
    assert len(lines) > 20
    for line in lines:
        begin, *words = shlex.split(line.removeprefix("jupyter sm "))
        text = ""
        if "<" in words:
            text = (folder / words.pop()).read_text()
            words.remove("<")
        if begin == "submit":
            planned = sm("train", "train.py", "--dry-run", "--json", cwd=folder).json()["request"]
            (folder / "request.json").write_text(json.dumps(planned))
        ended = sm(begin, *words, text=text, cwd=folder)
        wanted = 1 if begin == "diff" else 0
        assert line.startswith("jupyter sm ") and ended.code == wanted, (
            f"{line}: {ended.out}{ended.err}"
        )


@pytest.mark.parametrize("page", pages_with("json"))
def test_json_can_be_read(page: Path) -> None:
    assert all(isinstance(json.loads(code), dict) for code in blocks(page, "json"))


def _settings(code: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(code)
    read_settings(folder, TARGET)
    assert log_limit_mb(folder) >= 0
    assert sources_limit_mb(folder) >= 0
    assert min(local_limits(folder)) >= 0
    assert keeps_space_alive(folder) in (True, False)


def _project(code: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROJECT).write_text(code)
    assert project_defaults(folder, TARGET, is_account=True)


def _like_those_of(name: str) -> Callable[[str, Path], None]:
    """A row has the members that rows of the package's own file have, and patterns that compile."""

    def read(code: str, folder: Path) -> None:
        (kind, (row,)) = next(iter(tomllib.loads(code).items()))
        place = files("jupyter_sm.diagnosis").joinpath(name)
        read_from = list(place.iterdir()) if place.is_dir() else [place]
        texts = [one.read_text() for one in read_from if one.name.endswith(".toml")]
        known = {key for text in texts for one in tomllib.loads(text)[kind] for key in one}
        assert set(row) <= known
        for pattern in [*row.get("patterns", ()), *row.get("words", ())]:
            re.compile(pattern)

    return read


READERS: dict[str, Callable[[str, Path], None]] = {
    "defaults": _settings,
    "instance": _project,
    "space": _settings,
    "store": _settings,
    "rule": _like_those_of("rules"),
    "hint": _like_those_of("hints.toml"),
}


@pytest.mark.parametrize("page", pages_with("toml"))
def test_toml_is_taken_by_what_reads_it(page: Path, tmp_path: Path) -> None:
    for code in blocks(page, "toml"):
        first = next(iter(tomllib.loads(code)))
        READERS[first](code, tmp_path / "home")
