"""Target: what everything above the targets knows of one. Neither kind of target is named here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jupyter_sm.diagnosis import ExplainedError, explained
from jupyter_sm.jobs import Kind, TrainingSpec
from jupyter_sm.jobs.spec import Placement


class NotReadyError(ExplainedError):
    """A target can't be used yet: the user has something to mend, or (`passes`) to wait for."""

    def __init__(
        self, category: str, title: str, what: str, *fixes: str, passes: bool = False
    ) -> None:
        super().__init__(explained(category, title, what, *fixes))
        self.passes = passes


class StagingRefusedError(ExplainedError):
    """A job can't be staged: a bucket, a role or a file is not what it must be."""

    def __init__(self, category: str, title: str, what: str, *fixes: str) -> None:
        super().__init__(explained(category, title, what, *fixes))


class StagingStoppedError(Exception):
    """Somebody asked for the job to be stopped while its files were being staged."""


@dataclass(frozen=True)
class Default:
    """The value of an option where a call leaves it out, and where that was set."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True)
class Cadence:
    """How often a target is asked, in seconds.

    - `fast`: while a job is watched or young (less than `young` old), or a stop is on its way;
    - `slow`: while only older, unwatched jobs run; `idle`: while nothing runs;
    - `sweep`: between looks at every job that has not ended, should a change have been missed;
    - `overlap` before the newest known change is asked for again each time, and
      `deep_overlap` every `deep`, since lists may lag behind;
    - `log`: between reads of the one log that is watched; of several, as many times longer;
    - `history`: how far back jobs are looked for when a target is used first; 0 where the list
      holds them all;
    - `at_once`: how many jobs are described in one go;
    - `search_from`: from so many changes on, a Search is less than describing each.
    """

    fast: float = 3.5
    slow: float = 15.0
    idle: float = 60.0
    young: float = 300.0
    sweep: float = 300.0
    overlap: float = 5.0
    deep: float = 20.0
    deep_overlap: float = 60.0
    log: float = 5.5
    history: float = 30 * 86_400.0
    at_once: int = 1
    search_from: float = 5


@dataclass
class Staged:
    """A request whose files lie where the target reads them, and what was decided on the way."""

    request: dict[str, Any]
    notes: list[str] = field(default_factory=list)


@dataclass
class Staging:
    """What staging a submission needs to know, and whom it tells.

    `submitted_at` in seconds; `bucket` is where files go, empty where the target finds one;
    `on_progress` is called with bytes done and in all.
    """

    kind: Kind
    name: str
    request: dict[str, Any]
    submitted_at: float
    bucket: str
    create_bucket: bool
    on_progress: Callable[[int, int], None]
    stopped: threading.Event


class Target(Protocol):
    """Where jobs run.

    - `kinds`: the kinds of job that it runs.
    - `stages`: whether files are brought to it, and requests filled in, before they are sent.
    - `reads_all_logs`: whether every running job's log is read, page by page; else only those that
      somebody looks at, by event.
    - `log_quiet_seconds`: how long after a job's end its log may still grow.
    - `fills_in`: members of a Create request that the target itself can add, of those that a
      kind lets be added.
    """

    name: str
    kinds: tuple[str, ...]
    stages: bool
    reads_all_logs: bool
    log_quiet_seconds: float
    fills_in: frozenset[str]
    cadence: Cadence

    def client(self, service: str) -> Any:
        """A botocore client for a service such as `sagemaker`. Thread-safe; made once."""
        ...

    def place(self, spec: TrainingSpec, name: str, source: Path) -> Placement:
        """Where this target puts the job's source, input and output. Makes no call.

        Raises PathError or ImageError in one sentence.
        """
        ...

    def check(self, kind: Kind, request: dict[str, Any]) -> str | None:
        """Why the target can't run a valid request, in one sentence, or None. Makes no call."""
        ...

    def notes(self, kind: Kind, request: dict[str, Any]) -> list[str]:
        """What a user should know of a request that the target runs, in sentences. Makes no call."""
        ...

    def defaults(self, kind: Kind) -> Sequence[Default]:
        """What it fills in when it stages a job, as far as files of this machine tell. Makes no call.

        Raises StagingRefusedError for a file that can't be read.
        """
        ...

    def stage(self, staging: Staging) -> Staged:
        """Bring the files a request names to the target, and fill in what it leaves out.

        Raises StagingRefusedError, StagingStoppedError, or what botocore raises.
        """
        ...

    def tidy(self) -> Sequence[tuple[str, str, str]]:
        """Free disk that jobs took beyond the settings' limits; called now and then.

        Of each job that lost something: its kind, its name, a sentence. Raises SettingsError.
        """
        ...

    def renew(self) -> None:
        """Forget clients and credentials after they failed, so that new ones are looked for."""
        ...

    def change_hint(self) -> object:
        """A cheap value that differs once some job may have changed; None when unknown."""
        ...

    def log_hint(self, kind: str, name: str) -> object:
        """A cheap value that differs once a job's log has grown; None when unknown."""
        ...

    def queue_url(self) -> str | None:
        """The SQS queue that gets events of changed jobs, or None."""
        ...
