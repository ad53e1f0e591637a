"""CloudWatch Logs' three reading operations over the streams' files.

A byte offset in a stream's file serves as paging token and, with the stream, as event id.
Answers follow the CloudWatch Logs API (GetLogEvents, FilterLogEvents, DescribeLogStreams).
"""

from __future__ import annotations

import base64
import binascii
import heapq
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.jobs.names import check_name
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.disk.layout import Layout
from jupyter_sm.targets.local.disk.log_files import (
    complete_size,
    event_line,
    is_boundary,
    read_backward,
    read_forward,
)

_PAGE_EVENTS = 10_000
_PAGE_BYTES = 1_000_000


class LogReader:
    """The reading operations of CloudWatch Logs over a local target's streams."""

    def __init__(self, layout: Layout, kinds: Sequence[Kind]) -> None:
        self._layout = layout
        # Names are unique within a kind only, and every kind has a group of its own.
        self._groups = {kind.logs("").group: kind.kind for kind in kinds}

    def describe_log_streams(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeLogStreams: by name, at most 50 a page."""
        kind = self._kind(request)
        prefix = request.get("logStreamNamePrefix", "")
        names = sorted(self._names(kind, prefix))
        if request.get("orderBy") == "LastEventTime":
            if prefix:
                raise ApiError(
                    "InvalidParameterException",
                    "Cannot order by LastEventTime with a logStreamNamePrefix.",
                )
            names.sort(key=lambda name: self._path(kind, name).stat().st_mtime)
        if request.get("descending"):
            names.reverse()
        start = _decode(request["nextToken"]).get("at") if request.get("nextToken") else 0
        if not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise _bad_token()
        limit = min(request.get("limit", 50), 50)
        page = names[start : start + limit]
        answer: dict[str, Any] = {"logStreams": [self._stream(kind, name) for name in page]}
        if start + limit < len(names):
            answer["nextToken"] = _encode({"at": start + limit})
        return answer

    def get_log_events(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetLogEvents: a page of one stream; the same token back means no more for now."""
        kind = self._kind(request)
        path = self._path(kind, request["logStreamName"])
        limit = min(request.get("limit", _PAGE_EVENTS), _PAGE_EVENTS)
        low, high = request.get("startTime", 0), request.get("endTime", float("inf"))
        token = request.get("nextToken", "")
        end = complete_size(path)
        if token and not re.fullmatch(r"[fb]/[0-9]{1,18}", token):
            raise _bad_token()
        backward = token.startswith("b/") or (not token and not request.get("startFromHead"))
        at = int(token[2:]) if token else (end if backward else 0)
        if at > end or not is_boundary(path, at):
            raise _bad_token()
        events: list[dict[str, Any]] = []
        size = 0
        first = last = at
        for offset, timestamp, message in (read_backward if backward else read_forward)(path, at):
            length = len(event_line(timestamp, message))
            if len(events) >= limit or (events and size + length > _PAGE_BYTES):
                break
            first, last = min(first, offset), max(last, offset + length)
            if low <= timestamp < high:
                events.append(
                    {"timestamp": timestamp, "message": message, "ingestionTime": timestamp}
                )
                size += length
        if backward:
            events.reverse()
        return {
            "events": events,
            "nextForwardToken": f"f/{last}",
            "nextBackwardToken": f"b/{first}",
        }

    def filter_log_events(self, request: dict[str, Any]) -> dict[str, Any]:
        """FilterLogEvents: several streams in the order of time, each event with its id."""
        kind = self._kind(request)
        names = request.get("logStreamNames") or sorted(
            self._names(kind, request.get("logStreamNamePrefix", ""))
        )
        places = _decode(request["nextToken"]) if request.get("nextToken") else {}
        limit = min(request.get("limit", _PAGE_EVENTS), _PAGE_EVENTS)
        low, high = request.get("startTime", 0), request.get("endTime", float("inf"))
        terms = re.findall(r'"([^"]*)"|(\S+)', request.get("filterPattern", ""))
        wanted = [quoted or plain for quoted, plain in terms]
        streams = [self._tagged(kind, name, places.get(name, 0)) for name in names]
        events: list[dict[str, Any]] = []
        size = 0
        for timestamp, name, offset, message in heapq.merge(*streams):
            if len(events) >= limit or size > _PAGE_BYTES:
                return {"events": events, "nextToken": _encode(places), "searchedLogStreams": []}
            places[name] = offset + len(event_line(timestamp, message))
            if low <= timestamp <= high and all(term in message for term in wanted):
                size += len(message)
                events.append(
                    {
                        "logStreamName": name,
                        "timestamp": timestamp,
                        "message": message,
                        "ingestionTime": timestamp,
                        "eventId": f"{name}-{offset}",
                    }
                )
        return {"events": events, "searchedLogStreams": []}

    def _tagged(self, kind: str, name: str, offset: Any) -> Iterator[tuple[int, str, int, str]]:
        path = self._path(kind, name)
        if not isinstance(offset, int) or offset < 0 or not is_boundary(path, offset):
            raise _bad_token()
        for position, timestamp, message in read_forward(path, offset):
            yield timestamp, name, position, message

    def _kind(self, request: dict[str, Any]) -> str:
        """The kind of the jobs whose logs lie in the group that is asked for."""
        kind = self._groups.get(request.get("logGroupName", ""))
        if kind is None:
            raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
        return kind

    def _names(self, kind: str, prefix: str) -> Iterator[str]:
        job, slash, stream = prefix.partition("/")
        if slash:
            names = [] if check_name(job) else [job]
        else:
            there = (folder.name for folder in self._layout.jobs_of(kind))
            names = sorted(name for name in there if name.startswith(job))
        for name in names:
            for file in sorted(self._layout.job(kind, name).logs.glob("*.log")):
                if file.stem.startswith(stream):
                    yield f"{name}/{file.stem}"

    def _path(self, kind: str, name: str) -> Path:
        job, _, stream = name.partition("/")
        path = self._layout.job(kind, job).logs / f"{stream}.log"
        legal = (
            not check_name(job) and re.fullmatch(r"[\w.-]{1,200}", stream) and ".." not in stream
        )
        if not legal or not path.is_file():
            raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
        return path

    def _stream(self, kind: str, name: str) -> dict[str, Any]:
        path = self._path(kind, name)
        answer: dict[str, Any] = {
            "logStreamName": name,
            "creationTime": int(name.rpartition("-")[2]) * 1000,
            "storedBytes": path.stat().st_size,
        }
        first = next(read_forward(path, 0), None)
        if first:
            last = next(read_backward(path, complete_size(path)))
            answer["firstEventTimestamp"] = first[1]
            answer["lastEventTimestamp"] = answer["lastIngestionTime"] = last[1]
        return answer


def _encode(place: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _decode(token: str) -> dict[str, Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        place = None
    if not isinstance(place, dict):
        raise _bad_token()
    return place


def _bad_token() -> ApiError:
    return ApiError("InvalidParameterException", "The specified nextToken is invalid.")
