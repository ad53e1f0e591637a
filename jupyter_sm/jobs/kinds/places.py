"""The addresses in a request: where a job's code, inputs and outputs lie.

A kind names them once, by `places(request)`; staging, refusals, an error's context and whatever
else goes over a request's addresses read and write them here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# A tag that says, for the user, that links which lead out of inputs and sources are followed.
FOLLOW_LINKS = "jupyter-sm/follow-links"

Role = Literal["code", "input", "output", "checkpoint"]


@dataclass(frozen=True)
class Place:
    """One address of a request.

    - `what`: in words, as "channel train"; `name`: the user's own name for it, if it has one;
      `phrase`: what lies there, in words, as "input of channel 'train'".
    - `path`: the members and indexes that lead to it.
    - `role`: what the job does with it.
    - `is_json`: it stands there as JSON text, as script mode has it.
    """

    what: str
    path: tuple[str | int, ...]
    role: Role
    name: str = ""
    phrase: str = ""
    is_json: bool = False

    def uri(self, request: Mapping[str, Any]) -> str:
        """The address that stands there; empty where there is none, or no text."""
        value = at(request, *self.path)
        if self.is_json and isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                pass  # sent as it is, without quotes around it
        return value if isinstance(value, str) else ""

    def put(self, request: dict[str, Any], uri: str) -> None:
        """Write another address there."""
        holder: Any = request
        for step in self.path[:-1]:
            holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
        holder[self.path[-1]] = json.dumps(uri) if self.is_json else uri


def at(request: Any, *path: str | int) -> Any:
    """What stands at a path of a request, or None where the path leads nowhere."""
    for step in path:
        if isinstance(step, int):
            request = request[step] if isinstance(request, list) and step < len(request) else None
        else:
            request = request.get(step) if isinstance(request, Mapping) else None
    return request


def rows(request: Any, *path: str | int) -> list[Any]:
    """The list that stands at a path of a request; empty where there is none."""
    found = at(request, *path)
    return list(found) if isinstance(found, (list, tuple)) else []


def follows_links(request: Any) -> bool:
    """Whether what links lead to, out of an input, is part of it."""
    return any(at(tag, "Key") == FOLLOW_LINKS for tag in rows(request, "Tags"))
