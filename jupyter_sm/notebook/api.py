"""The public functions: train, submit, get_job, list_jobs. None of them blocks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, Explanation
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.notebook.job import Job, JobList
from jupyter_sm.notebook.session import store
from jupyter_sm.targets import target_names
from jupyter_sm.tracking import ensure_tracked, jobs_table, submit_request, submit_spec


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
        raise ExplainedError(
            Explanation(
                category="sdk-usage", title="No such option", what_happened=f"{what}.", raw=what
            )
        ) from None
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


def get_job(name: str, *, target: str | None = None) -> Job:
    """The job of that name. Raises ExplainedError when there is none."""
    found = jobs_table.find(store(), name, target)
    if not found:
        where = f" on {target}" if target else ""
        raise ExplainedError(
            Explanation(
                category="not-found",
                title="No such job",
                what_happened=f"There is no job named {name!r}{where}.",
                fixes=("List the jobs there are with %sm ls or sm.list_jobs().",),
                raw=name,
            ),
            404,
        )
    ensure_tracked(store(), found[0].target)
    return Job(store(), found[0])


def list_jobs(*, target: str | None = None, limit: int = 50) -> JobList:
    """The newest jobs, as a list that shows itself as a table."""
    for name in [target] if target else target_names():
        ensure_tracked(store(), name)
    views, _ = jobs_table.listed(store(), target=target, limit=limit)
    return JobList(Job(store(), view) for view in views)
