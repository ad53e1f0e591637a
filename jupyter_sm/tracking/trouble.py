"""What is in the way of a call to a target: of which kind it is, and how it is told.

It passes (the network, a throttle, a fault of AWS), or waits for the user (credentials, the
configuration, the clock), or is for good: a refusal, which the same call would meet again.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator
from enum import Enum

from jupyter_sm.diagnosis import ExplainedError, Explanation, explain
from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import StoreError
from jupyter_sm.targets import NotReadyError
from jupyter_sm.tracking.calls import code_of, is_for_credentials, is_throttled, status_of

# Something was damaged on its way.
_DAMAGED = ("BadDigest", "XAmzContentSHA256Mismatch")
# Refusals of who asks, not of what is asked.
_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "AuthFailure",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "OptInRequired",
)
# Whoever gives credentials within a machine of AWS's answers again soon.
_OF_THE_MACHINE = ("iam-role", "container-role")
# What there is to do where nobody answers.
CHECK = "Check the network; behind a proxy set HTTPS_PROXY."


class Trouble(Enum):
    """A kind of trouble."""

    PASSING = "passing"
    WAITING = "waiting"
    FINAL = "final"

    @property
    def health(self) -> str:
        """What a target is that has it: `waiting` for the user, or `stale`."""
        return "waiting" if self is Trouble.WAITING else "stale"


def kind_of(error: BaseException) -> Trouble:
    """Of which kind an error is. What is none of AWS's is a fault of ours, which does not pass."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, NotReadyError):
        return Trouble.PASSING if error.passes else Trouble.WAITING
    if isinstance(error, ExplainedError):
        return Trouble.PASSING if isinstance(error, StoreError) else Trouble.FINAL
    if is_foreign(error):
        return Trouble.PASSING
    for one in _chain(error):
        if isinstance(one, ClientError):
            return _of_answer(one)
        if isinstance(one, BotoCoreError):
            return _of_botocore(one)
    return Trouble.WAITING if isinstance(error, OSError) else Trouble.FINAL


def _of_answer(error: BaseException) -> Trouble:
    """The kind of an error that a service answered."""
    code = code_of(error)
    if is_throttled(error) or code in _DAMAGED or status_of(error) >= 500:
        return Trouble.PASSING
    if code in _CREDENTIALS or is_for_credentials(error):
        return Trouble.WAITING
    return Trouble.FINAL


def _of_botocore(error: BaseException) -> Trouble:
    """The kind of an error that botocore met on this side."""
    from botocore import exceptions

    about_the_call = (
        exceptions.ParamValidationError,
        exceptions.ValidationError,
        exceptions.DataNotFoundError,
        exceptions.OperationNotPageableError,
        exceptions.UnknownClientMethodError,
    )
    if isinstance(error, exceptions.InvalidRegionError):
        return Trouble.WAITING
    if isinstance(error, about_the_call):
        return Trouble.FINAL
    if isinstance(error, exceptions.SSLError):
        return Trouble.WAITING
    if isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError)):
        by_the_user = ("region-invalid", "aws-config")
        return Trouble.WAITING if explain(error).category in by_the_user else Trouble.PASSING
    on_the_way = (
        exceptions.IncompleteReadError,
        exceptions.ChecksumError,
        exceptions.FlexibleChecksumError,
        exceptions.MetadataRetrievalError,
        exceptions.CapacityNotAvailableError,
    )
    of_the_machine = str(getattr(error, "kwargs", {}).get("provider")) in _OF_THE_MACHINE
    return Trouble.PASSING if isinstance(error, on_the_way) or of_the_machine else Trouble.WAITING


def is_foreign(error: BaseException) -> bool:
    """Whether an answer could not be read as one of AWS's: somebody else gave it."""
    from botocore.parsers import ResponseParserError

    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = trace.tb_frame.f_globals.get("__name__") if trace is not None else ""
    return isinstance(error, ResponseParserError) or where == "botocore.parsers"


def is_of_aws(error: BaseException) -> bool:
    """Whether AWS refused, or could not be asked. All else is a fault of ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, (BotoCoreError, ClientError)) or is_foreign(error)


def is_ours(error: BaseException) -> bool:
    """Whether it is a fault of ours, which is worth its traceback."""
    return not (is_of_aws(error) or isinstance(error, (ExplainedError, OSError)))


def explained(error: BaseException, target: str) -> Explanation:
    """What an error of AWS means, told of a target."""
    profile, _, region = target.rpartition("@")
    if is_foreign(error):
        error = _foreign(target)
    return explain(error, context={"profile": profile, "region": region})


def told(error: BaseException, target: str, secrets: Iterable[str] = ()) -> str:
    """What is in the way and what to do, in one sentence each, without what is known to be secret."""
    return shown(_said(error, target), secrets)


def _said(error: BaseException, target: str) -> str:
    if isinstance(error, ExplainedError):
        return error.explanation.sentence
    if is_of_aws(error):
        error = _foreign(target) if is_foreign(error) else error
        # The class says nothing that its words do not say better.
        return explained(error, target).sentence.removeprefix(f"{type(error).__name__}: ")
    if isinstance(error, OSError):
        return f"{target} can't be reached: {error}."
    return (
        f"jupyter_sm failed while it looked at {target} ({type(error).__name__}: {error}); "
        "its log says where. The jobs there go on."
    )


def traced(error: BaseException, secrets: Iterable[str]) -> str:
    """An error's traceback for the log, without what is known to be secret."""
    lines = traceback.format_exception(error)
    return shown("\n" + "".join(lines).rstrip(), secrets)


def _foreign(target: str) -> Exception:
    from jupyter_sm.targets.aws.answers import ForeignAnswerError

    error: Exception = ForeignAnswerError(endpoint=target, what="what can't be read")
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised for."""
    yield from (one for one in (error, error.__cause__, error.__context__) if one is not None)


class Once:
    """A log of what goes on and on: told when it begins, and again once it is another."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._told = ""

    def warn(self, text: str, error: BaseException | None = None) -> None:
        """It goes on; `error` is one whose traceback is wanted."""
        if text != self._told:
            self._told = text
            self._log.warning("%s", text, exc_info=error)

    def over(self) -> None:
        """It has passed."""
        self._told = ""
