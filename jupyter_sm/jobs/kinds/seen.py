"""Seen: what a target says of a job, in terms that all kinds share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A Describe answer, read. Times are seconds since 1970 (UTC).

    - `failure_reason`: the service's own text; `told`: what is to be explained where that is
      empty, as a status that says why.
    - `transitions`: spans as `{"status", "start", "end", "message"}`.
    - `notes`: in words, what a user should know of a job that has no fault.
    - `parent`: kind and name of the job that this one is a part of, as `tuning/name`.
    """

    status: str
    secondary_status: str
    phase: str
    created_at: float
    modified_at: float
    started_at: float | None = None
    ended_at: float | None = None
    failure_reason: str = ""
    told: str = ""
    transitions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    script: str = ""
    billable_seconds: int | None = None
    model_uri: str | None = None
    parent: str = ""
    notes: Sequence[str] = ()


def seconds(time: Any) -> float | None:
    """A time of an answer in seconds, or None where there is none."""
    return float(time.timestamp()) if time is not None else None
