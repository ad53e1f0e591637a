"""TrainingSpec, the high level of a training job, and its compilation to the low level.

The request it compiles to follows SageMaker's script mode: hyperparameters are JSON
texts, and `sagemaker_program` and `sagemaker_submit_directory` tell the container what
to run (sagemaker-training toolkit, "script mode").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints

from jupyter_sm.jobs.validation import Fault

DAY = 86_400


@dataclass(frozen=True)
class Placement:
    """Where a target puts what a job needs; every field goes into the request as it is.

    `output_uri` and `role` are None where the target fills them in when it stages the job;
    `notes` say in words what the target decided.
    """

    source_uri: str
    output_uri: str | None
    image: str
    role: str | None
    region: str
    input_uris: Mapping[str, str]
    checkpoint_uri: str | None = None
    notes: Sequence[str] = ()


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
        hints = get_type_hints(TrainingSpec)
        found = [
            Fault(field.name, "type", f"{getattr(self, field.name)!r} is not of type {field.type}.")
            for field in fields(self)
            if not fits(getattr(self, field.name), hints[field.name])
        ]
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
                "sagemaker_program": json.dumps(program),
                "sagemaker_submit_directory": json.dumps(place.source_uri),
                "sagemaker_container_log_level": "20",
                "sagemaker_job_name": json.dumps(name),
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


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of one of the types that TrainingSpec's fields have."""
    if hint is Any:
        return True
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    if args and type(None) in args:
        return value is None or any(fits(value, arg) for arg in args if arg is not type(None))
    # What is left are mappings from names.
    return isinstance(value, Mapping) and all(fits(item, args[1]) for item in value.values())


def hyperparameter_text(value: Any) -> str:
    """A hyperparameter as script mode sends it: its JSON text.

    Raises TypeError for a value JSON cannot hold, such as a set, a function or a loop.
    """
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The hyperparameter value {value!r} can't be sent: {error}. "
            "Use numbers, strings, booleans, lists or dicts."
        ) from None


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
