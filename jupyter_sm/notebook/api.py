"""The public functions: train, submit, get_job, list_jobs, none of which blocks, and track."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from jupyter_sm import diagnosis
from jupyter_sm.desk import Defaults, Plan, views
from jupyter_sm.jobs import JobKey
from jupyter_sm.notebook import errors  # noqa: F401 - errors become cards
from jupyter_sm.notebook.arguments import between, check_options, checked_arguments
from jupyter_sm.notebook.job import Job, JobList
from jupyter_sm.notebook.session import desk

explain = checked_arguments(diagnosis.explain)


@overload
def train(script: str | os.PathLike[str], *, dry_run: Literal[True], **options: Any) -> Plan: ...


@overload
def train(
    script: str | os.PathLike[str],
    *,
    dependencies: Sequence[str | os.PathLike[str]] = (),
    inputs: Mapping[str, str | os.PathLike[str]] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    instance: str | None = None,
    name: str | None = None,
    target: str = "local",
    dry_run: Literal[False] = False,
    **options: Any,
) -> Job: ...


@checked_arguments
def train(
    script: str | os.PathLike[str],
    *,
    dependencies: Sequence[str | os.PathLike[str]] = (),
    inputs: Mapping[str, str | os.PathLike[str]] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    instance: str | None = None,
    name: str | None = None,
    target: str = "local",
    dry_run: bool = False,
    **options: Any,
) -> Job | Plan:
    """Start training and return at once.

    `script` is a Python file, or a folder with `entry_point=`; `dependencies` are files and
    folders that are packed beside it; `inputs` maps channel names to local paths or s3://
    addresses. `options` are TrainingSpec's other fields (`instance_count`, `max_runtime`, `spot`,
    …; `%%sm train --help` lists them); what is left out comes from `defaults()`. Without `name` the
    job gets a fresh one. With `dry_run` nothing is started: the plan has the request, and all that
    is wrong with it. Raises ExplainedError with one clear sentence when something is wrong before
    the job could be created.
    """
    check_options("train", options)
    given = {
        "script": os.fspath(script),
        "dependencies": _plain(dependencies),
        "inputs": {channel: os.fspath(path) for channel, path in (inputs or {}).items()},
        "hyperparameters": dict(hyperparameters or {}),
        **({"instance": instance} if instance else {}),
        **{name: _plain(value) for name, value in options.items()},
    }
    spec, notes = desk().spec_of_call(given, target)
    if dry_run:
        return desk().plan_spec(spec, name=name, target=target, notes=notes)
    view = desk().submit_spec(spec, name=name, target=target, notes=notes)
    desk().follow(view)
    return Job(desk(), view)


def _plain(value: Any) -> Any:
    """A path as its text, a list of them as theirs; all else as it is."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


@overload
def submit(
    request: Mapping[str, Any],
    *,
    kind: str = "training",
    target: str = "local",
    dry_run: Literal[True],
) -> Plan: ...


@overload
def submit(
    request: Mapping[str, Any],
    *,
    kind: str = "training",
    target: str = "local",
    dry_run: Literal[False] = False,
) -> Job: ...


@checked_arguments
def submit(
    request: Mapping[str, Any],
    *,
    kind: str = "training",
    target: str = "local",
    dry_run: bool = False,
) -> Job | Plan:
    """Submit a full Create request of a kind, as boto3 takes it, and return at once.

    With `dry_run` nothing is started: the plan has all that is wrong with it. Raises
    ExplainedError naming every fault of the request.
    """
    if dry_run:
        return desk().plan(dict(request), kind=kind, target=target)
    view = desk().submit(dict(request), kind=kind, target=target)
    desk().follow(view)
    return Job(desk(), view)


@checked_arguments
def track(name: str, *, kind: str = "training", target: str = "local") -> Job:
    """The handle of a job that was started elsewhere: by an SDK, the console, a pipeline.

    Waits until the target was asked, for 20 s at most. Raises ExplainedError when there is no
    such job, or the target can't be asked.
    """
    return Job(desk(), desk().look_up(JobKey(target, kind, name)))


@checked_arguments
def get_job(name: str, *, target: str | None = None) -> Job:
    """The job of that name. Raises ExplainedError when there is none."""
    found = desk().named(name, target)
    desk().keep_tracked(found.target)
    return Job(desk(), found)


@checked_arguments
def list_jobs(*, target: str | None = None, limit: int = 50) -> JobList:
    """The newest jobs, as a list that shows itself as a table."""
    between(1, 100_000, limit=limit)
    if target is not None:
        desk().ensure_tracked(target)
    else:
        desk().track_all()
    views, _ = desk().jobs(target=target, limit=limit)
    return JobList(desk(), views)


@checked_arguments
def defaults(target: str = "local") -> Defaults:
    """What `train` gets where it is left out, and where each value comes from.

    That is `jupyter_sm.toml` beside the notebook (or above it in its repository), the `config.toml`
    of the job store's folder, and on an account the SageMaker SDK's own defaults. Makes no call.
    Raises ExplainedError for a file that can't be used.
    """
    return desk().defaults(target)


@checked_arguments
def list_targets() -> list[views.TargetView]:
    """Where jobs can run, and how each is."""
    return desk().targets()


@checked_arguments
def add_target(name: str) -> None:
    """Look after a target's jobs from now on. Raises ExplainedError."""
    desk().use(name)
    desk().ensure_tracked(name)


@checked_arguments
def remove_target(name: str) -> None:
    """Look after a target no longer: its jobs leave the list, and go on where they run.

    Raises ExplainedError.
    """
    desk().remove(name)


@checked_arguments
def client(service: str = "sagemaker", *, target: str = "local") -> Any:
    """A boto3 client of a target: `sagemaker` or `logs` of the local one, any of an account's.

    What it creates is listed and tracked as everything else is. Raises ExplainedError.
    """
    desk().use(target)
    desk().ensure_tracked(target)
    return desk().client(service, target)
