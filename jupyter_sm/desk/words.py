"""How a job is put into words where there is text only: in the kernel and on the command line."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jupyter_sm.shown.controls import line
from jupyter_sm.store import JobView
from jupyter_sm.store.views import LogRecord, TargetView

_DAY = 86_400


def duration(seconds: float) -> str:
    """`2 m 10 s`, `1 h 3 m`, `45 s`."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"


def about(seconds: float) -> str:
    """A time to come, no more exact than it can be known: `40 s`, `3 m`, `1 h 20 m`."""
    if seconds < 55:
        return f"{max(10, round(seconds / 10) * 10)} s"
    minutes = round(seconds / 60)
    return duration(minutes * 60) if minutes >= 60 else f"{minutes} m"


def state(view: JobView) -> str:
    """`Training · epoch 12/30 · 40 %`, `Stopping`, `Failed · FileNotFoundError`, `Completed`."""
    if view.stop_requested and not view.is_over:
        return "Stopping"
    if view.status in ("Failed", "Rejected"):
        return f"{view.status} · {cause(view)}"
    if view.status == "Submitting" and view.progress and view.progress.unit == "bytes":
        done, total = size(view.progress.current), size(view.progress.total or 0)
        return f"Submitting · {done} of {total} uploaded"
    if view.is_over or view.status != "InProgress":
        return view.status
    parts = [view.secondary_status or view.status]
    progress = view.progress
    # Kinds without a secondary status do not tell more than the status.
    if progress and view.secondary_status in ("Training", view.status):
        total = f"/{progress.total}" if progress.total else ""
        parts.append(f"{progress.unit} {progress.current}{total}")
        if progress.percent is not None:
            parts.append(f"{progress.percent:.0f} %")
        if progress.ends_at is not None and progress.ends_at > time.time():
            parts.append(f"~{about(progress.ends_at - time.time())} left")
    return " · ".join(parts)


def size(count: float) -> str:
    """`12.3 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def cause(view: JobView) -> str:
    """Why a job failed, as short as can be."""
    if view.explanation is None:
        return "no reason given"
    named = view.explanation.entities.get("error", "").partition(":")[0]
    # An exception's name; a sentence would be cut anywhere.
    return named if named and " " not in named else view.explanation.title


def left_out(record: LogRecord) -> str:
    """What stands behind a log entry that is too long to be shown."""
    if not record.cut:
        return ""
    return (
        f" … and {record.cut:,} characters more: `jupyter sm export` writes the whole log to a file"
    )


def where(view: JobView) -> str:
    """`ml.m5.large × 1 · local`."""
    return f"{view.instance_type} × {view.instance_count} · {view.target}"


def age(view: JobView) -> str:
    """How long the job has run, or ran."""
    return duration((view.ended_at or time.time()) - view.created_at)


_ICONS = {"Completed": "✔", "Failed": "✖", "Rejected": "✖", "Stopped": "◼", "Stopping": "◼"}


def icon(view: JobView) -> str:
    """A sign for the status."""
    return _ICONS.get(view.status, "◐")


def details(view: JobView) -> str:
    """The cause of a failure; else where the job runs, its main metric and its age."""
    if view.explanation:
        return view.explanation.what_happened
    parts = [where(view)]
    if view.metric:
        parts.append(f"{view.metric.name} {view.metric.value:.4g}")
    parts.append(age(view))
    return " · ".join(parts)


def trouble(target: TargetView) -> str:
    """What is in the way of a target, with its name, on one line."""
    reason = line(target.reason or "It does not answer.")
    return reason if target.name in reason else f"{target.name}: {reason}"


def waits_for(view: JobView, target: TargetView | None = None) -> str:
    """What keeps a job from being submitted, or from being seen as it is now; often nothing."""
    if view.is_over:
        return ""
    if target is not None:
        as_of = time.strftime("%H:%M", time.localtime(target.as_of)) if target.as_of else ""
        return f"{line(target.reason or '')}{f' As of {as_of}.' if as_of else ''}"
    is_submitting = view.status == "Submitting" and view.transitions
    return line(view.transitions[-1].message) if is_submitting else ""


def card(view: JobView, target: TargetView | None = None, *, is_told: bool = False) -> str:
    """Icon, name and state; the cause or the place, the metric and the time; a line a note.

    `target`: the job's, if that can't be reached; `is_told`: that has been said before.
    """
    waits = "" if is_told else waits_for(view, target)
    lines = [f"{icon(view)} {view.name}  {state(view)}", details(view)]
    return "\n  ".join(map(line, [*lines, *([waits] if waits else []), *view.notes]))


def table(views: Sequence[JobView]) -> str:
    """A line a job under heads: name, state, where it runs, age."""
    if not views:
        return "No jobs yet. Run a cell that starts with %%sm train, or: jupyter sm train SCRIPT"
    kinds = {view.kind for view in views}
    rows = [
        # The kind is said where there are several: names are unique within one only.
        (
            f"{view.kind}/{view.name}" if len(kinds) > 1 else view.name,
            state(view),
            where(view),
            age(view),
        )
        for view in views
    ]
    return columns([("JOB", "STATE", "WHERE", "AGE"), *rows])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, each on one line whatever it holds, columns as wide as they must be."""
    lines = [[line(cell) for cell in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in lines
    )
