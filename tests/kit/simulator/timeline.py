"""A job's course as a list of phases, so that its state at any time is one bisection.

Statuses and their order follow DescribeTrainingJob's documentation; the messages are
those SageMaker puts into SecondaryStatusTransitions.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from .clock import milliseconds
from .scenario import CAPACITY, Scenario

FINAL = frozenset({"Completed", "Failed", "Stopped"})
_PRIMARY = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
    "Stopping": "Stopping",
    "Deleting": "Deleting",
}
MESSAGES = {
    "Pending": "Waiting for resources",
    "Starting": "Launching requested ML instances",
    "Downloading": "Downloading the training image",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Interrupted": "Training job interrupted",
    "Restarting": "Restarting the training job",
}
STOP_GRACE = 120.0


class Phase(NamedTuple):
    """From `start` on the job has this status, secondary status and message."""

    start: float
    primary: str
    secondary: str
    message: str


class Attempt(NamedTuple):
    """One run of the containers: they print between these two times."""

    start: float
    end: float


@dataclass
class Timeline:
    """The phases of one job, in order of time."""

    phases: list[Phase] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def seal(self) -> Timeline:
        """Recount what is derived from the phases."""
        self.starts = [phase.start for phase in self.phases]
        return self

    def index(self, now: float) -> int:
        """Which phase holds at this time; the first before the job was created."""
        return max(0, bisect_right(self.starts, now) - 1)

    @property
    def end(self) -> float:
        """When the final status is reached; infinite for a job that runs until stopped."""
        last = self.phases[-1]
        return last.start if last.primary in FINAL else math.inf

    def started(self, now: float) -> float | None:
        """TrainingStartTime: from when the instances run, which is when they are billed."""
        for phase in self.phases:
            if phase.start > now:
                break
            if phase.secondary in ("Downloading", "DownloadingTrainingImage", "Training"):
                return phase.start
        return None

    def transitions(self, now: float) -> list[dict[str, object]]:
        """SecondaryStatusTransitions: a status that stays only changes its message."""
        rows: list[dict[str, object]] = []
        for phase in self.phases[: self.index(now) + 1]:
            if rows and rows[-1]["Status"] == phase.secondary:
                rows[-1]["StatusMessage"] = phase.message
                continue
            if rows:
                rows[-1]["EndTime"] = round(phase.start, 3)
            row: dict[str, object] = {"Status": phase.secondary, "StartTime": round(phase.start, 3)}
            row["StatusMessage"] = phase.message
            rows.append(row)
        if rows and self.phases[self.index(now)].primary in FINAL:
            rows[-1]["EndTime"] = rows[-1]["StartTime"]
        return rows

    def stop(self, now: float, seconds: float) -> None:
        """StopTrainingJob: Stopping, for at most 120 s, then Stopped; what came later is off."""
        trained = any(attempt.start <= now for attempt in self.attempts)
        del self.phases[self.index(now) + 1 :]
        over = milliseconds(now + min(seconds, STOP_GRACE))
        self._add(now, "Stopping", primary="Stopping")
        self._add(over, "Stopped")
        self.attempts = [
            Attempt(a.start, min(a.end, over)) for a in self.attempts if a.start <= now and trained
        ]
        self.seal()

    def _add(self, at: float, secondary: str, message: str = "", primary: str = "") -> None:
        if math.isinf(at):
            return
        self.phases.append(
            Phase(
                at,
                primary or _PRIMARY.get(secondary, "InProgress"),
                secondary,
                message or MESSAGES.get(secondary, secondary),
            )
        )


class _Course:
    """Puts one phase after the other."""

    def __init__(self, created: float) -> None:
        self.line = Timeline()
        self.at = created

    def add(self, secondary: str, seconds: float, message: str = "", primary: str = "") -> None:
        if seconds > 0:
            self.line._add(self.at, secondary, message, primary)
            self.at = milliseconds(self.at + seconds)

    def train(self, seconds: float) -> None:
        if not math.isinf(self.at):
            self.line.attempts.append(Attempt(self.at, milliseconds(self.at + seconds)))
        self.add("Training", seconds)

    def finish(self, secondary: str, message: str = "") -> Timeline:
        self.line._add(self.at, secondary, message)
        return self.line.seal()


def plan(scenario: Scenario, created: float, max_runtime: float = math.inf) -> Timeline:
    """The course that a job with this scenario takes, unless it is stopped."""
    course = _Course(created)
    if scenario.statuses is not None:
        return _as_told(scenario, course)
    failing = scenario.fails_in if scenario.outcome == "Failed" else ""
    course.add("Pending", scenario.pending)
    course.add("Starting", scenario.starting * 2 / 3, MESSAGES["Starting"])
    course.add("Starting", scenario.capacity_retry, CAPACITY)
    course.add("Starting", scenario.starting / 3, "Preparing the instances for training")
    if failing == "Starting":
        return course.finish("Failed")
    left = max_runtime
    attempts = [*scenario.interrupted_at, scenario.training]
    for number, seconds in enumerate(attempts):
        course.add("Downloading", scenario.downloading)
        if failing == "Downloading":
            return course.finish("Failed")
        if number == 0 and scenario.unknown_status:
            course.add(*scenario.unknown_status)
        over = seconds >= left or (number == len(attempts) - 1 and scenario.outcome == "Stopped")
        course.train(min(seconds, left))
        left -= seconds
        if over:
            course.add("Stopping", min(1.0, scenario.stopping), primary="Stopping")
            course.add("Uploading", scenario.uploading, primary="Stopping")
            return course.finish("MaxRuntimeExceeded")
        if number < len(attempts) - 1:
            for status in scenario.after_interruption:
                lasts = scenario.interrupted if status == "Interrupted" else scenario.restarting
                course.add(status, lasts)
    course.add("Uploading", scenario.uploading)
    return course.finish("Failed" if scenario.outcome == "Failed" else "Completed")


def _as_told(scenario: Scenario, course: _Course) -> Timeline:
    last = ""
    for secondary, seconds, *message in scenario.statuses or ():
        last = str(secondary)
        if _PRIMARY.get(last) in FINAL:
            return course.finish(last, *message)
        if last == "Training":
            course.train(seconds)
        else:
            course.add(last, seconds, *message)
    return course.finish(scenario.outcome)
