"""Calling a target's operations by their names in the service model."""

from __future__ import annotations

from typing import Any

from jupyter_sm.targets import Target

# How SageMaker says that a job does not exist; a training job's own way is the first.
_GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")


def call(target: Target, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Call an operation such as `CreateTrainingJob`. Raises what botocore raises."""
    from botocore import xform_name

    answer: dict[str, Any] = getattr(target.client("sagemaker"), xform_name(operation))(**request)
    return answer


def call_or_none(target: Target, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """The same, with None where the target says that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return call(target, operation, request)
    except ClientError as error:
        if error.response["Error"].get("Code") in _GONE:
            return None
        raise
