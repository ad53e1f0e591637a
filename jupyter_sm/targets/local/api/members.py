"""Members of a Create request: what the local target makes of each.

A kind's module classifies them in a table by their paths, as `InputDataConfig[].ContentType`; an
entry speaks for all that is below it. A member that stands in no table, since a newer botocore
brought it, counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any


class Use(Enum):
    """What becomes of a member that is not refused."""

    HONOURED = "it does what it does on SageMaker"
    UNSAID = "it counts for nothing, as is plain of a machine of one's own"
    NOTED = "it counts for nothing, and a note says so"


# A text is the sentence by which a member is refused.
Members = Mapping[str, Use | str]


def refused(request: Mapping[str, Any], members: Members) -> Iterator[str]:
    """Why each member is refused that is."""
    for _, use in _given(request, members, ""):
        if isinstance(use, str):
            yield use


def note(request: Mapping[str, Any], members: Members) -> str | None:
    """A sentence that names the members which count for nothing; None without any."""
    noted = (path for path, use in _given(request, members, "") if use is Use.NOTED)
    names = dict.fromkeys(path.replace("[]", "") for path in noted)
    return (
        f"On this machine these settings count for nothing: {', '.join(names)}." if names else None
    )


def _given(value: Any, members: Members, path: str) -> Iterator[tuple[str, Use | str]]:
    """What becomes of each member of a request that says more than its absence would."""
    if path in members:
        if value and value != "None":
            yield path, members[path]
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _given(item, members, f"{path}[]")
    elif isinstance(value, Mapping) and (not path or _has_entries_below(path, members)):
        for name, item in value.items():
            yield from _given(item, members, f"{path}.{name}" if path else name)
    elif value:
        yield path, Use.NOTED


def _has_entries_below(path: str, members: Members) -> bool:
    return any(known.startswith(f"{path}.") for known in members)
