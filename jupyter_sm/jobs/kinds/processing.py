"""Processing jobs: how their requests and Describe's answers are read.

Source: ProcessingJobStatus, AppSpecification, ProcessingInputs and ProcessingOutputConfig of the
SageMaker service model. There is no secondary status, and Search does not know the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_sm.jobs.kinds.commands import script_in
from jupyter_sm.jobs.kinds.kind import Answer, Kind, LogPlace, Request
from jupyter_sm.jobs.kinds.places import Place, at, rows
from jupyter_sm.jobs.kinds.refusals import of_processing
from jupyter_sm.jobs.kinds.seen import Seen, seconds

# Whose part a processing job may be: the member of its description, and the kind of its parent.
_PARENTS = (("TrainingJobArn", "training"), ("AutoMLJobArn", "automl"))


def read(answer: Answer) -> Seen:
    """DescribeProcessingJob's answer, read."""
    status = answer["ProcessingJobStatus"]
    phase = PROCESSING.phase_of(status)
    modified = answer.get("LastModifiedTime", answer["CreationTime"])
    ended = answer.get("ProcessingEndTime") or (modified if phase == "ended" else None)
    return Seen(
        status=status,
        secondary_status=status,
        phase=phase,
        created_at=answer["CreationTime"].timestamp(),
        modified_at=modified.timestamp(),
        started_at=seconds(answer.get("ProcessingStartTime")),
        ended_at=seconds(ended),
        failure_reason=answer.get("FailureReason", ""),
        told=_told(answer, status),
        script=script(answer),
        parent=_parent(answer),
    )


def _told(answer: Answer, status: str) -> str:
    """What a failed container wrote on leaving, or that the job ran into its limit."""
    if status == "Failed":  # the message is kept whatever the end was
        return str(answer.get("ExitMessage", ""))
    limit = at(answer, "StoppingCondition", "MaxRuntimeInSeconds")
    began = seconds(answer.get("ProcessingStartTime"))
    ended = seconds(answer.get("ProcessingEndTime"))
    if status != "Stopped" or limit is None or began is None or ended is None:
        return ""
    # There is no secondary status that would say so.
    return "MaxRuntimeExceeded" if ended - began >= limit else ""


def _parent(answer: Answer) -> str:
    for member, kind in _PARENTS:
        if answer.get(member):
            return f"{kind}/{answer[member].rpartition('/')[2]}"
    return ""


def places(request: Mapping[str, Any]) -> Iterator[Place]:
    """Every S3 address of the request; datasets of Athena and Redshift have none to read."""
    for number, row in enumerate(rows(request, "ProcessingInputs")):
        if at(row, "S3Input") is not None:
            name = str(at(row, "InputName") or "")
            path = ("ProcessingInputs", number, "S3Input", "S3Uri")
            yield Place(f"input {name}", path, "input", name, f"input {name!r}")
    for number, row in enumerate(rows(request, "ProcessingOutputConfig", "Outputs")):
        if at(row, "S3Output") is not None:
            name = str(at(row, "OutputName") or "")
            where = ("ProcessingOutputConfig", "Outputs", number, "S3Output", "S3Uri")
            yield Place(f"output {name}", where, "output", name, f"output {name!r}")


def machines(request: Mapping[str, Any]) -> Request:
    """ProcessingResources.ClusterConfig."""
    found = at(request, "ProcessingResources", "ClusterConfig")
    return found if isinstance(found, dict) else {}


def logs(name: str) -> LogPlace:
    """Streams are `<job>/algo-<n>-<epoch>`."""
    return LogPlace("/aws/sagemaker/ProcessingJobs", f"{name}/")


def script(request: Mapping[str, Any]) -> str:
    """The name of the first script on the container's command line, or an empty text."""
    return script_in(request, "AppSpecification")


def image(request: Mapping[str, Any]) -> str:
    """The registry address of the image."""
    return str(at(request, "AppSpecification", "ImageUri") or "")


def results(request: Mapping[str, Any], name: str) -> list[str]:
    """Every output's own address."""
    return [place.uri(request) for place in places(request) if place.role == "output"]


PROCESSING = Kind(
    kind="processing",
    create="CreateProcessingJob",
    describe="DescribeProcessingJob",
    list="ListProcessingJobs",
    stop="StopProcessingJob",
    delete="DeleteProcessingJob",
    name_field="ProcessingJobName",
    arn_field="ProcessingJobArn",
    status_field="ProcessingJobStatus",
    summaries="ProcessingJobSummaries",
    instance_types="ProcessingInstanceType",
    read=read,
    places=places,
    machines=machines,
    refusals=of_processing,
    logs=logs,
    script=script,
    image=image,
    runs_command=lambda _: True,
    results=results,
)
