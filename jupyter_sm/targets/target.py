"""What a target is, and how its name becomes one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

from jupyter_sm.jobs.spec import Placement, TrainingSpec


class UnknownTargetError(ValueError):
    """A target name that stands for nothing."""


class Target(Protocol):
    """Where jobs run.

    - `logs_are_free`: reading logs costs no API calls, so running jobs are always read.
    - `log_quiet_seconds`: how long after a job's end its log may still grow.
    - `file_uris`: requests may name local folders as `file://`.
    """

    name: str
    logs_are_free: bool
    log_quiet_seconds: float
    file_uris: bool

    def client(self, service: str) -> Any:
        """A botocore client for `sagemaker` or `logs`. Thread-safe; made once."""
        ...

    def place(self, spec: TrainingSpec, name: str, source: Path) -> Placement:
        """Where this target puts the job's source, input and output. Creates nothing."""
        ...

    def check(self, request: dict[str, Any]) -> str | None:
        """Why the target can't run a valid request, in one sentence, or None."""
        ...

    def change_hint(self) -> object:
        """A cheap value that differs once some job may have changed; None when unknown."""
        ...

    def log_hint(self, name: str) -> object:
        """A cheap value that differs once a job's log has grown; None when unknown."""
        ...


def target_names() -> list[str]:
    """The targets there are, in the order a face offers them."""
    # On Windows the local target does not run, and everything else does.
    return ["local"] if os.name == "posix" else []


def open_target(name: str, data_dir: Path) -> Target:
    """The target of that name; its state, if it has any, lies below `data_dir`.

    Raises UnknownTargetError for a name that stands for nothing.
    """
    if name == "local":
        from jupyter_sm.targets.local import LocalTarget

        return LocalTarget(data_dir / "local")
    raise UnknownTargetError(
        f"There is no target {name!r}. Known targets: {', '.join(target_names())}."
    )
