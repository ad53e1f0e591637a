"""ContainerEntrypoint and ContainerArguments of a request, as a command on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_sm.targets.local.runner.machine import Python
from jupyter_sm.targets.local.runner.views import OPT_ML
from jupyter_sm.targets.local.runner.work import JobFailedError

_PYTHONS = ("python", "python3")


def argv_of(part: Mapping[str, Any], python: Python, folder: Path, base: Path) -> list[str]:
    """The words of the command; `python` stands for the image's.

    `folder` is where a host's /opt/ml lies on the machine, `base` where its processes find it.
    Raises JobFailedError where there is no such program.
    """
    words: list[str] = [*part["ContainerEntrypoint"], *part.get("ContainerArguments", [])]
    if words[0] in (*_PYTHONS, python.interpreter):
        return [python.program, *(told(base, word) for word in words[1:])]
    if Path(words[0]).parent == Path(python.interpreter).parent:
        # Beside the interpreter: pip and the like are the job's own, too.
        words[0] = shutil.which(Path(words[0]).name, path=python.env.get("PATH")) or words[0]
    program = told(folder, words[0])
    if shutil.which(program, path=python.env.get("PATH")) is None:
        fault = "it is not executable" if Path(program).is_file() else "there is no such program"
        raise JobFailedError(f"ClientError: ContainerEntrypoint names {words[0]!r}, and {fault}.")
    return [told(base, word) for word in words]


def told(base: Path, text: str) -> str:
    """A word or variable, with the container's folder replaced by the real one."""
    return text.replace(f"{OPT_ML}/", f"{base}/")
