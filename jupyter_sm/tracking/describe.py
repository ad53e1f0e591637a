"""From a Describe answer of the API to the store's terms."""

from __future__ import annotations

import json
from typing import Any

from jupyter_sm.diagnosis import Explanation, explain, mask_secrets
from jupyter_sm.jobs import KINDS
from jupyter_sm.jobs.members import request_in
from jupyter_sm.tracking.jobs_table import Described


def described(answer: dict[str, Any]) -> Described:
    """DescribeTrainingJob's answer, or a record that Search gave, read."""
    status = answer["TrainingJobStatus"]
    reason = mask_secrets(answer.get("FailureReason", "")) or None
    explanation: Explanation | None = None
    told = reason or _TOLD_BY_STATUS.get(answer.get("SecondaryStatus", ""))
    if told:
        explanation = explain(told, context=context_of(answer))
    ended = answer.get("TrainingEndTime")
    return Described(
        status=status,
        secondary_status=answer.get("SecondaryStatus", status),
        created_at=answer["CreationTime"].timestamp(),
        modified_at=answer.get("LastModifiedTime", answer["CreationTime"]).timestamp(),
        started_at=_seconds(answer.get("TrainingStartTime")),
        # A job stopped before it started has an end all the same.
        ended_at=_seconds(ended or (answer.get("LastModifiedTime") if status in _ENDED else None)),
        failure_reason=reason,
        explanation=explanation,
        request=request_in(answer, KINDS["training"]),
        transitions=[
            {
                "status": t["Status"],
                "start": t["StartTime"].timestamp(),
                "end": _seconds(t.get("EndTime")),
                "message": t.get("StatusMessage", ""),
            }
            for t in answer.get("SecondaryStatusTransitions", [])
        ],
        script=script_of(answer),
        billable_seconds=answer.get("BillableTimeInSeconds"),
        model_uri=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts") or None,
    )


_ENDED = ("Completed", "Failed", "Stopped")


# Ends that come without a FailureReason.
_TOLD_BY_STATUS = {s: s for s in ("MaxRuntimeExceeded", "MaxWaitTimeExceeded")}


def context_of(request: dict[str, Any]) -> dict[str, str]:
    """What a job's request (or Describe's answer) adds to an error's text."""
    output = request.get("OutputDataConfig", {}).get("S3OutputPath", "")
    inputs = [c.get("ChannelName", "") for c in request.get("InputDataConfig", [])]
    context = {
        "name": request.get("TrainingJobName", ""),
        "script": script_of(request),
        "instance_type": request.get("ResourceConfig", {}).get("InstanceType", ""),
        "role": request.get("RoleArn", "").partition("role/")[2],
        "bucket": output.removeprefix("s3://").partition("/")[0] if "s3://" in output else "",
        "channels": ", ".join(inputs),
    }
    return {key: value for key, value in context.items() if value}


def script_of(request: dict[str, Any]) -> str:
    """The script that a script-mode request runs, or an empty text."""
    text = request.get("HyperParameters", {}).get("sagemaker_program", "")
    try:
        program = json.loads(text)
    except (ValueError, RecursionError):
        program = text
    return str(program).encode("utf-8", "replace").decode() if isinstance(program, str) else ""


def _seconds(time: Any) -> float | None:
    return float(time.timestamp()) if time is not None else None
