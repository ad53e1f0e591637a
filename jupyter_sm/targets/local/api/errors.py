"""The errors the local target answers with, in AWS's codes and words."""

from __future__ import annotations


class ApiError(Exception):
    """An error answer: AWS's code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
