"""The submitter: takes committed submissions to the target, each exactly once.

Files are staged first, in threads of their own. Then come the submission's steps, in order, each a
call that makes one thing. The name is the idempotency token: before a step is called, that is
committed; when its outcome is unknown (a crash, a time-out), looking decides, as the kind knows
how, and what is ours is adopted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any

from jupyter_sm.background import Pool
from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import REJECTED, JobKey, context_of, kind_named
from jupyter_sm.jobs.differences import SUBMISSION_TAG
from jupyter_sm.jobs.kinds import Step
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.shown.secrets import secrets_of, shown
from jupyter_sm.store import Store, StoreError, submissions
from jupyter_sm.store.submissions import CALLING, DONE, Submission
from jupyter_sm.targets import NotReadyError, Staged, Staging, Target
from jupyter_sm.tracking.calls import call, call_or_none, code_of, is_denied
from jupyter_sm.tracking.trouble import Trouble, is_of_aws, is_ours, kind_of, told, traced

_TAKEN = ("ResourceInUse", "ResourceAlreadyExists", "ConflictException")
_LONGEST_WAIT = 60.0
# Small sources must not wait behind large inputs.
_STAGING_THREADS = 4
# What is being staged looks whether it is still wanted, unless it waits for an answer.
_CLOSE_SECONDS = 2.0

_log = logger_of(__name__)


class Submitter:
    """Submits for one target; used by whoever holds its lease."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._pools: dict[bool, Pool] = {}
        self._staging: dict[str, tuple[Future[Staged], threading.Event]] = {}

    def run(self, may_go_on: Callable[[], bool] = lambda: True) -> list[JobKey]:
        """Take every due submission a step further, for as long as `may_go_on` says so.

        The result holds each job that the target has now.
        """
        accepted = []
        self.withdraw()
        for submission in submissions.open_submissions(self._store, self._target.name):
            if not may_go_on():
                break
            try:
                if self._is_staged(submission) and self.submit(submission):
                    accepted.append(submission.key)
            except (StoreError, OSError) as error:
                if not is_of_aws(error):
                    raise
                self._retry(submission, error)
            except Exception as error:  # noqa: BLE001 - one that waits keeps no other
                self._retry(submission, error)
        return accepted

    def withdraw(self) -> None:
        """Give up what was not sent and is to be stopped; the target is asked for nothing."""
        for submission in submissions.open_submissions(self._store, self._target.name):
            if submission.stop_requested and CALLING not in submission.steps:
                # What is being sent may take long to end; nobody waits for that.
                self._break_off(submission)
                submissions.settle_refused(self._store, submission, "Stopped", "", None)

    def close(self) -> None:
        """Break off what is being staged; it is staged anew by whoever submits next."""
        for _, stopped in self._staging.values():
            stopped.set()
        for pool in self._pools.values():
            pool.close()
        wait([future for future, _ in self._staging.values()], _CLOSE_SECONDS)
        self._pools.clear()
        self._staging.clear()

    def _is_staged(self, submission: Submission) -> bool:
        """Whether the submission's files lie at the target; begins to stage them if not."""
        if not self._target.stages or submission.staged:
            return True
        if submission.id not in self._staging:
            self._begin_staging(submission)
        future, _ = self._staging[submission.id]
        if not future.done():
            return False
        del self._staging[submission.id]
        try:
            staged = future.result()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            submissions.count_attempt(self._store, submission)
            self._failed(submission, error)
        else:
            secrets = secrets_of(submission.request)
            notes = [shown(note, secrets) for note in staged.notes]
            submissions.mark_staged(self._store, submission, staged.request, notes)
        # Sent at the next round, with the request as it now stands.
        return False

    def _break_off(self, submission: Submission) -> None:
        if submission.id in self._staging:
            future, stopped = self._staging.pop(submission.id)
            stopped.set()
            future.cancel()

    def _begin_staging(self, submission: Submission) -> None:
        stopped = threading.Event()
        staging = Staging(
            kind=kind_named(submission.key.kind),
            name=submission.key.name,
            request=submission.request,
            submitted_at=submission.created_at,
            bucket=submission.bucket,
            create_bucket=submission.create_bucket,
            on_progress=lambda done, total: submissions.mark_staging(
                self._store, submission, done, total
            ),
            stopped=stopped,
        )
        places = kind_named(submission.key.kind).places(submission.request)
        large = any(
            place.role == "input" and place.uri(submission.request).startswith("file://")
            for place in places
        )
        if large not in self._pools:
            self._pools[large] = Pool(_STAGING_THREADS, "jupyter_sm staging")
        future = self._pools[large].submit(self._target.stage, staging)
        self._staging[submission.id] = future, stopped

    def _failed(self, submission: Submission, error: Exception) -> None:
        """Wait for what may pass; what is for good refuses the job."""
        kind = kind_of(error)
        if kind is Trouble.FINAL:
            self._reject(submission, error)
            return
        self._retry(submission, error)
        if kind is Trouble.WAITING:
            self._target.renew()

    def submit(self, submission: Submission) -> bool:
        """One submission: to acceptance (True), refusal or another attempt later."""
        steps = kind_named(submission.key.kind).steps(submission.request)
        for number, step in enumerate(steps):
            is_done = submission.steps[number] == DONE
            if not is_done and not self._take(submission, number, step):
                return False
        return True

    def _take(self, submission: Submission, number: int, step: Step) -> bool:
        """One step: True once what it makes is there, and ours."""
        from botocore.exceptions import BotoCoreError, ClientError

        if submission.steps[number] == CALLING:
            owner = self._owner(submission, step)
            if owner is not None:
                return self._settle_existing(submission, number, owner)
        if submission.stop_requested:
            submissions.settle_refused(self._store, submission, "Stopped", "", None)
            return False
        submissions.mark_calling(self._store, submission, number)
        try:
            call(self._target, step.operation, step.request)
        except (ClientError, BotoCoreError, NotReadyError) as error:
            if code_of(error) in _TAKEN:
                owner = self._owner(submission, step)
                return self._settle_existing(submission, number, owner, error)
            self._failed(submission, error)
        else:
            submissions.mark_done(self._store, submission, number)
            return True
        return False

    def _owner(self, submission: Submission, step: Step) -> str | None:
        """Whose the thing is: a submission's id, "" for none of ours, None where there is none."""
        from botocore.exceptions import ClientError

        answer = step.find(self._ask)
        if answer is None:
            return None
        if not step.arn_field:
            return submission.id
        try:
            tags = call(self._target, "ListTags", {"ResourceArn": answer[step.arn_field]})
        except ClientError as error:
            if not is_denied(error):
                raise
            # Tags may not be read: an equal request, submitted under a name of ours, is ours.
            shared = {name: step.request[name] for name in answer if name in step.request}
            return submission.id if _holds(answer, shared) else ""
        found = (t["Value"] for t in tags.get("Tags", []) if t["Key"] == SUBMISSION_TAG)
        return next(found, "")

    def _ask(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
        return call_or_none(self._target, operation, request)

    def _settle_existing(
        self, submission: Submission, number: int, owner: str | None, error: Exception | None = None
    ) -> bool:
        if owner == submission.id:
            submissions.mark_done(self._store, submission, number)
            return True
        if owner is None:
            self._retry(submission, error)
        else:
            self._reject(submission, error or _taken(submission.key))
        return False

    def _reject(self, submission: Submission, error: Exception) -> None:
        kind = kind_named(submission.key.kind)
        request = submission.request
        explanation = explain(error, context=context_of(kind, request), secrets=secrets_of(request))
        submissions.settle_refused(self._store, submission, REJECTED, explanation.raw, explanation)

    def _retry(self, submission: Submission, error: Exception | None) -> None:
        wait = min(_LONGEST_WAIT, 0.5 * 2 ** min(submission.attempts, 7))
        secrets = secrets_of(submission.request) if error else ()
        reason = told(error, self._target.name, secrets) if error else ""
        if submissions.mark_retry(self._store, submission, wait, reason):
            trace = traced(error, secrets) if error and is_ours(error) else ""
            _log.warning("%s waits: %s%s", submission.key.name, reason, trace)


def _holds(there: Any, asked: Any) -> bool:
    """Whether what was asked for is there; what the service adds by itself does not count."""
    if isinstance(asked, Mapping) and isinstance(there, Mapping):
        return all(_holds(there.get(key), value) for key, value in asked.items())
    if isinstance(asked, list) and isinstance(there, list):
        return len(asked) == len(there) and all(map(_holds, there, asked))
    # A trailing slash is the service's to keep or drop.
    if isinstance(asked, str) and isinstance(there, str):
        return there.rstrip("/") == asked.rstrip("/")
    return bool(there == asked)


def _taken(key: JobKey) -> Exception:
    from botocore.exceptions import ClientError

    detail = {"Code": "ResourceInUse", "Message": f"A job named {key.name} already exists"}
    error: Exception = ClientError({"Error": detail}, kind_named(key.kind).create)
    return error
