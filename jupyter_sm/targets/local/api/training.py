"""Training jobs in the local target's API: what is refused, and what Describe and List add."""

from __future__ import annotations

from typing import Any

from jupyter_sm import expressions
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.targets.local.api.folders import is_needed
from jupyter_sm.targets.local.api.members import Members, Use
from jupyter_sm.targets.local.api.offer import (
    Answer,
    Offer,
    Request,
    State,
    refusal,
    told,
)

_ONE_GROUP = "name InstanceType and InstanceCount in ResourceConfig."
_FOLDERS = "The local target reads folders; give the channel an S3DataSource with their address."

MEMBERS: Members = {
    "TrainingJobName": Use.HONOURED,
    "HyperParameters": Use.HONOURED,
    "AlgorithmSpecification.TrainingImage": Use.HONOURED,
    "AlgorithmSpecification.AlgorithmName": (
        "The local target runs scripts and has no algorithms; name a TrainingImage instead of "
        "AlgorithmName."
    ),
    "AlgorithmSpecification.TrainingInputMode": Use.HONOURED,
    "AlgorithmSpecification.MetricDefinitions": Use.HONOURED,
    "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": Use.NOTED,
    "AlgorithmSpecification.ContainerEntrypoint": Use.HONOURED,
    "AlgorithmSpecification.ContainerArguments": Use.HONOURED,
    "AlgorithmSpecification.TrainingImageConfig": Use.NOTED,
    "RoleArn": Use.UNSAID,
    "InputDataConfig[].ChannelName": Use.HONOURED,
    "InputDataConfig[].DataSource.S3DataSource.S3DataType": Use.HONOURED,
    "InputDataConfig[].DataSource.S3DataSource.S3Uri": Use.HONOURED,
    "InputDataConfig[].DataSource.S3DataSource.S3DataDistributionType": Use.HONOURED,
    "InputDataConfig[].DataSource.S3DataSource.AttributeNames": Use.NOTED,
    "InputDataConfig[].DataSource.S3DataSource.InstanceGroupNames": Use.NOTED,
    "InputDataConfig[].DataSource.S3DataSource.ModelAccessConfig": Use.NOTED,
    "InputDataConfig[].DataSource.S3DataSource.HubAccessConfig": Use.NOTED,
    "InputDataConfig[].DataSource.FileSystemDataSource": _FOLDERS,
    "InputDataConfig[].DataSource.DatasetSource": _FOLDERS,
    "InputDataConfig[].ContentType": Use.HONOURED,
    # SageMaker itself goes by these three in Pipe mode only.
    "InputDataConfig[].CompressionType": Use.NOTED,
    "InputDataConfig[].ShuffleConfig": Use.NOTED,
    "InputDataConfig[].RecordWrapperType": Use.NOTED,
    "InputDataConfig[].InputMode": Use.HONOURED,
    "OutputDataConfig.KmsKeyId": Use.NOTED,
    "OutputDataConfig.S3OutputPath": Use.HONOURED,
    "OutputDataConfig.CompressionType": Use.HONOURED,
    "ResourceConfig.InstanceType": Use.HONOURED,
    "ResourceConfig.InstanceCount": Use.HONOURED,
    "ResourceConfig.VolumeSizeInGB": Use.UNSAID,
    "ResourceConfig.VolumeKmsKeyId": Use.NOTED,
    "ResourceConfig.KeepAlivePeriodInSeconds": Use.NOTED,
    "ResourceConfig.InstanceGroups": f"The local target has no InstanceGroups; {_ONE_GROUP}",
    "ResourceConfig.TrainingPlanArn": Use.NOTED,
    "ResourceConfig.InstancePlacementConfig": Use.NOTED,
    "ResourceConfig.InstancePreferences": (
        f"The local target has no InstancePreferences; {_ONE_GROUP}"
    ),
    "ResourceConfig.SelectedInstanceType": Use.NOTED,
    "ResourceConfig.SelectedInstanceCount": Use.NOTED,
    "VpcConfig": Use.NOTED,
    "StoppingCondition.MaxRuntimeInSeconds": Use.HONOURED,
    "StoppingCondition.MaxWaitTimeInSeconds": Use.NOTED,
    "StoppingCondition.MaxPendingTimeInSeconds": Use.NOTED,
    "Tags": Use.HONOURED,
    "EnableNetworkIsolation": Use.NOTED,
    "EnableInterContainerTrafficEncryption": Use.NOTED,
    "EnableManagedSpotTraining": Use.NOTED,
    "CheckpointConfig.S3Uri": Use.HONOURED,
    "CheckpointConfig.LocalPath": Use.HONOURED,
    "DebugHookConfig": Use.NOTED,
    "DebugRuleConfigurations": Use.NOTED,
    "TensorBoardOutputConfig": Use.NOTED,
    "ExperimentConfig": Use.NOTED,
    "ProfilerConfig": Use.NOTED,
    "ProfilerRuleConfigurations": Use.NOTED,
    "Environment": Use.HONOURED,
    "RetryStrategy": Use.NOTED,
    "RemoteDebugConfig.EnableRemoteDebug": Use.NOTED,
    "InfraCheckConfig.EnableInfraCheck": Use.NOTED,
    "SessionChainingConfig.EnableSessionTagChaining": Use.NOTED,
    "ServerlessJobConfig": (
        "The local target has no serverless jobs; leave ServerlessJobConfig out and name a script."
    ),
    "MlflowConfig": Use.NOTED,
    "ModelPackageConfig": Use.NOTED,
}


def refuse(request: Request) -> None:
    """Raise ApiError for what SageMaker offers and this target does not."""
    definitions = request["AlgorithmSpecification"].get("MetricDefinitions", [])
    faults = expressions.faults_of([definition["Regex"] for definition in definitions])
    for definition, fault in zip(definitions, faults, strict=True):
        if fault:
            raise refusal(f"The regular expression of metric {definition['Name']!r} {fault}.")
    scripted = {"sagemaker_program", "sagemaker_submit_directory"}
    algorithm = request["AlgorithmSpecification"]
    has_command = algorithm.get("ContainerEntrypoint")
    if algorithm.get("ContainerArguments") and not has_command:
        raise refusal(
            "The local target gives ContainerArguments to a ContainerEntrypoint only; a script gets "
            "its arguments as HyperParameters."
        )
    if not has_command and not scripted <= request.get("HyperParameters", {}).keys():
        raise refusal(
            "The local target runs scripts and commands, not images: HyperParameters must name "
            "sagemaker_program and sagemaker_submit_directory, or AlgorithmSpecification a "
            "ContainerEntrypoint."
        )
    _check_mode(request["AlgorithmSpecification"].get("TrainingInputMode", "File"), "the job")
    for channel in request.get("InputDataConfig", []):
        name = channel["ChannelName"]
        _check_mode(channel.get("InputMode", "File"), f"channel {name}")
        data_type = channel["DataSource"]["S3DataSource"]["S3DataType"]
        if data_type != "S3Prefix":
            raise refusal(
                f"The local target reads folders (S3Prefix); channel {name} is a {data_type}."
            )
    config = request.get("CheckpointConfig", {})
    path = config.get("LocalPath", "/")
    if not path.startswith("/"):
        raise refusal(f"CheckpointConfig.LocalPath must be an absolute path; it is {path!r}.")
    if "LocalPath" in config and is_needed(path, algorithm.get("TrainingImage") or ""):
        raise refusal(
            f"CheckpointConfig.LocalPath is {path!r}, where the job finds what it needs; choose a "
            "folder of its own, such as /opt/ml/checkpoints."
        )


def _check_mode(mode: str, where: str) -> None:
    if mode not in ("File", "FastFile"):
        raise refusal(f"The local target has no {mode} input mode ({where}); use File or FastFile.")


def describes(request: Request, state: State) -> Answer:
    """Secondary statuses, times, metrics and the model."""
    answer = {
        "SecondaryStatus": state["secondary"],
        "ModelArtifacts": {"S3ModelArtifacts": state.get("model", "")},
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
        "SecondaryStatusTransitions": [_transition(row) for row in state["transitions"]],
        **told(
            state,
            {
                "TrainingStartTime": "training_start",
                "TrainingEndTime": "training_end",
                "FinalMetricDataList": "final_metrics",
            },
        ),
    }
    if state.get("training_start") and state.get("training_end"):
        seconds = max(1, round(state["training_end"] - state["training_start"]))
        answer["TrainingTimeInSeconds"] = answer["BillableTimeInSeconds"] = seconds
    return answer


def _transition(row: dict[str, Any]) -> Answer:
    answer = {"Status": row["status"], "StartTime": row["start"], "StatusMessage": row["message"]}
    if "end" in row:
        answer["EndTime"] = row["end"]
    return answer


def lists(state: State) -> Answer:
    """When it ended."""
    return told(state, {"TrainingEndTime": "training_end"})


OFFER = Offer(TRAINING, "training job", MEMBERS, refuse, describes, lists)
