"""The submitter: takes committed submissions to the target, each exactly once.

The name is the idempotency token. Before Create is called, that is committed; when its
outcome is unknown (a crash, a time-out), Describe decides and what is ours is adopted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import REJECTED, kind_of
from jupyter_sm.targets import Target
from jupyter_sm.tracking import jobs_table
from jupyter_sm.tracking.calls import call, call_or_none
from jupyter_sm.tracking.jobs_table import Submission
from jupyter_sm.tracking.store import Store

SUBMISSION_TAG = "jupyter-sm:submission"
_TAKEN = ("ResourceInUse", "ResourceAlreadyExists", "ConflictException")
_PASSING = ("ThrottlingException", "Throttling", "TooManyRequestsException", "InternalFailure")
_LONGEST_WAIT = 60.0

_log = logging.getLogger(__name__)


class Submitter:
    """Submits for one target; used by whoever holds its lease."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target

    def run(self, may_go_on: Callable[[], bool] = lambda: True) -> None:
        """Take every due submission a step further, for as long as `may_go_on` says so."""
        from botocore.exceptions import BotoCoreError, ClientError

        for submission in jobs_table.open_submissions(self._store, self._target.name):
            if not may_go_on():
                return
            try:
                self.submit(submission)
            except (ClientError, BotoCoreError) as error:
                # Describe or ListTags was refused: this one waits, the others go on.
                self._retry(submission, error)

    def submit(self, submission: Submission) -> None:
        """One submission: to acceptance, refusal or another attempt later."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        if submission.state == "creating":
            owner = self._owner(submission)
            if owner is not None:
                self._settle_existing(submission, owner)
                return
        if submission.stop_requested:
            jobs_table.settle_refused(self._store, submission, "Stopped", "", None)
            return
        jobs_table.mark_creating(self._store, submission)
        try:
            self._create(submission)
        except ParamValidationError as error:
            self._reject(submission, error)
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            if code in _TAKEN:
                self._settle_existing(submission, self._owner(submission), error)
            elif code in _PASSING or status >= 500:
                self._retry(submission, error)
            else:
                self._reject(submission, error)
        except BotoCoreError as error:
            self._retry(submission, error)
        else:
            jobs_table.mark_accepted(self._store, submission)

    def _create(self, submission: Submission) -> None:
        operation = kind_of(submission.kind).create
        call(self._target, operation, submission.request)

    def _owner(self, submission: Submission) -> str | None:
        """Whose job bears the name: a submission's id, "" for none of ours, None for no job."""
        kind = kind_of(submission.kind)
        answer = call_or_none(self._target, kind.describe, {kind.name_field: submission.name})
        if answer is None:
            return None
        tags = call(self._target, "ListTags", {"ResourceArn": answer[kind.arn_field]}).get(
            "Tags", []
        )
        return next((tag["Value"] for tag in tags if tag["Key"] == SUBMISSION_TAG), "")

    def _settle_existing(
        self, submission: Submission, owner: str | None, error: Exception | None = None
    ) -> None:
        if owner == submission.id:
            jobs_table.mark_accepted(self._store, submission)
        elif owner is None:
            self._retry(submission, error)
        else:
            self._reject(submission, error or _taken(submission.name))

    def _reject(self, submission: Submission, error: Exception) -> None:
        explanation = explain(error, context={"name": submission.name})
        jobs_table.settle_refused(self._store, submission, REJECTED, explanation.raw, explanation)

    def _retry(self, submission: Submission, error: Exception | None) -> None:
        wait = min(_LONGEST_WAIT, 0.5 * 2 ** min(submission.attempts, 7))
        _log.warning("Submitting %s is tried again in %.0f s: %s", submission.name, wait, error)
        jobs_table.mark_retry(self._store, submission, wait)


def _taken(name: str) -> Exception:
    from botocore.exceptions import ClientError

    detail = {"Code": "ResourceInUse", "Message": f"A job named {name} already exists"}
    error: Exception = ClientError({"Error": detail}, "CreateTrainingJob")
    return error
