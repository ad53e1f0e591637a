"""The tailer for targets where each call counts: one FilterLogEvents for all of a job's streams.

Every event has an id, and an id is stored with its line, so a line that is read twice (after
a crash, an overlap, a restart from the beginning) is stored once. Only watched jobs are read
while they run; all others once they have ended. Lines may come late, with older times: each
read begins a little before the last, and the whole log is read once more when it is quiet.
Source: CloudWatch Logs FilterLogEvents.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from jupyter_sm.jobs import kind_named
from jupyter_sm.logs import LogParser
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.streams import LoggedJob, Parsed
from jupyter_sm.targets import Target
from jupyter_sm.tracking import cause
from jupyter_sm.tracking.aside import Aside
from jupyter_sm.tracking.calls import code_of, is_denied, is_throttled
from jupyter_sm.tracking.kind_poller import is_of_one
from jupyter_sm.tracking.trouble import Trouble, kind_of, told

_log = logger_of(__name__)

# Pages of one job in a row, before another gets its turn.
_ROUND_PAGES = 4
# Events stored in one transaction: short ones keep the store free for others.
_CHUNK = 1_000
# Each read goes back this far, in time and in events, for lines that came late.
_OVERLAP_MS = 60_000
_OVERLAP_EVENTS = 2_000
_LONGEST_INTERVAL = 30.0
_DENIED_SECONDS = 60.0
_THROTTLED_SECONDS = 5.0
# A log of a job that ended this long ago will not grow any more.
_SETTLED_SECONDS = 600.0


@dataclass
class _Reading:
    """How far the reading of one job's log has come."""

    from_ms: int = 0
    next_at: float = 0.0
    token: str | None = None
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=_OVERLAP_EVENTS))
    is_whole: bool = True
    found_new: bool = False
    quiet_since: float | None = None
    parsers: dict[str, LogParser] = field(default_factory=dict)


class EventTailer:
    """Reads the logs of one target's jobs; used by whoever holds its lease."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._readings: dict[int, _Reading] = {}
        self._aside = Aside(store)

    def run(self) -> bool:
        """Read what is due, a few pages a job; True if there is more to read at once."""
        more = False
        jobs = streams.jobs_to_read(self._store, self._target.name, time.time())
        running = sum(not job.is_over for job in jobs)
        interval = min(_LONGEST_INTERVAL, self._target.cadence.log * max(1, running))
        known = {job.id for job in jobs}
        self._readings = {n: r for n, r in self._readings.items() if n in known}
        for job in jobs:
            if self._aside.has(job):
                continue
            reading = self._readings.get(job.id)
            if reading is None:
                reading = self._readings[job.id] = self._resumed(job)
            if time.monotonic() < reading.next_at:
                continue
            try:
                more = self._read_or_tell(job, reading, interval) or more
                self._aside.take_back(job)
            except Exception as error:
                if not is_of_one(error):
                    raise
                # It is read anew, from what the store has, once its turn comes again.
                del self._readings[job.id]
                self._aside.put(job, error)
        return more

    def _resumed(self, job: LoggedJob) -> _Reading:
        start = streams.read_from(self._store, job.id)
        return _Reading(from_ms=start, is_whole=start == 0)

    def _read_or_tell(self, job: LoggedJob, reading: _Reading, interval: float) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        reading.next_at = time.monotonic() + interval
        try:
            if self._read(job, reading):
                reading.next_at = 0.0
                return True
            streams.set_log_note(self._store, job, None)
        except (ClientError, BotoCoreError) as error:
            if code_of(error) == "ResourceNotFoundException":
                pass  # the group comes into being with an account's first job
            elif is_throttled(error):
                reading.next_at = time.monotonic() + max(interval, _THROTTLED_SECONDS)
                return False
            else:
                self._tell(job, error)
                if kind_of(error) is Trouble.WAITING:
                    raise
                reading.token = None  # which may be what is wrong: they live for a day
                if not is_denied(error):
                    reading.next_at = time.monotonic() + max(interval, _THROTTLED_SECONDS)
                    return False
                # What can't be read won't be: an ended job does not wait for it for ever.
                reading.next_at = time.monotonic() + _DENIED_SECONDS
        self._close_if_over(job, reading)
        return False

    def _tell(self, job: LoggedJob, error: Exception) -> None:
        if is_denied(error):
            group = kind_named(job.key.kind).logs(job.key.name).group
            text = (
                "The log can't be shown: this session has no right to read it "
                f"(logs:FilterLogEvents on {group}). The status goes on."
            )
        else:
            text = f"The log can't be read now. {told(error, self._target.name)}"
        streams.set_log_note(self._store, job, text)

    def _read(self, job: LoggedJob, reading: _Reading) -> bool:
        """Read some pages; True if there are more."""
        client = self._target.client("logs")
        place = kind_named(job.key.kind).logs(job.key.name)
        for _ in range(_ROUND_PAGES):
            request: dict[str, Any] = {
                "logGroupName": place.group,
                "logStreamNamePrefix": place.prefix,
                "startTime": reading.from_ms,
            }
            if reading.token:
                request["nextToken"] = reading.token
            answer = client.filter_log_events(**request)
            self._take(job, reading, answer.get("events", []))
            reading.token = answer.get("nextToken")
            if not reading.token:
                self._end_of_round(job, reading)
                return False
        return True

    def _end_of_round(self, job: LoggedJob, reading: _Reading) -> None:
        if reading.found_new:
            reading.quiet_since = None
        if reading.recent:
            newest, oldest = max(reading.recent), min(reading.recent)
            full = len(reading.recent) == reading.recent.maxlen
            back = max(newest - _OVERLAP_MS, oldest) if full else newest - _OVERLAP_MS
            # The last, whole read of an ended log may end where it began: at its beginning.
            if back > reading.from_ms and (reading.found_new or not job.is_over):
                reading.from_ms = back
                reading.is_whole = False
                streams.save_read_from(self._store, job.id, back)
        if not reading.found_new:
            self._flush(job, reading)
        if not job.is_over or reading.found_new or reading.quiet_since is None:
            reading.quiet_since = time.monotonic() if job.is_over else None
        reading.found_new = False

    def _flush(self, job: LoggedJob, reading: _Reading) -> None:
        streams.flush_all(self._store, job, reading.parsers)

    def _close_if_over(self, job: LoggedJob, reading: _Reading) -> None:
        """After the end and a time of quiet, read the whole once more; then it is complete."""
        if not job.is_over:
            return
        now = time.monotonic()
        if reading.quiet_since is None:
            reading.quiet_since = now
        settled = time.time() - (job.ended_at or 0) > _SETTLED_SECONDS
        if not settled and now - reading.quiet_since < self._target.log_quiet_seconds:
            return
        if not reading.is_whole:
            # Whatever came late stands somewhere in it. If there is something, quiet starts anew.
            reading.from_ms, reading.is_whole, reading.next_at = 0, True, 0.0
            reading.recent.clear()
            return
        self._flush(job, reading)
        cause.refine(self._store, job)
        streams.close(self._store, job)
        self._readings.pop(job.id, None)

    def _take(self, job: LoggedJob, reading: _Reading, events: list[dict[str, Any]]) -> None:
        for begin in range(0, len(events), _CHUNK):
            chunk = {_id(event): event for event in events[begin : begin + _CHUNK]}
            new = streams.unseen(self._store, job.id, list(chunk))
            fresh = [event for key, event in chunk.items() if key in new]
            reading.recent.extend(int(event["timestamp"]) for event in chunk.values())
            if not fresh:
                continue
            reading.found_new = True
            parsed = self._parse(job, reading, fresh)
            if not streams.append_events(self._store, job, new, parsed):
                # Another process was faster with one of them: read them again, and know which.
                reading.parsers.clear()
                self._take(job, reading, list(chunk.values()))

    def _parse(
        self, job: LoggedJob, reading: _Reading, events: list[dict[str, Any]]
    ) -> list[Parsed]:
        by_stream: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            by_stream[event["logStreamName"]].append(event)
        result = []
        for stream, own in by_stream.items():
            parser = reading.parsers.get(stream)
            if parser is None:
                parser = reading.parsers[stream] = streams.parser_of(self._store, job, stream)
            result.append(streams.parse(parser, stream, own))
        return result


def _id(event: dict[str, Any]) -> int:
    """An event's id as 64 bits, which is what a million of them should cost."""
    digest = hashlib.blake2b(str(event["eventId"]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
