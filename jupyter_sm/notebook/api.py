"""The public functions: train, submit, get_job, list_jobs, none of which blocks, and track."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from jupyter_sm.diagnosis import refusal
from jupyter_sm.jobs import TrainingSpec, check_name
from jupyter_sm.notebook.job import Job, JobList
from jupyter_sm.notebook.session import store
from jupyter_sm.targets import UnknownTargetError
from jupyter_sm.tracking import (
    ensure_tracked,
    jobs_table,
    submit_request,
    submit_spec,
    targets_table,
    wanted,
)

_LOOK_UP_SECONDS = 20.0


def train(
    script: str | os.PathLike[str],
    *,
    inputs: Mapping[str, str | os.PathLike[str]] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    instance: str = "ml.m5.large",
    name: str | None = None,
    target: str = "local",
    **options: Any,
) -> Job:
    """Start training and return at once.

    `script` is a Python file, or a folder with `entry_point=`; `inputs` maps channel
    names to local paths or s3:// addresses. `options` are TrainingSpec's other fields
    (`instance_count`, `max_runtime`, `spot`, `environment`, `checkpoint`, …). Without
    `name` the job gets a fresh one. Raises ExplainedError with one clear sentence when
    something is wrong before the job could be created.
    """
    try:
        spec = TrainingSpec(
            script=os.fspath(script),
            inputs={channel: os.fspath(place) for channel, place in (inputs or {}).items()},
            hyperparameters=dict(hyperparameters or {}),
            instance=instance,
            **options,
        )
    except TypeError as error:
        what = str(error).replace("TrainingSpec.__init__()", "train()")
        raise refusal("sdk-usage", "No such option", f"{what}.") from None
    view = submit_spec(store(), spec, name=name, target=target)
    ensure_tracked(store(), target)
    return Job(store(), view)


def submit(request: Mapping[str, Any], *, target: str = "local") -> Job:
    """Submit a full CreateTrainingJob request, as boto3 takes it, and return at once.

    Raises ExplainedError naming every fault of the request.
    """
    view = submit_request(store(), dict(request), target=target)
    ensure_tracked(store(), target)
    return Job(store(), view)


def track(name: str, *, target: str = "local") -> Job:
    """The handle of a job that was started elsewhere: by an SDK, the console, a pipeline.

    Waits until the target was asked, for `_LOOK_UP_SECONDS` at most. Raises ExplainedError
    when there is no such job, or the target can't be asked.
    """
    wrong = check_name(name)
    if wrong:
        raise refusal("invalid-parameter", "The job name is not legal", wrong)
    _see_to(target)
    wanted.ask(store(), target, "training", name)
    until = time.monotonic() + _LOOK_UP_SECONDS
    answer = None
    while answer is None and time.monotonic() < until:
        time.sleep(0.05)
        answer = wanted.answer(store(), target, "training", name)
    if answer == wanted.FOUND:
        view = jobs_table.get(store(), target, "training", name)
        if view is not None:
            return Job(store(), view)
    trouble = next((v.reason for v in targets_table.views(store()) if v.name == target), None)
    what = answer or trouble or f"{target} does not answer."
    raise refusal("not-found", "No such job", what, status=404)


def get_job(name: str, *, target: str | None = None) -> Job:
    """The job of that name. Raises ExplainedError when there is none."""
    found = jobs_table.find(store(), name, target)
    if not found:
        where = f" on {target}" if target else ""
        raise refusal(
            "not-found",
            "No such job",
            f"There is no job named {name!r}{where}.",
            "List the jobs there are with %sm ls or sm.list_jobs().",
            "One that was started elsewhere: sm.track(name, target=…).",
            status=404,
        )
    ensure_tracked(store(), found[0].target)
    return Job(store(), found[0])


def list_jobs(*, target: str | None = None, limit: int = 50) -> JobList:
    """The newest jobs, as a list that shows itself as a table."""
    for name in [target] if target else targets_table.in_use(store()):
        _see_to(name)
    views, _ = jobs_table.listed(store(), target=target, limit=limit)
    return JobList(Job(store(), view) for view in views)


def _see_to(target: str) -> None:
    try:
        ensure_tracked(store(), target)
    except UnknownTargetError as error:
        raise refusal("invalid-parameter", "No such target", str(error)) from None
