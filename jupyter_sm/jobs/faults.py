"""Fault: one thing that is wrong with a request or a spec."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault: where it is (`path`), what rule it breaks (`rule`), in words (`message`).

    `answer` is what SageMaker itself says to it, with the error's `code`. An answer without a code
    is one of the constraints that it lists together in one ValidationException. Without a path the
    message is a whole sentence.
    """

    path: str
    rule: str
    message: str
    severity: str = "error"
    answer: str = ""
    code: str = ""


class InvalidRequestError(ValueError):
    """A request that SageMaker would refuse; `faults` holds every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        lines = [f"{f.path}: {f.message}" if f.path else f.message for f in faults]
        head = (
            "The request has 1 fault" if len(lines) == 1 else f"The request has {len(lines)} faults"
        )
        super().__init__(f"{head}. " + " ".join(lines))


def errors_of(faults: list[Fault]) -> list[Fault]:
    """The faults that refuse a request, without the warnings."""
    return [fault for fault in faults if fault.severity == "error"]
