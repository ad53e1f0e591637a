"""Everything that goes wrong in reality, each as a switch that is off until it is set."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from typing import Any

from .clock import Clock
from .errors import ApiError
from .scenario import Scenario
from .streams import Lag

# (operation glob, calls a second, burst)
Limit = tuple[str, float, float]
_SLOW_GET = frozenset(
    [
        "us-west-2",
        "eu-west-1",
        "eu-central-1",
        "ap-northeast-3",
        "ap-southeast-3",
        "ca-west-1",
        "il-central-1",
    ]
)
# Seconds for which a switch stays on; True means until it is cleared.
_Timed = bool | float


@dataclass
class Traps:
    """The switches. Those of type `_Timed` take seconds from when they are set, or True."""

    # Seconds by which log lines arrive late: all, or every n-th as (seconds, n), or by
    # (stream name, index). The line keeps its older timestamp.
    late_lines: float | tuple[float, int] | Lag = 0.0
    empty_pages: int = 0
    skew: float = 0.0
    # For jobs created from now on.
    restart_streams: bool = False
    many_streams: int = 0
    unknown_status: str = ""

    throttle: float | Limit | list[Limit] | Callable[[str, float], bool] | None = None
    published_limits: bool = False
    # Count the limits' seconds on the real clock, for benchmarks with a fast one.
    limits_in_real_time: bool = False
    expired_token: _Timed = False
    clock_off: _Timed = False
    denied: str = ""  # an operation glob, such as "sagemaker:Stop*"
    no_logs_rights: bool | str = False  # True, or an operation glob such as "FilterLogEvents"
    server_errors: int = 0  # so many calls are answered by a 500, and nothing is done

    accepted_but_timed_out: int = 0
    accepted_answer: str | int = "close"  # or 500, 503
    accepted_operations: str = "CreateTrainingJob"

    list_lag: float = 0.0
    search_lag: float = 0.0
    hang: tuple[str, float] | None = None  # an operation glob, and real seconds
    unreachable: str = ""  # an operation glob: the connection is closed, and nothing is done
    slow: float = 0.0  # real seconds of every call

    def bind(self, clock: Clock) -> Traps:
        """Use this clock for switches that turn themselves off."""
        self.__dict__["_clock"] = clock
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _NAMES:
            raise AttributeError(f"There is no trap {name}; there are {', '.join(_NAMES)}.")
        state = self.__dict__
        state[name] = value
        clock = state.get("_clock")
        state.setdefault("_since", {})[name] = clock.now() if clock else 0.0
        if "limits" in name or name == "throttle":
            state["_buckets"] = {}

    def clear(self) -> None:
        """Turn everything off."""
        for field in fields(self):
            setattr(self, field.name, field.default)

    def _is_on(self, name: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        now: float = self.__dict__["_clock"].now()
        return bool(value) and now < self.__dict__["_since"][name] + value

    def lag(self) -> float | Lag:
        """How late lines are: seconds, or by stream and index."""
        late = self.late_lines
        if isinstance(late, (tuple, list)):
            seconds, every = late
            return lambda stream, index: seconds if index % every == 0 else 0.0
        return late

    def changed(self, scenario: Scenario) -> Scenario:
        """The scenario of a job that is created while traps are set."""
        if self.restart_streams:
            scenario = replace(scenario, interrupted_at=[min(scenario.training, 600) / 2])
        if self.many_streams:
            scenario = replace(scenario, hosts=self.many_streams)
        if self.unknown_status:
            scenario = replace(scenario, unknown_status=(self.unknown_status, 5.0))
        return scenario

    def check(self, service: str, operation: str, region: str, account: str) -> None:
        """Raise what the switches make of this call."""
        full = f"{service}:{operation}"
        if self._is_on("clock_off", self.clock_off):
            raise _signature_expired(self.__dict__["_clock"].now())
        if self._is_on("expired_token", self.expired_token):
            raise ApiError(
                "ExpiredTokenException", "The security token included in the request is expired"
            )
        glob = "logs:*" if self.no_logs_rights is True else self.no_logs_rights or ""
        for one in filter(None, (self.denied, glob if service == "logs" else "")):
            if fnmatch.fnmatchcase(full, one) or fnmatch.fnmatchcase(operation, one):
                raise _denied(full, region, account)
        if self._throttled(operation, region, account):
            raise ApiError("ThrottlingException", "Rate exceeded")
        if self.server_errors > 0:
            self.server_errors -= 1
            raise ApiError("InternalFailure", "The service met an internal failure.", 500)

    def _throttled(self, operation: str, region: str, account: str) -> bool:
        clock: Clock = self.__dict__["_clock"]
        throttle = self.throttle
        if callable(throttle):
            return throttle(operation, clock.now())
        if isinstance(throttle, (int, float)):
            return self._is_on("throttle", throttle)
        limits: list[Limit] = []
        if throttle:
            limits += [throttle] if isinstance(throttle[0], str) else throttle
        if self.published_limits:
            limits += published_limits(region)
        now = time.monotonic() if self.limits_in_real_time else clock.now()
        for glob, rate, burst in limits:
            if fnmatch.fnmatchcase(operation, glob):
                return not self._taken((account, region, operation), now, rate, burst)
        return False

    def _taken(self, key: tuple[str, str, str], now: float, rate: float, burst: float) -> bool:
        buckets: dict[tuple[str, str, str], tuple[float, float]] = self.__dict__["_buckets"]
        tokens, at = buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate)
        taken = tokens >= 1
        buckets[key] = (tokens - taken, now)
        return taken


_NAMES = tuple(field.name for field in fields(Traps))


def published_limits(region: str) -> list[Limit]:
    """AWS's published rates by operation; Describe and Create have none, 2 is assumed."""
    get = 10.0 if region in _SLOW_GET else 25.0
    filtered = {"us-east-1": 25.0, "eu-central-1": 5.0}.get(region, 10.0)
    return [
        ("GetLogEvents", get, get),
        ("FilterLogEvents", filtered, filtered),
        ("DescribeLogStreams", 25.0, 25.0),
        ("ListTrainingJobs", 2.0, 2.0),
        ("DescribeTrainingJob", 2.0, 2.0),
        ("CreateTrainingJob", 2.0, 2.0),
    ]


def _denied(operation: str, region: str, account: str) -> ApiError:
    where = {
        "logs": f"arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker/TrainingJobs:log-stream:",
        "sagemaker": f"arn:aws:sagemaker:{region}:{account}:training-job/*",
    }[operation.partition(":")[0]]
    return ApiError(
        "AccessDeniedException",
        f"User: arn:aws:sts::{account}:assumed-role/SimulatedRole/SageMaker is not authorized to "
        f"perform: {operation} on resource: {where} because no identity-based policy allows the "
        f"{operation} action",
    )


def _signature_expired(now: float) -> ApiError:
    def shown(at: float) -> str:
        return datetime.fromtimestamp(at, timezone.utc).strftime("%Y%m%dT%H%M%SZ")

    return ApiError(
        "InvalidSignatureException",
        f"Signature expired: {shown(now - 3600)} is now earlier than {shown(now - 300)} "
        f"({shown(now)} - 5 min.)",
    )
