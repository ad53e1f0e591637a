"""Submitting: everything that is checked before, then one committed row. Takes milliseconds.

What is wrong is said here, in one sentence, before anything is created; what only the
target can know (its quota, its roles) becomes the job's refusal.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.jobs import (
    Fault,
    InvalidRequestError,
    JobKey,
    Kind,
    Origin,
    TrainingSpec,
    check_name,
    check_request,
    kind_named,
    unique_name,
)
from jupyter_sm.jobs.faults import errors_of
from jupyter_sm.jobs.kinds.places import at
from jupyter_sm.store import JobView, Store, StoreError, jobs, submissions
from jupyter_sm.targets import (
    ImageError,
    PathError,
    SourceError,
    UnknownTargetError,
    open_target,
    pack_source,
    resolved,
)
from jupyter_sm.tracking.submitter import SUBMISSION_TAG

_OUR_TAGS = "jupyter-sm:"
_TIME_TAG = f"{_OUR_TAGS}submitted"


def submit_spec(
    store: Store, spec: TrainingSpec, *, name: str | None = None, target: str = "local"
) -> JobView:
    """Compile a spec for a target and commit its submission; the job as it stands.

    The source is copied now; inputs are read when they are staged. Raises ExplainedError
    with one clear sentence for whatever is wrong with it.
    """
    if faults := spec.faults():
        raise _invalid(faults)
    try:
        _check_script(spec)
        _check_inputs(spec)
        where = open_target(target, store.folder)
        source, program = pack_source(
            spec.script, spec.entry_point, store.folder / "sources", spec.dependencies
        )
    except (SourceError, PathError) as error:
        raise refusal("local-file-not-found", "A path can't be used", str(error)) from None
    except UnknownTargetError as error:
        raise refusal("invalid-parameter", "No such target", str(error)) from None
    except OSError as error:
        raise StoreError(f"The source could not be copied: {error}.") from None
    chosen = name or unique_name(Path(program).stem)
    try:
        placement = where.place(spec, chosen, source)
        request = spec.request(chosen, program, placement)
    except ImageError as error:
        raise refusal("image-not-found", "The image can't be used", str(error)) from None
    except PathError as error:
        raise refusal("local-file-not-found", "A path can't be used", str(error)) from None
    except TypeError as error:
        raise refusal("invalid-parameter", "A hyperparameter can't be sent", str(error)) from None
    return submit_request(
        store,
        request,
        target=target,
        notes=placement.notes,
        create_bucket=spec.create_bucket,
        packed_from=origin_of(spec.script, spec.dependencies),
    )


def submit_request(
    store: Store,
    request: dict[str, Any],
    *,
    kind: str = "training",
    target: str = "local",
    notes: Sequence[str] = (),
    create_bucket: bool = False,
    packed_from: Origin = Origin(),  # noqa: B008 - it is frozen
) -> JobView:
    """Check a full Create request and commit its submission; the job as it stands.

    `packed_from` is where the source lies that the request's archive holds.

    On an AWS target local folders may stand where it wants `s3://` (they are uploaded), and
    the role and the output's place may be left out.

    Raises ExplainedError: status 400 for a request that breaks the service model, 409
    for a name already used.
    """
    row = checked_kind(kind)
    try:
        where = open_target(target, store.folder)
    except UnknownTargetError as error:
        raise refusal("invalid-parameter", "No such target", str(error)) from None
    if kind not in where.kinds:
        offered = " and ".join(where.kinds)
        what = f"{target} runs no {kind} jobs; it runs {offered} jobs."
        raise refusal("invalid-parameter", f"Not possible on {target}", what)
    name = request.get(row.name_field)
    wrong = check_name(name, limit=row.name_limit) if isinstance(name, str) else None
    if wrong:
        raise refusal("invalid-parameter", "The job name is not legal", wrong)
    submission_id = uuid.uuid4().hex
    # Bookkeeping of ours, by which an adopted job is known and changed inputs are noticed.
    ours = [
        {"Key": SUBMISSION_TAG, "Value": submission_id},
        {"Key": _TIME_TAG, "Value": f"{time.time():.3f}"},
    ]
    tags = request.get("Tags", [])
    if isinstance(tags, list):
        # Those of ours belong to the job that the request was taken from.
        tags = [tag for tag in tags if not _is_ours(tag)]
    tagged = {**request, "Tags": [*tags, *ours] if isinstance(tags, list) else tags}
    filled_in = where.fills_in & row.fills_in
    found = check_request(row.create, tagged, file_uris=True, filled_in=filled_in)
    faults = [_of_all_tags(fault, tags, ours) for fault in errors_of(found)]
    # A role that is a name has a sentence of its own, better than the pattern it breaks.
    if [fault for fault in faults if fault.path != "RoleArn"]:
        raise _invalid(faults)
    not_offered = where.check(row, tagged)
    if not_offered is None and faults:
        raise _invalid(faults)
    if not_offered:
        raise refusal("invalid-parameter", f"Not possible on {target}", not_offered)
    warnings = [f"{f.path}: {f.message}" for f in found if f.severity == "warning"]
    key = JobKey(target, kind, str(name))
    try:
        submissions.add_submission(
            store,
            key,
            submission_id=submission_id,
            request=tagged,
            script=row.script(request),
            notes=[*notes, *warnings, *where.notes(row, tagged)],
            create_bucket=create_bucket,
            packed_from=packed_from,
        )
    except submissions.DuplicateNameError:
        raise refusal(
            "duplicate-name",
            "The name is already used",
            f"A job named {name!r} already exists on {target}.",
            "Choose another name, or leave the name out to get a fresh one.",
            status=409,
        ) from None
    view = jobs.get(store, key)
    if view is None:
        raise StoreError(f"The job {name} was committed to {store.path} but can't be read back.")
    return view


def checked_kind(kind: str) -> Kind:
    """The row of a kind. Raises ExplainedError for a kind that there is not."""
    try:
        return kind_named(kind)
    except ValueError as error:
        raise refusal("invalid-parameter", "No such kind of job", str(error)) from None


def origin_of(script: str, dependencies: Sequence[str]) -> Origin:
    """Where a source is packed from, by paths that hold wherever they are read."""
    beside = [os.fspath(resolved(path)) for path in dependencies]
    return Origin(os.fspath(resolved(script).resolve()), beside)


def _check_script(spec: TrainingSpec) -> None:
    try:
        path = resolved(spec.script)
    except PathError as error:
        raise SourceError(f"There is no script like this: {error}") from None
    if spec.entry_point and path.is_file():
        raise refusal(
            "invalid-parameter",
            "Two scripts are named",
            f"{spec.script} is a file, and entry_point names {spec.entry_point}: entry_point is for "
            "a folder.",
            "Name the folder as script, or leave entry_point out.",
        )
    if path.is_dir() and spec.entry_point:
        try:
            path = resolved(str(path / spec.entry_point))
        except PathError as error:
            raise SourceError(f"There is no script like this: {error}") from None
    if path.suffix != ".py" or not path.is_file():
        return
    try:
        compile(path.read_bytes(), os.fspath(path), "exec", dont_inherit=True)
    except OSError as error:
        raise refusal(
            "local-file-not-found", "The script can't be read", f"{path}: {error.strerror}."
        ) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path.name} line {line}" if line else path.name
        raise refusal(
            "user-script-exception",
            "The script has a syntax error",
            f"{where}: {getattr(error, 'msg', error)}.",
            "Mend that line and run the cell again; no job was started.",
        ) from None


def _check_inputs(spec: TrainingSpec) -> None:
    for channel, where in spec.inputs.items():
        if "://" in where:
            continue
        try:
            path = resolved(where)
        except PathError as error:
            raise PathError(f"The input of channel {channel!r}: {error}") from None
        if not path.exists():
            raise refusal(
                "local-file-not-found",
                "An input is missing",
                f"There is nothing at {where!r}, the input of channel {channel!r} "
                f"(looked for {path}).",
            )


def _is_ours(tag: Any) -> bool:
    return str(at(tag, "Key")).startswith(_OUR_TAGS)


def _of_all_tags(fault: Fault, tags: Sequence[Any], ours: Sequence[Any]) -> Fault:
    """A fault as the user sees it, who did not write the tags that are ours."""
    if (fault.path, fault.rule) != ("Tags", "max"):
        return fault
    return replace(
        fault, message=f"has {len(tags)} items, and jupyter-sm adds {len(ours)}; at most 50."
    )


def _invalid(faults: list[Fault]) -> ExplainedError:
    return refusal(
        "invalid-parameter", "The request is not valid", str(InvalidRequestError(faults))
    )
