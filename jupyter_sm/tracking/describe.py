"""From a Describe answer of the API to the store's terms."""

from __future__ import annotations

from typing import Any

from jupyter_sm.diagnosis import explain, mask_secrets
from jupyter_sm.jobs import Kind, context_of
from jupyter_sm.jobs.members import request_in
from jupyter_sm.tracking.jobs_table import Described


def described(kind: Kind, answer: dict[str, Any]) -> Described:
    """A Describe answer, or a record that Search gave, read."""
    seen = kind.read(answer)
    reason = mask_secrets(seen.failure_reason) or None
    told = reason or seen.told
    return Described(
        status=seen.status,
        secondary_status=seen.secondary_status,
        created_at=seen.created_at,
        modified_at=seen.modified_at,
        started_at=seen.started_at,
        ended_at=seen.ended_at,
        failure_reason=reason,
        explanation=explain(told, context=context_of(kind, answer)) if told else None,
        request=request_in(answer, kind),
        transitions=[dict(span) for span in seen.transitions],
        script=seen.script,
        billable_seconds=seen.billable_seconds,
        model_uri=seen.model_uri,
    )
