"""Why a training job failed, in the words that its FailureReason has on SageMaker.

There AWS's toolkit runs the script, and what it says of a command that failed is the reason; a
test holds this module against it.
"""

from __future__ import annotations

import builtins
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jupyter_sm.targets.local.runner.views import OPT_ML

LONGEST = 1024
_BYTES_A_CHARACTER = 4
# A line with one of these begins the message; it has what was printed from there on.
_NAMES = [name for name in dir(builtins) if "Error" in name or "Exception" in name]
_FRAMEWORKS = ["ResourceExhaustedError", "OutOfRangeError", "InvalidArgumentError"]
_BEGINS = re.compile(
    "|".join([*_NAMES, *_FRAMEWORKS, "Invalid requirement", "mpirun.real", "ORTE"])
)
# An exception of the user's own, of which the toolkit tells nothing.
_OWN_ERROR = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|Warning)\b")
# The toolkit's own exit code, whatever the script's was.
_TOOLKITS = 1
_KILLED = 137
_OPT_ML_PATH = re.compile(r"[\"'](/opt/ml(?:/[^\"']{0,300})?)[\"']")
_ERROR = re.compile(r"\b(FileNotFoundError|PermissionError|NotADirectoryError|No such file)\b")
_VARIABLES = {
    "input/config": "SM_INPUT_CONFIG_DIR",
    "input": "SM_INPUT_DIR",
    "model": "SM_MODEL_DIR",
    "output/data": "SM_OUTPUT_DATA_DIR",
    "output": "SM_OUTPUT_DIR",
}


def written(file: Path) -> str | None:
    """What a script wrote to a file of words, as far as a reason can hold it; None without one."""
    try:
        # A pipe must not be waited for, nor a file of any size be read.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as content:
            if not stat.S_ISREG(os.fstat(content.fileno()).st_mode):
                return None
            return content.read(_BYTES_A_CHARACTER * LONGEST).decode("utf-8", "replace")[:LONGEST]
    except OSError:
        return None


def called_process_error(
    error: str, code: int, lines: Sequence[str], argv: Sequence[str], otherwise: str = ""
) -> str:
    """What the toolkit says of a command that failed; `otherwise` where no line has an error."""
    killed = '\nExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"'
    return (
        f'{error}:\nExitCode {code}\nErrorMessage "{_message(lines) or otherwise}"'
        f'{killed if code == _KILLED else ""}\nCommand "{" ".join(argv)}"'
    )


def algorithm_error(text: str, more: str = "") -> str:
    """The FailureReason that such a text becomes, as long as one may be; `more` is ours."""
    end = f", exit code: {_TOOLKITS}{more}"
    return f"AlgorithmError: {text}"[: LONGEST - len(end)] + end


def _message(lines: Sequence[str]) -> str:
    for number, line in enumerate(lines):
        if _BEGINS.search(line):
            told = " ".join(line.strip(" :\n") + "\n" for line in lines[number:])
            # Each line once.
            return "\n".join(dict.fromkeys(told.split("\n"))).strip()
    return next((line for line in reversed(lines) if _OWN_ERROR.match(line)), "")


def no_opt_ml(refusal: str, lines: Sequence[str]) -> str:
    """A sentence for a script whose last lines complain of a path below an /opt/ml that is not there.

    `refusal`: why there is none; empty where there is.
    """
    for line in reversed(lines if refusal else ()):
        found = _OPT_ML_PATH.search(line)
        if found and _ERROR.search(line):
            path = PurePosixPath(found[1])
            way = (
                "give it to the script as an argument"
                if path.is_relative_to(OPT_ML / "processing")
                else f"find it by the variable {_variable(path)}"
            )
            return (
                f"This machine gives a job no {OPT_ML} of its own ({refusal}): for {path}, {way}."
            )
    return ""


def _variable(path: PurePosixPath) -> str:
    parts = path.relative_to(OPT_ML).parts
    if parts[:2] == ("input", "data") and len(parts) > 2:
        return f"SM_CHANNEL_{parts[2].upper()}"
    for place, variable in _VARIABLES.items():
        if path.is_relative_to(OPT_ML / place):
            return variable
    return "SAGEMAKER_BASE_DIR"
