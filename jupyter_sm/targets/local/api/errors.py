"""The errors the local target answers with, in AWS's codes and words."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_sm.jobs.answers import INVALID, UNREADABLE
from jupyter_sm.jobs.faults import Fault


class ApiError(Exception):
    """An error answer: AWS's code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def error_of(faults: Sequence[Fault]) -> ApiError:
    """What SageMaker answers to a request with these faults.

    What can't be read comes first, then all constraints in one answer, then what is left, singly.
    """
    unreadable = [fault for fault in faults if fault.code == UNREADABLE]
    constraints = list(dict.fromkeys(fault.answer for fault in faults if not fault.code))
    if unreadable or not constraints:
        first = (unreadable or faults)[0]
        return ApiError(first.code, first.answer)
    plural = "error" if len(constraints) == 1 else "errors"
    return ApiError(
        INVALID, f"{len(constraints)} validation {plural} detected: {'; '.join(constraints)}"
    )
