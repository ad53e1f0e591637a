"""One job of the simulator, and the shapes in which SageMaker answers it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from .clock import milliseconds
from .scenario import Scenario
from .streams import Stream
from .timeline import FINAL, plan

_serial = itertools.count()
# Members of Describe's answer that stand in the request under the same name.
_NOT_REPEATED = frozenset({"Tags", "SessionChainingConfig", "StoppingCondition"})


class Job:
    """A job: what was asked, what will happen, and the state at any time."""

    kind = "training"
    word = "TrainingJob"
    noun = "training job"
    resource = "training-job"
    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(
        self,
        request: dict[str, Any],
        scenario: Scenario,
        created: float,
        region: str,
        account: str,
    ) -> None:
        self.name: str = request[f"{self.word}Name"]
        self.request = request
        self.scenario = scenario
        self.created = milliseconds(created)
        self.region = region
        self.account = account
        self.serial = next(_serial)
        self.deleted = False
        self.tags: dict[str, str] = {t["Key"]: t["Value"] for t in request.get("Tags", ())}
        self.arn = f"arn:aws:sagemaker:{region}:{account}:{self.resource}/{self.name}"
        condition = request.get("StoppingCondition", {})
        self.timeline = plan(
            scenario, self.created, condition.get("MaxRuntimeInSeconds", 86400) or math.inf
        )
        self.planned = tuple(self.timeline.attempts)
        self._streams: list[list[Stream]] = []

    def machines(self) -> Mapping[str, Any]:
        """The part of the request that holds InstanceType and InstanceCount."""
        found: Mapping[str, Any] = self.request.get("ResourceConfig", {})
        return found

    @property
    def hosts(self) -> int:
        """How many instances the job has."""
        if self.scenario.hosts:
            return self.scenario.hosts
        config = self.machines()
        groups = config.get("InstanceGroups", ())
        count: int = config.get("InstanceCount") or sum(g["InstanceCount"] for g in groups) or 1
        return count

    @property
    def instance_type(self) -> str:
        """The (first) instance type."""
        config = self.machines()
        return config.get("InstanceType") or next(
            (g["InstanceType"] for g in config.get("InstanceGroups", ())), ""
        )

    def known(self, now: float) -> bool:
        """Whether the job exists at this time."""
        return not self.deleted and self.created <= now

    def modified(self, now: float) -> float:
        """LastModifiedTime: of the last change of status or message."""
        return self.timeline.starts[self.timeline.index(now)]

    def status(self, now: float) -> str:
        """TrainingJobStatus."""
        return self.timeline.phases[self.timeline.index(now)].primary

    def secondary(self, now: float) -> str:
        """SecondaryStatus."""
        return self.timeline.phases[self.timeline.index(now)].secondary

    def stop(self, now: float) -> None:
        """StopTrainingJob, at this time."""
        self.timeline.stop(milliseconds(now), self.scenario.stopping)

    def streams(self, now: float) -> list[tuple[Stream, float]]:
        """The job's log streams so far, each with the time its container ended or will."""
        found: list[tuple[Stream, float]] = []
        for number, attempt in enumerate(self.timeline.attempts):
            if attempt.start > now:
                break
            if number == len(self._streams):
                whole = self.planned[number]
                self._streams.append(
                    [
                        Stream(self.name, self.scenario, n, whole.start, whole.end - whole.start)
                        for n in range(1, self.hosts + 1)
                    ]
                )
            found += [(s, attempt.end) for s in self._streams[number] if s.start <= now]
        return found

    def summary(self, now: float) -> dict[str, Any]:
        """A row of ListTrainingJobs."""
        phase = self.timeline.phases[self.timeline.index(now)]
        row: dict[str, Any] = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": round(phase.start, 3),
            "TrainingJobStatus": phase.primary,
            "SecondaryStatus": phase.secondary,
        }
        if phase.primary in FINAL:
            row["TrainingEndTime"] = round(phase.start, 3)
        return row

    def describe(self, now: float) -> dict[str, Any]:
        """DescribeTrainingJob's answer."""
        phase = self.timeline.phases[self.timeline.index(now)]
        asked = self.request
        answer: dict[str, Any] = {k: v for k, v in asked.items() if k not in _NOT_REPEATED}
        condition: Mapping[str, Any] = asked.get("StoppingCondition", {})
        answer.update(
            TrainingJobArn=self.arn,
            TrainingJobStatus=phase.primary,
            SecondaryStatus=phase.secondary,
            StoppingCondition={"MaxRuntimeInSeconds": 86400, **condition},
            CreationTime=self.created,
            LastModifiedTime=round(phase.start, 3),
            SecondaryStatusTransitions=self.timeline.transitions(now),
            EnableNetworkIsolation=asked.get("EnableNetworkIsolation", False),
            EnableInterContainerTrafficEncryption=asked.get(
                "EnableInterContainerTrafficEncryption", False
            ),
            EnableManagedSpotTraining=asked.get("EnableManagedSpotTraining", False),
            ProfilingStatus="Disabled",
        )
        started = self.timeline.started(now)
        if started is not None:
            answer["TrainingStartTime"] = round(started, 3)
        if phase.primary in FINAL:
            self._ending(answer, phase.start, started)
        return answer

    def _ending(self, answer: dict[str, Any], ended: float, started: float | None) -> None:
        answer["TrainingEndTime"] = round(ended, 3)
        if answer["TrainingJobStatus"] == "Failed":
            answer["FailureReason"] = self.scenario.failure_reason[:1024]
        if started is not None:
            seconds = max(1, round(ended - started))
            answer["TrainingTimeInSeconds"] = seconds
            billable = self.scenario.billable
            if billable is None:
                billable = seconds * (0.3 if answer["EnableManagedSpotTraining"] else 1)
            answer["BillableTimeInSeconds"] = max(1, round(billable))
            if self.scenario.metrics:
                answer["FinalMetricDataList"] = [
                    {"MetricName": name, "Value": value, "Timestamp": round(ended, 3)}
                    for name, value in list(self.scenario.metrics.items())[:40]
                ]
        made = started is not None and answer["TrainingJobStatus"] != "Failed"
        if self.scenario.model and made:
            place = self.request.get("OutputDataConfig", {}).get("S3OutputPath", "s3://bucket")
            uri = f"{place.rstrip('/')}/{self.name}/output/model.tar.gz"
            answer["ModelArtifacts"] = {"S3ModelArtifacts": uri}

    def record(self, now: float) -> dict[str, Any]:
        """What Search answers: the description with the job's tags."""
        record = self.describe(now)
        record.pop("ProfilingStatus", None)
        record["Tags"] = [{"Key": k, "Value": v} for k, v in self.tags.items()]
        return record
