"""Kind: what SageMaker calls each thing for one kind of job, and how its answers are read.

All that differs from kind to kind stands in the module of the kind, which makes one row of this
type; everything above asks the row. Pure: a row's functions take and give plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.kinds.places import Place
from jupyter_sm.jobs.kinds.seen import Seen
from jupyter_sm.jobs.spec import Origin

Request = dict[str, Any]
Answer = Mapping[str, Any]
# Calls an operation with a request; None where the service says that there is no such thing.
Ask = Callable[[str, Request], Answer | None]


@dataclass(frozen=True)
class LogPlace:
    """Where a job's log lies: a group of CloudWatch Logs, and what its streams' names begin with."""

    group: str
    prefix: str


@dataclass(frozen=True)
class Search:
    """How SageMaker's Search finds a kind: the resource, and the filter for what is going on."""

    resource: str
    running: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """One call of a submission, and how the thing it makes is found again.

    `find` asks the service and answers what a Describe does, or None where nothing is there.
    `arn_field` is the member with the ARN under which the thing's tags, which tell whose it is,
    are listed; empty where `find` finds none but ours.
    """

    operation: str
    request: Request
    find: Callable[[Ask], Answer | None]
    arn_field: str


def _no_metrics(request: Mapping[str, Any]) -> dict[str, str]:
    return {}


def _no_results(request: Mapping[str, Any], name: str) -> Sequence[str]:
    return ()


def _keep(request: Request, name: str) -> None:
    """Nothing but the name field repeats the name."""


@dataclass(frozen=True)
class Kind:
    """One kind of job in SageMaker's own terms.

    - `create`, `describe`, `list`, `stop` and `delete` are operations of the service model
      (`delete` empty where there is none); `name_field`, `arn_field` and `status_field` members
      of their shapes, `summaries` the list member of a List answer.
    - `instance_types`: the shape that enumerates the instance types it takes.
    - `ended`: the statuses that are final.
    - `fills_in`: members of the Create request that a target can add when it stages the job.
    - `sdk_section`: where the SageMaker SDK's defaults for its requests stand.
    - `read`: a Describe answer, or a record of Search, read.
    - `places`: every address of a request.
    - `machines`: the part of a request that holds InstanceType, InstanceCount and VolumeSizeInGB.
    - `refusals`: what SageMaker refuses of a request that its service model lets pass.
    - `logs`: where the log of the job of a name lies.
    - `script`: the script that a request runs, or an empty text; `image`: its container's image.
    - `runs_command`: whether a request runs a command of its container, and no script mode.
    - `metric_definitions`: name to regular expression, as a request has them.
    - `rename`: writes a fresh name where a request repeats it beside the name field.
    - `spec`: the high level of its requests, if there is one; `spec_of` reads it back from a
      request and the place of the user's source, None where it can't say all of the request.
    - `results`: the addresses below which the job of a name leaves what it made.
    - `steps_of`: the steps that make the thing, where it is not made by one Create.
    """

    kind: str
    create: str
    describe: str
    list: str
    stop: str
    name_field: str
    arn_field: str
    status_field: str
    summaries: str
    instance_types: str
    read: Callable[[Answer], Seen]
    places: Callable[[Mapping[str, Any]], Iterator[Place]]
    machines: Callable[[Mapping[str, Any]], Request]
    refusals: Callable[[Mapping[str, Any]], Iterator[Fault]]
    logs: Callable[[str], LogPlace]
    script: Callable[[Mapping[str, Any]], str]
    image: Callable[[Mapping[str, Any]], str]
    runs_command: Callable[[Mapping[str, Any]], bool]
    delete: str = ""
    name_limit: int = 63
    ended: frozenset[str] = frozenset({"Completed", "Failed", "Stopped"})
    fills_in: frozenset[str] = frozenset({"RoleArn"})
    sdk_section: str = ""
    metric_definitions: Callable[[Mapping[str, Any]], dict[str, str]] = _no_metrics
    rename: Callable[[Request, str], None] = _keep
    search: Search | None = None
    spec: type | None = None
    spec_of: Callable[[Mapping[str, Any], Origin], Any] | None = None
    results: Callable[[Mapping[str, Any], str], Sequence[str]] = _no_results
    steps_of: Callable[[Request], tuple[Step, ...]] | None = None
    operations: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        named = {self.create, self.describe, self.list, self.stop, self.delete} - {""}
        object.__setattr__(self, "operations", frozenset(named))

    def phase_of(self, status: str) -> str:
        """The phase that a status of the service belongs to; one that is not known is `open`."""
        return "ended" if status in self.ended else "open"

    def named(self, request: Request, name: str) -> Request:
        """A request's copy under another name; what is below its first level is shared."""
        fresh = {**request, self.name_field: name}
        self.rename(fresh, name)
        return fresh

    def steps(self, request: Request) -> tuple[Step, ...]:
        """What is to be called, in order, for a request: one Create, found again by its name."""
        if self.steps_of is not None:
            return self.steps_of(request)
        wanted = {self.name_field: request.get(self.name_field)}
        return (Step(self.create, request, lambda ask: ask(self.describe, wanted), self.arn_field),)


# Where what a job's code imports is added, if not to a requirements.txt beside its script.
_OF_A_COMMAND = (
    "the job's image (on the local target: to the Python that runs it), as a command reads no "
    "requirements.txt"
)


def context_of(kind: Kind, request: Mapping[str, Any]) -> dict[str, str]:
    """What a request (or a Describe answer) adds to an error's text: the names it may be about."""
    places = list(kind.places(request))
    outputs = [p.uri(request) for p in places if p.role == "output"]
    machines = kind.machines(request)
    context = {
        "name": str(request.get(kind.name_field, "")),
        "script": kind.script(request),
        "instance_type": str(machines.get("InstanceType", "")),
        "role": str(request.get("RoleArn", "")).partition("role/")[2],
        "bucket": next(
            (u.removeprefix("s3://").partition("/")[0] for u in outputs if u.startswith("s3://")),
            "",
        ),
        "channels": ", ".join(p.name for p in places if p.role == "input"),
        "packages": _OF_A_COMMAND if kind.runs_command(request) else "",
    }
    return {key: value for key, value in context.items() if value}
