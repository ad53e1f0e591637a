"""SageMaker's own words for a fault of a request: the codes and texts of its error answers.

Source: error answers as users met them, such as "1 validation error detected: Value '0' at
'resourceConfig.instanceCount' failed to satisfy constraint: Member must have value greater than or
equal to 1".
"""

from __future__ import annotations

import re
from typing import Any

INVALID = "ValidationException"
UNREADABLE = "SerializationException"
OVER_LIMIT = "ResourceLimitExceeded"

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
# No model nests deeper than this; what comes as a request may.
_DEEPEST = 8
_TOKENS: dict[type, str] = {
    dict: "START_OBJECT",
    list: "START_ARRAY",
    tuple: "START_ARRAY",
    str: "STRING_VALUE",
    bool: "TRUE_VALUE",
    type(None): "NULL_VALUE",
}


def constraint(path: str, value: Any, must: str) -> str:
    """A constraint of the model that a value breaks; None stands for a value that is missing."""
    shown = "null" if value is None else f"'{_shown(value)}'"
    where = _service_path(path)
    return f"Value {shown} at '{where}' failed to satisfy constraint: Member must {must}"


def map_constraint(path: str, entries: Any, part: str, inner: str) -> str:
    """What a map is told of a constraint that one of its keys or values (`part`) breaks."""
    must = inner.rpartition("constraint: ")[2]
    return (
        f"Value '{_shown(entries)}' at '{_service_path(path)}' failed to satisfy constraint: "
        f"Map {part} must satisfy constraint: [{must}]"
    )


def unreadable(value: Any, wanted: str) -> str:
    """What a value is told that can't be read as the model's type."""
    article = "an" if wanted[0] in "aeiou" else "a"
    token = _TOKENS.get(type(value), "NUMBER_VALUE")
    return f"{token} can not be converted to {article} {wanted.capitalize()}"


def limit_exceeded(name: str, limit: int, wanted: int, unit: str) -> str:
    """What is told of more than a quota allows."""
    return (
        f"The account-level service limit '{name}' is {limit} {unit}, with current utilization of "
        f"0 {unit} and a request delta of {wanted} {unit}."
    )


def _service_path(path: str) -> str:
    """`InputDataConfig[0].ChannelName` as SageMaker writes it."""
    steps = (
        f"{int(number) + 1}.member" if number else f"{name[:1].lower()}{name[1:]}"
        for number, name in _STEP.findall(path)
    )
    return ".".join(steps)


def _shown(value: Any, depth: int = 0) -> str:
    if isinstance(value, (dict, list, tuple)) and depth == _DEEPEST:
        return "…"
    if isinstance(value, dict):
        rows = (f"{key}={_shown(item, depth + 1)}" for key, item in value.items())
        return "{" + ", ".join(rows) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(item, depth + 1) for item in value) + "]"
    return str(value)
