"""What a job is told where this machine differs from SageMaker's hosts, and its script may not know."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from jupyter_sm.targets.local.runner.views import OPT_ML

_PATH = re.compile(r"[\"'](/opt/ml(?:/[^\"']{0,300})?)[\"']")
_ERROR = re.compile(r"\b(FileNotFoundError|PermissionError|NotADirectoryError|No such file)\b")
_IN_USE = re.compile(r"Address already in use|EADDRINUSE")
_VARIABLES = {
    "input/config": "SM_INPUT_CONFIG_DIR",
    "input": "SM_INPUT_DIR",
    "model": "SM_MODEL_DIR",
    "output/data": "SM_OUTPUT_DATA_DIR",
    "output": "SM_OUTPUT_DIR",
}
# A source is looked through so far: scripts are small and few.
_SCRIPTS = (".py", ".sh")
_MOST_FILES, _LONGEST = 500, 1_000_000


def source_notes(refusal: str, code: Path) -> Iterator[str]:
    """Sentences for a source before it runs. `refusal`: why hosts have no /opt/ml of their own."""
    if refusal and _names_opt_ml(code):
        yield (
            f"the source names {OPT_ML}, and this machine gives a job none of its own ({refusal}): "
            "what is written there is not the job's. Its folders are in the variables SM_MODEL_DIR, "
            "SM_CHANNEL_…, SM_OUTPUT_DATA_DIR and SAGEMAKER_BASE_DIR."
        )


def _names_opt_ml(code: Path) -> bool:
    files = itertools.islice((f for f in code.rglob("*") if f.suffix in _SCRIPTS), _MOST_FILES)
    return any(
        OPT_ML.as_posix().encode() in file.read_bytes()
        for file in files
        if file.is_file() and file.stat().st_size < _LONGEST
    )


def failure_note(refusal: str, hosts: Sequence[str], lines: Sequence[str]) -> str:
    """A sentence for a script that failed by such a difference, as its last lines tell."""
    for line in reversed(lines if refusal else ()):
        found = _PATH.search(line)
        if found and _ERROR.search(line):
            return _no_opt_ml(refusal, PurePosixPath(found[1]))
    if len(hosts) > 1 and any(_IN_USE.search(line) for line in lines):
        return (
            "The job's hosts are processes of this one machine: let each listen at its own name "
            "(SM_CURRENT_HOST) instead of all addresses, or at a port of its own."
        )
    return ""


def _no_opt_ml(refusal: str, path: PurePosixPath) -> str:
    way = (
        "give it to the script as an argument"
        if path.is_relative_to(OPT_ML / "processing")
        else f"find it by the variable {_variable(path)}"
    )
    return f"This machine gives a job no {OPT_ML} of its own ({refusal}): for {path}, {way}."


def _variable(path: PurePosixPath) -> str:
    parts = path.relative_to(OPT_ML).parts
    if parts[:2] == ("input", "data") and len(parts) > 2:
        return f"SM_CHANNEL_{parts[2].upper()}"
    for place, variable in _VARIABLES.items():
        if path.is_relative_to(OPT_ML / place):
            return variable
    return "SAGEMAKER_BASE_DIR"
