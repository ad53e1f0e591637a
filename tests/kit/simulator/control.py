"""Driving a simulator that runs in another process: POST /_control, and the client for it."""

from __future__ import annotations

import dataclasses
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from .httpd import Response
from .scenario import Scenario

if TYPE_CHECKING:
    from .simulator import Simulator

PATH = "/_control"
_SETTINGS = ("buckets", "quota", "accounts")


def respond(sim: Simulator, body: bytes) -> Response:
    """Answer one request of the control endpoint."""
    headers = {"Content-Type": "application/json"}
    try:
        request = json.loads(body or b"{}")
        answer = _do(sim, request.pop("do"), request)
    except Exception as error:  # whatever is wrong with it is the driver's to know
        answer = {"error": f"{type(error).__name__}: {error}"}
        return Response(400, json.dumps(answer).encode(), headers)
    return Response(200, json.dumps(answer, default=str).encode(), headers)


def _do(sim: Simulator, what: str, request: dict[str, Any]) -> dict[str, Any]:
    if what == "advance":
        return {"now": sim.clock.advance(request["seconds"])}
    if what == "clock":
        if "speed" in request:
            sim.clock.speed = request["speed"]
        return {"now": sim.clock.now(), "speed": sim.clock.speed}
    if what == "scenario":
        sim.scenario(request["name"], Scenario.from_json(request["scenario"]))
    elif what == "add_jobs":
        return {"added": len(sim.add_jobs(_jobs(request), **_where(request)))}
    elif what == "calls":
        return _calls(sim, request)
    elif what == "traps":
        if request.get("clear"):
            sim.traps.clear()
        for name, value in request.get("set", {}).items():
            tupled = tuple(value) if name in ("late_lines", "hang") and value else value
            setattr(sim.traps, name, tupled if isinstance(value, list) else value)
    elif what == "settings":
        for name, value in request.items():
            if name not in _SETTINGS:
                raise KeyError(name)
            getattr(sim, name).update(value)
    elif what == "stop_job":
        sim.stop_job(request["name"], **_where(request))
    elif what == "job":
        return sim.job(request["name"], **_where(request)).describe()
    elif what == "reset":
        sim.reset()
    elif what == "environment":
        return sim.environment(request.get("region", "us-east-1"))
    else:
        raise ValueError(f"There is nothing called {what} to do.")
    return {}


def _where(request: dict[str, Any]) -> dict[str, str]:
    return {key: request[key] for key in ("region", "account") if key in request}


def _jobs(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The jobs listed, or so many made up from `count`, a `prefix` and common values."""
    jobs = request.get("jobs")
    if jobs is None:
        common = {k: request[k] for k in ("scenario", "tags", "request") if k in request}
        prefix, created = request.get("prefix", "job"), request.get("created")
        gap = request.get("gap", 1.0)
        jobs = [{"name": f"{prefix}-{n}", **common} for n in range(request["count"])]
        if created is not None:
            for n, job in enumerate(jobs):
                job["created"] = created + n * gap
    made: dict[int, Scenario] = {}
    for job in jobs:
        told = job.get("scenario")
        if told is not None:
            if id(told) not in made:
                made[id(told)] = Scenario.from_json(told)
            job["scenario"] = made[id(told)]
    return list(jobs)


def _calls(sim: Simulator, request: dict[str, Any]) -> dict[str, Any]:
    since = request.get("since")
    calls = [call for call in list(sim.calls) if since is None or call.time >= since]
    counts: dict[str, int] = {}
    errors: dict[str, int] = {}
    for call in calls:
        counts[call.operation] = counts.get(call.operation, 0) + 1
        if call.error:
            errors[call.error] = errors.get(call.error, 0) + 1
    answer = {"count": len(calls), "by_operation": counts, "errors": errors}
    if request.get("full"):
        answer["calls"] = [dataclasses.asdict(call) for call in calls]
    if request.get("clear"):
        sim.calls.clear()
    return answer


class Control:
    """The client of the control endpoint; needs nothing but the standard library."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def do(self, what: str, **request: Any) -> dict[str, Any]:
        """Ask for one thing; ValueError says what was wrong with it."""
        body = json.dumps({"do": what, **request}).encode()
        asked = urllib.request.Request(self.url + PATH, data=body, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                told: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from None
        return told

    def advance(self, seconds: float) -> float:
        """Move the clock on; gives the new time."""
        return float(self.do("advance", seconds=seconds)["now"])

    def speed(self, speed: float) -> None:
        """Set the clock's speed."""
        self.do("clock", speed=speed)

    def scenario(self, name: str, **scenario: Any) -> None:
        """Register a scenario, told by the names of its members."""
        self.do("scenario", name=name, scenario=scenario)

    def traps(self, **switches: Any) -> None:
        """Set traps."""
        self.do("traps", set=switches)

    def add_jobs(self, count: int, prefix: str = "job", **common: Any) -> None:
        """Add jobs <prefix>-0, <prefix>-1, …: scenario, tags, request, created, gap, region."""
        self.do("add_jobs", count=count, prefix=prefix, **common)

    def calls(self, **request: Any) -> dict[str, Any]:
        """How many calls there were, by operation and by error (since=, full=, clear=)."""
        return self.do("calls", **request)

    def stop_job(self, name: str, **where: Any) -> None:
        """Somebody else stops the job."""
        self.do("stop_job", name=name, **where)

    def job(self, name: str, **where: Any) -> dict[str, Any]:
        """DescribeTrainingJob's answer, without a call."""
        return self.do("job", name=name, **where)

    def reset(self) -> None:
        """Forget everything."""
        self.do("reset")
