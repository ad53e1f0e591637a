"""Explaining errors: a raw error in, an `Explanation` out. Pure; the knowledge is rules/*.toml."""

from jupyter_sm.diagnosis.explaining import explain
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
