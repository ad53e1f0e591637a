"""Why a failed job failed, looked for in its log: the exception, or the words it ended with.

SageMaker's FailureReason often holds little ("AlgorithmError: Exit Code: 1"); the log has
the exception and the user's own line, what argparse or a shell said, or pip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from jupyter_sm.diagnosis import Explanation, explain, mask_secrets
from jupyter_sm.diagnosis.raised import Raised
from jupyter_sm.logs import LogParser
from jupyter_sm.logs.parser import LogError
from jupyter_sm.shown.secrets import secrets_of
from jupyter_sm.store import Store, jobs
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.streams import LoggedJob
from jupyter_sm.store.views import LogRecord

# A traceback stands within this many entries of a stream's end.
_TAIL = 400
# Words without a traceback stand within this many.
_LAST = 30
_LONGEST = 4_000
# Of an error that is told beside the one that led to it.
_LONGEST_LAST = 200
# What SageMaker says of a processing job that gave no reason.
_NO_REASON = "See job logs for more information"
# Lines that sound like an error's.
_ALARM = re.compile(
    r"\berror\b|^ERROR|\bfatal\b|Fatal|exception|failed|cannot|can't|could not|not found|no such|denied"
    r"|invalid|illegal|unable|killed|missing|usage:|depends on|conflict|requires|abort|core dumped",
    re.IGNORECASE,
)
# What toolkits and launchers print around a script's own words.
_AROUND = re.compile(
    r"^\s*$|Reporting training|ExecuteUserScriptError|^ExitCode |^ErrorMessage |^Command |^ExtraInfo"
    r"|\[notice\]|^INFO\b|sagemaker-\w+ (?:INFO|ERROR)|closing signal|Waiting for the process"
)


@dataclass(frozen=True)
class Told:
    """What a log says of a failure: the words, the entry they begin at, and the user's line."""

    words: str
    seq: int
    place: str = ""
    # An exception, or words that sound like an error; else only the last line there is.
    is_error: bool = True


def refine(store: Store, job: LoggedJob) -> None:
    """Put the cause that the log tells into the explanation of a failed job."""
    view = jobs.get(store, job.key)
    if view is None or view.status != "Failed" or view.explanation is None:
        return
    told = find(store, job.id)
    if told is None:
        return
    secrets = secrets_of(jobs.request_of(store, job.key) or {})
    told = replace(told, words=mask_secrets(told.words, secrets), place=mask_secrets(told.place))
    context = {**view.explanation.entities, **({"place": told.place} if told.place else {})}
    reason = view.failure_reason or ""
    explanation = _placed(_better(reason, told, context), told)
    others = tuple(action for action in explanation.actions if action["kind"] != "show-log")
    explanation = replace(explanation, actions=({"kind": "show-log", "line": told.seq}, *others))
    jobs.save_explanation(store, job.key, explanation)


def _better(reason: str, told: Told, context: dict[str, str]) -> Explanation:
    """The explanation that knows more: the reason's, or the log's."""
    by_reason = explain(reason, context=context)
    if not told.is_error:
        said = f"{by_reason.what_happened.rstrip('.')}; the last line of its log: {told.words}."
        return replace(by_reason, what_happened=said)
    by_log = explain(
        f'AlgorithmError: ExecuteUserScriptError:\nErrorMessage "{told.words}"',
        code="AlgorithmError",
        context=context,
    )
    if by_log.category == "benign-warning":
        return by_reason
    if by_log.confidence != by_reason.confidence:
        return max(by_log, by_reason, key=lambda found: found.confidence)
    # What a script wrote to its failure file, in words of its own, is what it wants said.
    is_own = (
        _NO_REASON not in reason
        and "error" not in by_reason.entities
        and by_reason.what_happened.rstrip(".…") in reason
    )
    is_scripts = reason.startswith("AlgorithmError")
    tells_more = not is_own if is_scripts else by_log.category == by_reason.category
    return by_log if tells_more else by_reason


def _placed(found: Explanation, told: Told) -> Explanation:
    """The place is where the last error was raised: one that led to it is told with it."""
    first = found.entities.get("error", "").partition(":")[0]
    last = told.words.partition("\n")[0][:_LONGEST_LAST]
    where = f" in {told.place}."
    is_same = last.partition(":")[0].rpartition(".")[2] == first
    if not (first and told.place) or is_same or not found.what_happened.endswith(where):
        return found
    said = found.what_happened.removesuffix(where)
    return replace(found, what_happened=f"{said}, which led to {last.rstrip('.')}{where}")


def find(store: Store, job_id: int) -> Told | None:
    """What the log says at its end; of several instances, what the one that failed first says."""
    errors: list[tuple[bool, int, Told]] = []
    words: list[tuple[int, Told]] = []
    for lines in streams.tails(store, job_id, _TAIL):
        found = _error_in(lines)
        if found is not None:
            error, first = found
            is_consequence = Raised(error.type, error.message).is_wrapper
            told = Told(_words_of(error), first.seq, _user_line(error) or "")
            errors.append((is_consequence, first.timestamp_ms, told))
        if (last := _last_words(lines)) is not None:
            words.append((lines[-1].timestamp_ms, last))
    own = [row for row in errors if not row[0]]
    if own:
        return min(own, key=lambda row: row[1])[2]
    said = [told for _, told in sorted(words, key=lambda row: row[0]) if told.is_error]
    if said:
        return said[0]
    if errors:
        return min(errors, key=lambda row: row[1])[2]
    return words[0][1] if words else None


def _error_in(lines: list[LogRecord]) -> tuple[LogError, LogRecord] | None:
    """The error of a stream, and the entry where its traceback begins."""
    parser = LogParser()
    first = lines[-1]
    for line in lines:
        parser.feed(line.timestamp_ms, line.stream, line.text)
        if line.text.startswith("Traceback (most recent call last)"):
            first = line
    return (parser.error, first) if parser.error is not None else None


def _last_words(lines: list[LogRecord]) -> Told | None:
    """What a stream ends with, where that is no traceback."""
    own = [
        line
        for line in lines[-_LAST:]
        if line.source != "progress" and line.severity != "debug" and not _AROUND.search(line.text)
    ]
    alarms = [line for line in own if _ALARM.search(line.text[:500])]
    if alarms:
        said = "\n".join(line.text for line in alarms)
        return Told(said[-_LONGEST:], alarms[0].seq)
    return Told(own[-1].text.strip()[:300], own[-1].seq, is_error=False) if own else None


def _words_of(error: LogError) -> str:
    said = f"{error.type}: {error.message}" if error.message else error.type
    return said[:_LONGEST]


def _user_line(error: LogError) -> str | None:
    """`train.py line 42`, of the user's own innermost frame."""
    frame = error.user_frame or error.frame
    if not frame:
        return None
    path, _, line = frame.partition(" in ")[0].rpartition(":")
    return f"{PurePosixPath(path).name} line {line}"
