"""LocalTarget: the local engine behind botocore clients."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from jupyter_sm.jobs import Kind, TrainingSpec
from jupyter_sm.jobs.spec import Placement
from jupyter_sm.targets.local.api.engine import LocalEngine
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.api.kinds import OFFERED
from jupyter_sm.targets.local.api.offer import ROLE
from jupyter_sm.targets.local.disk.layout import Layout
from jupyter_sm.targets.local.disk.room import Cleared, Limits, Room
from jupyter_sm.targets.local.interpreter import interpreter_of
from jupyter_sm.targets.paths import resolved
from jupyter_sm.targets.protocol import Cadence, Staged, Staging
from jupyter_sm.targets.settings import local_limits


class LocalTarget:
    """Jobs on this machine. `root` holds everything the target knows."""

    name = "local"
    kinds: tuple[str, ...] = tuple(offer.kind.kind for offer in OFFERED)
    stages = False
    reads_all_logs = True
    log_quiet_seconds = 0.0
    fills_in: frozenset[str] = frozenset()
    # Files tell when to look; this often it is looked all the same.
    cadence = Cadence(
        fast=10,
        slow=10,
        idle=10,
        sweep=10,
        overlap=2,
        deep=0,
        deep_overlap=2,
        history=0,
        at_once=1_000,
        search_from=float("inf"),
    )

    def __init__(self, root: Path, *, max_jobs: int | None = None) -> None:
        self.engine = LocalEngine(root, max_jobs=max_jobs)
        self._room = Room(Layout(self.engine.root))
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """A botocore client whose requests never leave the process."""
        with self._lock:
            if service not in self._clients:
                from jupyter_sm.targets.local.wire import connect

                self._clients[service] = connect(service, self.engine)
            return self._clients[service]

    def place(self, spec: TrainingSpec, name: str, source: Path) -> Placement:
        """Local folders as `file://`; the image is a Python, if not told that which submits."""
        output = spec.output or (self.engine.root / "output").as_uri()
        image, notes = interpreter_of(spec.image, spec.instance)
        return Placement(
            source_uri=source.absolute().as_uri(),
            output_uri=_uri(output),
            image=image,
            role=spec.role or ROLE,
            region="local",
            input_uris={channel: _uri(path) for channel, path in spec.inputs.items()},
            checkpoint_uri=_uri(spec.checkpoint) if spec.checkpoint else None,
            notes=notes,
        )

    def check(self, kind: Kind, request: dict[str, Any]) -> str | None:
        """What the engine would refuse in a request that is valid for SageMaker."""
        try:
            self.engine.refuse_what_is_not_offered(kind, request)
        except ApiError as error:
            return error.message
        return None

    def notes(self, kind: Kind, request: dict[str, Any]) -> list[str]:
        """Which settings of a request count for nothing on this machine."""
        return self.engine.notes(kind, request)

    def defaults(self, kind: Kind) -> tuple[()]:
        """Nothing: all is in the request."""
        return ()

    def stage(self, staging: Staging) -> Staged:
        """Nothing: the supervisor reads folders where they are."""
        return Staged(staging.request)

    def tidy(self) -> list[Cleared]:
        """Keep what ended jobs have left within the settings' limits."""
        bytes_left, jobs_left = local_limits(self.engine.root.parent)
        return self._room.keep(Limits(bytes_left, jobs_left))

    def renew(self) -> None:
        """Nothing: there are no credentials."""

    def change_hint(self) -> object:
        """The time of the engine's last change of any job."""
        return self.engine.last_change()

    def log_hint(self, kind: str, name: str) -> object:
        """The sizes of the job's log files."""
        return self.engine.log_sizes(kind, name)

    def queue_url(self) -> str | None:
        """None: files tell of changes."""
        return None


def _uri(address: str) -> str:
    if "://" in address:
        return address
    return resolved(address).as_uri()
