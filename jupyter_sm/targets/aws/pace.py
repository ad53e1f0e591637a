"""Pacing calls: a token bucket per API family, which slows down when AWS says to.

The rates are AWS's published ones per account and region (of the logs' half, since the user's own
tools share them); where none is published, two a second are assumed. A throttled call halves
the rate, and each call that goes through brings half of it back.
Source: SageMaker and CloudWatch Logs quotas.
"""

from __future__ import annotations

import threading
import time
from typing import Any

# FilterLogEvents: 25 a second in us-east-1, 5 in some regions, 10 in all others.
_LOGS_FAST = frozenset({"us-east-1"})
_LOGS_SLOW = frozenset(
    {"eu-central-1", "ap-northeast-3", "ap-southeast-3", "ca-west-1", "il-central-1"}
)
_DEFAULT_RATE = 2.0
# A bucket that saves up more than this is throttled by AWS's own, whose size is not told.
_BURST_SECONDS = 0.5
_LEAST_SHARE = 1 / 8
_RECOVERY = 1.5
THROTTLES = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)


def rate_of(operation: str, region: str) -> float:
    """Calls a second of an operation that we allow ourselves at most."""
    if operation in ("FilterLogEvents", "GetLogEvents", "DescribeLogStreams"):
        if region in _LOGS_SLOW:
            return 2.5
        return 12.0 if region in _LOGS_FAST else 5.0
    return _DEFAULT_RATE


class Bucket:
    """Tokens of one API family; `take` waits for one."""

    def __init__(self, rate: float) -> None:
        self._full = rate
        self._rate = rate
        self._tokens = max(1.0, rate * _BURST_SECONDS)
        self._at = time.monotonic()
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Tokens a second at the moment."""
        return self._rate

    def take(self) -> float:
        """Reserve a token; the seconds to wait before it may be used."""
        with self._lock:
            now = time.monotonic()
            most = max(1.0, self._rate * _BURST_SECONDS)
            self._tokens = min(most, self._tokens + (now - self._at) * self._rate) - 1.0
            self._at = now
            return max(0.0, -self._tokens / self._rate)

    def throttled(self) -> None:
        """AWS refused a call for coming too soon."""
        with self._lock:
            self._rate = max(self._full * _LEAST_SHARE, self._rate / 2)
            self._tokens = min(self._tokens, 0.0)

    def went_through(self) -> None:
        """A call was answered."""
        with self._lock:
            self._rate = min(self._full, self._rate * _RECOVERY)


class Pacer:
    """The buckets of one target, put before every call of its clients."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def bucket(self, operation: str) -> Bucket:
        """The bucket that an operation draws from."""
        with self._lock:
            if operation not in self._buckets:
                self._buckets[operation] = Bucket(rate_of(operation, self._region))
            return self._buckets[operation]

    def attach(self, client: Any) -> None:
        """Pace a botocore client's calls from now on."""
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)

    def _before(self, model: Any, **_: Any) -> None:
        wait = self.bucket(model.name).take()
        if wait:
            time.sleep(wait)

    def _after(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        code = parsed.get("Error", {}).get("Code", "")
        if code in THROTTLES:
            self.bucket(model.name).throttled()
        else:
            self.bucket(model.name).went_through()
