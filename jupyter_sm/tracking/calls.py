"""Calling a target's operations by their names in the service model, and reading refusals."""

from __future__ import annotations

from typing import Any

from jupyter_sm.jobs.service_model import botocore_version
from jupyter_sm.targets import Target

# How SageMaker says that a job does not exist; a training job's own way is the first.
_GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")
_THROTTLED = (
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
)
# Something was damaged on its way.
_DAMAGED = ("BadDigest", "XAmzContentSHA256Mismatch")
# Refusals of who asks, not of what is asked: they pass once credentials or the clock are right.
_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "AuthFailure",
    "IncompleteSignature",
    "MissingAuthenticationToken",
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


def is_of_aws(error: BaseException) -> bool:
    """Whether botocore raised it: AWS refused, or could not be asked. All else is a fault of ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, (BotoCoreError, ClientError))


def is_gone(error: BaseException) -> bool:
    """Whether a refusal says that the thing asked for does not exist."""
    code = code_of(error)
    if code == "ValidationException":
        said = str(error).lower()
        return "not found" in said or "not exist" in said or "could not find" in said
    return code in _GONE


def is_denied(error: BaseException) -> bool:
    """Whether a right is missing."""
    return code_of(error) in _DENIED


def is_throttled(error: BaseException) -> bool:
    """Whether the call came too soon after others."""
    return code_of(error) in _THROTTLED


def is_passing(error: BaseException) -> bool:
    """Whether the same call may be answered later: throttles, faults of AWS or of the network,
    credentials."""
    from botocore.exceptions import ConnectionError as Unconnected
    from botocore.exceptions import HTTPClientError

    causes = (error, error.__cause__, error.__context__)
    of_the_network = any(isinstance(c, (HTTPClientError, Unconnected)) for c in causes)
    if of_the_network or is_about_credentials(error):
        return True
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return is_throttled(error) or code_of(error) in _DAMAGED or int(status) >= 500


def is_about_credentials(error: BaseException) -> bool:
    """Whether credentials are missing, expired or wrong, or the clock that signs is."""
    from botocore import exceptions

    kinds = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
        exceptions.NoAuthTokenError,
    )
    return isinstance(error, kinds) or code_of(error) in _CREDENTIALS
