"""Errors in a cell: ours, and of botocore and the SageMaker SDKs in any cell.

Where a notebook is, the explanation is a card above one line of error; in a terminal it is text.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, Explanation, as_text, explain, mask_secrets
from jupyter_sm.shown.controls import in_html

MIME_TYPE = "application/vnd.jupyter-sm.error+json"
# By name, since importing them would cost every kernel half a second.
_PACKAGES = ("botocore", "boto3", "sagemaker", "sagemaker_core", "s3transfer")
_LONGEST_CHAIN = 20


def install(ipython: Any) -> None:
    """Have IPython hand errors to `show`; those that are not SageMaker's show as always."""
    ipython.set_custom_exc((Exception,), show)


def show(
    shell: Any, kind: Any, error: BaseException, tb: Any, tb_offset: int | None = None
) -> list[str]:
    """IPython's handler: explain what comes from AWS, leave everything else as it is."""
    found = find(error)
    if found is not None:
        told = ExplainedError(explain(found))
        folded = mask_secrets("".join(traceback.format_exception(kind, error, tb)))
        # IPython asks an exception for its own rendering before it makes one.
        error._render_traceback_ = lambda: card(told, folded)  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
    return []


def find(error: BaseException | None) -> BaseException | None:
    """The error of the chain that comes from AWS's libraries, or None."""
    for _ in range(_LONGEST_CHAIN):
        if error is None or isinstance(error, ExplainedError):
            return None
        if type(error).__module__.partition(".")[0] in _PACKAGES:
            return error
        error = error.__cause__ or error.__context__
    return None


def card(error: ExplainedError, folded: str = "") -> list[str]:
    """Show an error as a card where a notebook listens; the lines that are left for the error itself.

    `folded` is what only few want to see: the traceback of somebody else's error.
    """
    shell: Any = "IPython" in sys.modules and sys.modules["IPython"].get_ipython()
    if getattr(shell, "kernel", None) is None:
        return as_text(error)
    # IPython asks twice, the second time for its history.
    if vars(error).get("_shown_in") != shell.execution_count:
        vars(error)["_shown_in"] = shell.execution_count
        shell.display_pub.publish(mime_bundle(error, folded))
    return as_text(error)[:1]


def mime_bundle(error: ExplainedError, folded: str = "") -> dict[str, Any]:
    """The card of an error: with what can be done at once in JupyterLab, HTML and text elsewhere.

    It is saved with the notebook: it holds the words, and of a job its key.
    """
    told = error.explanation
    words = {
        "title": told.title,
        "what_happened": told.what_happened,
        "likely_cause": told.likely_cause,
        "fixes": list(told.fixes),
    }
    job = dict(zip(("target", "kind", "name"), error.about, strict=True)) if error.about else None
    return {
        MIME_TYPE: {"version": 1, **words, "job": job, "folded": folded},
        "text/html": as_html(told, folded),
        "text/plain": str(told),
    }


def as_html(told: Explanation, folded: str) -> str:
    """The card as plain HTML, without script or style sheet; every text escaped."""
    parts = [f"<strong>✖ {in_html(told.title)}</strong>"]
    parts += [f"<p>{in_html(text)}</p>" for text in (told.what_happened, told.likely_cause) if text]
    if told.fixes:
        parts.append(f"<ul>{''.join(f'<li>{in_html(fix)}</li>' for fix in told.fixes)}</ul>")
    if folded:
        more = f"<pre>{in_html(folded)}</pre>"
        parts.append(f"<details><summary>Full traceback</summary>{more}</details>")
    return f'<div role="group" aria-label="Error">{"".join(parts)}</div>'


ExplainedError.shown_by = card
