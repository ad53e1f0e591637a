"""What the supervisor and the module of a kind say to each other: Work, Command, Steps.

The supervisor knows when things are done, a kind's module what is done. A module here has a
class `Run` that is made with a Work and fits Steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.targets.local.disk.layout import JobFolder
from jupyter_sm.targets.local.runner.host import Host
from jupyter_sm.targets.local.runner.network import Network
from jupyter_sm.targets.local.runner.views import OPT_ML, Mount, Views

_SUBMITTED = "jupyter-sm:submitted"


class JobFailedError(Exception):
    """The job has failed; the text is its FailureReason."""


class JobStoppedError(Exception):
    """A stop was asked for, or the time limit reached; the text is the secondary status."""


@dataclass(frozen=True)
class Work:
    """One job that is being run, as the module of its kind gets it.

    - `root`: the target's own folder, for what is kept from job to job.
    - `request`, `state`: the Create request; what Describe answers from, written by the
      supervisor at the next change of status.
    - `hosts`: `algo-1`, `algo-2`, …, one per instance.
    - `network`: the hosts' addresses, and a port of the job's own.
    - `views`: what the hosts see of the machine; `opt_ml` says what follows from that.
    - `say(text, host)`: puts a line of ours into a host's log, the first host's unless told.
    - `check_stop()`: raises JobStoppedError once the job is to stop. Called often, as between
      files, by whatever takes long.
    """

    kind: Kind
    job: JobFolder
    root: Path
    request: dict[str, Any]
    state: dict[str, Any]
    hosts: Sequence[str]
    network: Network
    views: Views
    say: Callable[..., None]
    check_stop: Callable[[], None]

    @property
    def name(self) -> str:
        """The job's name."""
        return self.job.name

    @property
    def arn(self) -> str:
        """The job's ARN; empty of a job that was submitted by an older version."""
        return str(self.state.get("arn", ""))

    def opt_ml(self, host: str) -> Path:
        """Where a host's own processes find what lies in `job.host(host)`."""
        return self.job.host(host) if self.views.refusal else OPT_ML

    def container_folder(self, host: str) -> Path:
        """Where a container's own command starts: SageMaker's images have no other WORKDIR."""
        return self.job.host(host) if self.views.refusal else Path("/")

    def meet_at(self) -> str:
        """The name or address of the first host, as all hosts have it."""
        return "127.0.0.1" if self.views.refusal else self.hosts[0]

    @property
    def submitted_at(self) -> float:
        """When the user submitted it, in seconds; later it may have waited for its files."""
        for tag in self.request.get("Tags", []):
            if tag["Key"] == _SUBMITTED:
                return float(tag["Value"])
        return float(self.state["created"])


@dataclass(frozen=True)
class Command:
    """What one host runs: arguments, the whole environment, the folder it starts in.

    `mounts` are what the host sees in other places than the machine has it, beside its /opt/ml.
    They count where hosts have views of their own, that is, where `views.refusal` is empty.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    mounts: Mapping[str, Mount] = field(default_factory=dict)


class Steps(Protocol):
    """What differs from kind to kind when a job runs; called in this order.

    A failure is an exception whose text is the FailureReason: JobFailedError, ChannelError,
    ArtifactError or RequirementsError.
    """

    # The secondary status while the commands run.
    working: str
    # Whether `upload` is called too where a command has failed.
    uploads_failed: bool

    def lay_out(self) -> None:
        """Make each host's folders and bring its inputs."""
        ...

    def command(self, host: str) -> Command | None:
        """What a host runs, None where another host does its part.

        Asked for all hosts before the first is started.
        """
        ...

    def reason(self, host: Host) -> str:
        """The FailureReason of a job whose command ended with another code than 0 on a host."""
        ...

    def upload(self) -> None:
        """Bring what was made to where the request wants it; also of a stopped job."""
        ...

    def clear(self) -> None:
        """Remove what nobody needs any more, whatever the end was. Does not raise."""
        ...


def host_names(machines: Mapping[str, Any]) -> list[str]:
    """`algo-1`, `algo-2`, …: one per instance of a request's ResourceConfig or the like."""
    return [f"algo-{n + 1}" for n in range(machines.get("InstanceCount", 1))]
