"""Instance types: the next larger one of a family, as the installed service model knows them."""

from __future__ import annotations

from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.jobs.service_model import service_model

_SIZES = (
    "medium",
    "large",
    "xlarge",
    *(f"{n}xlarge" for n in (2, 3, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 48)),
)


def known_types(kind: Kind) -> list[str]:
    """The instance types that a kind takes."""
    return list(service_model()["shapes"][kind.instance_types]["enum"])


def next_larger(instance_type: str, kind: Kind) -> str | None:
    """The next larger type of the same family that the kind takes, or None at its end."""
    family, _, size = instance_type.rpartition(".")
    if size not in _SIZES:
        return None
    known = set(known_types(kind))
    larger = (f"{family}.{s}" for s in _SIZES[_SIZES.index(size) + 1 :])
    return next((name for name in larger if name in known), None)
