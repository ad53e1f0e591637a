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
from pathlib import Path

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
TOOLKITS_CODE = 1
_KILLED = 137


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


def algorithm_error(text: str, more: str = "", code: int = TOOLKITS_CODE) -> str:
    """The FailureReason that such a text becomes, as long as one may be; `more` is ours."""
    end = f", exit code: {code}{more}"
    return f"AlgorithmError: {text}"[: LONGEST - len(end)] + end


def _message(lines: Sequence[str]) -> str:
    for number, line in enumerate(lines):
        if _BEGINS.search(line):
            told = " ".join(line.strip(" :\n") + "\n" for line in lines[number:])
            # Each line once.
            return "\n".join(dict.fromkeys(told.split("\n"))).strip()
    return next((line for line in reversed(lines) if _OWN_ERROR.match(line)), "")
