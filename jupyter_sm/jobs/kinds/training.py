"""Training jobs: how their requests and Describe's answers are read.

Source: TrainingJobStatus, SecondaryStatus and the shapes of the SageMaker service model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_sm.jobs.kinds.commands import script_in
from jupyter_sm.jobs.kinds.kind import Answer, Kind, LogPlace, Request, Search
from jupyter_sm.jobs.kinds.places import Place, at, rows
from jupyter_sm.jobs.kinds.refusals import of_training
from jupyter_sm.jobs.kinds.seen import Seen, seconds
from jupyter_sm.jobs.kinds.training_spec import (
    DIRECTORY,
    JOB_NAME,
    PROGRAM,
    TrainingSpec,
    spec_of,
)

_NO_MODEL = "The job left no model: it wrote nothing to SM_MODEL_DIR, which is /opt/ml/model."
# Ends that come without a FailureReason.
_TOLD_BY_STATUS = ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
# Whose part a training may be: the member of its description, and the kind of its parent.
_PARENTS = (("TuningJobArn", "tuning"), ("AutoMLJobArn", "automl"))


def read(answer: Answer) -> Seen:
    """DescribeTrainingJob's answer, or a record that Search gave, read."""
    status = answer["TrainingJobStatus"]
    secondary = answer.get("SecondaryStatus", status)
    phase = TRAINING.phase_of(status)
    ended = answer.get("TrainingEndTime")
    model = at(answer, "ModelArtifacts", "S3ModelArtifacts")
    return Seen(
        status=status,
        secondary_status=secondary,
        phase=phase,
        created_at=answer["CreationTime"].timestamp(),
        modified_at=answer.get("LastModifiedTime", answer["CreationTime"]).timestamp(),
        started_at=seconds(answer.get("TrainingStartTime")),
        # A job stopped before it started has an end all the same.
        ended_at=seconds(ended or (answer.get("LastModifiedTime") if phase == "ended" else None)),
        failure_reason=answer.get("FailureReason", ""),
        told=secondary if secondary in _TOLD_BY_STATUS else "",
        transitions=[
            {
                "status": t["Status"],
                "start": t["StartTime"].timestamp(),
                "end": seconds(t.get("EndTime")),
                "message": t.get("StatusMessage", ""),
            }
            for t in answer.get("SecondaryStatusTransitions", [])
        ],
        script=script(answer),
        billable_seconds=answer.get("BillableTimeInSeconds"),
        model_uri=model or None,
        parent=_parent(answer),
        notes=[_NO_MODEL] if status == "Completed" and model == "" else [],
    )


def _parent(answer: Answer) -> str:
    for member, kind in _PARENTS:
        if answer.get(member):
            return f"{kind}/{answer[member].rpartition('/')[2]}"
    return ""


def places(request: Mapping[str, Any]) -> Iterator[Place]:
    """Every address of the request, the output's also where it is left out."""
    if at(request, "HyperParameters", DIRECTORY) is not None:
        yield Place(DIRECTORY, ("HyperParameters", DIRECTORY), "code", is_json=True)
    yield Place("OutputDataConfig", ("OutputDataConfig", "S3OutputPath"), "output", phrase="output")
    if "CheckpointConfig" in request:
        yield Place("CheckpointConfig", ("CheckpointConfig", "S3Uri"), "checkpoint")
    for number, channel in enumerate(rows(request, "InputDataConfig")):
        name = str(at(channel, "ChannelName") or "")
        path = ("InputDataConfig", number, "DataSource", "S3DataSource", "S3Uri")
        yield Place(f"channel {name}", path, "input", name, f"input of channel {name!r}")


def machines(request: Mapping[str, Any]) -> Request:
    """ResourceConfig."""
    found = request.get("ResourceConfig")
    return found if isinstance(found, dict) else {}


def logs(name: str) -> LogPlace:
    """Streams are `<job>/algo-<n>-<epoch>`."""
    return LogPlace("/aws/sagemaker/TrainingJobs", f"{name}/")


def script(request: Mapping[str, Any]) -> str:
    """The script that a request runs, by script mode or its container's command; else empty."""
    text = at(request, "HyperParameters", PROGRAM) or script_in(request, "AlgorithmSpecification")
    try:
        program = json.loads(text)
    except (ValueError, RecursionError, TypeError):
        program = text
    return program.encode("utf-8", "replace").decode() if isinstance(program, str) else ""


def image(request: Mapping[str, Any]) -> str:
    """The registry address of the image, empty for an algorithm of SageMaker's."""
    return str(at(request, "AlgorithmSpecification", "TrainingImage") or "")


def runs_command(request: Mapping[str, Any]) -> bool:
    """A ContainerEntrypoint takes the place of script mode."""
    return bool(at(request, "AlgorithmSpecification", "ContainerEntrypoint"))


def metric_definitions(request: Mapping[str, Any]) -> dict[str, str]:
    """MetricDefinitions, name to regular expression."""
    found = rows(request, "AlgorithmSpecification", "MetricDefinitions")
    return {row["Name"]: row["Regex"] for row in found}


def results(request: Mapping[str, Any], name: str) -> list[str]:
    """SageMaker puts the model and the output archive below the output's place and the name."""
    output = str(at(request, "OutputDataConfig", "S3OutputPath") or "").rstrip("/")
    return [f"{output}/{name}/output/"] if output else []


def rename(request: Request, name: str) -> None:
    """Script mode repeats the name in a hyperparameter."""
    parameters = request.get("HyperParameters", {})
    if JOB_NAME in parameters:
        request["HyperParameters"] = {**parameters, JOB_NAME: json.dumps(name)}


TRAINING = Kind(
    kind="training",
    create="CreateTrainingJob",
    describe="DescribeTrainingJob",
    list="ListTrainingJobs",
    stop="StopTrainingJob",
    delete="DeleteTrainingJob",
    name_field="TrainingJobName",
    arn_field="TrainingJobArn",
    status_field="TrainingJobStatus",
    summaries="TrainingJobSummaries",
    instance_types="TrainingInstanceType",
    fills_in=frozenset({"RoleArn", "OutputDataConfig", "OutputDataConfig.S3OutputPath"}),
    sdk_section="TrainingJob",
    read=read,
    places=places,
    machines=machines,
    refusals=of_training,
    logs=logs,
    script=script,
    image=image,
    runs_command=runs_command,
    metric_definitions=metric_definitions,
    rename=rename,
    search=Search(
        resource="TrainingJob",
        running={"Name": "TrainingJobStatus", "Operator": "Equals", "Value": "InProgress"},
    ),
    spec=TrainingSpec,
    spec_of=spec_of,
    results=results,
)
