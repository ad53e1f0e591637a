"""Lines that are JSON objects: their fields are read, not their text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from jupyter_sm.logs.counters import EPOCH, PART, STEP, Count, Counter
from jupyter_sm.logs.names import METRIC, RATE, SPEED, kind_of
from jupyter_sm.logs.pairs import Pair

# A longer object is data rather than a log entry.
_LONGEST = 64_000
_LEVELS = ("level", "levelname", "severity", "log.level", "loglevel")
_STEPS = ("step", "global_step", "iteration", "iter", "num_updates")
_TOTALS = ("total_epochs", "num_epochs", "max_epochs", "epochs", "n_epochs")
_SETTINGS = frozenset({"config", "hyperparameters", "params", "args", "hparams"})
_TEXTS = ("message", "msg", "event", "log")
_TRACEBACKS = ("exc_info", "exception", "stack", "traceback", "error.stack_trace", "stack_trace")


@dataclass
class JsonLine:
    """What a JSON object says, in a log's terms."""

    level: str = ""
    message: str = ""
    metrics: list[Pair] = field(default_factory=list)
    step: int | None = None
    epoch: float | None = None
    total_epochs: int | None = None
    traceback: list[str] = field(default_factory=list)

    @property
    def counts(self) -> list[Count]:
        """The epoch and the step that it tells."""
        counts: list[Count] = []
        if self.epoch is not None:
            word = PART if self.epoch % 1 else EPOCH
            counts.append((Counter(word), self.epoch, self.total_epochs))
        if self.step is not None:
            counts.append((Counter(STEP, what="json"), self.step, None))
        return counts


def read(line: str) -> JsonLine | None:
    """The line's fields, or None if it is no JSON object."""
    if len(line) > _LONGEST:
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    told = JsonLine()
    for key in _LEVELS:
        if isinstance(value.get(key), str):
            told.level = value[key].upper()
            break
    for key in _TEXTS:
        if isinstance(value.get(key), str):
            told.message = value[key]
            break
    epoch = value.get("epoch")
    is_part = isinstance(epoch, float) and 0 <= epoch < 10**6
    told.epoch = epoch if is_part else _count(epoch)
    told.step = next((n for key in _STEPS if (n := _count(value.get(key))) is not None), None)
    told.total_epochs = next(
        (n for key in _TOTALS if (n := _count(value.get(key))) is not None), None
    )
    _collect(value, "", told, depth=0)
    for key in _TRACEBACKS:
        told.traceback = told.traceback or _traceback(value.get(key))
    return told


def _collect(value: dict[str, Any], prefix: str, told: JsonLine, depth: int) -> None:
    name = value.get("metric") or value.get("metric_name") or value.get("name")
    if isinstance(name, str) and "value" in value and kind_of(name) == METRIC:
        _add(told, name, value["value"])
    is_told = told.step is not None or told.epoch is not None or prefix.endswith("metrics.")
    for key, item in value.items():
        if key.lower() in _SETTINGS:
            continue
        if isinstance(item, dict) and depth < 2:
            _collect(item, f"{prefix}{key}.", told, depth + 1)
        elif kind_of(key) == METRIC or (is_told and kind_of(key) in (RATE, SPEED)):
            _add(told, prefix + key, item)


def _add(told: JsonLine, name: str, value: object) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        told.metrics.append(Pair(name, str(value)))
    elif isinstance(value, str) and value[:24].strip("+-.0123456789eE") in ("", "nan", "inf"):
        told.metrics.append(Pair(name, value[:60]))


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 10**12 else None


def _traceback(value: object) -> list[str]:
    """A traceback's lines, from a string or from structlog's list of stacks."""
    if isinstance(value, str):
        return value.split("\n")[:2000] if "Traceback" in value else []
    if not isinstance(value, list):
        return []
    lines: list[str] = []
    for stack in value[-1:]:
        if not isinstance(stack, dict) or "exc_type" not in stack:
            return []
        lines.append("Traceback (most recent call last):")
        frames = stack.get("frames")
        for frame in frames[-50:] if isinstance(frames, list) else []:
            if isinstance(frame, dict):
                lines.append(
                    f'  File "{frame.get("filename")}", line {frame.get("lineno")}, '
                    f"in {frame.get('name')}"
                )
        lines.append(f"{stack['exc_type']}: {stack.get('exc_value', '')}")
    return lines
