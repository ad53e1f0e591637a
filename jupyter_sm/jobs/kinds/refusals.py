"""What SageMaker refuses beyond its service model: a function a kind, and what the kinds share.

The model says what a member is; here stands what members are to each other, and the limits that
only the documentation has. A request may be of any form: what is no list, no text or no number is
told by the model, and passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_sm.jobs.answers import INVALID, OVER_LIMIT, constraint, limit_exceeded
from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.kinds.places import at, rows

LONGEST_SECONDS = 28 * 86_400
_USUAL_SECONDS = 86_400
_LARGEST_GB = 16_384
_LARGEST_INTEGER = 2**31 - 1
_LOCAL_PATH = "/opt/ml/processing/"
_NOT_TENSORBOARDS = ("/opt/ml", "/tmp", "/usr/local/nvidia")  # noqa: S108 - none is written to

Request = Mapping[str, Any]


def of_training(request: Request) -> Iterator[Fault]:
    """What CreateTrainingJob refuses."""
    if "ServerlessJobConfig" not in request:
        for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
            if member not in request:
                yield _missing(member)
        images = ("TrainingImage", "AlgorithmName")
        yield from _one_of("AlgorithmSpecification", request.get("AlgorithmSpecification"), images)
        yield from _resources(request)
    yield from _times(request)
    yield from _unique(request, "InputDataConfig", "ChannelName", "Channel names")
    for number, channel in enumerate(rows(request, "InputDataConfig")):
        sources = ("S3DataSource", "FileSystemDataSource", "DatasetSource")
        where = f"InputDataConfig[{number}].DataSource"
        yield from _one_of(where, at(channel, "DataSource"), sources)
    yield from _tensorboard(request)
    yield from _tags(request)


def of_processing(request: Request) -> Iterator[Fault]:
    """What CreateProcessingJob refuses."""
    if isinstance(at(request, "ProcessingResources", "ClusterConfig"), Mapping):
        yield from _machines(request, "ProcessingResources.ClusterConfig")
    for where, name, what, source, other in (
        ("ProcessingInputs", "InputName", "Input names", "S3Input", "DatasetDefinition"),
        (
            "ProcessingOutputConfig.Outputs",
            "OutputName",
            "Output names",
            "S3Output",
            "FeatureStoreOutput",
        ),
    ):
        yield from _unique(request, where, name, what)
        for number, row in enumerate(rows(request, *where.split("."))):
            here = f"{where}[{number}]"
            yield from _one_of(here, row, (source, other))
            if at(row, source) is not None and not at(row, "AppManaged"):
                yield from _local_path(f"{here}.{source}.LocalPath", at(row, source, "LocalPath"))
    yield from _tags(request)


def _resources(request: Request) -> Iterator[Fault]:
    here = "ResourceConfig"
    found = request.get(here)
    if not isinstance(found, Mapping):
        return
    if not found.get("InstanceGroups"):
        yield from _machines(request, here)
    elif found.get("InstanceType") or found.get("InstanceCount"):
        yield _refused(
            here,
            "together",
            "names InstanceType or InstanceCount beside InstanceGroups; leave one of them out.",
            "InstanceType or InstanceCount cannot be specified with InstanceGroups",
        )
    yield from _within(request, f"{here}.VolumeSizeInGB", 1, _LARGEST_GB)
    if found.get("KeepAlivePeriodInSeconds") and request.get("EnableManagedSpotTraining") is True:
        yield _refused(
            f"{here}.KeepAlivePeriodInSeconds",
            "together",
            "keeps instances for the next job, which spot instances can't be kept for.",
            "KeepAlivePeriodInSeconds is not supported with EnableManagedSpotTraining",
        )


def _machines(request: Request, where: str) -> Iterator[Fault]:
    """InstanceType and InstanceCount, where nothing else says them."""
    found = at(request, *where.split("."))
    if not found.get("InstancePreferences"):
        for member in ("InstanceType", "InstanceCount"):
            if member not in found:
                yield _missing(f"{where}.{member}")
        yield from _within(request, f"{where}.InstanceCount", 1)


def _times(request: Request) -> Iterator[Fault]:
    longest = _number(request, "StoppingCondition.MaxRuntimeInSeconds")
    if longest is not None and longest > LONGEST_SECONDS:
        limit = "Longest run time for a training job"
        yield Fault(
            "StoppingCondition.MaxRuntimeInSeconds",
            "max",
            f"is {longest}; at most {LONGEST_SECONDS} (28 days).",
            answer=limit_exceeded(limit, LONGEST_SECONDS, longest, "Seconds"),
            code=OVER_LIMIT,
        )
    where = "StoppingCondition.MaxWaitTimeInSeconds"
    wait = _number(request, where)
    if request.get("EnableManagedSpotTraining") is True:
        least = _USUAL_SECONDS if longest is None else longest
        if wait is None or wait < least:
            yield _refused(
                where,
                "spot",
                ("is missing" if wait is None else f"is {wait}")
                + f"; with spot it covers MaxRuntimeInSeconds too, so at least {least}.",
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                "MaxRuntimeInSeconds",
            )
    elif wait is not None and not request.get("RetryStrategy"):
        yield _refused(
            where,
            "spot",
            "counts with spot only; set EnableManagedSpotTraining (spot), or leave it out.",
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is "
            "set to true",
        )


def _local_path(where: str, path: Any) -> Iterator[Fault]:
    """The folder of an input or output in the container."""
    is_below = isinstance(path, str) and path.startswith(_LOCAL_PATH)
    if not is_below or ".." in path.split("/"):
        yield _refused(
            where,
            "folder",
            f"must be a folder below {_LOCAL_PATH}, and is {'missing' if path is None else repr(path)}.",
            f"LocalPath must begin with {_LOCAL_PATH}; it is {path}",
        )


def _tensorboard(request: Request) -> Iterator[Fault]:
    where = "TensorBoardOutputConfig.LocalPath"
    path = at(request, *where.split("."))
    if isinstance(path, str) and f"{path}/".startswith(tuple(f"{p}/" for p in _NOT_TENSORBOARDS)):
        reserved = ", ".join(_NOT_TENSORBOARDS)
        yield _refused(
            where,
            "reserved",
            f"is {path!r}, and SageMaker keeps {reserved} to itself; choose another folder.",
            '"LocalPath" of "TensorBoardOutputConfig" cannot start with the following reserved '
            f"path: [{reserved}]",
        )


def _tags(request: Request) -> Iterator[Fault]:
    yield from _unique(request, "Tags", "Key", "Tag keys")
    for number, tag in enumerate(rows(request, "Tags")):
        key = at(tag, "Key")
        if isinstance(key, str) and key.lower().startswith("aws:"):
            yield _refused(
                f"Tags[{number}].Key",
                "reserved",
                f"is {key!r}; tags that begin with aws: are AWS's own.",
                "Tag keys starting with 'aws:' are reserved for internal use",
            )


def _unique(request: Request, where: str, member: str, what: str) -> Iterator[Fault]:
    names = [at(row, member) for row in rows(request, *where.split("."))]
    again = next((n for n in names if isinstance(n, str) and names.count(n) > 1), None)
    if again is not None:
        message = f"holds {again!r} more than once; {what.lower()} must be unique."
        answer = f"{what} must be unique; {again} is there more than once."
        yield _refused(where, "unique", message, answer)


def _one_of(where: str, holder: Any, members: tuple[str, ...]) -> Iterator[Fault]:
    if not isinstance(holder, Mapping):
        return
    given = [member for member in members if holder.get(member) not in (None, "")]
    if len(given) != 1:
        choice = f"{', '.join(members[:-1])} or {members[-1]}"
        message = f"must name either {choice}, and not more than one of them."
        yield _refused(where, "one of", message, f"Either {choice} must be given, and not both.")


def _within(request: Request, where: str, low: int, high: int | None = None) -> Iterator[Fault]:
    value = _number(request, where)
    if value is not None and value < low:
        told = constraint(where, value, f"have value greater than or equal to {low}")
        yield Fault(where, "min", f"is {value}; at least {low}.", answer=told)
    if value is not None and high is not None and value > high:
        told = constraint(where, value, f"have value less than or equal to {high}")
        yield Fault(where, "max", f"is {value}; at most {high}.", answer=told)


def _missing(where: str) -> Fault:
    return Fault(where, "required", "is missing.", answer=constraint(where, None, "not be null"))


def _refused(where: str, rule: str, message: str, answer: str) -> Fault:
    return Fault(where, rule, message, answer=answer, code=INVALID)


def _number(request: Request, where: str) -> int | None:
    """The whole number at a path, unless it is one that the model has told of."""
    value = at(request, *where.split("."))
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and abs(value) <= _LARGEST_INTEGER else None
