"""The local target's API as a whole: which operation is answered by what.

What the operations do stands in `jobs.py`, `logs.py` and the modules of the kinds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.jobs.validation import check_request
from jupyter_sm.targets.local.api.errors import ApiError, error_of
from jupyter_sm.targets.local.api.jobs import STOP_GRACE_SECONDS, Jobs
from jupyter_sm.targets.local.api.kinds import OFFERED
from jupyter_sm.targets.local.api.logs import LogReader
from jupyter_sm.targets.local.api.offer import Answer, Request, refusal
from jupyter_sm.targets.local.disk.layout import Layout
from jupyter_sm.targets.local.runner import processes, views
from jupyter_sm.targets.local.runner.scheduler import Scheduler
from jupyter_sm.targets.settings import check_switch, number_of


class LocalEngine:
    """SageMaker's jobs on this machine, below one root folder."""

    def __init__(self, root: Path, *, max_jobs: int | None = None) -> None:
        if not processes.SUPPORTED:
            raise OSError("The local target needs Linux or macOS; choose an AWS target instead.")
        self.root = root.absolute()
        self.max_jobs = max_jobs or _max_jobs()
        grace = number_of("JUPYTER_SM_STOP_GRACE", STOP_GRACE_SECONDS, least=0, most=86_400)
        check_switch(views.SWITCH)
        self._layout = Layout(self.root)
        self._layout.make()
        self._scheduler = Scheduler(self._layout, self.max_jobs)
        self._kinds = {
            offer.kind.kind: Jobs(offer, self._layout, self._scheduler, self.max_jobs, grace)
            for offer in OFFERED
        }
        logs = LogReader(self._layout, [offer.kind for offer in OFFERED])
        self._operations: dict[str, Callable[[Request], Answer]] = {
            **{
                f"SageMaker.{name}": handler
                for jobs in self._kinds.values()
                for name, handler in jobs.operations().items()
            },
            "SageMaker.ListTags": self.list_tags,
            "Logs_20140328.DescribeLogStreams": logs.describe_log_streams,
            "Logs_20140328.GetLogEvents": logs.get_log_events,
            "Logs_20140328.FilterLogEvents": logs.filter_log_events,
        }

    def answer(self, operation: str, request: Request) -> Answer:
        """Answer one call, named as X-Amz-Target names it. Raises ApiError."""
        handler = self._operations.get(operation)
        if handler is None:
            raise ApiError(
                "UnknownOperationException",
                f"The local target does not offer {operation.rpartition('.')[2]}.",
            )
        if not self._layout.jobs.is_dir():
            self._layout.make()  # someone deleted the folder under us
        service, _, name = operation.partition(".")
        if service == "SageMaker":
            faults = check_request(name, request, file_uris=True)
            if wrong := [fault for fault in faults if _is_refused(fault)]:
                raise error_of(wrong)
        return handler(request)

    def last_change(self) -> int:
        """Time of the last change of any job, in ns; 0 when there was none."""
        try:
            return self._layout.changed.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def log_sizes(self, kind: str, name: str) -> tuple[tuple[str, int], ...]:
        """Name and size of each log file of a job."""
        try:
            with os.scandir(self._layout.job(kind, name).logs) as entries:
                return tuple(sorted((entry.name, entry.stat().st_size) for entry in entries))
        except FileNotFoundError:
            return ()

    def refuse_what_is_not_offered(self, kind: Kind, request: Request) -> None:
        """Raise ApiError for what SageMaker may offer of a kind and this target does not."""
        for fault in check_request(kind.create, request, file_uris=True):
            if fault.rule == "enum":
                raise refusal(f"{fault.path}: {fault.message}")
        self._kinds[kind.kind].offer.check(request)

    def notes(self, kind: Kind, request: Request) -> list[str]:
        """What a user should know of a request that is taken, in sentences."""
        return self._kinds[kind.kind].offer.notes(request)

    def list_tags(self, request: Request) -> Answer:
        """ListTags: the ARN names kind and job."""
        head, _, name = request["ResourceArn"].rpartition("/")
        resource = head.rpartition(":")[2]
        for jobs in self._kinds.values():
            if jobs.offer.resource == resource:
                return jobs.tags(name)
        raise ApiError("ValidationException", "Requested resource not found.")


def _max_jobs() -> int:
    """How many jobs run at once; more than a thousand would only wait for each other."""
    return int(number_of("JUPYTER_SM_MAX_JOBS", os.cpu_count() or 1, least=1, most=1_000))


def _is_refused(fault: Fault) -> bool:
    """A value that a newer botocore may know has no meaning here, unless it is a type of machine."""
    return fault.severity == "error" or fault.rule == "enum"
