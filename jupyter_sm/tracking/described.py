"""From a Describe answer of the API to the store's terms: read by its kind, masked, explained."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jupyter_sm.diagnosis import explain, mask_secrets
from jupyter_sm.jobs import Kind, context_of
from jupyter_sm.jobs.members import request_in
from jupyter_sm.shown.secrets import secrets_of, shown
from jupyter_sm.store.jobs import Described
from jupyter_sm.targets import Target


def described(target: Target, kind: Kind, answer: Mapping[str, Any]) -> Described:
    """A Describe answer of a target, or a record that Search gave."""
    seen = kind.read(answer)
    # Explained as it is, since a policy statement needs whole ARNs; an explanation masks itself.
    told = seen.failure_reason or seen.told
    request = request_in(answer, kind)
    notes = target.notes(kind, request)
    # Of most jobs there is nothing to tell in which a secret of theirs could stand.
    secrets = secrets_of(request) if told or notes or seen.notes else ()
    explanation = explain(told, context=context_of(kind, answer), secrets=secrets) if told else None
    return Described(
        seen=replace(
            seen,
            failure_reason=mask_secrets(seen.failure_reason, secrets),
            transitions=[
                {**t, "message": _message(t["message"], secrets)} for t in seen.transitions
            ],
            script=shown(seen.script, secrets),
            model_uri=seen.model_uri and shown(seen.model_uri, secrets),
            notes=[shown(note, secrets) for note in seen.notes],
        ),
        request=request,
        explanation=explanation,
        notes=[shown(note, secrets) for note in notes],
    )


# SageMaker says the same of nearly all jobs.
_message = functools.lru_cache(maxsize=1024)(shown)
