"""SageMaker's jobs and their CloudWatch logs, over AWS's JSON 1.1 protocol."""

from __future__ import annotations

import fnmatch
import json
import re
import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from types import TracebackType
from typing import Any

from . import control, processing
from .aws import client
from .clock import Clock
from .errors import ApiError
from .httpd import HttpServer, Response
from .job import Job
from .logs import Logs
from .processing import ProcessingJob
from .region import Region
from .sagemaker import SageMaker
from .scenario import Scenario
from .traps import Traps
from .validation import check, knows

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/SimulatedRole"
_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([a-z0-9-]+)/")
_KINDS: dict[str, type[Job]] = {made.kind: made for made in (Job, ProcessingJob)}
_TARGETS = {"SageMaker": "sagemaker", "Logs_20140328": "logs"}


@dataclass(frozen=True)
class Call:
    """One call that arrived: the simulator's time, what was called, and with what."""

    time: float
    service: str
    operation: str
    region: str
    body: dict[str, Any]
    error: str | None = None


class Simulator:
    """The simulated services; a context manager that serves on `url` while it is open."""

    def __init__(self, *, speed: float = 1.0, start: float | None = None, port: int = 0) -> None:
        self.clock = Clock(speed, start)
        self.traps = Traps().bind(self.clock)
        self.calls: list[Call] = []
        # The region of each S3 bucket that is not in the job's.
        self.buckets: dict[str, str] = {}
        self.quota: dict[str, float] = {}  # instances by type; none means no limit
        self.unassumable_roles: set[str] = set()
        self.accounts: dict[str, str] = {}  # the account of an access key, where not ACCOUNT
        self.unknown_keys: set[str] = set()
        self.newer_values: set[str] = set()  # of enumerations, unknown to the installed botocore
        self._scenarios: list[tuple[str, Scenario]] = []
        self._regions: dict[tuple[str, str], Region] = {}
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._operations = {
            "sagemaker": SageMaker(self).operations,
            "logs": Logs(self).operations,
        }
        self._server = HttpServer(self._respond, port)

    @property
    def url(self) -> str:
        """Where both services answer."""
        return f"http://127.0.0.1:{self._server.port}"

    def environment(self, region: str = REGION) -> dict[str, str]:
        """Environment variables with which botocore speaks to the simulator."""
        return {
            "AWS_ENDPOINT_URL_SAGEMAKER": self.url,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": self.url,
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, region: str = REGION, **config: Any) -> Any:
        """A boto3 client, "sagemaker" or "logs", that does not repeat calls unless told to."""
        return client(service, self.url, region, **config)

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def close(self) -> None:
        """Stop serving; calls that hang are let go."""
        self._closed.set()
        self._server.close()

    def scenario(self, name_or_glob: str, scenario: Scenario) -> None:
        """Let jobs that are created later, with such a name, go this way."""
        self._scenarios.insert(0, (name_or_glob, scenario))

    def scenario_of(self, name: str) -> Scenario:
        """The scenario for a job of this name."""
        for glob, scenario in self._scenarios:
            if fnmatch.fnmatchcase(name, glob):
                return self.traps.changed(scenario)
        return self.traps.changed(Scenario())

    def region(self, name: str = REGION, account: str = ACCOUNT) -> Region:
        """The jobs of an account in a region."""
        with self._lock:
            found = self._regions.get((account, name))
            if found is None:
                found = self._regions[account, name] = Region(name, account)
            return found

    def add_job(
        self,
        name: str,
        *,
        scenario: Scenario | None = None,
        created: float | None = None,
        tags: Mapping[str, str] | None = None,
        request: Mapping[str, Any] | None = None,
        kind: str = "training",
        region: str = REGION,
        account: str = ACCOUNT,
    ) -> Job:
        """A job that somebody else started, in the console or with an SDK."""
        wanted = {
            "kind": kind,
            "scenario": scenario,
            "created": created,
            "tags": tags,
            "request": request,
        }
        return self.add_jobs([{"name": name, **wanted}], region=region, account=account)[0]

    def add_jobs(
        self, jobs: Iterable[Mapping[str, Any]], *, region: str = REGION, account: str = ACCOUNT
    ) -> list[Job]:
        """Many jobs at once, each with add_job's arguments; 10,000 take a second or so."""
        with self._lock:
            now = self.clock.now()
            made = []
            for one in jobs:
                name = one["name"]
                made_of = _KINDS[one.get("kind", "training")]
                request = {**_default_of(made_of, name), **(one.get("request") or {})}
                tags = one.get("tags")
                if tags:
                    request["Tags"] = [{"Key": k, "Value": v} for k, v in tags.items()]
                scenario = one.get("scenario") or self.scenario_of(name)
                created = one.get("created")
                made.append(
                    made_of(request, scenario, now if created is None else created, region, account)
                )
            here = self.region(region, account)
            for kind in _KINDS.values():
                here.of(kind).add([job for job in made if type(job) is kind])
            return made

    def job(
        self, name: str, region: str = REGION, account: str = ACCOUNT, kind: str = "training"
    ) -> Record:
        """A job as it is now, for asserts. KeyError when there is none."""
        with self._lock:
            here = self.region(region, account).of(_KINDS[kind])
            return Record(here.jobs[name], self.clock)

    def stop_job(self, name: str, region: str = REGION, account: str = ACCOUNT) -> None:
        """Somebody else stops the job; nothing when it has ended or is being stopped."""
        with self._lock:
            here, now = self.region(region, account), self.clock.now()
            if here.jobs[name].status(now) == "InProgress":
                here.stop(here.jobs[name], now)

    def count(self, operation: str | None = None, since: float | None = None) -> int:
        """How many calls there were, of an operation (or glob), since a time."""
        with self._lock:
            return sum(
                (operation is None or fnmatch.fnmatchcase(call.operation, operation))
                and (since is None or call.time >= since)
                for call in self.calls
            )

    def reset(self) -> None:
        """Forget jobs, calls, scenarios and traps."""
        with self._lock:
            self._regions.clear()
            self.calls.clear()
            self._scenarios.clear()
            self.traps.clear()
            for settings in (self.buckets, self.quota, self.accounts):
                settings.clear()
            for values in (self.unassumable_roles, self.unknown_keys, self.newer_values):
                values.clear()

    def _respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        if path == control.PATH:
            return control.respond(self, body)
        service, _, operation = headers.get("x-amz-target", "").partition(".")
        try:
            answer = self._answer(_TARGETS.get(service, ""), operation, headers, body)
        except ApiError as error:
            return self._response(error.status, {"__type": error.code, "message": error.message})
        if isinstance(answer, int):
            code = "InternalFailure" if answer == 500 else "ServiceUnavailable"
            return self._response(answer, {"__type": code, "message": "Please try again."})
        return Response(None) if answer is None else self._response(200, answer)

    def _response(self, status: int, answer: dict[str, Any]) -> Response:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-RequestId": str(uuid.uuid4()),
            "Date": formatdate(self.clock.now(), usegmt=True),
        }
        data = json.dumps(answer, separators=(",", ":")).encode() if answer else b""
        return Response(status, data, headers)

    def _answer(
        self, service: str, operation: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any] | int | None:
        """The answer, a status to answer by, or None to close the connection."""
        if not service or not knows(service, operation):
            raise ApiError("UnknownOperationException", "")
        scope = _SCOPE.search(headers.get("authorization", ""))
        if scope is None:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
        key, region = scope[1], scope[2]
        account = self.accounts.get(key, ACCOUNT)
        request = _parsed(body)
        self._wait(operation)
        error = None
        with self._lock:
            try:
                if key in self.unknown_keys:
                    raise ApiError(
                        "UnrecognizedClientException",
                        "The security token included in the request is invalid.",
                    )
                self.traps.check(service, operation, region, account)
                handler = self._operations[service].get(operation)
                if handler is None:
                    raise ApiError("UnknownOperationException", "The simulator has no such call.")
                if fnmatch.fnmatchcase(operation, self.traps.unreachable):
                    return None
                check(service, operation, request, frozenset(self.newer_values))
                answer = handler(self.region(region, account), request)
                return self._lost(operation, answer)
            except ApiError as failed:
                error = failed.code
                raise
            finally:
                self.calls.append(
                    Call(self.clock.now(), service, operation, region, request, error)
                )

    def _lost(self, operation: str, answer: dict[str, Any]) -> dict[str, Any] | int | None:
        """The trap accepted_but_timed_out: it was done, but nobody is told."""
        traps = self.traps
        if traps.accepted_but_timed_out > 0 and fnmatch.fnmatchcase(
            operation, traps.accepted_operations
        ):
            traps.accepted_but_timed_out -= 1
            return int(traps.accepted_answer) if traps.accepted_answer != "close" else None
        return answer

    def _wait(self, operation: str) -> None:
        """The traps slow and hang; over when the simulator is closed."""
        seconds = self.traps.slow
        hang = self.traps.hang
        if hang and fnmatch.fnmatchcase(operation, hang[0]):
            seconds += hang[1]
        if seconds:
            self._closed.wait(seconds)


class Record:
    """A job at the time it is asked about, for asserts."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self._job = job
        self._clock = clock
        self.name, self.request, self.created = job.name, job.request, job.created
        self.scenario, self.arn = job.scenario, job.arn

    @property
    def tags(self) -> dict[str, str]:
        """The job's tags."""
        return self._job.tags

    @property
    def status(self) -> str:
        """Its status now."""
        return self._job.status(self._clock.now())

    @property
    def secondary(self) -> str:
        """SecondaryStatus now."""
        return self._job.secondary(self._clock.now())

    @property
    def modified(self) -> float:
        """LastModifiedTime now."""
        return self._job.modified(self._clock.now())

    @property
    def ends(self) -> float:
        """When the job will have ended, or did; infinite when it runs until it is stopped."""
        return self._job.timeline.end

    @property
    def training(self) -> list[tuple[float, float]]:
        """When the containers ran, or will: one pair for each attempt."""
        return [(attempt.start, attempt.end) for attempt in self._job.timeline.attempts]

    def describe(self) -> dict[str, Any]:
        """What Describe answers now."""
        return self._job.describe(self._clock.now())


def default_request(name: str) -> dict[str, Any]:
    """A request that CreateTrainingJob accepts."""
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/training:latest",
            "TrainingInputMode": "File",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://simulated-bucket/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
    }


def _default_of(made: type[Job], name: str) -> dict[str, Any]:
    if made is ProcessingJob:
        image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/processing:latest"
        return processing.default_request(name, ROLE, image)
    return default_request(name)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise ApiError("SerializationException", "The body is not a JSON object.")
    return request
