"""The phase a job is in: what SQL and faces go by, whatever words a kind has for its statuses.

A kind says which of its statuses belong to which phase; statuses it does not know are `open`, so
that a new word of the service's ends nothing. Two statuses are ours, for the time before the
service knows the job: `Submitting` and `Rejected`.
"""

from __future__ import annotations

SUBMITTING = "Submitting"
REJECTED = "Rejected"

# Not yet accepted · going on · over · answering requests, and billed for it · deleted.
PHASES = ("submitting", "open", "ended", "serving", "gone")


def is_over(phase: str) -> bool:
    """Whether nothing will change any more in this phase."""
    return phase in ("ended", "gone")
