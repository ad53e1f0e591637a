"""Errors that only tell of another: what wraps the script's own, and what follows from it."""

from __future__ import annotations

import re

_WRAPPERS = frozenset(
    (
        "ExecuteUserScriptError",
        "ChildFailedError",
        "UnexpectedStatusException",
        "CalledProcessError",
        "SystemExit",
        "ProcessExitedException",
        "FailedTrainingJobError",
        "UserScriptError",
        "KeyboardInterrupt",
    )
)
_CONSEQUENCE = re.compile(
    r"[Cc]onnection (?:closed|reset|refused|aborted)|[Bb]roken pipe|remote process (?:exited|has)"
    r"|[Nn]etwork error or has|NCCL (?:communicator|timeout)|exited unexpectedly|Process exited with code"
    r"|Socket Timeout|received signal|SIGTERM"
)


def is_of_its_own(type_: str, message: str) -> bool:
    """Whether an error may be the cause, rather than tell of one."""
    return type_.rpartition(".")[2] not in _WRAPPERS and not _CONSEQUENCE.search(message[:2000])
