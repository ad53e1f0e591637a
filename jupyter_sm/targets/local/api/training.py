"""Training jobs in the local target's API: what is refused, and what Describe and List add."""

from __future__ import annotations

import re
from typing import Any

from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.targets.local.api.offer import (
    Answer,
    Offer,
    Request,
    State,
    refusal,
    refuse_far_places,
    told,
)


def refuse(request: Request) -> None:
    """Raise ApiError for what SageMaker offers and this target does not."""
    if "ResourceConfig" not in request or "AlgorithmSpecification" not in request:
        raise refusal("The local target needs ResourceConfig and AlgorithmSpecification.")
    for definition in request["AlgorithmSpecification"].get("MetricDefinitions", []):
        try:
            re.compile(definition["Regex"])
        except re.error as error:
            raise refusal(
                f"The regular expression of metric {definition['Name']!r} can't be read: {error}."
            ) from None
    if "sagemaker_program" not in request.get("HyperParameters", {}):
        raise refusal(
            "The local target runs scripts, not images: HyperParameters must name "
            "sagemaker_program and sagemaker_submit_directory."
        )
    if request["ResourceConfig"].get("InstanceGroups"):
        raise refusal("The local target has no InstanceGroups.")
    refuse_far_places(TRAINING, request)
    _check_mode(request["AlgorithmSpecification"].get("TrainingInputMode", "File"), "the job")
    for channel in request.get("InputDataConfig", []):
        name = channel["ChannelName"]
        _check_mode(channel.get("InputMode", "File"), f"channel {name}")
        data_type = channel["DataSource"]["S3DataSource"]["S3DataType"]
        if data_type != "S3Prefix":
            raise refusal(
                f"The local target reads folders (S3Prefix); channel {name} is a {data_type}."
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


OFFER = Offer(TRAINING, "training job", refuse, describes, lists)
