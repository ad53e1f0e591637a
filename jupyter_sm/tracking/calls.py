"""Calling a target's operations by their names in the service model, and reading refusals."""

from __future__ import annotations

from typing import Any

from jupyter_sm.jobs.service_model import botocore_version
from jupyter_sm.targets import Target

# How SageMaker says that a job does not exist; a training job's own way is the first.
_GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = (
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
)
# Calls by which botocore comes to credentials.
_FOR_CREDENTIALS = (
    "AssumeRole",
    "AssumeRoleWithWebIdentity",
    "AssumeRoleWithSAML",
    "GetRoleCredentials",
    "CreateToken",
    "CreateOAuth2Token",
)


def call(target: Target, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Call an operation such as `CreateTrainingJob`. Raises what botocore raises.

    One that an older botocore does not know is refused in its words.
    """
    from botocore import xform_name
    from botocore.exceptions import ClientError

    method = getattr(target.client("sagemaker"), xform_name(operation), None)
    if method is None:
        what = f"botocore {botocore_version()} does not know the operation {operation}."
        detail = {"Code": "UnknownOperationException", "Message": what}
        raise ClientError({"Error": detail}, operation)
    answer: dict[str, Any] = method(**request)
    return answer


def call_or_none(target: Target, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """The same, with None where the target says that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return call(target, operation, request)
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def code_of(error: BaseException) -> str:
    """The error code of a refusal, or an empty text for another kind of error."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def status_of(error: BaseException) -> int:
    """The HTTP status of a refusal; 400 where none is known."""
    return int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 400))


def _response(error: BaseException | None) -> dict[str, Any]:
    """What the service answered, found in an error or in what caused it."""
    for _ in range(5):
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            return response
        if error is None:
            break
        # boto3's transfers wrap what S3 said.
        error = error.__cause__ or error.__context__
    return {}


def is_gone(error: BaseException) -> bool:
    """Whether a refusal says that the thing asked for does not exist."""
    code = code_of(error)
    if code == "ValidationException":
        said = str(error).lower()
        return "not found" in said or "not exist" in said or "could not find" in said
    return code in _GONE


def is_denied(error: BaseException) -> bool:
    """Whether a right is missing for what was asked."""
    return code_of(error) in _DENIED and not is_for_credentials(error)


def is_for_credentials(error: BaseException) -> bool:
    """Whether it is the answer to a call that was made to get credentials."""
    return getattr(error, "operation_name", "") in _FOR_CREDENTIALS


def is_throttled(error: BaseException) -> bool:
    """Whether the call came too soon after others."""
    return code_of(error) in _THROTTLED
