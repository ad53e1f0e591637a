"""JobKey: what tells one job from all others."""

from __future__ import annotations

from typing import NamedTuple


class JobKey(NamedTuple):
    """The target a job runs on, its kind (`training`, …) and its name there."""

    target: str
    kind: str
    name: str
