"""The poller of one kind on a target: what changed comes into the store, with few calls.

List tells what changed since the last look, for all jobs in one call; only what changed is
described. Of many changes at once, Search brings a hundred a call, where it knows the kind; since
it lags, a job that is known counts as ended only once Describe says so.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from jupyter_sm.jobs import JobKey, Kind, is_over
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store, activity, cursors
from jupyter_sm.store import jobs as rows
from jupyter_sm.targets import Target
from jupyter_sm.tracking.calls import call_or_none, is_denied
from jupyter_sm.tracking.described import described
from jupyter_sm.tracking.history import History
from jupyter_sm.tracking.listing import changed_after, listed, searched
from jupyter_sm.tracking.queue import DescribeQueue
from jupyter_sm.tracking.trouble import Trouble, is_of_aws, kind_of

# Records of a Search in a row, before what is watched gets its turn again.
_SEARCHED_AT_ONCE = 200
# Search may lag behind by minutes; what is older than this it has right.
_SETTLED_SECONDS = 900.0
_LOOK_SECONDS = 1.0
# With events pushed to us, lists only make sure that none was lost.
_PUSHED_SECONDS = 300.0
# A kind that can't be listed, for a reason of its own, is tried again after so long.
_SET_ASIDE_SECONDS = 60.0

_log = logger_of(__name__)


class KindPoller:
    """Used by the poller of the target, in its thread."""

    def __init__(self, store: Store, target: Target, kind: Kind, queue: DescribeQueue) -> None:
        self.kind = kind
        self.history: History | None = None
        # What may not be called, and what that means, in one sentence.
        self.denied: dict[str, str] = {}
        self._store = store
        self._target = target
        self._queue = queue
        self._may_search = kind.search is not None
        # LastModifiedTime of what the store has, so that an overlap describes nothing twice.
        self._known: dict[str, float] = {}
        self._polled = self._deep = self._swept = -float("inf")
        self._took = 0.0
        self._interval = 0.0
        self._interval_at = -float("inf")
        self._set_aside_until = -float("inf")

    @property
    def may_read_history(self) -> bool:
        """Whether a page of the past is to be read now."""
        return self.history is not None and time.monotonic() >= self._set_aside_until

    def be_due(self) -> None:
        """Poll at the next step: something failed, and may work again."""
        self._polled = self._set_aside_until = -float("inf")

    def set_aside(self) -> None:
        """Leave the kind alone for a while: it failed for a reason of its own."""
        self._set_aside_until = time.monotonic() + _SET_ASIDE_SECONDS

    def is_due(self, *, is_hinted: bool, is_pushed: bool) -> bool:
        """Whether it is time to look at what changed."""
        now = time.monotonic()
        if now < self._set_aside_until:
            return False
        if now - self._interval_at >= _LOOK_SECONDS:
            self._interval = self._wanted_interval(is_pushed)
            self._interval_at = now
        # A poll of many pages must leave as much time for describing what it found.
        return is_hinted or now - self._polled >= max(self._interval, 2 * self._took)

    def _wanted_interval(self, is_pushed: bool) -> float:
        going = activity.activity(self._store, self._target.name, self.kind.kind)
        cadence = self._target.cadence
        if is_pushed:
            return max(cadence.idle, _PUSHED_SECONDS)
        if going.watched or going.stopping or going.youngest < cadence.young:
            return cadence.fast
        return cadence.slow if going.open else cadence.idle

    def poll(self, watched: Collection[JobKey]) -> None:
        """One look at everything that changed since the last; what is watched is described now."""
        begun = time.monotonic()
        cadence, target, kind = self._target.cadence, self._target.name, self.kind.kind
        cursor = cursors.get(self._store, target, kind)
        is_deep = begun - self._deep >= cadence.deep
        overlap = cadence.deep_overlap if is_deep else cadence.overlap
        may_list = self.kind.list not in self.denied
        if cadence.history and not cursor.history_done and self.history is None and may_list:
            self.history = History(self._target, self.kind, self._queue, self._save_record)
        # Never later than now: a clock that was set back must not hide what changes.
        since = min(cursor.polled_to, time.time()) - overlap
        if cadence.history and not cursor.polled_to:
            # The jobs of before come by Search, which lags; and the clocks may differ.
            since = time.time() - _SETTLED_SECONDS
        times = self._listed(since)
        newest = max([cursor.polled_to, *times.values()])
        self._take({k: t for k, t in times.items() if self._known.get(k.name) != t}, since, watched)
        if begun - self._swept >= cadence.sweep:
            self._sweep(times)
            self._swept = begun
        # Not beyond what is yet to be described, should this process end before it is.
        reached = self._queue.known_to(kind, newest)
        if reached > cursor.polled_to:
            cursors.advance(self._store, target, kind, reached)
        # Only what the overlap may show again needs remembering.
        kept = max(cursor.polled_to, reached) - 2 * cadence.deep_overlap
        # A job that somebody asked for may be looked up, and so added, by another thread.
        self._known = {name: t for name, t in list(self._known.items()) if t >= kept}
        self._polled = begun
        self._took = time.monotonic() - begun
        self._deep = begun if is_deep else self._deep

    def _listed(self, since: float) -> dict[JobKey, float]:
        """LastModifiedTime of each job that changed."""
        from botocore.exceptions import ClientError

        times: dict[JobKey, float] = {}
        try:
            for summary in listed(self._target, self.kind, since):
                modified = summary.get("LastModifiedTime", summary["CreationTime"])
                times[self._key(summary[self.kind.name_field])] = modified.timestamp()
            self.denied.pop(self.kind.list, None)
        except ClientError as error:
            if not is_denied(error):
                raise
            # Without the right to list, the jobs that are known are looked at one by one.
            self._deny(self.kind.list, "only those that are known are looked at")
            self.history = None
            open_ = activity.open_keys(self._store, self._target.name, self.kind.kind)
            self._queue.put(dict.fromkeys(open_, time.time()))
        return times

    def _take(
        self, changed: dict[JobKey, float], since: float, watched: Collection[JobKey]
    ) -> None:
        changed = {key: at for key, at in changed.items() if not self._queue.has(key, at)}
        if len(changed) > self._target.cadence.search_from:
            now = {key: at for key, at in changed.items() if key in watched}
            for key in now:
                self.describe_or_skip(key)
                del changed[key]
            for record in islice(self._searched(changed_after(since)), _SEARCHED_AT_ONCE):
                key = self._key(record[self.kind.name_field])
                if key in changed and self._save_record(record, at_least=changed[key]):
                    self._known[key.name] = changed.pop(key)
                if not changed:
                    break
        self._queue.put(changed)

    def _sweep(self, listed_now: Mapping[JobKey, float]) -> None:
        """Have every job looked at that has not ended, so far as is known, and was not listed."""
        open_ = activity.open_keys(self._store, self._target.name, self.kind.kind)
        unseen = dict.fromkeys((key for key in open_ if key not in listed_now), time.time())
        if len(unseen) > self._target.cadence.search_from and self.kind.search:
            for record in self._searched(self.kind.search.running):
                if self._save_record(record):
                    unseen.pop(self._key(record[self.kind.name_field]), None)
        self._queue.put_new(unseen)

    def describe_or_skip(self, key: JobKey) -> None:
        """Describe a job at once; one that is no longer there is settled.

        An odd one is told of and left out, as it must not keep the others from being seen.
        """
        try:
            if not self.look_up(key):
                rows.settle_gone(self._store, key)
        except Exception as error:
            if not is_of_one(error):
                raise
            if is_denied(error):
                self._deny(self.kind.describe, "they are not shown as they are now")
                return
            is_ours = not is_of_aws(error)
            _log.warning("%s can't be described: %s", key.name, error, exc_info=is_ours)

    def look_up(self, key: JobKey) -> bool:
        """Describe a job at once; False if the target has none of that name."""
        answer = call_or_none(self._target, self.kind.describe, {self.kind.name_field: key.name})
        self.denied.pop(self.kind.describe, None)
        if answer is None:
            return False
        found = described(self._target, self.kind, answer)
        rows.save_described(self._store, key, found)
        self._known[key.name] = found.seen.modified_at
        return True

    def _deny(self, operation: str, so: str) -> None:
        if operation not in self.denied:
            _log.warning("%s may not be used on %s", operation, self._target.name)
            self.denied[operation] = (
                f"{operation} is not allowed, so of its {self.kind.kind} jobs {so}."
            )

    def read_history(self) -> None:
        """Another page of the past."""
        if self.history is not None and not self.history.step():
            cursors.mark_history_done(self._store, self._target.name, self.kind.kind)
            self.history = None

    def _searched(self, condition: Mapping[str, str]) -> Any:
        """Whole records, the newest first; none where Search may not be used."""
        from botocore.exceptions import ClientError

        if self.kind.search is None or not self._may_search:
            return
        try:
            yield from searched(self._target, self.kind.search, condition)
        except ClientError as error:
            if not is_denied(error):
                raise
            _log.info("Search may not be used on %s: %s", self._target.name, error)
            self._may_search = False

    def _save_record(self, record: dict[str, Any], at_least: float = 0.0) -> bool:
        """Store what Search says of a job; False where Describe must be asked, too."""
        modified = record["LastModifiedTime"].timestamp()
        key = self._key(record[self.kind.name_field])
        if self._known.get(key.name) == modified >= at_least:
            return True
        found = described(self._target, self.kind, record)
        is_fresh = time.time() - modified < _SETTLED_SECONDS
        is_settled = modified >= at_least and not (is_fresh and is_over(found.seen.phase))
        # One that nobody knew yet is seen at once: Describe's turn may come in minutes.
        if is_settled or rows.get(self._store, key) is None:
            return rows.save_described(self._store, key, found, may_lag=True) and is_settled
        return False

    def _key(self, name: str) -> JobKey:
        return JobKey(self._target.name, self.kind.kind, name)


def is_of_one(error: Exception) -> bool:
    """Whether a failure is about the very kind or job that was asked for.

    Else it is the target's (which can't be reached now), the store's or the machine's.
    """
    return kind_of(error) is Trouble.FINAL
