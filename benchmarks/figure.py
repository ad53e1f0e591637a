"""One measured figure, with its goal and what others reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Figure:
    """`better` is `lower` or `higher`; `peers` maps others' names to their values."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    better: str = "lower"
    peers: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def row(self, width: int) -> str:
        goal = (
            ""
            if self.goal is None
            else f"{'<' if self.better == 'lower' else '>'} {self.goal:g} {self.unit}"
        )
        peers = "".join(f"  {name} {value:.4g}" for name, value in self.peers.items())
        return f"{self.name:{width}}  {self.value:>9.4g} {self.unit:<2}  {goal:>12}{peers}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..100) per cent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]
