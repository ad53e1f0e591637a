"""Desk: what every face does with jobs, on one store, by their keys."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_sm.desk import space, targets
from jupyter_sm.desk.again import submit_again
from jupyter_sm.desk.artifacts import Results
from jupyter_sm.desk.defaults import Defaults, defaults_of, spec_of_call
from jupyter_sm.desk.drafts import checked_kind, draft_of_request, draft_of_spec
from jupyter_sm.desk.plans import Plan, plan_of
from jupyter_sm.desk.reach import Patience, silent, unreachable
from jupyter_sm.desk.submit import submit_request, submit_spec
from jupyter_sm.diagnosis import refusal
from jupyter_sm.jobs import JobKey, Origin, TrainingSpec, check_name, kind_named
from jupyter_sm.jobs.code import code_of
from jupyter_sm.jobs.differences import Difference, differences, without_ours
from jupyter_sm.shown.controls import is_text
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.shown.secrets import MASK, mask, masked, secrets_of, shown
from jupyter_sm.store import JobView, Store, StoreError, changes, jobs, open_store, stops, wanted
from jupyter_sm.store.leases import Rank
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.store.views import ChangePage, MetricPoint, MetricSeries, TargetView
from jupyter_sm.targets import UnknownTargetError
from jupyter_sm.tracking import STOP_SECONDS, service
from jupyter_sm.tracking.service import LOCAL, TrackingService

_LOOK_UP_SECONDS = 20.0

_log = logger_of(__name__)


class Desk:
    """All that a face asks of jobs or does to them. Safe to use from any thread.

    What is wrong is raised as ExplainedError, in one sentence, with the status of an HTTP answer.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.logs = LogPages(store)
        self._serving: TrackingService | None = None
        self._space = space.Space(store)

    # Looking

    def job(self, key: JobKey) -> JobView | None:
        """A job as the store has it, or None."""
        return jobs.get(self.store, key)

    def jobs(
        self,
        *,
        target: str | None = None,
        kind: str | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> tuple[list[JobView], int]:
        """Jobs, the newest first, and how many there are in all."""
        return jobs.listed(self.store, target=target, kind=kind, limit=limit, offset=offset)

    def find(self, name: str, target: str | None = None) -> list[JobView]:
        """The jobs of a name, on any target or on one; `processing/name` says the kind, too."""
        kind, _, plain = name.rpartition("/")
        found = jobs.find(self.store, plain, target) if is_text(name) else []
        return [view for view in found if not kind or view.kind == kind]

    def named(self, name: str, target: str | None = None) -> JobView:
        """The job of a name; of several the one that has not ended.

        Raises ExplainedError: 404 when there is none, 409 when the name does not say which.
        """
        found = self.find(name, target)
        going = [view for view in found if not view.is_over]
        if len(found) > 1 and len(going) != 1:
            each = ", ".join(f"{view.kind}/{view.name} on {view.target}" for view in found)
            raise refusal(
                "not-found",
                "Which job?",
                f"There are {len(found)} jobs named {name!r}: {each}.",
                "Say the kind before the name, as processing/NAME, or the target.",
                status=409,
            )
        if not found:
            where = f" on {target}" if target else ""
            raise refusal(
                "not-found",
                "No such job",
                f"There is no job named {name!r}{where}.",
                "List the jobs there are with %sm ls, sm.list_jobs() or jupyter sm ls.",
                "One that was started elsewhere: sm.track(name, target=…) or jupyter sm track.",
                status=404,
            )
        return (going or found)[0]

    def request(self, key: JobKey) -> dict[str, Any] | None:
        """The Create request behind a job, secrets masked."""
        request = jobs.request_of(self.store, key)
        return None if request is None else masked(request)

    def code(self, key: JobKey, form: str) -> str:
        """Code that, pasted and run, starts the same job; secrets are to be filled in.

        Raises ExplainedError (404, 400).
        """
        request = jobs.request_of(self.store, key)
        if request is None:
            raise refusal("not-found", "No such job", f"There is no job {key.name}.", status=404)
        try:
            return code_of(kind_named(key.kind), request, key.target, form, self.packed_from(key))
        except ValueError as error:
            raise refusal("invalid-parameter", "No such code", str(error)) from None

    def differences(self, one: JobKey, other: JobKey) -> list[Difference]:
        """What two jobs' requests have otherwise, secrets masked; our own tags do not count."""
        mine, theirs = (
            without_ours(jobs.request_of(self.store, key) or {}) for key in (one, other)
        )
        secrets = (*secrets_of(mine), *secrets_of(theirs))
        seen = {
            row.path: row for row in differences(masked(mine, secrets), masked(theirs, secrets))
        }
        # Two secrets differ, and look the same.
        return [
            seen.get(row.path) or Difference(mask(row.path), MASK, MASK)
            for row in differences(mine, theirs)
        ]

    def results(self, key: JobKey, seconds: float = _LOOK_UP_SECONDS) -> Results:
        """What a job has left; which files that are, the target has to say within some seconds."""
        return Results(self.store, key, seconds)

    def client(self, service: str, target: str) -> Any:
        """A boto3 client of a target, such as `sagemaker` or `logs`. Raises ExplainedError."""
        return targets.client(self.store, service, target)

    def packed_from(self, key: JobKey) -> Origin:
        """Where a job's source was packed from."""
        return jobs.packed_from(self.store, key)

    def targets(self) -> list[TargetView]:
        """The targets there are, and how each is."""
        return targets.shown(self.store)

    def last_change(self) -> int:
        """The newest change's number, 0 when there was none."""
        return changes.last(self.store)

    def changes(self, since: int) -> ChangePage:
        """What changed after a number."""
        return changes.since(self.store, since)

    # Logs and metrics

    def watch(self, key: JobKey) -> None:
        """Somebody looks at the job's log: it is read for the next minute."""
        jobs.watch(self.store, key)

    def log_is_read_out(self, key: JobKey) -> bool:
        """Whether nothing more will come into the job's log."""
        return jobs.log_is_read_out(self.store, key)

    def exported_log(self, key: JobKey) -> Iterator[str]:
        """The log as text to pass on, piece by piece: secrets masked, without colours."""
        secrets = secrets_of(jobs.request_of(self.store, key) or {})
        start = 0
        while True:
            text, behind = self.logs.printed(key, start, states=False)
            if behind <= start:
                return
            yield shown(text, secrets)
            start = behind

    def metric_points(self, key: JobKey) -> Iterator[MetricPoint]:
        """The points of all metrics in the order of time."""
        return streams.metric_points(self.store, key)

    def metric_series(self, key: JobKey) -> tuple[list[MetricSeries], int]:
        """The metrics as curves to draw, not more than can be drawn, and how many there are."""
        return streams.metric_series(self.store, key)

    # Acting

    def spec_of_call(
        self, given: Mapping[str, Any], target: str = LOCAL
    ) -> tuple[TrainingSpec, list[str]]:
        """The spec of a one-line call from the working folder, with defaults; and notes on these.

        Raises ExplainedError where these can't be used.
        """
        return spec_of_call(self.store, given, target, Path.cwd())

    def defaults(self, target: str = LOCAL) -> Defaults:
        """What one-line calls from the working folder get where they leave it out. Makes no call."""
        return defaults_of(self.store, target, Path.cwd())

    def submit_spec(
        self,
        spec: TrainingSpec,
        *,
        name: str | None = None,
        target: str = LOCAL,
        notes: Sequence[str] = (),
    ) -> JobView:
        """Compile a spec and commit its submission; returns at once."""
        return submit_spec(self.store, spec, name=name, target=target, notes=notes)

    def submit(
        self, request: dict[str, Any], *, kind: str = "training", target: str = LOCAL
    ) -> JobView:
        """Check a full Create request and commit its submission; returns at once."""
        return submit_request(self.store, request, kind=kind, target=target)

    def plan_spec(
        self,
        spec: TrainingSpec,
        *,
        name: str | None = None,
        target: str = LOCAL,
        notes: Sequence[str] = (),
    ) -> Plan:
        """What `submit_spec` would submit, and what is wrong with it. Raises nothing, starts nothing."""
        return plan_of(
            self.store,
            target,
            "training",
            lambda: draft_of_spec(self.store, spec, name=name, target=target, notes=notes),
        )

    def plan(self, request: dict[str, Any], *, kind: str = "training", target: str = LOCAL) -> Plan:
        """What `submit` would submit, and what is wrong with it. Raises nothing, starts nothing."""
        return plan_of(
            self.store,
            target,
            kind,
            lambda: draft_of_request(self.store, request, kind=kind, target=target),
        )

    def again(
        self, key: JobKey, change: str | None = None, changes: Mapping[str, Any] = {}
    ) -> JobView:
        """Submit a job's request once more under a fresh name, changed if so told."""
        if not jobs.request_is_whole(self.store, key):
            self.look_up(key)  # an earlier version kept a part of the request only
        return submit_again(self.store, key, change, changes)

    def stop(self, key: JobKey) -> bool:
        """Ask for a job to be stopped; False if it has ended or was asked already."""
        return stops.request_stop(self.store, key)

    def look_up(self, key: JobKey, seconds: float = _LOOK_UP_SECONDS) -> JobView:
        """A job that was started elsewhere: its target is asked, for some seconds at most.

        Raises ExplainedError when there is no such job, or the target can't be asked.
        """
        wrong = check_name(key.name, limit=checked_kind(key.kind).name_limit)
        if wrong:
            raise refusal("invalid-parameter", "The job name is not legal", wrong)
        self.ensure_tracked(key.target)
        wanted.ask(self.store, key)
        patience = Patience(self, key.target)
        until = time.monotonic() + seconds
        while (answer := wanted.answer(self.store, key)) is None:
            patience.check_user()
            if time.monotonic() >= until:
                trouble = self.trouble(key.target)
                raise unreachable(trouble) if trouble else silent(key.target, seconds)
            time.sleep(0.05)
        view = self.job(key) if answer == wanted.FOUND else None
        if view is None:
            raise refusal("not-found", "No such job", answer, status=404)
        return view

    # Tracking

    def use(self, target: str) -> None:
        """From now on the target is looked after. Raises ExplainedError (404) for no target."""
        targets.use(self.store, target)

    def remove(self, target: str) -> None:
        """Look after a target no longer: its jobs leave the list, and go on where they run.

        Raises ExplainedError: 404 where it is in no use, 409 where a job would be lost.
        """
        targets.remove(self.store, target)

    def ensure_tracked(self, target: str) -> None:
        """See to it that someone tracks the target: if no server does, this process will."""
        try:
            service.ensure_tracked(self.store, target)
        except UnknownTargetError as error:
            raise refusal("invalid-parameter", "No such target", str(error)) from None

    def follow(self, view: JobView) -> None:
        """The same for a job that was accepted just now, which stays so whatever is in the way."""
        try:
            service.keep_tracked(self.store, view.target)
        except StoreError as error:
            _log.warning("%s is accepted, but not tracked by this process: %s", view.name, error)

    def keep_tracked(self, target: str) -> None:
        """The same for a target in use; what is wrong with it is told with it."""
        service.keep_tracked(self.store, target)

    def trouble(self, target: str) -> TargetView | None:
        """A target in use that can't be reached, with the reason; None where all is well."""
        return targets.trouble(self.store, target)

    def catch_up(
        self, target: str | None = None, seconds: float = service.CATCH_UP_SECONDS
    ) -> list[TargetView]:
        """Bring a target's jobs (or those of all in use) up to date once, side by side.

        The result holds those that could not be asked.
        """
        names = [target] if target else service.in_use(self.store)
        service.catch_up_all(self.store, [target] if target else None, seconds)
        return [view for view in map(self.trouble, names) if view is not None]

    def track_all(self) -> None:
        """See to it that each target in use is tracked."""
        for name in service.in_use(self.store):
            self.keep_tracked(name)

    def serve(self) -> None:
        """Track as a server does, in the background, until `stop_serving`."""
        self._serving = TrackingService(self.store, Rank.SERVER)
        self._serving.start()

    def stop_serving(self) -> None:
        """End that, and let go of the leases."""
        if self._serving is not None:
            self._serving.stop()
            self._serving = None

    # The space that the server runs in

    def is_in_watched_space(self) -> bool:
        """Whether this is a Studio space, which is shut down once it seems idle."""
        return space.is_watched()

    def tell_of_use(self) -> None:
        """Have the space count as in use while jobs run in it. Raises OSError, ValueError."""
        self._space.tell()

    def close(self, seconds: float = STOP_SECONDS) -> None:
        """End what this process tracks; what waits for an answer is left after some seconds."""
        service.stop_in_process(seconds)


def open_desk(folder: Path | None = None) -> Desk:
    """The desk of the user's store, which is made on first use."""
    return Desk(open_store(folder))
