"""From a Describe answer of the API to the store's terms: read by its kind, masked, explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_sm.diagnosis import explain, mask_secrets
from jupyter_sm.jobs import Kind, context_of
from jupyter_sm.jobs.members import request_in
from jupyter_sm.store.jobs import Described
from jupyter_sm.targets import Target


def described(target: Target, kind: Kind, answer: Mapping[str, Any]) -> Described:
    """A Describe answer of a target, or a record that Search gave."""
    seen = kind.read(answer)
    # Explained as it is, since a policy statement needs whole ARNs; an explanation masks itself.
    told = seen.failure_reason or seen.told
    request = request_in(answer, kind)
    seen = replace(seen, failure_reason=mask_secrets(seen.failure_reason))
    return Described(
        seen=seen,
        request=request,
        explanation=explain(told, context=context_of(kind, answer)) if told else None,
        notes=target.notes(kind, request),
    )
