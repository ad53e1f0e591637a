"""A local target whose calls fail when a test says so, and short words for its tests."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import Store
from jupyter_sm.targets import pack_source
from jupyter_sm.targets.local import LocalTarget

ENDPOINT = "http://local.invalid"
FOREVER = 1_000_000


def api_error(code: str, status: int = 400, message: str = "said the target") -> ClientError:
    """An error answer of the API, as botocore raises it."""
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "CreateTrainingJob")


def no_connection() -> Exception:
    """Nothing reached the target."""
    return ConnectTimeoutError(endpoint_url=ENDPOINT)


def answer_lost() -> Exception:
    """The target may have done it; its answer never came."""
    return ReadTimeoutError(endpoint_url=ENDPOINT)


class FaultyTarget:
    """Delegates to a LocalTarget; `fail` makes calls raise before or after they are handled."""

    def __init__(self, home: Path) -> None:
        self.real = LocalTarget(home / "local")
        # Missed changes are noticed sooner than a user would need it.
        self.cadence = replace(self.real.cadence, fast=1, slow=1, idle=1, sweep=1)
        self.calls: list[str] = []
        self._before: list[dict[str, Any]] = []
        self._after: list[dict[str, Any]] = []
        self._held: dict[str, threading.Event] = {}
        for service in ("sagemaker", "logs"):
            events = self.real.client(service).meta.events
            events.register_first(f"before-send.{service}", self._first)
            events.register_last(f"before-send.{service}", self._last)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def fail(
        self,
        operation: str,
        error: Exception,
        *,
        times: int = FOREVER,
        handled: bool = False,
        name: str = "",
    ) -> None:
        """The next calls raise; `*` is every operation, `name` restricts it to one job.

        `handled`: the target has done what was asked before the error.
        """
        rules = self._after if handled else self._before
        rules.append({"operation": operation, "error": error, "left": times, "name": name})

    def hold(self, operation: str) -> threading.Event:
        """Calls of the operation wait until this is set, as those of a long list do."""
        return self._held.setdefault(operation, threading.Event())

    def heal(self) -> None:
        """No more faults."""
        self._before.clear()
        self._after.clear()

    def count(self, operation: str) -> int:
        """How often the operation was called."""
        return self.calls.count(operation)

    def jobs(self) -> list[str]:
        """Names of all jobs there are, asked past the faults."""
        root = self.real.engine.root / "jobs" / "training"
        return sorted(path.name for path in root.glob("[!.]*"))

    def _first(self, request: Any, **_: Any) -> None:
        operation = _operation(request)
        self.calls.append(operation)
        if operation in self._held:
            self._held[operation].wait(60)
        _raise_due(self._before, request)

    def _last(self, request: Any, **_: Any) -> None:
        _raise_due(self._after, request)


def _operation(request: Any) -> str:
    target = request.headers["X-Amz-Target"]
    text = target.decode() if isinstance(target, bytes) else target
    return text.rpartition(".")[2]


def _raise_due(rules: list[dict[str, Any]], request: Any) -> None:
    body = request.body.encode() if isinstance(request.body, str) else request.body
    operation, text = _operation(request), json.dumps(json.loads(body or b"{}"))
    for rule in rules:
        fits = rule["operation"] in ("*", operation) and rule["name"] in text
        if fits and rule["left"] > 0:
            rule["left"] -= 1
            raise rule["error"]


def create_directly(
    target: LocalTarget | FaultyTarget, store: Store, script: Path, name: str, **more: Any
) -> None:
    """Create a job with the boto3 client, as somebody else would."""
    spec = TrainingSpec(str(script), **more)
    source, program = pack_source(script, None, store.folder / "sources")
    request = spec.request(name, program, target.place(spec, name, source))
    target.client("sagemaker").create_training_job(**request)


def state_of(store: Store, name: str) -> tuple[str, int, float]:
    """State, attempts and time of the next attempt of a job's submission of one step.

    As long as it is open, its state is the step's.
    """
    row = store.read().execute(
        "SELECT CASE s.state WHEN 'open' THEN t.state ELSE s.state END, s.attempts,"
        " s.next_attempt_at FROM submissions s JOIN jobs j ON j.id = s.job_id"
        " JOIN steps t ON t.submission_id = s.id WHERE j.name = ?",
        (name,),
    )
    return tuple(row.fetchone())


def due_now(store: Store, name: str) -> None:
    """What waits for its next attempt need not."""
    with store.write() as db:
        db.execute(
            "UPDATE submissions SET next_attempt_at = 0"
            " WHERE job_id = (SELECT id FROM jobs WHERE name = ?)",
            (name,),
        )


def set_state(store: Store, name: str, state: str, attempts: int = 1) -> None:
    """A submission as a crash would have left it."""
    with store.write() as db:
        db.execute(
            "UPDATE submissions SET attempts = ?"
            " WHERE job_id = (SELECT id FROM jobs WHERE name = ?)",
            (attempts, name),
        )
        db.execute(
            "UPDATE steps SET state = ? WHERE submission_id = (SELECT s.id FROM submissions s"
            " JOIN jobs j ON j.id = s.job_id WHERE j.name = ?)",
            (state, name),
        )
