"""The submitter: takes committed submissions to the target, each exactly once.

Files are staged first, in threads of their own. The name is the idempotency token: before
Create is called, that is committed; when its outcome is unknown (a crash, a time-out),
Describe decides and what is ours is adopted.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, explain
from jupyter_sm.jobs import REJECTED, context_of, kind_named
from jupyter_sm.jobs.members import request_in
from jupyter_sm.targets import Staged, Staging, StagingStoppedError, Target
from jupyter_sm.tracking import submissions_table
from jupyter_sm.tracking.calls import (
    call,
    call_or_none,
    code_of,
    is_about_credentials,
    is_denied,
    is_passing,
)
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.submissions_table import Submission

SUBMISSION_TAG = "jupyter-sm:submission"
_TAKEN = ("ResourceInUse", "ResourceAlreadyExists", "ConflictException")
_LONGEST_WAIT = 60.0
# Small sources must not wait behind large inputs.
_STAGING_THREADS = 4

_log = logging.getLogger(__name__)


class Submitter:
    """Submits for one target; used by whoever holds its lease."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._pools: dict[bool, ThreadPoolExecutor] = {}
        self._staging: dict[str, tuple[Future[Staged], threading.Event]] = {}

    def run(self, may_go_on: Callable[[], bool] = lambda: True) -> list[tuple[str, str]]:
        """Take every due submission a step further, for as long as `may_go_on` says so.

        The result holds kind and name of each job that the target has now.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        accepted = []
        for submission in submissions_table.open_submissions(self._store, self._target.name):
            if not may_go_on():
                break
            try:
                if self._is_staged(submission) and self.submit(submission):
                    accepted.append((submission.kind, submission.name))
            except (ClientError, BotoCoreError) as error:
                # Describe or ListTags was refused: this one waits, the others go on.
                self._retry(submission, error)
        return accepted

    def close(self) -> None:
        """Break off what is being staged; it is staged anew by whoever submits next."""
        for _, stopped in self._staging.values():
            stopped.set()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._pools.clear()
        self._staging.clear()

    def _is_staged(self, submission: Submission) -> bool:
        """Whether the submission's files lie at the target; begins to stage them if not."""
        if self._target.calls_are_free or submission.staged:
            return True
        if submission.id not in self._staging:
            if submission.stop_requested:
                submissions_table.settle_refused(self._store, submission, "Stopped", "", None)
                return False
            self._begin_staging(submission)
        future, stopped = self._staging[submission.id]
        if submission.stop_requested:
            stopped.set()
        if not future.done():
            return False
        del self._staging[submission.id]
        try:
            staged = future.result()
        except StagingStoppedError:
            submissions_table.settle_refused(self._store, submission, "Stopped", "", None)
        except ExplainedError as error:
            reason = error.explanation.raw
            submissions_table.settle_refused(
                self._store, submission, REJECTED, reason, error.explanation
            )
        except Exception as error:  # noqa: BLE001 - boto3's transfers have errors of their own
            self._staging_failed(submission, error)
        else:
            submissions_table.mark_staged(self._store, submission, staged.request, staged.notes)
        # Sent at the next round, with the request as it now stands.
        return False

    def _begin_staging(self, submission: Submission) -> None:
        stopped = threading.Event()
        staging = Staging(
            name=submission.name,
            request=submission.request,
            submitted_at=submission.created_at,
            create_bucket=submission.create_bucket,
            on_progress=lambda done, total: submissions_table.mark_staging(
                self._store, submission, done, total
            ),
            stopped=stopped,
        )
        large = "file://" in json.dumps(submission.request.get("InputDataConfig", []))
        if large not in self._pools:
            self._pools[large] = ThreadPoolExecutor(
                _STAGING_THREADS, thread_name_prefix="jupyter_sm staging"
            )
        future = self._pools[large].submit(self._target.stage, staging)
        self._staging[submission.id] = future, stopped

    def _staging_failed(self, submission: Submission, error: Exception) -> None:
        if not is_passing(error):
            self._reject(submission, error)
            return
        submissions_table.count_attempt(self._store, submission)
        self._retry(submission, error)
        if is_about_credentials(error):
            self._target.renew()

    def submit(self, submission: Submission) -> bool:
        """One submission: to acceptance (True), refusal or another attempt later."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        if submission.state == "creating":
            owner = self._owner(submission)
            if owner is not None:
                return self._settle_existing(submission, owner)
        if submission.stop_requested:
            submissions_table.settle_refused(self._store, submission, "Stopped", "", None)
            return False
        submissions_table.mark_creating(self._store, submission)
        try:
            self._create(submission)
        except ParamValidationError as error:
            self._reject(submission, error)
        except ClientError as error:
            if code_of(error) in _TAKEN:
                return self._settle_existing(submission, self._owner(submission), error)
            if is_passing(error):
                self._retry(submission, error)
            else:
                self._reject(submission, error)
        except BotoCoreError as error:
            self._retry(submission, error)
        else:
            submissions_table.mark_accepted(self._store, submission)
            return True
        return False

    def _create(self, submission: Submission) -> None:
        operation = kind_named(submission.kind).create
        call(self._target, operation, submission.request)

    def _owner(self, submission: Submission) -> str | None:
        """Whose job bears the name: a submission's id, "" for none of ours, None for no job."""
        kind = kind_named(submission.kind)
        answer = call_or_none(self._target, kind.describe, {kind.name_field: submission.name})
        if answer is None:
            return None
        from botocore.exceptions import ClientError

        try:
            tags = call(self._target, "ListTags", {"ResourceArn": answer[kind.arn_field]})
        except ClientError as error:
            if not is_denied(error):
                raise
            # Tags may not be read: an equal request, submitted under a name of ours, is ours.
            is_ours = _holds(answer, request_in(submission.request, kind))
            return submission.id if is_ours else ""
        found = (t["Value"] for t in tags.get("Tags", []) if t["Key"] == SUBMISSION_TAG)
        return next(found, "")

    def _settle_existing(
        self, submission: Submission, owner: str | None, error: Exception | None = None
    ) -> bool:
        if owner == submission.id:
            submissions_table.mark_accepted(self._store, submission)
            return True
        if owner is None:
            self._retry(submission, error)
        else:
            self._reject(submission, error or _taken(submission.name))
        return False

    def _reject(self, submission: Submission, error: Exception) -> None:
        explanation = explain(
            error, context=context_of(kind_named(submission.kind), submission.request)
        )
        submissions_table.settle_refused(
            self._store, submission, REJECTED, explanation.raw, explanation
        )

    def _retry(self, submission: Submission, error: Exception | None) -> None:
        wait = min(_LONGEST_WAIT, 0.5 * 2 ** min(submission.attempts, 7))
        _log.warning("Submitting %s is tried again in %.0f s: %s", submission.name, wait, error)
        reason = explain(error).sentence if error else ""
        submissions_table.mark_retry(self._store, submission, wait, reason)


def _holds(there: Any, asked: Any) -> bool:
    """Whether what was asked for is there; what the service adds by itself does not count."""
    if isinstance(asked, dict) and isinstance(there, dict):
        return all(_holds(there.get(key), value) for key, value in asked.items())
    if isinstance(asked, list) and isinstance(there, list):
        return len(asked) == len(there) and all(map(_holds, there, asked))
    # A trailing slash is the service's to keep or drop.
    if isinstance(asked, str) and isinstance(there, str):
        return there.rstrip("/") == asked.rstrip("/")
    return bool(there == asked)


def _taken(name: str) -> Exception:
    from botocore.exceptions import ClientError

    detail = {"Code": "ResourceInUse", "Message": f"A job named {name} already exists"}
    error: Exception = ClientError({"Error": detail}, "CreateTrainingJob")
    return error
