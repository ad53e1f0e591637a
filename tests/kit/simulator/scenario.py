"""What happens to a job: how long each status lasts, how it ends, and what it prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

CAPACITY = "Insufficient capacity error from EC2 while launching instances, retrying!"


class Line(NamedTuple):
    """One log line: seconds after the container's start, text, and how late it arrives."""

    offset: float
    text: str
    lag: float = 0.0


# A bare text is spread over the training time; a pair is (offset, text).
AnyLine = str | tuple[float, str] | tuple[float, str, float] | Line
# Called with the host's number (from 1) and the seconds trained so far; gives all lines
# since the container's start, and never fewer or others than when it was called before.
LineSource = Callable[[int, float], Iterable[AnyLine]]


@dataclass
class Scenario:
    """One course of a training job. Durations are in seconds of the simulator's clock."""

    pending: float = 0.0
    starting: float = 30.0
    downloading: float = 20.0
    training: float = 60.0
    uploading: float = 10.0
    # How long Stopping lasts after StopTrainingJob; SageMaker kills after 120 s.
    stopping: float = 60.0

    outcome: str = "Completed"  # Completed, Failed, or Stopped (its maximum runtime is over)
    failure_reason: str = "AlgorithmError: ExecuteUserScriptError:\nExitCode 1"
    # The status that fails, such as Starting or Downloading, where it is not the training.
    fails_in: str = "Training"

    lines: Sequence[AnyLine] | LineSource = ()
    lines_per_second: float = 0.0
    # The text of a generated line; may name {n}, {host} and {total}.
    line: str = "step {n} loss: {loss:.4f}"
    # Printed when the training time is over, such as a traceback.
    last_lines: Sequence[str] = ()
    ingestion_lag: float = 0.0
    # Seconds between the start of Training and that of the container's log stream.
    stream_delay: float = 0.0

    # How many containers print, where it is not the request's InstanceCount.
    hosts: int = 0
    # Each attempt of these many trained seconds is interrupted, as spot instances are.
    interrupted_at: Sequence[float] = ()
    interrupted: float = 10.0
    restarting: float = 20.0
    after_interruption: Sequence[str] = ("Interrupted", "Restarting")
    capacity_retry: float = 0.0
    unknown_status: tuple[str, float] | None = None
    # The whole course as (secondary status, seconds[, message]), instead of the above.
    statuses: Sequence[Sequence[Any]] | None = None

    metrics: Mapping[str, float] = field(default_factory=dict)
    billable: float | None = None
    model: bool = True

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Scenario:
        """A scenario sent over the control endpoint; "inf" stands for endless."""
        known: dict[str, Any] = {
            key: math.inf if item == "inf" else item for key, item in value.items()
        }
        if "lines" in known:
            known["lines"] = [x if isinstance(x, str) else tuple(x) for x in known["lines"]]
        return cls(**known)
