"""The kinds of job: one module each, one row each in `KINDS`.

A kind that is added here is listed, tracked, logged, stopped, run again and explained.
"""

from jupyter_sm.jobs.kinds.kind import Kind, LogPlace, Search, Step, context_of
from jupyter_sm.jobs.kinds.places import Place, follows_links
from jupyter_sm.jobs.kinds.processing import PROCESSING
from jupyter_sm.jobs.kinds.seen import Seen
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.jobs.kinds.training_spec import TrainingSpec

KINDS = {row.kind: row for row in (TRAINING, PROCESSING)}

__all__ = [
    "KINDS",
    "Kind",
    "LogPlace",
    "Place",
    "Search",
    "Seen",
    "Step",
    "TrainingSpec",
    "context_of",
    "follows_links",
    "kind_named",
]


def kind_named(name: str) -> Kind:
    """The row of a kind. Raises ValueError with the known kinds otherwise."""
    try:
        return KINDS[name]
    except (KeyError, TypeError):
        raise ValueError(
            f"Unknown kind of job {name!r}. Known kinds: {', '.join(sorted(KINDS))}."
        ) from None
