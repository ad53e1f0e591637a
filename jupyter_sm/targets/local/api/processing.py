"""Processing jobs in the local target's API: what is refused, and what Describe and List add."""

from __future__ import annotations

from typing import Any

from jupyter_sm.jobs.kinds.processing import PROCESSING
from jupyter_sm.targets.local.api.offer import (
    Answer,
    Offer,
    Request,
    State,
    refusal,
    refuse_far_places,
    told,
)

_FOLDER = "/opt/ml/processing/"


def refuse(request: Request) -> None:
    """Raise ApiError for what SageMaker refuses, or offers and this target does not."""
    if not request["AppSpecification"].get("ContainerEntrypoint"):
        raise refusal(
            "The local target runs commands, not images: AppSpecification must name a "
            "ContainerEntrypoint."
        )
    inputs = request.get("ProcessingInputs", [])
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    _refuse_twice("InputName", [row["InputName"] for row in inputs])
    _refuse_twice("OutputName", [row["OutputName"] for row in outputs])
    refuse_far_places(PROCESSING, request)
    for row in inputs:
        _refuse_input(f"input {row['InputName']}", row)
    for row in outputs:
        where = f"output {row['OutputName']}"
        if "S3Output" not in row:
            raise refusal(f"The local target has no feature store; {where} names one.")
        _check_local_path(row["S3Output"], where)
    paths = [row["S3Input"]["LocalPath"].rstrip("/") for row in inputs]
    paths += [row["S3Output"]["LocalPath"].rstrip("/") for row in outputs]
    _refuse_twice("LocalPath", paths)


def _refuse_input(where: str, row: dict[str, Any]) -> None:
    given = row.get("S3Input")
    if given is None:
        raise refusal(f"The local target reads folders; {where} is a dataset definition.")
    _check_local_path(given, where)
    for member, known in (
        ("S3DataType", "S3Prefix"),
        ("S3InputMode", "File"),
        ("S3CompressionType", "None"),
    ):
        if given.get(member, known) != known:
            raise refusal(
                f"The local target has no {member} {given[member]} ({where}); use {known}."
            )


def _refuse_twice(member: str, values: list[str]) -> None:
    again = next((value for value in values if values.count(value) > 1), None)
    if again is not None:
        raise refusal(f"Each {member} must be there once; {again} is there twice.")


def _check_local_path(row: dict[str, Any], where: str) -> None:
    path = row.get("LocalPath", "")
    if not path.startswith(_FOLDER) or ".." in path.split("/"):
        raise refusal(f"LocalPath must begin with {_FOLDER}; that of {where} is {path!r}.")


def describes(request: Request, state: State) -> Answer:
    """Times, and what the container wrote on leaving."""
    return told(
        state,
        {
            "ProcessingStartTime": "training_start",
            "ProcessingEndTime": "training_end",
            "ExitMessage": "exit_message",
        },
    )


def lists(state: State) -> Answer:
    """When and why it ended."""
    return told(
        state,
        {
            "ProcessingEndTime": "training_end",
            "FailureReason": "failure",
            "ExitMessage": "exit_message",
        },
    )


OFFER = Offer(PROCESSING, "processing job", refuse, describes, lists)
