"""The poller of one target: what changed there comes into the store, with as few calls as can be.

List tells what changed since the last look, for all jobs in one call; only what changed is
described. Of many changes at once, and of the jobs of the past, Search brings a hundred a
call; since it lags, a job counts as ended only once Describe says so.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from jupyter_sm.jobs import KINDS, Kind, is_final
from jupyter_sm.targets import Target
from jupyter_sm.tracking import jobs_table, targets_table
from jupyter_sm.tracking.calls import call, call_or_none, is_denied, is_passing
from jupyter_sm.tracking.describe import described
from jupyter_sm.tracking.store import Store

_PAGE = 100
# From this many changes on, a Search costs less than describing each.
_MANY = 5
# Pages of such a Search in a row, before what is watched gets its turn again.
_SEARCHED_AT_ONCE = 200
# Search may lag behind by minutes; what is older than this it has right.
_SETTLED_SECONDS = 900.0
# Where Search may not be used, this many jobs of the past are described one by one.
_MOST_HISTORY = 300
_LOOK_SECONDS = 1.0
# With events pushed to us, lists only make sure that none was lost.
_PUSHED_SECONDS = 300.0

_log = logging.getLogger(__name__)
_Key = tuple[str, str]


class Poller:
    """Used by whoever holds the target's lease; `look_at` may be called from any thread."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._cadence = target.cadence
        self._known: dict[_Key, float] = {}
        # What is to be described, and since when (LastModifiedTime) it differs.
        self._queue: dict[_Key, float] = {}
        self._lock = threading.Lock()
        self._seen_hint: object = object()
        self._polled = self._deep = self._swept = -float("inf")
        self._interval = 0.0
        self._took = 0.0
        self._interval_at = -float("inf")
        self._history: Iterator[None] | None = None
        self._may_search = True
        self._watched: set[_Key] = set()
        self.is_pushed = False

    def look_at(self, kind: str, name: str) -> None:
        """Describe a job soon: it was just created, stopped or told of."""
        with self._lock:
            self._queue[kind, name] = time.time()

    def step(self) -> bool:
        """Poll if it is time, else describe what is queued; True if there is more to do at once."""
        hint = self._target.change_hint()
        if (hint is not None and hint != self._seen_hint) or self._is_due():
            self.poll()
            self._seen_hint = hint
        elif self._queue:
            self._describe_next()
        elif self._history is not None:
            self._read_history(self._history)
        return bool(self._queue) or self._history is not None

    def _read_history(self, pages: Iterator[None]) -> None:
        # Taken up again only if it went well: a generator that broke off can't go on, and
        # must not look as if it had come to its end.
        self._history = None
        if next(pages, self) is self:
            targets_table.mark_history_done(self._store, self._target.name)
        else:
            self._history = pages

    def be_due(self) -> None:
        """Poll at the next step: something failed, and may work again."""
        self._polled = -float("inf")

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now - self._interval_at >= _LOOK_SECONDS:
            self._interval = self._wanted_interval()
            self._watched = jobs_table.watched_keys(self._store, self._target.name)
            self._interval_at = now
        # A poll of many pages must leave as much time for describing what it found.
        return now - self._polled >= max(self._interval, 2 * self._took)

    def _wanted_interval(self) -> float:
        going = jobs_table.activity(self._store, self._target.name)
        cadence = self._cadence
        if self.is_pushed:
            return max(cadence.idle, _PUSHED_SECONDS)
        if going.watched or going.stopping or going.youngest < cadence.young:
            return cadence.fast
        return cadence.slow if going.open else cadence.idle

    def poll(self) -> None:
        """One look at everything that changed since the last."""
        now = time.monotonic()
        name = self._target.name
        polled_to, history_done = targets_table.polled_to(self._store, name)
        is_deep = now - self._deep >= self._cadence.deep
        overlap = self._cadence.deep_overlap if is_deep else self._cadence.overlap
        if not history_done and not self._target.calls_are_free and self._history is None:
            self._history = self._past()
        # Never later than now: a clock that was set back must not hide what changes.
        since = min(polled_to, time.time()) - overlap
        if not polled_to and not self._target.calls_are_free:
            # The jobs of before come by Search, which lags; and the clocks may differ.
            since = time.time() - _SETTLED_SECONDS
        newest = polled_to
        listed: set[_Key] = set()
        changed: dict[_Key, float] = {}
        for kind in KINDS.values():
            for summary in self._listed(kind, since):
                key = kind.kind, summary[kind.name_field]
                modified = summary["LastModifiedTime"].timestamp()
                newest = max(newest, modified)
                listed.add(key)
                if self._known.get(key) != modified:
                    changed[key] = modified
        self._take(changed, since)
        if now - self._swept >= self._cadence.sweep:
            self._sweep(listed)
            self._swept = now
        # Not beyond what is yet to be described, should this process end before it is.
        with self._lock:
            reached = min([newest, *self._queue.values()])
        targets_table.mark(self._store, name, "ready", None, reached)
        # Only what the overlap may show again needs remembering.
        kept = newest - 2 * self._cadence.deep_overlap
        self._known = {k: t for k, t in self._known.items() if t >= kept}
        self._polled = now
        self._took = time.monotonic() - now
        self._deep = now if is_deep else self._deep

    def catch_up(self) -> None:
        """One whole round, for a process that will not live to track."""
        self.poll()
        while self._queue:
            self._describe_next()

    def _take(self, changed: dict[_Key, float], since: float) -> None:
        if self._target.calls_are_free:
            for key in changed:
                self._describe(*key)
            return
        with self._lock:
            changed = {k: t for k, t in changed.items() if self._queue.get(k) != t}
        for key in self._watched.intersection(changed):
            self._describe_or_skip(key)
            del changed[key]
        if len(changed) > _MANY:
            found = self._search(_after("LastModifiedTime", since))
            for record in islice(found, _SEARCHED_AT_ONCE):
                key = "training", record["TrainingJobName"]
                if key in changed and self._save_record(record, at_least=changed[key]):
                    self._known[key] = changed.pop(key)
                if not changed:
                    break
        with self._lock:
            self._queue.update(changed)

    def _listed(self, kind: Kind, since: float) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import ClientError

        try:
            yield from self._summaries(kind, since)
        except ClientError as error:
            if not is_denied(error):
                raise
            # Without the right to list, the jobs that are known are looked at one by one.
            _log.info("%s may not be used on %s", kind.list, self._target.name)
            for key in jobs_table.open_keys(self._store, self._target.name):
                self.look_at(*key)

    def _summaries(self, kind: Kind, since: float) -> Iterator[dict[str, Any]]:
        request: dict[str, Any] = {
            "MaxResults": _PAGE,
            "SortBy": "CreationTime",
            "SortOrder": "Ascending",
        }
        if since > 0:
            request["LastModifiedTimeAfter"] = datetime.fromtimestamp(since, timezone.utc)
        while True:
            answer = call(self._target, kind.list, request)
            yield from answer[kind.summaries]
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def _sweep(self, listed: set[_Key]) -> None:
        """Look at every job that has not ended, so far as is known."""
        there = [
            key for key in jobs_table.open_keys(self._store, self._target.name) if key not in listed
        ]
        if self._target.calls_are_free:
            for key in there:
                self._describe(*key)
            return
        unseen = dict.fromkeys(there, time.time())
        if len(there) > _MANY:
            running = [{"Name": "TrainingJobStatus", "Operator": "Equals", "Value": "InProgress"}]
            for record in self._search(running):
                if self._save_record(record):
                    unseen.pop(("training", record["TrainingJobName"]), None)
        with self._lock:
            self._queue = {**unseen, **self._queue}

    def _describe_next(self) -> None:
        with self._lock:
            if not self._queue:
                return
            # What somebody looks at comes first.
            key = next((k for k in self._queue if k in self._watched), next(iter(self._queue)))
            modified = self._queue[key]
        self._describe_or_skip(key)
        with self._lock:
            # Left in place if it was asked for again meanwhile.
            if self._queue.get(key) == modified:
                del self._queue[key]

    def _describe_or_skip(self, key: _Key) -> None:
        from botocore.exceptions import ClientError, ParamValidationError

        try:
            self._describe(*key)
        except (ClientError, ParamValidationError) as error:
            if is_passing(error):
                raise
            # One job that may not be looked at must not keep the others from being seen.
            _log.warning("%s can't be described: %s", key[1], error)

    def _describe(self, kind_name: str, name: str) -> None:
        if not self.look_up(kind_name, name):
            jobs_table.settle_gone(self._store, self._target.name, kind_name, name)

    def look_up(self, kind_name: str, name: str) -> bool:
        """Describe a job at once; False if the target has none of that name."""
        kind, target = KINDS[kind_name], self._target.name
        answer = call_or_none(self._target, kind.describe, {kind.name_field: name})
        if answer is None:
            return False
        seen = described(kind, answer)
        jobs_table.save_described(self._store, target, kind_name, name, seen)
        self._known[kind_name, name] = seen.modified_at
        return True

    def _past(self) -> Iterator[None]:
        """The jobs of before this target was used, a page a step."""
        since = time.time() - self._cadence.history
        for count, record in enumerate(self._search(_after("LastModifiedTime", since)), 1):
            key = "training", record["TrainingJobName"]
            if not self._save_record(record):
                with self._lock:
                    self._queue.setdefault(key, record["LastModifiedTime"].timestamp())
            if count % _PAGE == 0:
                yield
        if self._may_search:
            return
        for kind in KINDS.values():
            for count, summary in enumerate(self._summaries(kind, since)):
                if count >= _MOST_HISTORY:
                    break
                with self._lock:
                    modified = summary["LastModifiedTime"].timestamp()
                    self._queue.setdefault((kind.kind, summary[kind.name_field]), modified)
                yield

    def _search(self, filters: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
        """Whole training records, the newest first; none where Search may not be used."""
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {
            "Resource": "TrainingJob",
            "MaxResults": _PAGE,
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "SearchExpression": {"Filters": filters},
        }
        while self._may_search:
            try:
                answer = call(self._target, "Search", request)
            except ClientError as error:
                if not is_denied(error):
                    raise
                _log.info("Search may not be used on %s: %s", self._target.name, error)
                self._may_search = False
                return
            for result in answer.get("Results", []):
                yield result["TrainingJob"]
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def _save_record(self, record: dict[str, Any], at_least: float = 0.0) -> bool:
        """Store what Search says of a job; False where Describe must be asked."""
        modified = record["LastModifiedTime"].timestamp()
        fresh = time.time() - modified < _SETTLED_SECONDS
        if modified < at_least or (fresh and is_final(record["TrainingJobStatus"])):
            return False
        name = record["TrainingJobName"]
        return jobs_table.save_described(
            self._store,
            self._target.name,
            "training",
            name,
            described(KINDS["training"], record),
            may_lag=True,
        )


def _after(member: str, since: float) -> list[dict[str, str]]:
    at = datetime.fromtimestamp(since, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [{"Name": member, "Operator": "GreaterThanOrEqualTo", "Value": at}]
