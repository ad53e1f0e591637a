"""Explaining errors: a raw error in, an `Explanation` out. Pure; the knowledge is rules/*.toml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_sm.diagnosis.explanation import (
    ExplainedError,
    Explanation,
    as_text,
    explained,
    mask_secrets,
    refusal,
)

__all__ = [
    "ExplainedError",
    "Explanation",
    "as_text",
    "explain",
    "explained",
    "mask_secrets",
    "refusal",
]


def explain(
    error: Any,
    *,
    operation: str | None = None,
    code: str | None = None,
    context: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
) -> Explanation:
    """What an error means, in plain words.

    `error` is an exception, a FailureReason or any text; `operation` and `code` are the
    API's, found by themselves in botocore's errors; `context` names entities the text
    may lack (`name`, `script`, `channel`, …); `secrets` are what must not be told. Never raises:
    what no rule knows comes back as category `not-recognised`.
    """
    from jupyter_sm.diagnosis import explaining  # whose rules take long to load

    return explaining.explain(
        error, operation=operation, code=code, context=context, secrets=secrets
    )
