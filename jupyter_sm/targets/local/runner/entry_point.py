"""A training job's entry point, and the command that runs it on one host, as AWS's toolkit has it.

What does not end in `.sh` is a Python package where a setup.py lies beside it, else a Python
script if it ends in `.py`; all else is a command, which runs by its own first line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path


class EntryPoint(Enum):
    """The kinds of entry points."""

    COMMAND = auto()
    PACKAGE = auto()
    SCRIPT = auto()


def entry_point_of(code: Path, program: str) -> EntryPoint:
    """What kind of entry point `program` is in the folder `code`."""
    if program.endswith(".sh"):
        return EntryPoint.COMMAND
    if (code / "setup.py").exists():
        return EntryPoint.PACKAGE
    return EntryPoint.SCRIPT if program.endswith(".py") else EntryPoint.COMMAND


def command(kind: EntryPoint, python: str, program: str, arguments: Sequence[str]) -> list[str]:
    """The command that runs an entry point once."""
    if kind is EntryPoint.SCRIPT:
        return [python, "--", program, *arguments]
    if kind is EntryPoint.PACKAGE:
        return [python, "-m", re.sub(r"\.py$", "", program), *arguments]
    words = " ".join(shlex.quote(argument) for argument in arguments)
    return ["/bin/sh", "-c", f"./{shlex.quote(program)} {words}"]
