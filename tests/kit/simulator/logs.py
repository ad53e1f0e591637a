"""The operations of CloudWatch Logs that the simulator answers.

Pages hold at most 10,000 events or 1 MB; a token lives for a day; GetLogEvents gives the
same token back at the end, FilterLogEvents none. A line that arrives late with an older
timestamp is not seen by whoever only follows tokens, as in CloudWatch.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import tokens
from .errors import ApiError
from .job import Job
from .processing import ProcessingJob
from .region import Region
from .streams import View

if TYPE_CHECKING:
    from .simulator import Simulator

Answer = dict[str, Any]
_GROUPS = {made.log_group: made for made in (Job, ProcessingJob)}
PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
_EVENT_BYTES = 26  # what CloudWatch counts for an event besides its text


class Logs:
    """CloudWatch Logs of jobs: a group for each kind."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self.operations: dict[str, Callable[[Region, Answer], Answer]] = {
            "DescribeLogStreams": self.describe_log_streams,
            "GetLogEvents": self.get_log_events,
            "FilterLogEvents": self.filter_log_events,
            "DescribeLogGroups": self.describe_log_groups,
        }

    def _views(self, region: Region, prefix: str) -> list[View]:
        """The streams whose name begins so, in the order of names."""
        now, traps = self._sim.clock.now(), self._sim.traps
        job, slash, _ = prefix.partition("/")
        jobs = [j for j in [region.jobs.get(job)] if j] if slash else region.named(job)
        lag = traps.lag()
        views = [
            stream.view(now, end, lag, traps.skew)
            for job in jobs
            if job.known(now)
            for stream, end in job.streams(now)
            if stream.name.startswith(prefix)
        ]
        return sorted(views, key=lambda view: view.name)

    def _group(self, region: Region, request: Answer) -> Region:
        """The jobs whose logs lie in the group that is asked for, once it exists."""
        group = request.get("logGroupName") or request.get("logGroupIdentifier", "")
        made = _GROUPS.get(group.split(":log-group:")[-1])
        if made is None or not region.of(made).has_logs(self._sim.clock.now()):
            raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
        return region.of(made)

    def _view(self, region: Region, name: str) -> View:
        for view in self._views(region, name):
            if view.name == name:
                return view
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")

    def _token(self, token: str) -> Any:
        """What the token holds; refused when it is none of ours or older than a day."""
        try:
            issued, *place = tokens.decode(token)
        except (ValueError, TypeError):
            raise tokens.bad_log_token() from None
        if self._sim.clock.now() - issued > tokens.LIFE:
            raise tokens.bad_log_token()
        return place

    def _new_token(self, *place: Any) -> str:
        return tokens.encode([round(self._sim.clock.now(), 3), *place])

    def describe_log_groups(self, region: Region, request: Answer) -> Answer:
        """DescribeLogGroups: those that exist."""
        prefix, now = request.get("logGroupNamePrefix", ""), self._sim.clock.now()
        there = [region.of(made) for group, made in _GROUPS.items() if group.startswith(prefix)]
        return {
            "logGroups": [
                {"logGroupName": one.log_group, "arn": self.arn(one), "storedBytes": 0}
                for one in there
                if one.has_logs(now)
            ]
        }

    def arn(self, region: Region, stream: str = "") -> str:
        """The group's ARN, or that of a stream in it."""
        where = f"{region.name}:{region.account}:log-group:{region.log_group}"
        return f"arn:aws:logs:{where}:log-stream:{stream}"

    def describe_log_streams(self, region: Region, request: Answer) -> Answer:
        """DescribeLogStreams: at most 50 a page."""
        here = self._group(region, request)
        prefix = request.get("logStreamNamePrefix", "")
        views = self._views(here, prefix)
        if request.get("orderBy") == "LastEventTime":
            if prefix:
                raise ApiError(
                    "InvalidParameterException",
                    "Cannot order by LastEventTime with a logStreamNamePrefix.",
                )
            views.sort(key=lambda v: (v.timestamp(v.count - 1) if v.count else 0, v.name))
        if request.get("descending"):
            views.reverse()
        start = self._token(request["nextToken"])[0] if request.get("nextToken") else 0
        end = start + min(request.get("limit", 50), 50)
        answer: Answer = {"logStreams": [self._described(here, v) for v in views[start:end]]}
        if end < len(views):
            answer["nextToken"] = self._new_token(end)
        return answer

    def _described(self, region: Region, view: View) -> Answer:
        answer: Answer = {
            "logStreamName": view.name,
            "creationTime": int(view.stream.start * 1000),
            "arn": self.arn(region, view.name),
            "storedBytes": 0,
        }
        if view.count:
            answer["firstEventTimestamp"] = view.timestamp(0)
            answer["lastEventTimestamp"] = view.timestamp(view.count - 1)
            answer["lastIngestionTime"] = view.ingested(view.count - 1)
        return answer

    def get_log_events(self, region: Region, request: Answer) -> Answer:
        """GetLogEvents: a page of one stream, forwards or backwards."""
        here = self._group(region, request)
        view = self._view(here, request["logStreamName"])
        limit = min(request.get("limit", PAGE_EVENTS), PAGE_EVENTS)
        low = view.first_at(request.get("startTime", -math.inf))
        high = view.first_at(request.get("endTime", math.inf))
        token = request.get("nextToken")
        if token:
            place = self._token(token)
            if len(place) != 3:
                raise tokens.bad_log_token()
            way, at, empty = place
        elif request.get("startFromHead"):
            way, at, empty = "f", low, 0
        else:
            way, at, empty = "b", view.count, 0
        if empty < self._sim.traps.empty_pages and (empty or not token):
            return {
                "events": [],
                "nextForwardToken": self._new_token(way, at, empty + 1),
                "nextBackwardToken": self._new_token("b", at, empty + 1),
            }
        forward = way == "f"
        numbers: Iterator[int] = iter(
            range(max(at, low), high) if forward else range(min(at, high) - 1, low - 1, -1)
        )
        found: list[tuple[int, Answer]] = []
        size = 0
        for number in numbers:
            if not view.visible(number):
                continue
            event = view.event(number)
            size += len(event["message"].encode()) + _EVENT_BYTES
            if len(found) >= limit or (found and size > PAGE_BYTES):
                break
            found.append((number, event))
        if not forward:
            found.reverse()
        first, last = (found[0][0], found[-1][0] + 1) if found else (at, at)
        same = token if not found and not empty else None
        ahead = same if forward else None
        back = same if not forward else None
        return {
            "events": [event for _, event in found],
            "nextForwardToken": ahead or self._new_token("f", last, 0),
            "nextBackwardToken": back or self._new_token("b", first, 0),
        }

    def filter_log_events(self, region: Region, request: Answer) -> Answer:
        """FilterLogEvents: all streams of a prefix in the order of time, each with an id."""
        here = self._group(region, request)
        views = self._chosen(here, request)
        limit = min(request.get("limit", PAGE_EVENTS), PAGE_EVENTS)
        after, empty = None, 0
        if request.get("nextToken"):
            place = self._token(request["nextToken"])
            if len(place) != 2:
                raise tokens.bad_log_token()
            after, empty = place
        answer: Answer = {"events": [], "searchedLogStreams": []}
        if empty < self._sim.traps.empty_pages and (empty or not request.get("nextToken")):
            answer["nextToken"] = self._new_token(after, empty + 1)
            return answer
        low, high = request.get("startTime", -math.inf), request.get("endTime", math.inf)
        wanted = _pattern(request.get("filterPattern", ""))
        parts = [_behind(view, after, low, high) for view in views]
        rows = parts[0] if len(parts) == 1 else heapq.merge(*parts, key=lambda row: row[:3])
        size = 0
        last: list[Any] | None = None
        for timestamp, name, number, view in rows:
            if not view.visible(number):
                continue
            event = view.event(number)
            if wanted(event["message"]):
                size += len(event["message"].encode()) + _EVENT_BYTES
                if len(answer["events"]) >= limit or (last and size > PAGE_BYTES):
                    answer["nextToken"] = self._new_token(last or after, 0)
                    break
                event["logStreamName"] = name
                event["eventId"] = view.stream.event_id(number)
                answer["events"].append(event)
            last = [timestamp, name, number]
        return answer

    def _chosen(self, region: Region, request: Answer) -> list[View]:
        names = request.get("logStreamNames")
        if names is None:
            return self._views(region, request.get("logStreamNamePrefix", ""))
        if "logStreamNamePrefix" in request:
            raise ApiError(
                "InvalidParameterException",
                "Only one of logStreamNames and logStreamNamePrefix may be given.",
            )
        return [self._view(region, name) for name in names]


def _behind(
    view: View, after: list[Any] | None, low: float, high: float
) -> Iterator[tuple[int, str, int, View]]:
    """Events of a stream behind a place in the order of all streams; both times included."""
    first = view.first_at(low)
    if after is not None:
        timestamp, name, number = after
        if name == view.name:
            first = max(first, number + 1)
        else:
            first = max(first, view.first_at(timestamp + (view.name < name)))
    for index in range(first, view.count):
        timestamp = view.timestamp(index)
        if timestamp > high:
            return
        yield timestamp, view.name, index, view


def _pattern(text: str) -> Callable[[str], bool]:
    """CloudWatch's filter patterns of plain terms: all, -none of, ?any of."""
    must: list[str] = []
    never: list[str] = []
    one_of: list[str] = []
    for sign, quoted, plain in re.findall(r'([-?]?)(?:"([^"]*)"|(\S+))', text):
        {"": must, "-": never, "?": one_of}[sign].append(quoted or plain)
    if not must and not never and not one_of:
        return lambda message: True
    return lambda message: (
        all(term in message for term in must)
        and not any(term in message for term in never)
        and (not one_of or any(term in message for term in one_of))
    )
