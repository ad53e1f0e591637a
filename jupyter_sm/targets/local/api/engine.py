"""The operations of the SageMaker API that the local target answers.

Shapes, error codes and paging follow the SageMaker service model and the words that
SageMaker itself uses; see docs/architecture.md for what is left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.faults import errors_of
from jupyter_sm.jobs.names import check_name
from jupyter_sm.jobs.validation import check_request
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.api.logs import LogReader
from jupyter_sm.targets.local.disk.layout import JobFolder, Layout, new_transition, now, write_json
from jupyter_sm.targets.local.runner import processes
from jupyter_sm.targets.local.runner.container import decoded_hyperparameters
from jupyter_sm.targets.local.runner.scheduler import Scheduler

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/local"
_ARN = f"arn:aws:sagemaker:local:{ACCOUNT}:training-job/"
STOP_GRACE_SECONDS = 120.0
_FINAL = ("Completed", "Failed", "Stopped")
# Members of Describe's answer that stand in the request under the same name.
_REPEATED = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "CheckpointConfig",
    "Environment",
)

Answer = dict[str, Any]


class LocalEngine:
    """SageMaker's training jobs on this machine, below one root folder."""

    def __init__(self, root: Path, *, max_jobs: int | None = None) -> None:
        if not processes.SUPPORTED:
            raise OSError("The local target needs Linux or macOS; choose an AWS target instead.")
        self.root = root.absolute()
        self.max_jobs = (
            max_jobs or int(os.environ.get("JUPYTER_SM_MAX_JOBS", 0)) or os.cpu_count() or 1
        )
        self._layout = Layout(self.root)
        self._layout.make()
        self._scheduler = Scheduler(self._layout, self.max_jobs)
        logs = LogReader(self._layout)
        self._operations: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "SageMaker.CreateTrainingJob": self.create_training_job,
            "SageMaker.DescribeTrainingJob": self.describe_training_job,
            "SageMaker.ListTrainingJobs": self.list_training_jobs,
            "SageMaker.StopTrainingJob": self.stop_training_job,
            "SageMaker.DeleteTrainingJob": self.delete_training_job,
            "SageMaker.ListTags": self.list_tags,
            "Logs_20140328.DescribeLogStreams": logs.describe_log_streams,
            "Logs_20140328.GetLogEvents": logs.get_log_events,
            "Logs_20140328.FilterLogEvents": logs.filter_log_events,
        }

    def answer(self, operation: str, request: dict[str, Any]) -> Answer:
        """Answer one call, named as X-Amz-Target names it. Raises ApiError."""
        handler = self._operations.get(operation)
        if handler is None:
            raise ApiError(
                "UnknownOperationException",
                f"The local target does not offer {operation.rpartition('.')[2]}.",
            )
        if not self._layout.jobs.is_dir():
            self._layout.make()  # someone deleted the folder under us
        service, _, name = operation.partition(".")
        if service == "SageMaker":
            faults = errors_of(check_request(name, request, file_uris=True))
            if faults:
                lines = "; ".join(f"Value at '{f.path}' {f.message}" for f in faults)
                plural = "error" if len(faults) == 1 else "errors"
                raise ApiError(
                    "ValidationException", f"{len(faults)} validation {plural} detected: {lines}"
                )
        return handler(request)

    def last_change(self) -> int:
        """Time of the last change of any job, in ns; 0 when there was none."""
        try:
            return self._layout.changed.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def log_sizes(self, name: str) -> tuple[tuple[str, int], ...]:
        """Name and size of each log file of a job."""
        try:
            with os.scandir(self._layout.job(name).logs) as entries:
                return tuple(sorted((e.name, e.stat().st_size) for e in entries))
        except FileNotFoundError:
            return ()

    def create_training_job(self, request: dict[str, Any]) -> Answer:
        """CreateTrainingJob: accepted once the job's folder bears its name."""
        name = request["TrainingJobName"]
        self.refuse_what_is_not_offered(request)
        created = now()
        state: dict[str, Any] = {
            "status": "InProgress",
            "transitions": [],
            "created": created,
            "modified": created,
            "grace": float(os.environ.get("JUPYTER_SM_STOP_GRACE", STOP_GRACE_SECONDS)),
            "root": os.fspath(self.root),
            "max_jobs": self.max_jobs,
        }
        new_transition(
            state, "Pending", f"Waiting for one of {self.max_jobs} places on this machine."
        )
        part = Path(tempfile.mkdtemp(prefix=".new-", dir=self._layout.jobs))
        try:
            write_json(part / "request.json", request)
            write_json(part / "state.json", state)
            (part / "logs").mkdir()
            JobFolder(part, self._layout.changed).make_reserve()
            self._scheduler.enqueue(part, name, created)
        except FileExistsError:
            raise ApiError(
                "ResourceInUse",
                f"Training job names must be unique within an AWS account and region, and a "
                f"training job with this name already exists ({_ARN}{name})",
            ) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        self._layout.touch()
        self._scheduler.dispatch()
        return {"TrainingJobArn": _ARN + name}

    def describe_training_job(self, request: dict[str, Any]) -> Answer:
        """DescribeTrainingJob."""
        job = self._existing(request)
        if self._state(job)["status"] not in _FINAL:
            self._scheduler.dispatch()  # which notices a supervisor that is dead
        state, asked = self._state(job), job.request()
        answer: Answer = {key: asked[key] for key in _REPEATED if key in asked}
        answer.update(
            TrainingJobName=job.name,
            TrainingJobArn=_ARN + job.name,
            TrainingJobStatus=state["status"],
            SecondaryStatus=state["secondary"],
            CreationTime=state["created"],
            LastModifiedTime=state["modified"],
            ModelArtifacts={"S3ModelArtifacts": state.get("model", "")},
            EnableNetworkIsolation=False,
            EnableManagedSpotTraining=asked.get("EnableManagedSpotTraining", False),
            SecondaryStatusTransitions=[_transition(t) for t in state["transitions"]],
        )
        for member, key in (
            ("TrainingStartTime", "training_start"),
            ("TrainingEndTime", "training_end"),
            ("FailureReason", "failure"),
            ("FinalMetricDataList", "final_metrics"),
        ):
            if state.get(key):
                answer[member] = state[key]
        if state.get("training_start") and state.get("training_end"):
            seconds = max(1, round(state["training_end"] - state["training_start"]))
            answer["TrainingTimeInSeconds"] = answer["BillableTimeInSeconds"] = seconds
        return answer

    def list_training_jobs(self, request: dict[str, Any]) -> Answer:
        """ListTrainingJobs: filters, order and paging as the API has them."""
        self._scheduler.dispatch()
        by = _one_of(request, "SortBy", ("CreationTime", "Name", "Status"))
        keys: dict[str, Callable[[Answer], Any]] = {
            "Name": lambda s: s["TrainingJobName"],
            "Status": lambda s: (s["TrainingJobStatus"], s["TrainingJobName"]),
            "CreationTime": lambda s: (s["CreationTime"], s["TrainingJobName"]),
        }
        orders = ("Ascending", "Descending")
        order = _one_of(request, "SortOrder", orders[::-1] if by == "CreationTime" else orders)
        rows = sorted(
            (s for s in self._summaries(request) if _in_times(s, request)),
            key=keys[by],
            reverse=order == "Descending",
        )
        start = _page_start(request.get("NextToken"))
        end = start + request.get("MaxResults", 10)
        page = rows[start:end]
        # As on SageMaker, the status filter counts after the page is cut.
        wanted = request.get("StatusEquals")
        answer: Answer = {
            "TrainingJobSummaries": [s for s in page if wanted in (None, s["TrainingJobStatus"])]
        }
        if end < len(rows):
            answer["NextToken"] = base64.urlsafe_b64encode(
                json.dumps({"at": end}).encode()
            ).decode()
        return answer

    def stop_training_job(self, request: dict[str, Any]) -> Answer:
        """StopTrainingJob: the supervisor sees the marker; a waiting job ends at once."""
        job = self._existing(request)
        status = self._state(job)["status"]
        if status in _FINAL:
            raise ApiError(
                "ValidationException",
                f"The request was rejected because the training job is in status {status}.",
            )
        job.stop.touch()
        self._layout.touch()
        self._scheduler.withdraw(job.name)
        return {}

    def delete_training_job(self, request: dict[str, Any]) -> Answer:
        """DeleteTrainingJob: only one that has ended."""
        job = self._existing(request)
        status = self._state(job)["status"]
        if status not in _FINAL:
            raise ApiError(
                "ResourceInUse", f"The training job is in status {status} and can't be deleted."
            )
        gone = job.path.with_name(f".gone-{os.getpid()}-{job.name}")
        job.path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        self._layout.touch()
        return {}

    def list_tags(self, request: dict[str, Any]) -> Answer:
        """ListTags of a training job."""
        name = request["ResourceArn"].rpartition("/")[2]
        return {"Tags": self._existing({"TrainingJobName": name}).request().get("Tags", [])}

    def _existing(self, request: dict[str, Any]) -> JobFolder:
        name = request["TrainingJobName"]
        job = self._layout.job(name)
        if check_name(name) or not job.path.is_dir():
            raise ApiError("ValidationException", "Requested resource not found.")
        return job

    def _state(self, job: JobFolder) -> dict[str, Any]:
        state = job.state()
        if state["status"] == "InProgress" and job.stop.exists():
            asked = round(job.stop.stat().st_mtime, 3)
            new_transition(state, "Stopping")
            state["transitions"][-2]["end"] = state["transitions"][-1]["start"] = asked
            state.update(status="Stopping", modified=max(state["modified"], asked))
        return state

    def _summaries(self, request: dict[str, Any]) -> Iterator[Answer]:
        part = request.get("NameContains", "").lower()
        after = request.get("LastModifiedTimeAfter")
        for path in self._layout.jobs.iterdir():
            if path.name.startswith(".") or part not in path.name.lower():
                continue
            try:
                # The folder's own time moves with every state written, so what has not
                # changed since is skipped without being read.
                if after is not None and path.stat().st_mtime < after - 1:
                    continue
                state = self._state(self._layout.job(path.name))
            except FileNotFoundError:  # deleted in between
                continue
            summary: Answer = {
                "TrainingJobName": path.name,
                "TrainingJobArn": _ARN + path.name,
                "CreationTime": state["created"],
                "LastModifiedTime": state["modified"],
                "TrainingJobStatus": state["status"],
            }
            if state.get("training_end"):
                summary["TrainingEndTime"] = state["training_end"]
            yield summary

    def refuse_what_is_not_offered(self, request: dict[str, Any]) -> None:
        """Raise ApiError for what SageMaker offers and this target does not."""
        if "ResourceConfig" not in request or "AlgorithmSpecification" not in request:
            raise ApiError(
                "ValidationException",
                "The local target needs ResourceConfig and AlgorithmSpecification.",
            )
        for definition in request["AlgorithmSpecification"].get("MetricDefinitions", []):
            try:
                re.compile(definition["Regex"])
            except re.error as error:
                raise ApiError(
                    "ValidationException",
                    f"The regular expression of metric {definition['Name']!r} can't be read: {error}.",
                ) from None
        if "sagemaker_program" not in request.get("HyperParameters", {}):
            raise ApiError(
                "ValidationException",
                "The local target runs scripts, not images: HyperParameters must name "
                "sagemaker_program and sagemaker_submit_directory.",
            )
        if request["ResourceConfig"].get("InstanceGroups"):
            raise ApiError("ValidationException", "The local target has no InstanceGroups.")
        for place, uri in _places(request):
            if not uri.startswith("file:///"):
                raise ApiError(
                    "ValidationException",
                    f"The local target reads and writes folders; {place} names {uri or 'nothing'}.",
                )
        _check_mode(request["AlgorithmSpecification"].get("TrainingInputMode", "File"), "the job")
        for channel in request.get("InputDataConfig", []):
            name = channel["ChannelName"]
            _check_mode(channel.get("InputMode", "File"), f"channel {name}")
            kind = channel["DataSource"]["S3DataSource"]["S3DataType"]
            if kind != "S3Prefix":
                raise ApiError(
                    "ValidationException",
                    f"The local target reads folders (S3Prefix); channel {name} is a {kind}.",
                )


def _check_mode(mode: str, where: str) -> None:
    if mode not in ("File", "FastFile"):
        raise ApiError(
            "ValidationException",
            f"The local target has no {mode} input mode ({where}); use File or FastFile.",
        )


def _places(request: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every address of a request that the job reads or writes."""
    own = decoded_hyperparameters(request)
    yield "sagemaker_submit_directory", str(own.get("sagemaker_submit_directory", ""))
    yield "OutputDataConfig", request["OutputDataConfig"]["S3OutputPath"]
    if "CheckpointConfig" in request:
        yield "CheckpointConfig", request["CheckpointConfig"]["S3Uri"]
    for channel in request.get("InputDataConfig", []):
        uri = channel["DataSource"].get("S3DataSource", {}).get("S3Uri", "")
        yield f"channel {channel['ChannelName']}", uri


def _transition(row: dict[str, Any]) -> Answer:
    answer = {"Status": row["status"], "StartTime": row["start"], "StatusMessage": row["message"]}
    if "end" in row:
        answer["EndTime"] = row["end"]
    return answer


def _in_times(summary: Answer, request: dict[str, Any]) -> bool:
    for member, key in (("CreationTime", "CreationTime"), ("LastModifiedTime", "LastModifiedTime")):
        value = summary[member]
        if value < request.get(f"{key}After", value) or value > request.get(f"{key}Before", value):
            return False
    return True


def _page_start(token: str | None) -> int:
    if not token:
        return 0
    try:
        start = json.loads(base64.urlsafe_b64decode(token))["at"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        start = None
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise ApiError("ValidationException", "The NextToken is invalid.")
    return start


def _one_of(request: dict[str, Any], member: str, known: tuple[str, ...]) -> str:
    """A member that must be one of the known values; the first is the default."""
    value = request.get(member, known[0])
    if value not in known:
        raise ApiError(
            "ValidationException",
            f"Value {value!r} at '{member}' failed to satisfy constraint: one of {sorted(known)}.",
        )
    return str(value)
