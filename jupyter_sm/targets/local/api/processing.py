"""Processing jobs in the local target's API: what is refused, and what Describe and List add."""

from __future__ import annotations

from jupyter_sm.jobs.kinds.processing import PROCESSING
from jupyter_sm.targets.local.api.members import Members, Use
from jupyter_sm.targets.local.api.offer import (
    Answer,
    Offer,
    Request,
    State,
    refusal,
    told,
)

_APP_MANAGED = "The local target brings inputs and outputs itself; leave AppManaged out."

MEMBERS: Members = {
    "ProcessingInputs[].InputName": Use.HONOURED,
    "ProcessingInputs[].AppManaged": _APP_MANAGED,
    "ProcessingInputs[].S3Input": Use.HONOURED,
    "ProcessingInputs[].DatasetDefinition": (
        "The local target reads folders; give the input an S3Input instead of a DatasetDefinition."
    ),
    "ProcessingOutputConfig.Outputs[].OutputName": Use.HONOURED,
    "ProcessingOutputConfig.Outputs[].S3Output": Use.HONOURED,
    "ProcessingOutputConfig.Outputs[].FeatureStoreOutput": (
        "The local target has no feature store; give the output an S3Output instead of a "
        "FeatureStoreOutput."
    ),
    "ProcessingOutputConfig.Outputs[].AppManaged": _APP_MANAGED,
    "ProcessingOutputConfig.KmsKeyId": Use.NOTED,
    "ProcessingJobName": Use.HONOURED,
    "ProcessingResources.ClusterConfig.InstanceCount": Use.HONOURED,
    "ProcessingResources.ClusterConfig.InstanceType": Use.UNSAID,
    "ProcessingResources.ClusterConfig.VolumeSizeInGB": Use.UNSAID,
    "ProcessingResources.ClusterConfig.VolumeKmsKeyId": Use.NOTED,
    "ProcessingResources.ClusterConfig.InstancePreferences": (
        "The local target has no InstancePreferences; name InstanceType and InstanceCount."
    ),
    "ProcessingResources.ClusterConfig.SelectedInstanceType": Use.NOTED,
    "ProcessingResources.ClusterConfig.SelectedInstanceCount": Use.NOTED,
    "StoppingCondition": Use.HONOURED,
    "AppSpecification": Use.HONOURED,
    "Environment": Use.HONOURED,
    "NetworkConfig.EnableInterContainerTrafficEncryption": Use.NOTED,
    "NetworkConfig.EnableNetworkIsolation": Use.NOTED,
    "NetworkConfig.VpcConfig": Use.NOTED,
    "RoleArn": Use.UNSAID,
    "Tags": Use.HONOURED,
    "ExperimentConfig": Use.NOTED,
}


def refuse(request: Request) -> None:
    """Raise ApiError for what SageMaker offers and this target does not."""
    if not request["AppSpecification"].get("ContainerEntrypoint"):
        raise refusal(
            "The local target runs commands, not images: AppSpecification must name a "
            "ContainerEntrypoint."
        )
    for row in request.get("ProcessingInputs", []):
        for member, known in (
            ("S3DataType", "S3Prefix"),
            ("S3InputMode", "File"),
            ("S3CompressionType", "None"),
        ):
            found = row["S3Input"].get(member, known)
            if found != known:
                raise refusal(
                    f"The local target has no {member} {found} (input {row['InputName']}); "
                    f"use {known}."
                )
    _refuse_one_folder_for_two(request)


def _refuse_one_folder_for_two(request: Request) -> None:
    rows = [row["S3Input"] for row in request.get("ProcessingInputs", [])]
    outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    rows += [row["S3Output"] for row in outputs if "S3Output" in row]
    paths = [row["LocalPath"].rstrip("/") for row in rows]
    again = next((path for path in paths if paths.count(path) > 1), None)
    if again is not None:
        raise refusal(f"Each input and output has a folder of its own; {again} is named twice.")


def describes(request: Request, state: State) -> Answer:
    """Times, and what the container wrote on leaving."""
    return told(
        state,
        {
            "ProcessingStartTime": "training_start",
            "ProcessingEndTime": "training_end",
            "ExitMessage": "exit_message",
        },
    )


def lists(state: State) -> Answer:
    """When and why it ended."""
    return told(
        state,
        {
            "ProcessingEndTime": "training_end",
            "FailureReason": "failure",
            "ExitMessage": "exit_message",
        },
    )


OFFER = Offer(PROCESSING, "processing job", MEMBERS, refuse, describes, lists)
