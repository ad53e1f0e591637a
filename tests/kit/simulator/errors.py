"""The error answers of the simulated services."""

from __future__ import annotations


class ApiError(Exception):
    """An error as AWS's JSON protocol answers it: a code, a message and an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """SageMaker's ValidationException."""
    return ApiError("ValidationException", message)


def not_found() -> ApiError:
    """What SageMaker answers for a training job it does not know (not ResourceNotFound)."""
    return invalid("Requested resource not found.")
