"""Create, Describe, List, Stop, Delete and tags of jobs of any kind, as the kind's row names them.

Shapes, error codes and paging follow the SageMaker service model and the words that SageMaker
itself uses. What only one kind has stands in that kind's module.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.members import request_in
from jupyter_sm.jobs.names import check_name
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.api.offer import Answer, Offer, Request, told
from jupyter_sm.targets.local.disk.layout import (
    JobFolder,
    Layout,
    new_transition,
    now,
    write_json,
)
from jupyter_sm.targets.local.runner.scheduler import Scheduler

STOP_GRACE_SECONDS = 120.0
_FINAL = ("Completed", "Failed", "Stopped")


class Jobs:
    """The operations on the jobs of one kind."""

    def __init__(
        self, offer: Offer, layout: Layout, scheduler: Scheduler, max_jobs: int, grace: float
    ) -> None:
        self.offer = offer
        self.kind = offer.kind
        self._layout = layout
        self._scheduler = scheduler
        self._max_jobs = max_jobs
        # Seconds that a stop leaves a job.
        self._grace = grace

    def operations(self) -> dict[str, Callable[[Request], Answer]]:
        """What answers each operation of the kind."""
        kind = self.kind
        named = {
            kind.create: self.create,
            kind.describe: self.describe,
            kind.list: self.list,
            kind.stop: self.stop,
            kind.delete: self.delete,
        }
        return {name: handler for name, handler in named.items() if name}

    def create(self, request: Request) -> Answer:
        """Accepted once the job's folder bears its name."""
        job = self._layout.job(self.kind.kind, request[self.kind.name_field])
        self.offer.check(request)
        created, arn = now(), self.offer.arn(job.name)
        state: dict[str, Any] = {
            "status": "InProgress",
            "transitions": [],
            "arn": arn,
            "created": created,
            "modified": created,
            "grace": self._grace,
            "root": os.fspath(self._layout.root),
            "max_jobs": self._max_jobs,
        }
        new_transition(
            state, "Pending", f"Waiting for one of {self._max_jobs} places on this machine."
        )
        part = Path(tempfile.mkdtemp(prefix=".new-", dir=self._layout.jobs))
        try:
            write_json(part / "request.json", request)
            write_json(part / "state.json", state)
            (part / "logs").mkdir()
            JobFolder(part, job.kind, self._layout.changed).make_reserve()
            self._scheduler.enqueue(part, job, created)
        except FileExistsError:
            noun = self.offer.noun
            raise ApiError(
                "ResourceInUse",
                f"{noun.capitalize()} names must be unique within an AWS account and region, and a "
                f"{noun} with this name already exists ({arn})",
            ) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        self._layout.touch()
        self._scheduler.dispatch()
        return {self.kind.arn_field: arn}

    def describe(self, request: Request) -> Answer:
        """The request's members, the state, and what the kind adds."""
        job = self._existing(request)
        if self._state(job)["status"] not in _FINAL:
            self._scheduler.dispatch()  # which notices a supervisor that is dead
        state, asked = self._state(job), job.request()
        return {
            **request_in(asked, self.kind),
            **self._head(job.name, state),
            **told(state, {"FailureReason": "failure"}),
            **self.offer.describes(asked, state),
        }

    def list(self, request: Request) -> Answer:
        """Filters, order and paging as the API has them."""
        self._scheduler.dispatch()
        kind = self.kind
        by = _one_of(request, "SortBy", ("CreationTime", "Name", "Status"))
        keys: dict[str, Callable[[Answer], Any]] = {
            "Name": lambda s: s[kind.name_field],
            "Status": lambda s: (s[kind.status_field], s[kind.name_field]),
            "CreationTime": lambda s: (s["CreationTime"], s[kind.name_field]),
        }
        orders = ("Ascending", "Descending")
        order = _one_of(request, "SortOrder", orders[::-1] if by == "CreationTime" else orders)
        rows = sorted(
            (s for s in self._summaries(request) if _in_times(s, request)),
            key=keys[by],
            reverse=order == "Descending",
        )
        start = _page_start(request.get("NextToken"))
        end = start + request.get("MaxResults", 10)
        # As on SageMaker, the status filter counts after the page is cut.
        wanted = request.get("StatusEquals")
        page = [s for s in rows[start:end] if wanted in (None, s[kind.status_field])]
        answer: Answer = {kind.summaries: page}
        if end < len(rows):
            answer["NextToken"] = base64.urlsafe_b64encode(
                json.dumps({"at": end}).encode()
            ).decode()
        return answer

    def stop(self, request: Request) -> Answer:
        """The supervisor sees the marker; a waiting job ends at once."""
        job = self._existing(request)
        status = self._state(job)["status"]
        if status in _FINAL:
            raise ApiError(
                "ValidationException",
                f"The request was rejected because the {self.offer.noun} is in status {status}.",
            )
        job.stop.touch()
        self._layout.touch()
        self._scheduler.withdraw(job)
        return {}

    def delete(self, request: Request) -> Answer:
        """Only one that has ended."""
        job = self._existing(request)
        if job.path.is_symlink():
            self._scheduler.dispatch()  # an earlier version's job, moved once its process ended
        status = self._state(job)["status"]
        if status not in _FINAL or job.path.is_symlink():
            raise ApiError(
                "ResourceInUse",
                f"The {self.offer.noun} is in status {status} and can't be deleted.",
            )
        self._layout.remove(job)
        return {}

    def tags(self, name: str) -> Answer:
        """ListTags of one job."""
        return {"Tags": self._existing({self.kind.name_field: name}).request().get("Tags", [])}

    def _existing(self, request: Request) -> JobFolder:
        name = request[self.kind.name_field]
        job = self._layout.job(self.kind.kind, name)
        if not check_name(name) and not job.path.is_dir():
            self._scheduler.dispatch()  # which brings in a job that an earlier version made
        if check_name(name) or not job.path.is_dir():
            raise ApiError("ValidationException", "Requested resource not found.")
        return job

    def _state(self, job: JobFolder) -> dict[str, Any]:
        state = job.state()
        if state["status"] == "InProgress" and job.stop.exists():
            asked = round(job.stop.stat().st_mtime, 3)
            new_transition(state, "Stopping")
            state["transitions"][-2]["end"] = state["transitions"][-1]["start"] = asked
            state.update(status="Stopping", modified=max(state["modified"], asked))
        return state

    def _summaries(self, request: Request) -> Iterator[Answer]:
        part = request.get("NameContains", "").lower()
        after = request.get("LastModifiedTimeAfter")
        for job in self._layout.jobs_of(self.kind.kind):
            if part not in job.name.lower():
                continue
            try:
                # The folder's own time moves with every state written, so what has not
                # changed since is skipped without being read.
                if after is not None and job.path.stat().st_mtime < after - 1:
                    continue
                state = self._state(job)
            except (FileNotFoundError, NotADirectoryError):  # deleted in between, or no job's
                continue
            yield {**self._head(job.name, state), **self.offer.lists(state)}

    def _head(self, name: str, state: dict[str, Any]) -> Answer:
        """What Describe and List have in common."""
        return {
            self.kind.name_field: name,
            self.kind.arn_field: self.offer.arn(name),
            self.kind.status_field: state["status"],
            "CreationTime": state["created"],
            "LastModifiedTime": state["modified"],
        }


def _in_times(summary: Answer, request: dict[str, Any]) -> bool:
    for member, key in (("CreationTime", "CreationTime"), ("LastModifiedTime", "LastModifiedTime")):
        value = summary[member]
        if value < request.get(f"{key}After", value) or value > request.get(f"{key}Before", value):
            return False
    return True


def _page_start(token: str | None) -> int:
    if not token:
        return 0
    try:
        start = json.loads(base64.urlsafe_b64decode(token))["at"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        start = None
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise ApiError("ValidationException", "The NextToken is invalid.")
    return start


def _one_of(request: dict[str, Any], member: str, known: tuple[str, ...]) -> str:
    """A member that must be one of the known values; the first is the default."""
    value = request.get(member, known[0])
    if value not in known:
        raise ApiError(
            "ValidationException",
            f"Value {value!r} at '{member}' failed to satisfy constraint: one of {sorted(known)}.",
        )
    return str(value)
