"""Create, Describe, List, Stop and Delete of the jobs of one kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import tokens
from .errors import ApiError, invalid, not_found
from .job import Job
from .refusals import refuse_quota
from .region import Region
from .timeline import FINAL

if TYPE_CHECKING:
    from .simulator import Simulator

Answer = dict[str, Any]
# Raises what the kind's Create refuses: request, the region's name, buckets in other regions.
Refuse = Callable[[Mapping[str, Any], str, Mapping[str, str]], None]


class JobOperations:
    """The operations on one kind of job, as documented in SageMaker's API reference."""

    def __init__(self, sim: Simulator, made: type[Job], refuse: Refuse) -> None:
        self._sim = sim
        self._made = made
        self._refuse = refuse
        word = made.word
        self._name, self._arn = f"{word}Name", f"{word}Arn"
        self.operations: dict[str, Callable[[Region, Answer], Answer]] = {
            f"Create{word}": self.create,
            f"Describe{word}": self.describe,
            f"List{word}s": self.list,
            f"Stop{word}": self.stop,
            f"Delete{word}": self.delete,
        }

    def job(self, region: Region, name: str) -> Job:
        """A job of this kind; not found otherwise."""
        job = region.of(self._made).jobs.get(name)
        if job is None or not job.known(self._sim.clock.now()):
            raise not_found()
        return job

    def create(self, region: Region, request: Answer) -> Answer:
        """Create…: refused for a name that is there already, a role, a quota."""
        sim, name, now = self._sim, request[self._name], self._sim.clock.now()
        here, noun = region.of(self._made), self._made.noun
        self._refuse(request, region.name, sim.buckets)
        if request["RoleArn"] in sim.unassumable_roles:
            raise invalid(
                f"Could not assume role {request['RoleArn']}. Please ensure that the role exists "
                "and allows principal 'sagemaker.amazonaws.com' to assume the role."
            )
        if name in here.jobs:
            raise ApiError(
                "ResourceInUse",
                f"{noun.capitalize()} names must be unique within an AWS account and region, and a "
                f"{noun} with this name already exists ({here.jobs[name].arn})",
            )
        job = self._made(request, sim.scenario_of(name), now, region.name, region.account)
        refuse_quota(job, here.jobs, sim.quota, now)
        here.add([job])
        return {self._arn: job.arn}

    def describe(self, region: Region, request: Answer) -> Answer:
        """Describe…: always up to date, where List and Search may lag."""
        return self.job(region, request[self._name]).describe(self._sim.clock.now())

    def stop(self, region: Region, request: Answer) -> Answer:
        """Stop…: refused once the job has ended; Stopping is not final."""
        now = self._sim.clock.now()
        job = self.job(region, request[self._name])
        status = job.status(now)
        if status in FINAL:
            raise invalid(
                f"The request was rejected because the {self._made.noun} is in status {status}."
            )
        if status != "Stopping":
            region.of(self._made).stop(job, now)
        return {}

    def delete(self, region: Region, request: Answer) -> Answer:
        """Delete…: only one that has ended."""
        job = self.job(region, request[self._name])
        status = job.status(self._sim.clock.now())
        if status not in FINAL:
            raise ApiError(
                "ResourceInUse",
                f"The {self._made.noun} is in status {status} and can't be deleted.",
            )
        region.of(self._made).delete(job)
        return {}

    def list(self, region: Region, request: Answer) -> Answer:
        """List…s: StatusEquals is applied after the page was cut, as in reality."""
        now = self._sim.clock.now() - self._sim.traps.list_lag
        by = request.get("SortBy", "CreationTime")
        order = request.get("SortOrder", "Descending" if by == "CreationTime" else "Ascending")
        descending = order == "Descending"
        after = _place(request, by, order)
        here = region.of(self._made)
        rows = self._listed(here, request, now, by, descending, after)
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
        answer[f"{self._made.word}Summaries"] = [
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
