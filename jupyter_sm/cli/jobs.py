"""The commands that start, watch, explain and stop jobs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_sm import diagnosis
from jupyter_sm.cli.show import show, show_job, show_log, show_rows, tell
from jupyter_sm.desk import Desk, JobView, Plan, words
from jupyter_sm.desk.reach import unreachable
from jupyter_sm.desk.waiting import Waiting, checked, read_log
from jupyter_sm.diagnosis import refusal
from jupyter_sm.jobs import REJECTED, SUBMITTING, JobKey, TrainingSpec
from jupyter_sm.jobs.options import JobOptions, given

# Of the time that a command may wait, what it takes to begin and to end.
_ENDING_SECONDS = 4.0
# For so long a target may be out of reach, however long its job takes.
_BORNE_SECONDS = 26.0


def named(desk: Desk, options: argparse.Namespace) -> JobView:
    """The job that the options name, as its target says that it is now.

    One that has ended does not change; only for a name that is not known all targets are asked.
    """
    found = desk.find(options.name)
    for target in {view.target for view in found if not view.is_over} if found else [None]:
        catch_up(desk, options, target)
    return desk.named(options.name)


def known(desk: Desk, options: argparse.Namespace, name: str) -> JobView:
    """The job of a name, as it was last seen; targets are asked for a name that is not known."""
    if not desk.find(name):
        catch_up(desk, options)
    return desk.named(name)


def catch_up(desk: Desk, options: argparse.Namespace, target: str | None = None) -> None:
    """Ask a target, or all in use, how jobs are now; one that can't be asked is told of."""
    for trouble in desk.catch_up(target, left(options)):
        if trouble.name not in options.unanswered:
            options.unanswered.append(trouble.name)
            tell(f"{words.trouble(trouble)} Shown as last seen.")


def left(options: argparse.Namespace) -> float:
    """For how many seconds the target's answer is waited for yet."""
    ending = min(_ENDING_SECONDS, options.timeout / 10)
    seconds: float = options.begun + options.timeout - ending - time.monotonic()
    return max(0.1, seconds)


def followed(desk: Desk, view: JobView, options: argparse.Namespace) -> Waiting:
    """What is to wait for the end of a job, once it is known that its target can be reached.

    Raises ExplainedError where the user has something to mend first.
    """
    until = time.monotonic() + min(left(options), _BORNE_SECONDS)
    for trouble in desk.catch_up(view.target, until - time.monotonic()):
        if trouble.health == "waiting":
            raise unreachable(trouble)
    return Waiting(desk, view, max(0.1, until - time.monotonic()))


def ls(desk: Desk, options: argparse.Namespace) -> int:
    """List jobs, the newest first."""
    catch_up(desk, options)
    views, _ = desk.jobs(limit=options.n)
    if options.json:
        show_rows(view.as_dict() for view in views)
    else:
        show(words.table(views))
    return 0


def train(desk: Desk, options: argparse.Namespace) -> int:
    """Start training a script; with --wait until its end."""
    chosen = given(options, JobOptions)
    target = chosen.get("target", JobOptions.target)
    spec, notes = desk.spec_of_call(given(options, TrainingSpec), target)
    if options.dry_run:
        return _planned(desk.plan_spec(spec, **chosen, notes=notes), options)
    return _started(desk, desk.submit_spec(spec, **chosen, notes=notes), options)


def _started(desk: Desk, view: JobView, options: argparse.Namespace) -> int:
    """A job that was just submitted: until its target has it, or with --wait until its end."""
    desk.follow(view)
    waiting = Waiting(desk, view, options.timeout)
    # The job is accepted before this process, which may be all that tracks, ends.
    view = waiting.until_accepted(left(options))
    if view.status == REJECTED:
        checked(view)
    if options.wait:
        if not options.json:
            show_log(read_log(desk, view.key, follow=True, on_wait=waiting.bear))
        view = checked(waiting.until_over())
    return show_job(waiting.look(), options)


def submit(desk: Desk, options: argparse.Namespace) -> int:
    """Submit a full Create request from a file of JSON, or from stdin."""
    request = _request(options.file)
    if options.dry_run:
        return _planned(desk.plan(request, kind=options.kind, target=options.target), options)
    view = desk.submit(request, kind=options.kind, target=options.target)
    return _started(desk, view, options)


def _planned(plan: Plan, options: argparse.Namespace) -> int:
    """Print a plan; 1 where it would be refused."""
    show(plan.as_dict() if options.json else repr(plan))
    return int(bool(plan.faults))


def _request(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        request = json.loads(text)
    except OSError as error:
        what = f"{file}: {error.strerror}."
        raise refusal("local-file-not-found", "The request can't be read", what) from None
    except ValueError as error:
        what = f"{'stdin' if file == '-' else file} is not JSON: {error}."
        raise refusal("invalid-parameter", "The request can't be read", what) from None
    if not isinstance(request, dict):
        what = "A request is a JSON object with the members of Create, as boto3 takes them."
        raise refusal("invalid-parameter", "The request can't be read", what)
    return request


def again(desk: Desk, options: argparse.Namespace) -> int:
    """Run a job's request once more under a fresh name, with what is told changed."""
    changes = given(options, TrainingSpec)
    view = desk.again(known(desk, options, options.job).key, options.change, changes)
    return _started(desk, view, options)


def track(desk: Desk, options: argparse.Namespace) -> int:
    """Look up a job that was started elsewhere."""
    key = JobKey(options.target, options.kind, options.name)
    return show_job(desk.look_up(key, left(options)), options)


def status(desk: Desk, options: argparse.Namespace) -> int:
    """What a job is doing."""
    return show_job(named(desk, options), options)


def stop(desk: Desk, options: argparse.Namespace) -> int:
    """Ask for a job to be stopped, and wait for its end."""
    view = known(desk, options, options.name)
    desk.stop(view.key)
    is_sent = view.status != SUBMITTING  # else it is withdrawn without asking
    waiting = followed(desk, view, options) if is_sent else Waiting(desk, view, left(options))
    if not waiting.until_stopped(left(options)):
        notes = waiting.view.notes
        raise refusal(
            "wrong-state",
            "Not stopped",
            notes[-1] if notes else f"{view.target} did not stop {view.name}; it goes on.",
        )
    return show_job(waiting.view, options)


def logs(desk: Desk, options: argparse.Namespace) -> int:
    """Print a job's log."""
    for view in desk.find(options.name):
        desk.watch(view.key)  # so that its log is read with the rest
    if options.follow:
        view = known(desk, options, options.name)
        bear = Waiting(desk, view).bear if view.is_over else followed(desk, view, options).bear
        records = read_log(desk, view.key, follow=True, on_wait=bear)
    else:
        view = named(desk, options)
        if not desk.log_is_read_out(view.key) and not options.unanswered:
            catch_up(desk, options, view.target)
        records = read_log(desk, view.key)
    if options.json:
        show_rows(map(vars, records))
        return 0
    show_log(records, flush=options.follow)
    return 0


def explain(desk: Desk, options: argparse.Namespace) -> int:
    """Explain a job's error, or a text from stdin."""
    if options.name:
        explanation = named(desk, options).explanation
        if explanation is None:
            show(None if options.json else f"{options.name} has no error.")
            return 0
    else:
        explanation = diagnosis.explain(sys.stdin.buffer.read())
    show(explanation.as_dict() if options.json else explanation)
    return 0
