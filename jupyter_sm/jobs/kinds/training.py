"""Training jobs: TrainingSpec, the request it compiles to, and how Describe's answer is read.

The request follows SageMaker's script mode: hyperparameters are JSON texts, and
`sagemaker_program` and `sagemaker_submit_directory` tell the container what to run
(sagemaker-training toolkit, "script mode"). Source: TrainingJobStatus, SecondaryStatus and the
shapes of the SageMaker service model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.kinds.kind import Answer, Kind, LogPlace, Request, Search
from jupyter_sm.jobs.kinds.places import Place, at, rows
from jupyter_sm.jobs.kinds.seen import Seen, seconds
from jupyter_sm.jobs.spec import DAY, Placement, hyperparameter_text, type_faults

_PROGRAM = "sagemaker_program"
_DIRECTORY = "sagemaker_submit_directory"
# A script may repeat its job's name from here.
_JOB_NAME = "sagemaker_job_name"
# Ends that come without a FailureReason.
_TOLD_BY_STATUS = ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")
# Whose part a training may be: the member of its description, and the kind of its parent.
_PARENTS = (("TuningJobArn", "tuning"), ("AutoMLJobArn", "automl"))


@dataclass(frozen=True)
class TrainingSpec:
    """What to train, in one line's worth of words.

    - `script`: a Python file, or a folder that holds `entry_point`.
    - `inputs`: channel name to a local path or `s3://` address.
    - `hyperparameters`: any JSON values; the script gets them as `--name value`.
    - `instance`, `instance_count`: SageMaker's instance type, and how many.
    - `image`: a short name such as `pytorch:2.5`, or a registry address (on the local
      target: a Python interpreter); None lets the target choose by what the script imports.
    - `role`: execution role; `output`: where the model goes. None: the target's default.
    - `max_runtime`, `max_wait`: seconds. `max_wait` counts for spot and covers both.
    - `volume_gb`: storage per instance in GB.
    - `checkpoint`: local path or `s3://` address kept in step with /opt/ml/checkpoints.
    - `metrics`: SageMaker's MetricDefinitions as name to regular expression.
    - `create_bucket`: whether SageMaker's default bucket may be created for the job's files.
    - `input_mode`: `File` (copied before training) or `FastFile` (read as needed).
    """

    script: str
    entry_point: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    instance: str = "ml.m5.large"
    instance_count: int = 1
    image: str | None = None
    role: str | None = None
    output: str | None = None
    max_runtime: int = DAY
    spot: bool = False
    max_wait: int | None = None
    volume_gb: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    checkpoint: str | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)
    input_mode: str = "File"
    create_bucket: bool = False

    def faults(self) -> list[Fault]:
        """What is wrong with the spec that the service model does not say."""
        found = type_faults(self)
        if found:
            return found
        if self.instance_count < 1:
            found.append(Fault("InstanceCount", "min", f"is {self.instance_count}; at least 1."))
        if self.max_wait is not None and not self.spot:
            found.append(Fault("MaxWaitTimeInSeconds", "spot", "counts for spot only; set spot."))
        elif self.max_wait is not None and self.max_wait < self.max_runtime:
            found.append(
                Fault(
                    "MaxWaitTimeInSeconds",
                    "spot",
                    f"is {self.max_wait}; it covers max_runtime, so at least {self.max_runtime}.",
                )
            )
        return found

    def request(self, name: str, program: str, place: Placement) -> dict[str, Any]:
        """The exact CreateTrainingJob request. `program` is the script's name in the source."""
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "HyperParameters": {
                **{key: hyperparameter_text(value) for key, value in self.hyperparameters.items()},
                _PROGRAM: json.dumps(program),
                _DIRECTORY: json.dumps(place.source_uri),
                "sagemaker_container_log_level": "20",
                _JOB_NAME: json.dumps(name),
                "sagemaker_region": json.dumps(place.region),
            },
            "AlgorithmSpecification": {
                "TrainingImage": place.image,
                "TrainingInputMode": self.input_mode,
                **_metric_definitions(self.metrics),
            },
            **({"RoleArn": place.role} if place.role else {}),
            **(
                {"OutputDataConfig": {"S3OutputPath": place.output_uri}} if place.output_uri else {}
            ),
            "ResourceConfig": {
                "InstanceType": self.instance,
                "InstanceCount": self.instance_count,
                "VolumeSizeInGB": self.volume_gb,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime},
        }
        if place.input_uris:
            request["InputDataConfig"] = [_channel(n, uri) for n, uri in place.input_uris.items()]
        if self.spot:
            request["EnableManagedSpotTraining"] = True
            wait = self.max_wait if self.max_wait is not None else self.max_runtime
            request["StoppingCondition"]["MaxWaitTimeInSeconds"] = wait
        if place.checkpoint_uri:
            request["CheckpointConfig"] = {
                "S3Uri": place.checkpoint_uri,
                "LocalPath": "/opt/ml/checkpoints",
            }
        if self.environment:
            request["Environment"] = {k: str(v) for k, v in self.environment.items()}
        if self.tags:
            request["Tags"] = [{"Key": k, "Value": str(v)} for k, v in self.tags.items()]
        return request


def _channel(name: str, uri: str) -> dict[str, Any]:
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def _metric_definitions(metrics: Mapping[str, str]) -> dict[str, Sequence[Mapping[str, str]]]:
    if not metrics:
        return {}
    return {"MetricDefinitions": [{"Name": n, "Regex": r} for n, r in metrics.items()]}


def read(answer: Answer) -> Seen:
    """DescribeTrainingJob's answer, or a record that Search gave, read."""
    status = answer["TrainingJobStatus"]
    secondary = answer.get("SecondaryStatus", status)
    phase = TRAINING.phase_of(status)
    ended = answer.get("TrainingEndTime")
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
        model_uri=at(answer, "ModelArtifacts", "S3ModelArtifacts") or None,
        parent=_parent(answer),
    )


def _parent(answer: Answer) -> str:
    for member, kind in _PARENTS:
        if answer.get(member):
            return f"{kind}/{answer[member].rpartition('/')[2]}"
    return ""


def places(request: Mapping[str, Any]) -> Iterator[Place]:
    """Every address of the request, the output's also where it is left out."""
    yield Place(_DIRECTORY, ("HyperParameters", _DIRECTORY), "code", is_json=True)
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
    """The script that a script-mode request runs, or an empty text."""
    text = at(request, "HyperParameters", _PROGRAM) or ""
    try:
        program = json.loads(text)
    except (ValueError, RecursionError, TypeError):
        program = text
    return program.encode("utf-8", "replace").decode() if isinstance(program, str) else ""


def image(request: Mapping[str, Any]) -> str:
    """The registry address of the image, empty for an algorithm of SageMaker's."""
    return str(at(request, "AlgorithmSpecification", "TrainingImage") or "")


def metric_definitions(request: Mapping[str, Any]) -> dict[str, str]:
    """MetricDefinitions, name to regular expression."""
    found = rows(request, "AlgorithmSpecification", "MetricDefinitions")
    return {row["Name"]: row["Regex"] for row in found}


def rename(request: Request, name: str) -> None:
    """Script mode repeats the name in a hyperparameter."""
    parameters = request.get("HyperParameters", {})
    if _JOB_NAME in parameters:
        request["HyperParameters"] = {**parameters, _JOB_NAME: json.dumps(name)}


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
    fills_in=frozenset({"RoleArn", "OutputDataConfig"}),
    sdk_section="TrainingJob",
    read=read,
    places=places,
    machines=machines,
    logs=logs,
    script=script,
    image=image,
    metric_definitions=metric_definitions,
    rename=rename,
    search=Search(
        resource="TrainingJob",
        running={"Name": "TrainingJobStatus", "Operator": "Equals", "Value": "InProgress"},
    ),
    spec=TrainingSpec,
)
