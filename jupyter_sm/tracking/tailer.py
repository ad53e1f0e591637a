"""The tailer for targets whose calls are free: brings the log of each job into the store, page by page."""

from __future__ import annotations

import logging
import time
from typing import Any

from jupyter_sm.jobs import kind_of
from jupyter_sm.logs import LogParser
from jupyter_sm.targets import Target
from jupyter_sm.tracking import cause, jobs_table, logs_table
from jupyter_sm.tracking.logs_table import LoggedJob, Parsed
from jupyter_sm.tracking.store import Store

_log = logging.getLogger(__name__)

# Small pages keep each transaction, and the time the interpreter is held, short.
_PAGE_EVENTS = 1_000
_ROUND_PAGES = 5


class Tailer:
    """Reads the logs of one target's jobs; used by whoever holds its lease."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target
        self._hints: dict[int, object] = {}
        self._parsers: dict[tuple[int, str], LogParser] = {}

    def run(self) -> bool:
        """Read what is new, a few pages a job; True if there is more to read at once."""
        now = time.time()
        more = False
        for job in logs_table.jobs_to_read(self._store, self._target.name, 0.0):
            hint = self._target.log_hint(job.name)
            if hint is None or hint != self._hints.get(job.id):
                if self._read_or_skip(job):
                    more = True
                    continue
                self._hints[job.id] = hint
            if job.is_final and now - (job.ended_at or now) >= self._target.log_quiet_seconds:
                self._close(job)
        return more

    def _close(self, job: LoggedJob) -> None:
        cause.refine(self._store, self._target.name, job)
        logs_table.close(self._store, self._target.name, job)
        self._hints.pop(job.id, None)
        self._parsers = {key: p for key, p in self._parsers.items() if key[0] != job.id}

    def _read_or_skip(self, job: LoggedJob) -> bool:
        from botocore.exceptions import ClientError

        try:
            return self._read(job)
        except ClientError as error:
            # One job's log that can't be read must not keep the others' from being read.
            _log.warning("The log of %s can't be read now: %s", job.name, error)
            return False

    def _read(self, job: LoggedJob) -> bool:
        group = kind_of(job.kind).log_group
        more = False
        for stream in self._streams(group, job.name):
            more = self._read_stream(job, group, stream) or more
        return more

    def _streams(self, group: str, name: str) -> list[str]:
        from botocore.exceptions import ClientError

        client = self._target.client("logs")
        pages = client.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=f"{name}/"
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
            before = logs_table.position(self._store, job.id, stream)
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
            short = stream.rpartition("/")[2]
            records = [
                record
                for event in answer["events"]
                for record in parser.feed(event["timestamp"], short, event["message"])
            ]
            metrics, parser.metrics = parser.metrics, []
            stored = logs_table.append(
                self._store,
                self._target.name,
                job,
                Parsed(stream, records, metrics, parser.progress),
                before=before,
                after=token,
            )
            if not stored:
                self._parsers.pop((job.id, stream), None)
                return True
        return True

    def _parser(self, job: LoggedJob, stream: str) -> LogParser:
        key = (job.id, stream)
        if key not in self._parsers:
            self._parsers[key] = logs_table.parser_of(
                jobs_table.request_of(self._store, self._target.name, job.kind, job.name)
            )
        return self._parsers[key]
