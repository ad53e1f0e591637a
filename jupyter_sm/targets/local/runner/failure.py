"""Why a training job failed, in the words that its FailureReason has on SageMaker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from jupyter_sm.targets.local.runner.views import OPT_ML

_OPT_ML_PATH = re.compile(r"[\"'](/opt/ml(?:/[^\"']{0,300})?)[\"']")
_ERROR = re.compile(r"\b(FileNotFoundError|PermissionError|NotADirectoryError|No such file)\b")
_VARIABLES = {
    "input/config": "SM_INPUT_CONFIG_DIR",
    "input": "SM_INPUT_DIR",
    "model": "SM_MODEL_DIR",
    "output/data": "SM_OUTPUT_DATA_DIR",
    "output": "SM_OUTPUT_DIR",
}


def missing_opt_ml(lines: Sequence[str]) -> tuple[str, str] | None:
    """The path below /opt/ml that the last lines complain of, and the variable to use instead."""
    for line in reversed(lines):
        found = _OPT_ML_PATH.search(line)
        if found and _ERROR.search(line):
            return found[1], _variable(PurePosixPath(found[1]))
    return None


def _variable(path: PurePosixPath) -> str:
    parts = path.relative_to(OPT_ML).parts
    if parts[:2] == ("input", "data") and len(parts) > 2:
        return f"SM_CHANNEL_{parts[2].upper()}"
    for place, variable in _VARIABLES.items():
        if path.is_relative_to(OPT_ML / place):
            return variable
    return "SAGEMAKER_BASE_DIR"
