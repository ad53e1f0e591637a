"""The poller of one target: each of its kinds by itself, and describing what they find changed.

What is wrong with the target (it can't be reached, credentials are over) ends the round; what is
wrong with one kind, or with one job, leaves the others alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import KINDS, JobKey
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store, activity, targets
from jupyter_sm.targets import Target
from jupyter_sm.tracking.kind_poller import KindPoller, is_of_one
from jupyter_sm.tracking.queue import DescribeQueue
from jupyter_sm.tracking.trouble import is_of_aws

_LOOK_SECONDS = 1.0

_log = logger_of(__name__)


class Poller:
    """Used by whoever holds the target's lease; `look_at` may be called from any thread."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._queue = DescribeQueue()
        self._kinds = {
            name: KindPoller(store, target, KINDS[name], self._queue) for name in target.kinds
        }
        # Why a kind can't be looked at, in one sentence.
        self._troubles: dict[str, str] = {}
        self._seen_hint: object = object()
        self._watched: set[JobKey] = set()
        self._watched_at = -float("inf")
        # Kinds of which an event has come, while there is a queue of them.
        self._pushed: set[str] = set()

    def told_of(self, key: JobKey) -> None:
        """An event told of a job: its kind need not be listed as often."""
        self._pushed.add(key.kind)
        self.look_at(key)

    def no_events(self) -> None:
        """Events do not come (any more)."""
        self._pushed.clear()

    def look_at(self, key: JobKey) -> None:
        """Describe a job soon: it was just created, stopped or told of."""
        if key.kind in self._kinds:
            self._queue.put({key: time.time()})

    def be_due(self) -> None:
        """Poll at the next step: something failed, and may work again."""
        for one in self._kinds.values():
            one.be_due()

    def step(self) -> bool:
        """Poll what is due, describe what is queued; True if there is more to do at once."""
        now = time.monotonic()
        if now - self._watched_at >= _LOOK_SECONDS:
            self._watched = activity.watched_keys(self._store, self._target.name)
            self._watched_at = now
        hint = self._target.change_hint()
        is_hinted = hint is not None and hint != self._seen_hint
        due = [
            one
            for one in self._kinds.values()
            if one.is_due(is_hinted=is_hinted, is_pushed=one.kind.kind in self._pushed)
        ]
        if due:
            self._poll(due)
            self._seen_hint = hint
        past = [one for one in self._kinds.values() if one.may_read_history]
        if self._queue:
            self._describe(self._target.cadence.at_once)
        # Each has a pace of its own, so neither waits for the other.
        if past:
            self._guard(past[0], past[0].read_history)
        return bool(self._queue) or bool(past)

    def catch_up(self) -> None:
        """One whole round, for a process that will not live to track."""
        self._poll(list(self._kinds.values()))
        while self._queue:
            self._describe(len(self._queue))

    def look_up(self, key: JobKey) -> bool:
        """Describe a job at once; False if the target has none of that name."""
        kind = self._kinds.get(key.kind)
        return kind is not None and kind.look_up(key)

    def _poll(self, due: list[KindPoller]) -> None:
        failed: Exception | None = None
        for one in due:
            failed = self._guard(one, partial(one.poll, self._watched)) or failed
        if failed is not None and len(self._troubles) == len(self._kinds):
            raise failed  # all of them: it is the target's
        denied = [why for one in self._kinds.values() for why in one.denied.values()]
        reason = " ".join([*self._troubles.values(), *denied]) or None
        targets.mark(self._store, self._target.name, "ready", reason)

    def _guard(self, one: KindPoller, work: Callable[[], None]) -> Exception | None:
        """Do something for one kind; what is wrong with that kind alone sets it aside."""
        try:
            work()
        except Exception as error:
            if not is_of_one(error):
                raise
            one.set_aside()
            self._note(one.kind.kind, error)
            return error
        self._troubles.pop(one.kind.kind, None)
        return None

    def _note(self, kind: str, error: Exception) -> None:
        if is_of_aws(error):
            why = explain(error).sentence
            _log.warning("%s jobs of %s can't be listed: %s", kind, self._target.name, error)
        else:
            why = f"jupyter_sm failed ({type(error).__name__}); the log of the server says where."
            _log.error("%s jobs of %s: a fault of ours", kind, self._target.name, exc_info=error)
        self._troubles[kind] = f"Its {kind} jobs can't be looked at now: {why}"

    def _describe(self, count: int) -> None:
        for _ in range(count):
            found = self._queue.next(self._watched)
            if found is None:
                return
            key, modified = found
            self._kinds[key.kind].describe_or_skip(key)
            self._queue.done(key, modified)
