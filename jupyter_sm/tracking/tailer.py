"""The tailer for targets whose every log is read: brings logs into the store, page by page."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

from jupyter_sm.jobs import kind_named
from jupyter_sm.jobs.kinds import LogPlace
from jupyter_sm.logs import LogParser
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.streams import LoggedJob
from jupyter_sm.targets import Target
from jupyter_sm.tracking import cause
from jupyter_sm.tracking.aside import Aside
from jupyter_sm.tracking.kind_poller import is_of_one

_log = logger_of(__name__)

# Small pages keep each transaction, and the time the interpreter is held, short.
_PAGE_EVENTS = 1_000
_ROUND_PAGES = 5
# The lines of a traceback are held back until another line follows, or this long.
_QUIET_SECONDS = 1.0
# Streams come into being rarely: they are listed this often while there is something to read.
_STREAMS_SECONDS = 1.0


class Tailer:
    """Reads the logs of one target's jobs; used by whoever holds its lease."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._hints: dict[int, object] = {}
        self._parsers: dict[int, dict[str, LogParser]] = defaultdict(dict)
        self._fed: dict[int, float] = {}
        self._aside = Aside(store)
        # When a job's streams were listed, and their names.
        self._listed: dict[int, tuple[float, list[str]]] = defaultdict(lambda: (0.0, []))

    def run(self) -> bool:
        """Read what is new, a few pages a job; True if there is more to read at once."""
        now = time.time()
        more = False
        for job in streams.jobs_to_read(self._store, self._target.name, 0.0):
            if self._aside.has(job):
                continue
            try:
                more = self._look(job, now) or more
                self._aside.take_back(job)
            except Exception as error:
                if not is_of_one(error):
                    raise
                # It is read anew, from what the store has, once its turn comes again.
                self._hints.pop(job.id, None)
                self._parsers.pop(job.id, None)
                self._aside.put(job, error)
        return more

    def _look(self, job: LoggedJob, now: float) -> bool:
        begun = time.monotonic()
        hint = self._target.log_hint(job.key.kind, job.key.name)
        if hint is None or hint != self._hints.get(job.id):
            if self._read_or_skip(job):
                return True
            # Else there may be streams that were not looked into.
            if self._listed[job.id][0] >= begun:
                self._hints[job.id] = hint
        if now - self._fed.get(job.id, now) > _QUIET_SECONDS:
            self._flush(job)
        if job.is_over and now - (job.ended_at or now) >= self._target.log_quiet_seconds:
            self._close(job)
        return False

    def _close(self, job: LoggedJob) -> None:
        self._flush(job)
        cause.refine(self._store, job)
        streams.close(self._store, job)
        self._hints.pop(job.id, None)
        self._parsers.pop(job.id, None)
        self._listed.pop(job.id, None)

    def _flush(self, job: LoggedJob) -> None:
        streams.flush_all(self._store, job, self._parsers[job.id])
        self._fed.pop(job.id, None)

    def _read_or_skip(self, job: LoggedJob) -> bool:
        from botocore.exceptions import ClientError

        try:
            return self._read(job)
        except ClientError as error:
            # One job's log that can't be read must not keep the others' from being read.
            _log.warning("The log of %s can't be read now: %s", job.key.name, error)
            return False

    def _read(self, job: LoggedJob) -> bool:
        place = kind_named(job.key.kind).logs(job.key.name)
        more = False
        for stream in self._streams(job, place):
            more = self._read_stream(job, place.group, stream) or more
        return more

    def _streams(self, job: LoggedJob, place: LogPlace) -> list[str]:
        listed_at, names = self._listed[job.id]
        now = time.monotonic()
        if job.is_over or not names or now - listed_at >= _STREAMS_SECONDS:
            self._listed[job.id] = (now, names)  # even where they can't be listed now
            names = self._list_streams(place)
            self._listed[job.id] = (now, names)
        return names

    def _list_streams(self, place: LogPlace) -> list[str]:
        from botocore.exceptions import ClientError

        client = self._target.client("logs")
        pages = client.get_paginator("describe_log_streams").paginate(
            logGroupName=place.group, logStreamNamePrefix=place.prefix
        )
        try:
            return [row["logStreamName"] for page in pages for row in page["logStreams"]]
        except ClientError as error:
            if error.response["Error"].get("Code") == "ResourceNotFoundException":
                return []  # the group comes into being with an account's first job
            raise

    def _read_stream(self, job: LoggedJob, group: str, stream: str) -> bool:
        client = self._target.client("logs")
        for _ in range(_ROUND_PAGES):
            before = streams.position(self._store, job.id, stream)
            request: dict[str, Any] = {
                "logGroupName": group,
                "logStreamName": stream,
                "startFromHead": True,
                "limit": _PAGE_EVENTS,
            }
            if before:
                request["nextToken"] = before
            answer = client.get_log_events(**request)
            token = answer["nextForwardToken"]
            if token == before or not answer["events"]:
                return False
            parser = self._parser(job, stream)
            parsed = streams.parse(parser, stream, answer["events"])
            stored = streams.append(self._store, job, parsed, before=before, after=token)
            if not stored:
                self._parsers[job.id].pop(stream, None)
                return True
            self._fed[job.id] = time.time()
        return True

    def _parser(self, job: LoggedJob, stream: str) -> LogParser:
        parsers = self._parsers[job.id]
        if stream not in parsers:
            parsers[stream] = streams.parser_of(self._store, job, stream)
        return parsers[stream]
