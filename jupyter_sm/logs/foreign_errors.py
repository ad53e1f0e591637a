"""Errors that are no Python traceback: Java's stack traces, native crashes, what SageMaker says."""

from __future__ import annotations

import re

_JAVA = re.compile(
    r"(?:Exception in thread \"[^\"]{0,80}\" )?"
    r"((?:[a-z][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,80}(?:Exception|Error|Throwable))(?:: (.{0,2000}))?\Z",
    re.DOTALL,
)
_JAVA_FRAME = re.compile(
    r"at (?:[\w$.<>/]{1,300}?)\.?([\w$<>]{1,120})\(([\w$]{1,120}\.\w{1,12}):(\d{1,7})\)"
)
# The built-in algorithms: `[.. ERROR 1405] Customer Error: ...`, and what the SDK says at the end.
_SAID = re.compile(
    r"\b(Customer Error|CustomerError|ClientError|Client Error|AlgorithmError|Algorithm Error"
    r"|Platform Error|UserError|InternalServerError): (.{1,2000})",
    re.DOTALL,
)
# Slurm (HyperPod): `slurmstepd: error: *** STEP 12.0 ON node CANCELLED AT 2024-.. ***`.
_SLURM = re.compile(r"(?:slurmstepd|srun): error: \*{0,3} ?((?:STEP|JOB) .{1,300}?) ?\*{0,3}\Z")

# Python's faulthandler.
_CRASH = re.compile(r"Fatal Python error: ((?:\w{1,40}: )?.{1,300})", re.DOTALL)
_CRASH_FRAME = re.compile(r'  File "([^"]{1,1000})", line (\d{1,9}) in (.{1,200})')


def crash_of(line: str) -> str | None:
    """What kind of crash faulthandler reports, at its report's first line."""
    found = _CRASH.match(line)
    return found[1].strip() if found else None


def crash_frame(line: str) -> tuple[str, str, str] | None:
    """File, line and function of a frame of faulthandler's."""
    found = _CRASH_FRAME.match(line)
    return (found[1], found[2], found[3]) if found else None


def java_error(line: str) -> tuple[str, str] | None:
    """Type and message of a Java exception's first line."""
    bare = line.strip()
    if bare[:1] == "\u2502":
        return None
    found = _JAVA.match(bare)
    return (found[1], found[2] or "") if found else None


def java_frame(bare: str) -> str | None:
    """`File.java:12 in method` of a stack trace's line `at package.Class.method(File.java:12)`."""
    found = _JAVA_FRAME.match(bare)
    return f"{found[2]}:{found[3]} in {found[1]}" if found else None


def said_by_platform(line: str) -> tuple[str, str] | None:
    """Type and message where SageMaker or a scheduler names the failure in a line of its own."""
    if "CANCELLED" in line:
        found = _SLURM.match(line.strip())
        return ("Interrupted", found[1]) if found else None
    if "ERROR" not in line and "Failed" not in line and "Reason" not in line:
        return None
    found = _SAID.search(line[:4000])
    return (found[1].replace(" ", ""), found[2].strip()) if found else None
