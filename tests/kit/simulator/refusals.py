"""What Create refuses beyond the model: regions, quotas, roles, combinations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import ApiError, invalid
from .job import Job
from .timeline import FINAL

_ECR = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_LONGEST = 28 * 86400


def refuse_request(request: Mapping[str, Any], region: str, buckets: Mapping[str, str]) -> None:
    """Raise what SageMaker answers to a request that the model alone would let pass."""
    if "ServerlessJobConfig" not in request:
        missing = [
            m
            for m in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
            if m not in request
        ]
        if missing:
            faults = "; ".join(
                f"Value null at '{m[0].lower()}{m[1:]}' failed to satisfy constraint: "
                "Member must not be null"
                for m in missing
            )
            plural = "error" if len(missing) == 1 else "errors"
            raise invalid(f"{len(missing)} validation {plural} detected: {faults}")
    algorithm = request.get("AlgorithmSpecification", {})
    image = algorithm.get("TrainingImage", "")
    if algorithm and bool(image) == bool(algorithm.get("AlgorithmName")):
        raise invalid("Either TrainingImage or AlgorithmName must be given, and not both.")
    there = _ECR.match(image)
    if there and there[1] != region:
        raise invalid(
            f"The training image {image} is in {there[1]}. "
            f"Use an ECR repository in the region of the job, {region}."
        )
    _refuse_times(request)
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if len(set(names)) < len(names):
        raise invalid("Channel names must be unique.")
    for place, uri in _places(request):
        bucket = uri.removeprefix("s3://").partition("/")[0]
        if buckets.get(bucket, region) != region:
            raise invalid(
                f'S3 location "{uri}" of {place} cannot be used from {region}. Error message from '
                f"S3: The bucket is in this region: {buckets[bucket]}. "
                "Please use this region to retry the request"
            )


def refuse_nothing(request: Mapping[str, Any], region: str, buckets: Mapping[str, str]) -> None:
    """Of a kind whose refusals beyond the model are not simulated."""


def _refuse_times(request: Mapping[str, Any]) -> None:
    condition = request.get("StoppingCondition", {})
    longest = condition.get("MaxRuntimeInSeconds", 86400)
    if longest > _LONGEST:
        raise invalid(f"MaxRuntimeInSeconds must be at most {_LONGEST}; it is {longest}.")
    wait = condition.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if wait is None or wait < longest:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal "
                "to MaxRuntimeInSeconds"
            )
    elif wait is not None:
        raise invalid("MaxWaitTimeInSeconds is only for jobs with EnableManagedSpotTraining.")


def _places(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for channel in request.get("InputDataConfig", ()):
        source = channel["DataSource"].get("S3DataSource")
        if source:
            yield f"channel {channel['ChannelName']}", source["S3Uri"]
    yield "OutputDataConfig", request["OutputDataConfig"].get("S3OutputPath", "")
    yield "CheckpointConfig", request.get("CheckpointConfig", {}).get("S3Uri", "")


def refuse_quota(
    job: Job, others: Mapping[str, Job], quota: Mapping[str, float], now: float
) -> None:
    """Raise ResourceLimitExceeded where the account may not have so many instances."""
    kind = job.instance_type
    limit = quota.get(kind, math.inf)
    if math.isinf(limit):
        return
    used = sum(
        other.hosts
        for other in others.values()
        if other.instance_type == kind and other.status(now) not in FINAL
    )
    if used + job.hosts > limit:
        raise ApiError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{kind} for {job.noun} usage' is {limit:.0f} "
            f"Instances, with current utilization of {used} Instances and a request delta of "
            f"{job.hosts} Instances. Please use AWS Service Quotas to request an increase for "
            "this quota. If AWS Service Quotas is not available, contact AWS support to request "
            "an increase for this quota.",
        )
