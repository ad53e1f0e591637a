"""A local target in a folder, with short words for what its tests do again and again."""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.targets.local import LocalTarget
from jupyter_sm.targets.local.disk.layout import Layout
from jupyter_sm.targets.local.disk.log_files import event_line
from jupyter_sm.targets.local.runner.network import Network
from jupyter_sm.targets.local.runner.views import Views
from jupyter_sm.targets.local.wire import Request, handle

from kit.wait import wait_for

LOG_GROUP = TRAINING.logs("").group
FINAL = ("Completed", "Failed", "Stopped")
_numbers = itertools.count(1)


def source_archive(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """A sourcedir.tar.gz that holds the files, names as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def channel(name: str, place: Path | str, **members: Any) -> dict[str, Any]:
    """One entry of InputDataConfig; `distribution` goes where AWS has it."""
    where = {
        "S3DataType": "S3Prefix",
        "S3Uri": place.as_uri() if isinstance(place, Path) else place,
        "S3DataDistributionType": members.pop("distribution", "FullyReplicated"),
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": where}, **members}


def call(engine: Any, operation: str, body: bytes) -> tuple[int, bytes]:
    """One call past botocore: the HTTP status and body of the answer."""
    response = handle(engine, Request("POST", "/", {"x-amz-target": operation}, body))
    return response.status, response.body


class Machine:
    """A local target; jobs get names of their own unless told."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.target = LocalTarget(folder / "local", **options)
        self.sagemaker = self.target.client("sagemaker")

    @property
    def logs(self) -> Any:
        return self.target.client("logs")

    def request(
        self,
        code: str = "",
        *,
        name: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
        program: str = "train.py",
        hyperparameters: Mapping[str, Any] | None = None,
        hosts: int = 1,
        limit: int = 120,
        metrics: Mapping[str, str] | None = None,
        source: Path | None = None,
        **members: Any,
    ) -> dict[str, Any]:
        name = name or f"job-{next(_numbers)}"
        source = source or source_archive(
            self.folder / "sources" / name / "sourcedir.tar.gz", {program: code, **(files or {})}
        )
        own = {"sagemaker_program": program, "sagemaker_submit_directory": source.as_uri()}
        algorithm: dict[str, Any] = {
            "TrainingImage": Path(sys.executable).as_uri(),
            "TrainingInputMode": "File",
        }
        if metrics:
            algorithm["MetricDefinitions"] = [{"Name": n, "Regex": r} for n, r in metrics.items()]
        return {
            "TrainingJobName": name,
            "HyperParameters": {
                key: json.dumps(value) for key, value in {**(hyperparameters or {}), **own}.items()
            },
            "AlgorithmSpecification": algorithm,
            "RoleArn": "arn:aws:iam::000000000000:role/local",
            "OutputDataConfig": {"S3OutputPath": self.output.as_uri()},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": hosts,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": limit},
            **members,
        }

    def start(self, code: str = "", **members: Any) -> str:
        """Create a job; its name."""
        request = self.request(code, **members)
        self.sagemaker.create_training_job(**request)
        return request["TrainingJobName"]

    def run(self, code: str = "", **members: Any) -> dict[str, Any]:
        """Create a job and wait for its end; its description then."""
        return self.ended(self.start(code, **members))

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def status(self, name: str) -> str:
        return self.describe(name)["TrainingJobStatus"]

    def ended(self, name: str, seconds: float = 30.0) -> dict[str, Any]:
        wait_for(lambda: self.status(name) in FINAL, seconds)
        return self.describe(name)

    def stop(self, name: str) -> None:
        self.sagemaker.stop_training_job(TrainingJobName=name)

    def job_folder(self, name: str) -> Path:
        return self.target.engine.root / "jobs" / "training" / name

    def result(self, name: str, file: str = "model.tar.gz") -> Path:
        return self.output / name / "output" / file

    def lines(self, name: str, host: str = "algo-1") -> list[str]:
        """All messages of a host, read through the API."""
        streams = self.logs.describe_log_streams(
            logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/{host}-"
        )["logStreams"]
        return [m for stream in streams for m in self.messages(stream["logStreamName"])]

    def messages(self, stream: str) -> list[str]:
        token: dict[str, str] = {}
        found: list[str] = []
        while True:
            page = self.logs.get_log_events(
                logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True, **token
            )
            found += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token.get("nextToken"):
                return found
            token = {"nextToken": page["nextForwardToken"]}

    def write_stream(
        self, job: str, events: Sequence[tuple[int, str]], stream: str = "algo-1-1700000000"
    ) -> str:
        """Put a stream's file where a supervisor would write it; the stream's name."""
        folder = self.job_folder(job) / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{stream}.log").write_bytes(b"".join(event_line(t, m) for t, m in events))
        return f"{job}/{stream}"

    def end_all(self) -> None:
        """Stop whatever still waits or runs."""
        names = [
            path.name for path in (self.target.engine.root / "jobs" / "training").glob("[!.]*")
        ]
        alive = [
            n
            for n in names
            if (self.job_folder(n) / "state.json").exists() and self.status(n) not in FINAL
        ]
        for name in alive:
            if self.status(name) == "InProgress":
                self.stop(name)
        # A job that never ends is its test's failure to tell, not the clean-up's.
        with suppress(AssertionError):
            wait_for(lambda: all(self.listed_status(name) in FINAL for name in alive), 10)

    def listed_status(self, name: str) -> str | None:
        rows = self.sagemaker.list_training_jobs(NameContains=name, MaxResults=100)
        found = {r["TrainingJobName"]: r["TrainingJobStatus"] for r in rows["TrainingJobSummaries"]}
        return found.get(name)


@contextmanager
def machine_in(folder: Path, *, grace: str = "0.5", **options: Any) -> Iterator[Machine]:
    """A machine whose jobs are ended afterwards; `grace` is what a stop leaves them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_SM_STOP_GRACE", grace)
        machine = Machine(folder, **options)
        yield machine
        machine.end_all()


def views_in(folder: Path) -> Views:
    """The views of a job's two hosts; the test is skipped where the system does not allow them."""
    layout = Layout(folder)
    layout.make()
    job = layout.job("training", "viewed")
    for host in ("algo-1", "algo-2"):
        (job.host(host) / "code").mkdir(parents=True)
    views = Views(job, Network(layout.root, ["algo-1", "algo-2"]))
    if views.refusal:
        pytest.skip(f"Hosts can't have views of their own here: {views.refusal}")
    return views


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        try:  # no /proc: macOS
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return state != "Z"
