"""What a Describe answer tells of the request: the members that Create and Describe share."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.jobs.service_model import service_model


def request_members(kind: Kind) -> tuple[str, ...]:
    """Members of the Create request that Describe answers with, as the installed model has them."""
    return _shared(kind.create, kind.describe)


@functools.cache
def _shared(create: str, describe: str) -> tuple[str, ...]:
    model = service_model()
    operations, shapes = model["operations"], model["shapes"]
    asked = shapes[operations[create]["input"]["shape"]]["members"]
    told = shapes[operations[describe]["output"]["shape"]]["members"]
    return tuple(
        name for name, member in asked.items() if told.get(name, {}).get("shape") == member["shape"]
    )


def request_in(answer: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The request behind a Describe answer, so far as the answer tells it (not its tags)."""
    return {name: answer[name] for name in request_members(kind) if name in answer}
