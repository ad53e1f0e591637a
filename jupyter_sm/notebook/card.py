"""The card: a MIME bundle that is live in JupyterLab with the extension, and static elsewhere.

It carries the job's key and a snapshot, nothing that acts: what is live comes from the
reader's own store, so a notebook from elsewhere can start, stop or fetch nothing.
"""

from __future__ import annotations

from html import escape
from typing import Any

from jupyter_sm.notebook import words
from jupyter_sm.tracking import JobView

MIME_TYPE = "application/vnd.jupyter-sm.job+json"
_ICONS = {"Completed": "✔", "Failed": "✖", "Rejected": "✖", "Stopped": "◼", "Stopping": "◼"}


def mime_bundle(view: JobView) -> dict[str, Any]:
    """The card of a job: live, HTML and text."""
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
        "text/html": as_html(view),
        "text/plain": as_text(view),
    }


def as_text(view: JobView) -> str:
    """Two lines: icon, name and state; then the cause or the place, the metric and the time."""
    head = f"{_icon(view)} {view.name}  {words.state(view)}"
    return f"{head}\n  {_second_line(view)}"


def as_html(view: JobView) -> str:
    """The same as plain HTML, without script or style sheet; every text escaped."""
    return (
        f'<div role="group" aria-label="SageMaker job {escape(view.name)}">'
        f"<strong>{_icon(view)} {escape(view.name)}</strong> &nbsp; {escape(words.state(view))}<br>"
        f"<small>{escape(_second_line(view))}</small></div>"
    )


def _icon(view: JobView) -> str:
    return _ICONS.get(view.status, "◐")


def _second_line(view: JobView) -> str:
    if view.explanation:
        return view.explanation.what_happened
    parts = [words.place(view)]
    if view.metric:
        parts.append(f"{view.metric.name} {view.metric.value:.4g}")
    parts.append(words.age(view))
    return " · ".join(parts)
