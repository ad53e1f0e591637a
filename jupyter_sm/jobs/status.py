"""What a status means. The words are SageMaker's; unknown ones pass through.

Source: TrainingJobStatus and SecondaryStatus of the SageMaker service model. Two words
are ours, for the time before SageMaker knows the job: `Submitting` and `Rejected`.
"""

from __future__ import annotations

SUBMITTING = "Submitting"
REJECTED = "Rejected"

_FINAL = frozenset({"Completed", "Failed", "Stopped", REJECTED})


def is_final(status: str) -> bool:
    """Whether a job in this status will not change any more. `Stopping` is not final."""
    return status in _FINAL
