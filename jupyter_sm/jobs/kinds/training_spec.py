"""TrainingSpec: the high level of a training request, compiled to one and read back from one.

The request follows SageMaker's script mode: hyperparameters are JSON texts, and
`sagemaker_program` and `sagemaker_submit_directory` tell the container what to run
(sagemaker-training toolkit, "script mode").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.kinds.places import FOLLOW_LINKS, at, follows_links, rows
from jupyter_sm.jobs.options import about
from jupyter_sm.jobs.spec import DAY, Origin, Placement, hyperparameter_text, type_faults
from jupyter_sm.jobs.values import said
from jupyter_sm.shown.controls import is_text

# Names of hyperparameters that script mode keeps to itself.
RESERVED = "sagemaker_"
PROGRAM = "sagemaker_program"
DIRECTORY = "sagemaker_submit_directory"
# A script may repeat its job's name from here.
JOB_NAME = "sagemaker_job_name"
# What asks for a launcher, as SageMaker's SDK does.
_LAUNCHERS = {
    "torchrun": "sagemaker_torch_distributed_enabled",
    "mpi": "sagemaker_mpi_enabled",
}


@dataclass(frozen=True)
class TrainingSpec:
    """What to train, in one line's worth of words.

    Each field says what it is, for the help of every face: see `%%sm train --help`.
    """

    script: str = field(metadata=about("a Python file, or a folder that holds the entry point"))
    entry_point: str | None = field(
        default=None, metadata=about("the script's name in its folder", metavar="FILE")
    )
    dependencies: Sequence[str] = field(
        default_factory=list,
        metadata=about(
            "files and folders that are packed beside the script, each under its own name",
            "--dependency",
            metavar="PATH",
        ),
    )
    inputs: Mapping[str, str] = field(
        default_factory=dict,
        metadata=about(
            "channels and their data: local paths or s3:// addresses",
            "--input",
            metavar="NAME=PATH",
        ),
    )
    hyperparameters: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=about("what the script gets as --NAME VALUE", "-p", "--hyperparameter"),
    )
    instance: str = field(
        default="ml.m5.large", metadata=about("SageMaker's instance type", metavar="TYPE")
    )
    instance_count: int = field(default=1, metadata=about("how many instances", metavar="COUNT"))
    image: str | None = field(
        default=None,
        metadata=about(
            "a short name such as pytorch:2.5, or a registry address (on the local target: a "
            "Python interpreter); without it the target goes by what the script imports"
        ),
    )
    role: str | None = field(
        default=None, metadata=about("the execution role; without it the target finds one")
    )
    output: str | None = field(
        default=None,
        metadata=about("where the model goes; without it where the target says", metavar="PATH"),
    )
    max_runtime: int = field(
        default=DAY, metadata=about("how long it may train, in seconds", metavar="SECONDS")
    )
    spot: bool = field(default=False, metadata=about("train on spot instances"))
    max_wait: int | None = field(
        default=None,
        metadata=about(
            "with spot: how long waiting and training may take together, in seconds",
            metavar="SECONDS",
        ),
    )
    volume_gb: int = field(
        default=30, metadata=about("the storage of each instance, in GB", metavar="GB")
    )
    tags: Mapping[str, str] = field(
        default_factory=dict, metadata=about("the job's tags in SageMaker", "--tag")
    )
    environment: Mapping[str, str] = field(
        default_factory=dict, metadata=about("variables of the script's environment", "--env")
    )
    checkpoint: str | None = field(
        default=None,
        metadata=about(
            "a local path or an s3:// address that is kept in step with /opt/ml/checkpoints",
            metavar="PATH",
        ),
    )
    metrics: Mapping[str, str] = field(
        default_factory=dict,
        metadata=about(
            "metrics, and the regular expressions that find them in the log",
            "--metric",
            metavar="NAME=REGEX",
        ),
    )
    input_mode: str = field(
        default="File",
        metadata=about(
            "File copies inputs before training, FastFile reads them as needed", metavar="MODE"
        ),
    )
    distribution: str | None = field(
        default=None,
        metadata=about(
            "how several processes train together: torchrun or mpi; without it each instance runs "
            "the script by itself",
            metavar="LAUNCHER",
        ),
    )
    subnets: Sequence[str] = field(
        default_factory=list,
        metadata=about("the subnets of its VPC, with security_group_ids", "--subnet", metavar="ID"),
    )
    security_group_ids: Sequence[str] = field(
        default_factory=list,
        metadata=about("the security groups of its VPC", "--security-group-id", metavar="ID"),
    )
    volume_kms_key: str | None = field(
        default=None,
        metadata=about("the KMS key that encrypts the instances' storage", metavar="KEY"),
    )
    output_kms_key: str | None = field(
        default=None, metadata=about("the KMS key that encrypts the model", metavar="KEY")
    )
    bucket: str | None = field(
        default=None,
        metadata=about(
            "the bucket for sources, inputs and, without output, the model; without it the target "
            "finds one"
        ),
    )
    create_bucket: bool = field(
        default=False,
        metadata=about("let SageMaker's default bucket be created for the job's files"),
    )
    follow_links: bool = field(
        default=False,
        metadata=about("take along what links in source and inputs lead to outside of them"),
    )

    def faults(self) -> list[Fault]:
        """What is wrong with the spec that its request would not show."""
        found = type_faults(self)
        if found:
            return found
        if self.distribution not in (None, *_LAUNCHERS):
            what = f"is {self.distribution!r}; it can be {' or '.join(_LAUNCHERS)}."
            found.append(Fault("distribution", "enum", what))
        found += self._hyperparameter_faults()
        reserved = sorted(n for n in map(str, self.hyperparameters) if n.startswith(RESERVED))
        if reserved:
            what = (
                f"{', '.join(reserved)}: names with {RESERVED} are SageMaker's own; choose others."
            )
            found.append(Fault("hyperparameters", "reserved", what))
        return found

    def _hyperparameter_faults(self) -> Iterator[Fault]:
        """Script mode makes an argument and a variable of each, which these can't be."""
        for name, value in self.hyperparameters.items():
            where = f"hyperparameters[{said(name)}]"
            if not name or "=" in name:
                yield Fault(where, "name", "is no name of a hyperparameter: leave the = out.")
            elif isinstance(value, str) and not is_text(value):
                yield Fault(where, "text", f"holds what is no text: {said(value)}.")
            else:
                try:
                    hyperparameter_text(value)
                except TypeError as error:
                    yield Fault(where, "type", str(error))

    def request(self, name: str, program: str, place: Placement) -> dict[str, Any]:
        """The exact CreateTrainingJob request. `program` is the script's name in the source."""
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "HyperParameters": {
                **{key: hyperparameter_text(value) for key, value in self.hyperparameters.items()},
                PROGRAM: json.dumps(program),
                DIRECTORY: json.dumps(place.source_uri),
                "sagemaker_container_log_level": "20",
                JOB_NAME: json.dumps(name),
                "sagemaker_region": json.dumps(place.region),
                **self._distribution(),
            },
            "AlgorithmSpecification": {
                "TrainingImage": place.image,
                "TrainingInputMode": self.input_mode,
                **_metric_definitions(self.metrics),
            },
            **_given(RoleArn=place.role),
            **_given(
                OutputDataConfig=_given(S3OutputPath=place.output_uri, KmsKeyId=self.output_kms_key)
            ),
            "ResourceConfig": {
                "InstanceType": self.instance,
                "InstanceCount": self.instance_count,
                "VolumeSizeInGB": self.volume_gb,
                **_given(VolumeKmsKeyId=self.volume_kms_key),
            },
            **_given(
                VpcConfig=_given(
                    SecurityGroupIds=list(self.security_group_ids), Subnets=list(self.subnets)
                )
            ),
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime},
        }
        if place.input_uris:
            request["InputDataConfig"] = [_channel(n, uri) for n, uri in place.input_uris.items()]
        if self.spot:
            request["EnableManagedSpotTraining"] = True
        wait = self.max_runtime if self.spot and self.max_wait is None else self.max_wait
        if wait is not None:
            request["StoppingCondition"]["MaxWaitTimeInSeconds"] = wait
        if place.checkpoint_uri:
            request["CheckpointConfig"] = {
                "S3Uri": place.checkpoint_uri,
                "LocalPath": "/opt/ml/checkpoints",
            }
        if self.environment:
            request["Environment"] = {k: str(v) for k, v in self.environment.items()}
        tags = {**self.tags, **({FOLLOW_LINKS: "true"} if self.follow_links else {})}
        if tags:
            request["Tags"] = [{"Key": k, "Value": str(v)} for k, v in tags.items()]
        return request

    def _distribution(self) -> dict[str, str]:
        """The hyperparameters by which a framework's container knows its launcher."""
        if self.distribution not in _LAUNCHERS:
            return {}
        more = {"sagemaker_instance_type": self.instance} if self.distribution == "torchrun" else {}
        values = {_LAUNCHERS[self.distribution]: True, **more}
        return {name: json.dumps(value) for name, value in values.items()}


def _given(**members: Any) -> dict[str, Any]:
    """The members that say something."""
    return {name: value for name, value in members.items() if value}


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


def nearest_spec(request: Mapping[str, Any], origin: Origin) -> TrainingSpec | None:
    """What a spec can say of a script-mode request; None of another request."""
    own = request.get("HyperParameters", {})
    program = _decoded(own.get(PROGRAM))
    if not isinstance(program, str):
        return None
    machines = request.get("ResourceConfig", {})
    limits = request.get("StoppingCondition", {})
    algorithm = request.get("AlgorithmSpecification", {})
    return TrainingSpec(
        script=origin.script,
        entry_point=None if origin.script.endswith(f"/{program}") else program,
        dependencies=list(origin.dependencies),
        inputs={
            str(at(row, "ChannelName")): str(at(row, "DataSource", "S3DataSource", "S3Uri"))
            for row in rows(request, "InputDataConfig")
        },
        hyperparameters={
            key: _decoded(text) for key, text in own.items() if not key.startswith(RESERVED)
        },
        instance=machines.get("InstanceType", ""),
        instance_count=machines.get("InstanceCount", 1),
        image=algorithm.get("TrainingImage"),
        role=request.get("RoleArn"),
        output=at(request, "OutputDataConfig", "S3OutputPath"),
        max_runtime=limits.get("MaxRuntimeInSeconds", DAY),
        spot=bool(request.get("EnableManagedSpotTraining", False)),
        max_wait=limits.get("MaxWaitTimeInSeconds"),
        volume_gb=machines.get("VolumeSizeInGB", 30),
        tags={t["Key"]: t["Value"] for t in request.get("Tags", []) if t["Key"] != FOLLOW_LINKS},
        follow_links=follows_links(request),
        environment=dict(request.get("Environment", {})),
        checkpoint=at(request, "CheckpointConfig", "S3Uri"),
        subnets=at(request, "VpcConfig", "Subnets") or [],
        security_group_ids=at(request, "VpcConfig", "SecurityGroupIds") or [],
        volume_kms_key=at(request, "ResourceConfig", "VolumeKmsKeyId"),
        output_kms_key=at(request, "OutputDataConfig", "KmsKeyId"),
        metrics={row["Name"]: row["Regex"] for row in algorithm.get("MetricDefinitions", [])},
        input_mode=algorithm.get("TrainingInputMode", "File"),
        distribution=next(
            (name for name, switch in _LAUNCHERS.items() if _decoded(own.get(switch)) is True), None
        ),
    )


def compiled(spec: TrainingSpec, request: Mapping[str, Any], **places: Any) -> dict[str, Any]:
    """A spec compiled with the places of a request, but for those that are given."""
    own = request["HyperParameters"]
    known: dict[str, Any] = {
        "source_uri": str(_decoded(own.get(DIRECTORY))),
        "output_uri": spec.output,
        "image": spec.image or "",
        "role": spec.role,
        "region": str(_decoded(own.get("sagemaker_region"))),
        "input_uris": spec.inputs,
        "checkpoint_uri": spec.checkpoint,
    }
    program = places.pop("program", None) or str(_decoded(own[PROGRAM]))
    return spec.request(request["TrainingJobName"], program, Placement(**{**known, **places}))


def spec_of(request: Mapping[str, Any], origin: Origin) -> TrainingSpec | None:
    """The spec that compiles to a request; None where none says all of it."""
    spec = nearest_spec(request, origin)
    return spec if spec is not None and compiled(spec, request) == request else None


def _decoded(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError, TypeError):
        return text
