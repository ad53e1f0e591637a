"""The tracker of one target: a thread that, while it holds the lease, submits, polls and tails."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timezone
from typing import Any

from jupyter_sm.jobs import KINDS, Kind
from jupyter_sm.targets import Target
from jupyter_sm.tracking import jobs_table, stops, targets_table
from jupyter_sm.tracking.calls import call, call_or_none
from jupyter_sm.tracking.describe import described
from jupyter_sm.tracking.leases import Lease, Rank
from jupyter_sm.tracking.store import Store, StoreError
from jupyter_sm.tracking.submitter import Submitter
from jupyter_sm.tracking.tailer import Tailer

_TICK_SECONDS = 0.1
# Between tries for a lease that another holds.
_ASK_SECONDS = 1.0
# A List at least this often, should a hint ever be missed.
_SWEEP_SECONDS = 10.0
_TAIL_SECONDS = 0.25
# LastModifiedTime has whole seconds at some targets, and clocks differ a little.
_OVERLAP_SECONDS = 2.0
_BACK_OFF_SECONDS = (1, 2, 5, 10, 30)

_log = logging.getLogger(__name__)


class Tracker:
    """Keeps the store in step with one target. `start`, and `stop` when done."""

    def __init__(self, store: Store, target: Target, rank: Rank) -> None:
        self._store = store
        self._target = target
        self._lease = Lease(store, target.name, rank)
        self._submitter = Submitter(store, target)
        self._tailer = Tailer(store, target)
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"jupyter_sm tracker {target.name}", daemon=True
        )
        self._seen_hint: object = object()
        self._swept = 0.0
        self._tailed = 0.0
        self._known: dict[tuple[str, str], float] = {}

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the current step, and let go of the lease."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        try:
            while not self._stopped.is_set():
                wait = _TICK_SECONDS
                try:
                    if self._lease.acquire():
                        wait = 0.0 if self.tick() else _TICK_SECONDS
                        failures = 0
                    else:
                        wait = _ASK_SECONDS
                except Exception as error:  # noqa: BLE001 - tracking must outlive any trouble
                    wait = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
                    failures += 1
                    if not threading.main_thread().is_alive():
                        return  # the interpreter is ending; its trouble is not the target's
                    self._mark_stale(error)
                self._stopped.wait(wait)
        finally:
            try:
                self._lease.release()
            except StoreError as error:
                _log.warning("The lease of %s was not released: %s", self._target.name, error)

    def tick(self) -> bool:
        """One round; True if there is more to do at once."""
        self._submitter.run(self._lease.acquire)
        self._pass_on_stops()
        hint = self._target.change_hint()
        overdue = time.monotonic() - self._swept >= _SWEEP_SECONDS
        if hint is None or hint != self._seen_hint or overdue:
            self._poll(reconcile=overdue)
            self._seen_hint = hint
            self._swept = time.monotonic()
        if time.monotonic() - self._tailed >= _TAIL_SECONDS:
            more = self._tailer.run()
            self._tailed = 0.0 if more else time.monotonic()
            return more
        return False

    def catch_up(self) -> None:
        """Bring the store up to date once, for a process that will not live to track.

        Does nothing where another process holds the lease: it is up to date then.
        """
        try:
            if self._lease.acquire():
                self._poll(reconcile=True)
                while self._tailer.run():
                    pass
        finally:
            self._lease.release()

    def _poll(self, *, reconcile: bool) -> None:
        # Never later than now: a clock that was set back must not hide what changes.
        since = min(targets_table.polled_to(self._store, self._target.name), time.time())
        newest = since
        listed = set()
        for kind in KINDS.values():
            for summary in self._summaries(kind, since - _OVERLAP_SECONDS):
                name = summary[kind.name_field]
                modified = summary["LastModifiedTime"].timestamp()
                newest = max(newest, modified)
                listed.add((kind.kind, name))
                if self._known.get((kind.kind, name)) != modified:
                    self._describe(kind, name)
                    self._known[kind.kind, name] = modified
        if reconcile:
            for kind_name, name in jobs_table.open_keys(self._store, self._target.name):
                if (kind_name, name) not in listed:
                    self._describe(KINDS[kind_name], name)
        targets_table.mark(self._store, self._target.name, "ready", None, newest)
        # Only what the overlap may show again needs remembering.
        self._known = {k: t for k, t in self._known.items() if t >= newest - 2 * _OVERLAP_SECONDS}

    def _summaries(self, kind: Kind, since: float) -> list[dict[str, Any]]:
        request: dict[str, Any] = {
            "MaxResults": 100,
            "SortBy": "CreationTime",
            "SortOrder": "Ascending",
        }
        if since > 0:
            request["LastModifiedTimeAfter"] = datetime.fromtimestamp(since, timezone.utc)
        rows: list[dict[str, Any]] = []
        while True:
            answer = call(self._target, kind.list, request)
            rows += answer[kind.summaries]
            if not answer.get("NextToken"):
                return rows
            request["NextToken"] = answer["NextToken"]

    def _describe(self, kind: Kind, name: str) -> None:
        target = self._target.name
        answer = call_or_none(self._target, kind.describe, {kind.name_field: name})
        if answer is None:
            jobs_table.settle_gone(self._store, target, kind.kind, name)
        else:
            jobs_table.save_described(self._store, target, kind.kind, name, described(answer))

    def _pass_on_stops(self) -> None:
        from botocore.exceptions import ClientError

        for kind_name, name in stops.to_stop(self._store, self._target.name):
            kind = KINDS[kind_name]
            try:
                call_or_none(self._target, kind.stop, {kind.name_field: name})
            except ClientError as error:
                # A right that is missing, say: this job goes on, and so do all others.
                _log.warning("%s was not stopped: %s", name, error)
            # Passed on, or ended in between: the poll that follows shows which.
            stops.clear_stop(self._store, self._target.name, kind_name, name)

    def _mark_stale(self, error: Exception) -> None:
        _log.warning("The target %s can't be tracked now: %s", self._target.name, error)
        try:
            reason = f"{self._target.name} can't be reached: {error}"
            targets_table.mark(self._store, self._target.name, "stale", reason)
        except Exception as store_error:  # noqa: BLE001 - the thread must outlive this too
            _log.warning("%s", store_error)
