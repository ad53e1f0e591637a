"""The operations of SageMaker that the simulator answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import invalid, not_found
from .job import Job
from .jobs import JobOperations
from .processing import ProcessingJob
from .refusals import refuse_nothing, refuse_request
from .region import Region
from .search import search

if TYPE_CHECKING:
    from .simulator import Simulator

Answer = dict[str, Any]
_EMPTY = {
    "ListTransformJobs": "TransformJobSummaries",
    "ListHyperParameterTuningJobs": "HyperParameterTuningJobSummaries",
}


class SageMaker:
    """SageMaker's jobs, Search over them, and their tags."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        kinds = (
            JobOperations(sim, Job, refuse_request),
            JobOperations(sim, ProcessingJob, refuse_nothing),
        )
        self._by_resource = {Job.resource: kinds[0], ProcessingJob.resource: kinds[1]}
        self.operations: dict[str, Callable[[Region, Answer], Answer]] = {
            **{name: handler for kind in kinds for name, handler in kind.operations.items()},
            "Search": self.search,
            "ListTags": self.list_tags,
            "AddTags": self.add_tags,
            "DeleteTags": self.delete_tags,
        }
        for operation, member in _EMPTY.items():
            self.operations[operation] = _empty(member)

    def search(self, region: Region, request: Answer) -> Answer:
        """Search over training jobs; it lags behind Describe (see the trap search_lag)."""
        if request["Resource"] != "TrainingJob":
            return {"Results": []}
        return search(region, request, self._sim.clock.now() - self._sim.traps.search_lag)

    def _tagged(self, region: Region, request: Answer) -> Job:
        head, _, name = request["ResourceArn"].rpartition("/")
        kind = self._by_resource.get(head.rpartition(":")[2])
        if kind is None:
            raise not_found()
        return kind.job(region, name)

    def list_tags(self, region: Region, request: Answer) -> Answer:
        """ListTags of a job."""
        tags = self._tagged(region, request).tags
        return {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}

    def add_tags(self, region: Region, request: Answer) -> Answer:
        """AddTags: overwrites a tag of the same key; at most 50."""
        job = self._tagged(region, request)
        tags = {**job.tags, **{t["Key"]: t["Value"] for t in request["Tags"]}}
        if len(tags) > 50:
            raise invalid("A resource can have at most 50 tags.")
        job.tags = tags
        return {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}

    def delete_tags(self, region: Region, request: Answer) -> Answer:
        """DeleteTags."""
        job = self._tagged(region, request)
        job.tags = {k: v for k, v in job.tags.items() if k not in request["TagKeys"]}
        return {}


def _empty(member: str) -> Callable[[Region, Answer], Answer]:
    return lambda region, request: {member: []}
