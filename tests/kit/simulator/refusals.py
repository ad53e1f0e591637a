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
        needed = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
        _refuse([_null(f"{m[0].lower()}{m[1:]}") for m in needed if m not in request])
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
    _refuse_resources(request)
    _refuse_times(request)
    _refuse_twice("Channel names", [c["ChannelName"] for c in request.get("InputDataConfig", ())])
    keys = [tag["Key"] for tag in request.get("Tags", ())]
    _refuse_twice("Tag keys", keys)
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
    events = request.get("TensorBoardOutputConfig", {}).get("LocalPath", "")
    if any(f"{events}/".startswith(f"{p}/") for p in ("/opt/ml", "/tmp", "/usr/local/nvidia")):
        raise invalid(
            '"LocalPath" of "TensorBoardOutputConfig" cannot start with the following reserved '
            "path: [/opt/ml, /tmp, /usr/local/nvidia]"
        )
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


def _refuse(faults: list[str]) -> None:
    if faults:
        plural = "error" if len(faults) == 1 else "errors"
        raise invalid(f"{len(faults)} validation {plural} detected: {'; '.join(faults)}")


def _null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _refuse_twice(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"{what} must be unique; {name} is there more than once.")


def _refuse_resources(request: Mapping[str, Any]) -> None:
    found = request.get("ResourceConfig", {})
    if "InstanceGroups" in found:
        if "InstanceType" in found or "InstanceCount" in found:
            raise invalid("InstanceType or InstanceCount cannot be specified with InstanceGroups")
        return
    faults = [
        _null(f"resourceConfig.{m[0].lower()}{m[1:]}")
        for m in ("InstanceType", "InstanceCount")
        if m not in found
    ]
    for member, most in (("InstanceCount", math.inf), ("VolumeSizeInGB", 16_384)):
        value = found.get(member, 1)
        rule = "greater than or equal to 1" if value < 1 else f"less than or equal to {most}"
        if not 1 <= value <= most:
            faults.append(
                f"Value '{value}' at 'resourceConfig.{member[0].lower()}{member[1:]}' failed to "
                f"satisfy constraint: Member must have value {rule}"
            )
    _refuse(faults)
    if found.get("KeepAlivePeriodInSeconds") and request.get("EnableManagedSpotTraining"):
        raise invalid("KeepAlivePeriodInSeconds is not supported with EnableManagedSpotTraining")


def _refuse_times(request: Mapping[str, Any]) -> None:
    condition = request.get("StoppingCondition", {})
    longest = condition.get("MaxRuntimeInSeconds", 86400)
    if longest > _LONGEST:
        raise ApiError(
            "ResourceLimitExceeded",
            "The account-level service limit 'Longest run time for a training job' is "
            f"{_LONGEST} Seconds, with current utilization of 0 Seconds and a request delta of "
            f"{longest} Seconds.",
        )
    wait = condition.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if wait is None or wait < longest:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal "
                "to MaxRuntimeInSeconds"
            )
    elif wait is not None and "RetryStrategy" not in request:
        raise invalid(
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is "
            "set to true"
        )


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
