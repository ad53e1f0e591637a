"""Why a failed job failed, looked for in its log: the last traceback of each instance.

SageMaker's FailureReason often holds little ("AlgorithmError: Exit Code: 1"); the log has
the exception and the user's own line.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from jupyter_sm.diagnosis import explain
from jupyter_sm.logs import LogParser
from jupyter_sm.logs.parser import LogError
from jupyter_sm.store import Store, jobs
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.streams import LoggedJob

# A traceback stands within this many entries of a stream's end.
_TAIL = 400
# An explanation less sure than this says only that the script failed.
_GENERIC = 0.56


def refine(store: Store, job: LoggedJob) -> None:
    """Put the cause that the log tells into the explanation of a failed job."""
    view = jobs.get(store, job.key)
    if view is None or view.status != "Failed" or view.explanation is None:
        return
    found = find(store, job.id)
    if found is None:
        return
    error, line = found
    line_of_user = _user_line(error)
    context = {**view.explanation.entities, **({"place": line_of_user} if line_of_user else {})}
    if view.explanation.confidence > _GENERIC:
        explanation = explain(view.failure_reason, context=context)
    else:
        said = f"{error.type}: {error.message}" if error.message else error.type
        reason = f'AlgorithmError: ExecuteUserScriptError: ErrorMessage "{said}"'
        explanation = explain(reason, code="AlgorithmError", context={**context, "error": said})
    others = tuple(action for action in explanation.actions if action["kind"] != "show-log")
    explanation = replace(explanation, actions=({"kind": "show-log", "line": line}, *others))
    jobs.save_explanation(store, job.key, explanation)


def find(store: Store, job_id: int) -> tuple[LogError, int] | None:
    """The error at the end of the log, and the number of the entry where it begins.

    Of several instances', the one that came first.
    """
    errors: list[tuple[int, LogError, int]] = []
    for lines in streams.tails(store, job_id, _TAIL):
        parser = LogParser()
        begins = lines[-1].seq
        for line in lines:
            parser.feed(line.timestamp_ms, line.stream, line.text)
            if line.text.startswith("Traceback (most recent call last)"):
                begins = line.seq
        if parser.error is not None:
            errors.append((lines[-1].timestamp_ms, parser.error, begins))
    return min(errors, key=lambda row: row[0])[1:] if errors else None


def _user_line(error: LogError) -> str | None:
    """`train.py line 42`, of the user's own innermost frame."""
    frame = error.user_frame or error.frame
    if not frame:
        return None
    path, _, line = frame.partition(" in ")[0].rpartition(":")
    return f"{PurePosixPath(path).name} line {line}"
