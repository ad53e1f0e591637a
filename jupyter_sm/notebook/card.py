"""The card: a MIME bundle that is live in JupyterLab with the extension, and static elsewhere.

It carries the job's key and a snapshot, nothing that acts: what is live comes from the
reader's own store, so a notebook from elsewhere can start, stop or fetch nothing.
"""

from __future__ import annotations

from typing import Any

from jupyter_sm.desk import JobView, views, words
from jupyter_sm.shown.controls import in_html

MIME_TYPE = "application/vnd.jupyter-sm.job+json"


def mime_bundle(view: JobView, trouble: views.TargetView | None = None) -> dict[str, Any]:
    """The card of a job: live, HTML and text. `trouble`: its target, if that can't be reached."""
    return {
        MIME_TYPE: {
            "version": 1,
            "target": view.target,
            "kind": view.kind,
            "name": view.name,
            "submission_id": view.submission_id,
            # It is saved with the notebook, so what an error said stays out of it.
            "snapshot": {**view.as_dict(), "failure_reason": None, "explanation": None},
        },
        "text/html": as_html(view, trouble),
        "text/plain": words.card(view, trouble),
    }


def as_html(view: JobView, trouble: views.TargetView | None = None) -> str:
    """The card as plain HTML, without script or style sheet; every text escaped."""
    name, state = in_html(view.name), in_html(words.state(view))
    told = (words.details(view), words.waits_for(view, trouble), *view.notes)
    more = (f"<br><small>{in_html(text)}</small>" for text in told if text)
    return (
        f'<div role="group" aria-label="SageMaker job {name}">'
        f"<strong>{words.icon(view)} {name}</strong> &nbsp; {state}{''.join(more)}</div>"
    )
