"""Where two requests differ, member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

OUR_TAGS = "jupyter-sm:"
SUBMISSION_TAG = f"{OUR_TAGS}submission"


class Difference(NamedTuple):
    """One member that differs: its path, and what each request has there (None: nothing)."""

    path: str
    one: Any
    other: Any


def differences(one: Any, other: Any, path: str = "") -> Iterator[Difference]:
    """Every member that differs, in the order of the first request. Lists go by position."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {**one, **other}:
            below = f"{path}.{key}" if path else str(key)
            yield from differences(one.get(key), other.get(key), below)
    elif isinstance(one, list) and isinstance(other, list):
        for number in range(max(len(one), len(other))):
            pair = [rows[number] if number < len(rows) else None for rows in (one, other)]
            yield from differences(pair[0], pair[1], f"{path}[{number}]")
    elif one != other and not (_is_off(one) and _is_off(other)):
        yield Difference(path, one, other)


def without_ours(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request without the tags that are jupyter_sm's own."""
    tags = [tag for tag in request.get("Tags", []) if not tag["Key"].startswith(OUR_TAGS)]
    rest = {key: value for key, value in request.items() if key != "Tags"}
    return {**rest, "Tags": tags} if tags else rest


def _is_off(value: Any) -> bool:
    """What is left out is off, as Describe writes it."""
    return value is None or value is False
