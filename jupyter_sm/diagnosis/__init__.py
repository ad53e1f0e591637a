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
from jupyter_sm.shown.logger import logger_of

__all__ = [
    "ExplainedError",
    "Explanation",
    "as_text",
    "explain",
    "explained",
    "mask_secrets",
    "refusal",
]

_log = logger_of(__name__)


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

    try:
        return explaining.explain(
            error, operation=operation, code=code, context=context, secrets=secrets
        )
    except Exception:  # noqa: BLE001 - a fault of ours costs the explanation, not a job its end
        _log.exception("An error could not be explained.")
        what = "It can't be explained here; see it where it was raised."
        return Explanation("not-recognised", "Error not recognised", what)
