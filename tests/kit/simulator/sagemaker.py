"""The operations of SageMaker that the simulator answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from . import tokens
from .errors import ApiError, invalid, not_found
from .job import Job
from .refusals import refuse_quota, refuse_request
from .region import Region
from .search import search
from .timeline import FINAL

if TYPE_CHECKING:
    from .simulator import Simulator

Answer = dict[str, Any]
_EMPTY = {
    "ListProcessingJobs": "ProcessingJobSummaries",
    "ListTransformJobs": "TransformJobSummaries",
    "ListHyperParameterTuningJobs": "HyperParameterTuningJobSummaries",
}


class SageMaker:
    """SageMaker's training jobs, as documented in its API reference."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self.operations: dict[str, Callable[[Region, Answer], Answer]] = {
            "CreateTrainingJob": self.create,
            "DescribeTrainingJob": self.describe,
            "ListTrainingJobs": self.list,
            "StopTrainingJob": self.stop,
            "DeleteTrainingJob": self.delete,
            "Search": self.search,
            "ListTags": self.list_tags,
            "AddTags": self.add_tags,
            "DeleteTags": self.delete_tags,
        }
        for operation, member in _EMPTY.items():
            self.operations[operation] = _empty(member)

    def _job(self, region: Region, name: str) -> Job:
        job = region.jobs.get(name)
        if job is None or not job.known(self._sim.clock.now()):
            raise not_found()
        return job

    def create(self, region: Region, request: Answer) -> Answer:
        """CreateTrainingJob."""
        sim, name, now = self._sim, request["TrainingJobName"], self._sim.clock.now()
        refuse_request(request, region.name, sim.buckets)
        if request["RoleArn"] in sim.unassumable_roles:
            raise invalid(
                f"Could not assume role {request['RoleArn']}. Please ensure that the role exists "
                "and allows principal 'sagemaker.amazonaws.com' to assume the role."
            )
        if name in region.jobs:
            raise ApiError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a "
                f"training job with this name already exists ({region.jobs[name].arn})",
            )
        job = Job(request, sim.scenario_of(name), now, region.name, region.account)
        refuse_quota(job, region.jobs, sim.quota, now)
        region.add([job])
        return {"TrainingJobArn": job.arn}

    def describe(self, region: Region, request: Answer) -> Answer:
        """DescribeTrainingJob: always up to date, where List and Search may lag."""
        return self._job(region, request["TrainingJobName"]).describe(self._sim.clock.now())

    def stop(self, region: Region, request: Answer) -> Answer:
        """StopTrainingJob: refused once the job has ended; Stopping is not final."""
        now = self._sim.clock.now()
        job = self._job(region, request["TrainingJobName"])
        status = job.status(now)
        if status in FINAL:
            raise invalid(
                f"The request was rejected because the training job is in status {status}."
            )
        if status != "Stopping":
            region.stop(job, now)
        return {}

    def delete(self, region: Region, request: Answer) -> Answer:
        """DeleteTrainingJob: only one that has ended."""
        job = self._job(region, request["TrainingJobName"])
        status = job.status(self._sim.clock.now())
        if status not in FINAL:
            raise ApiError(
                "ResourceInUse", f"The training job is in status {status} and can't be deleted."
            )
        region.delete(job)
        return {}

    def list(self, region: Region, request: Answer) -> Answer:
        """ListTrainingJobs: StatusEquals is applied after the page was cut, as in reality."""
        now = self._sim.clock.now() - self._sim.traps.list_lag
        by = request.get("SortBy", "CreationTime")
        order = request.get("SortOrder", "Descending" if by == "CreationTime" else "Ascending")
        descending = order == "Descending"
        after = _place(request, by, order)
        rows = self._listed(region, request, now, by, descending, after)
        part = request.get("NameContains", "").lower()
        low, high = _bounds(request, "LastModifiedTime")
        made_low, made_high = _bounds(request, "CreationTime")
        if request.get("WarmPoolStatusEquals") or request.get("TrainingPlanArnEquals"):
            rows = ()
        size = request.get("MaxResults", 10)
        page: list[Job] = []
        answer: Answer = {}
        for job in rows:
            if (
                job.known(now)
                and part in job.name.lower()
                and low < job.modified(now) < high
                and made_low < job.created < made_high
            ):
                if len(page) == size:
                    key = _key(page[-1], by, now)
                    answer["NextToken"] = tokens.encode([by, order, *key])
                    break
                page.append(job)
        wanted = request.get("StatusEquals")
        answer["TrainingJobSummaries"] = [
            job.summary(now) for job in page if wanted in (None, job.status(now))
        ]
        return answer

    def _listed(
        self,
        region: Region,
        request: Answer,
        now: float,
        by: str,
        descending: bool,
        after: tuple[Any, ...] | None,
    ) -> Iterable[Job]:
        """Jobs in the order asked for, those behind the token's place."""
        few: Iterable[Job] | None = None
        if "LastModifiedTimeAfter" in request:
            few = region.changed(request["LastModifiedTimeAfter"], now, len(region.jobs) // 5 + 100)
        if few is None and by == "CreationTime":
            low, high = _bounds(request, "CreationTime")
            if after and descending:
                high = min(high, after[0])
            elif after:
                low = max(low, after[0])
            rows: Iterator[Job] = region.by_creation(low, min(high, now), descending)
        else:
            there = [j for j in (region.jobs.values() if few is None else few) if j.known(now)]
            rows = iter(sorted(there, key=lambda job: _key(job, by, now), reverse=descending))
        if after is None:
            return rows
        if descending:
            return (job for job in rows if _key(job, by, now) < after)
        return (job for job in rows if _key(job, by, now) > after)

    def search(self, region: Region, request: Answer) -> Answer:
        """Search over training jobs; it lags behind Describe (see the trap search_lag)."""
        if request["Resource"] != "TrainingJob":
            return {"Results": []}
        return search(region, request, self._sim.clock.now() - self._sim.traps.search_lag)

    def _tagged(self, region: Region, request: Answer) -> Job:
        return self._job(region, request["ResourceArn"].rpartition("/")[2])

    def list_tags(self, region: Region, request: Answer) -> Answer:
        """ListTags of a training job."""
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


def _bounds(request: Answer, name: str) -> tuple[float, float]:
    return request.get(f"{name}After", -math.inf), request.get(f"{name}Before", math.inf)


def _key(job: Job, by: str, now: float) -> tuple[Any, ...]:
    if by == "CreationTime":
        return job.created, job.serial
    if by == "Status":
        return job.status(now), job.name
    return (job.name,)


def _place(request: Answer, by: str, order: str) -> tuple[Any, ...] | None:
    token = request.get("NextToken")
    if not token:
        return None
    try:
        wanted_by, wanted_order, *key = tokens.decode(token)
    except (ValueError, TypeError):
        raise invalid("The provided NextToken is invalid.") from None
    if (wanted_by, wanted_order) != (by, order):
        raise invalid("The provided NextToken is for another request.")
    return tuple(key)
