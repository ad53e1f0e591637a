"""What a job gets of the machine that it runs on: some variables, and a Python.

For all kinds; what a kind's container adds stands in the kind's own modules.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from jupyter_sm.targets.local.runner import requirements
from jupyter_sm.targets.local.runner.channels import local_path
from jupyter_sm.targets.local.runner.work import JobFailedError, Work

# What a script needs of the machine it runs on. All else of the user's environment,
# such as Jupyter's tokens, stays out of the job.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_PASSED_ON_PREFIXES = (
    "LC_",
    "AWS_",
    "CONDA_",
    "CUDA_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "PIP_",
    "SSL_",
)


def passed_on(machine: Mapping[str, str]) -> dict[str, str]:
    """The variables of the machine that every job gets."""
    return {
        key: value
        for key, value in machine.items()
        if key in _PASSED_ON or key.startswith(_PASSED_ON_PREFIXES)
    }


def interpreter(image: str) -> str:
    """The Python that an image's field names as `file://`, else our own.

    Raises JobFailedError where there is none.
    """
    python = str(local_path(image)) if image.startswith("file://") else sys.executable
    if not Path(python).is_file() or not os.access(python, os.X_OK):
        raise JobFailedError(f"ClientError: there is no Python interpreter {python}.")
    return python


def with_requirements(work: Work, python: str, wanted: Path, env: Mapping[str, str]) -> str:
    """A Python that has the packages of a requirements.txt; the same one if there is no file."""
    if not wanted.is_file():
        return python
    folder = work.root / "environments"
    return requirements.Environments(folder, env, work.say, work.check_stop).prepare(python, wanted)
