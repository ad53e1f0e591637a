"""A processing job of the simulator, and the shapes in which SageMaker answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .job import Job
from .timeline import FINAL


class ProcessingJob(Job):
    """It has no secondary status, and Search does not know it."""

    kind = "processing"
    word = "ProcessingJob"
    noun = "processing job"
    resource = "processing-job"
    log_group = "/aws/sagemaker/ProcessingJobs"

    def machines(self) -> Mapping[str, Any]:
        """ClusterConfig."""
        found: Mapping[str, Any] = self.request["ProcessingResources"]["ClusterConfig"]
        return found

    def summary(self, now: float) -> dict[str, Any]:
        """A row of ListProcessingJobs."""
        phase = self.timeline.phases[self.timeline.index(now)]
        row: dict[str, Any] = {
            "ProcessingJobName": self.name,
            "ProcessingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": round(phase.start, 3),
            "ProcessingJobStatus": phase.primary,
        }
        if phase.primary in FINAL:
            row["ProcessingEndTime"] = round(phase.start, 3)
        if phase.primary == "Failed":
            row["FailureReason"] = self.scenario.failure_reason[:1024]
        return row

    def describe(self, now: float) -> dict[str, Any]:
        """DescribeProcessingJob's answer."""
        answer = {k: v for k, v in self.request.items() if k != "Tags"}
        answer.update(self.summary(now))
        started = self.timeline.started(now)
        if started is not None:
            answer["ProcessingStartTime"] = round(started, 3)
        return answer


def default_request(name: str, role: str, image: str) -> dict[str, Any]:
    """A request that CreateProcessingJob accepts."""
    machines = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/prepare.py"],
        },
        "ProcessingResources": {"ClusterConfig": machines},
    }
