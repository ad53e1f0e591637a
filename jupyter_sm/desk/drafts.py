"""Drafts: requests with everything that is checked before they are submitted. Takes milliseconds.

What is wrong is said here, in one sentence, before anything is created; what only the
target can know (its quota, its roles) becomes the job's refusal.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_sm.desk.refusals import Refusals
from jupyter_sm.desk.sources import check_input, check_place, check_script, origin_of
from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.jobs import (
    Fault,
    JobKey,
    Kind,
    Origin,
    TrainingSpec,
    check_name,
    check_request,
    errors_of,
    kind_named,
    unique_name,
)
from jupyter_sm.jobs.differences import OUR_TAGS, SUBMISSION_TAG
from jupyter_sm.jobs.kinds.places import at
from jupyter_sm.jobs.kinds.training_spec import RESERVED
from jupyter_sm.jobs.spec import Placement
from jupyter_sm.shown.secrets import MASK, mask, secrets_of, shown
from jupyter_sm.store import Store, StoreError
from jupyter_sm.targets import Target, UnknownTargetError, open_target, pack_source

_TIME_TAG = f"{OUR_TAGS}submitted"


@dataclass(frozen=True)
class Draft:
    """A request as it would be submitted; `refusals` are what is wrong with it, `notes` what may be.

    `script` and `notes` are as they may be shown.
    """

    key: JobKey
    request: dict[str, Any]
    script: str
    refusals: Refusals
    notes: list[str]
    submission_id: str
    bucket: str
    create_bucket: bool
    packed_from: Origin


def draft_of_spec(
    store: Store,
    spec: TrainingSpec,
    *,
    name: str | None = None,
    target: str = "local",
    notes: Sequence[str] = (),
) -> Draft:
    """Compile a spec for a target. The source is copied now; inputs are read when they are staged.

    Raises ExplainedError where so much is wrong that there is no request.
    """
    refusals = Refusals(secrets_of(vars(spec)))
    refusals.add(faults := spec.faults())
    if any(fault.rule == "type" for fault in faults):
        raise refusals.error()  # of values of another type there is nothing more to say
    # A source that is at fault leaves these, so that the rest is looked at all the same.
    source, program, packed_from = store.folder / "sources", Path(spec.script).name, Origin()
    with refusals.gather():
        check_script(spec)
        try:
            source, program = pack_source(
                spec.script,
                spec.entry_point,
                source,
                spec.dependencies,
                follow_links=spec.follow_links,
            )
            packed_from = origin_of(spec.script, spec.dependencies)
        except OSError as error:
            raise StoreError(f"The source could not be copied: {error}.") from None
    inputs = {}
    for channel, place in spec.inputs.items():
        with refusals.gather():
            check_input(channel, place, follow_links=spec.follow_links)
            inputs[channel] = place
    spec = replace(spec, inputs=inputs)
    where: Target | None = None
    with refusals.gather():
        where = open_target(target, store.folder)
    request: dict[str, Any] | None = None
    placement: Placement | None = None
    if where is not None:
        chosen = name or unique_name(Path(program).stem)
        with refusals.gather():
            placement = where.place(spec, chosen, source)
            request = spec.request(chosen, program, placement)
    if where is None or request is None or placement is None:
        raise refusals.error()
    return _draft(
        where,
        kind_named("training"),
        request,
        refusals,
        notes=[*notes, *placement.notes],
        bucket=spec.bucket or "",
        create_bucket=spec.create_bucket,
        packed_from=packed_from,
    )


def draft_of_request(
    store: Store,
    request: dict[str, Any],
    *,
    kind: str = "training",
    target: str = "local",
    notes: Sequence[str] = (),
    packed_from: Origin = Origin(),  # noqa: B008 - it is frozen
) -> Draft:
    """Check a full Create request, as `submit_request` takes it. Raises ExplainedError."""
    row = checked_kind(kind)
    where = checked_target(target, store)
    refusals = Refusals(secrets_of(request))
    for place in row.places(request):
        with refusals.gather():
            check_place(place, request)
    return _draft(where, row, request, refusals, notes=notes, packed_from=packed_from)


def _draft(
    where: Target,
    kind: Kind,
    request: dict[str, Any],
    refusals: Refusals,
    *,
    notes: Sequence[str] = (),
    bucket: str = "",
    create_bucket: bool = False,
    packed_from: Origin = Origin(),  # noqa: B008 - it is frozen
) -> Draft:
    """Look through a request, which may have something wrong with it from before."""
    target = where.name
    if kind.kind not in where.kinds:
        offered = " and ".join(where.kinds)
        what = f"{target} runs no {kind.kind} jobs; it runs {offered} jobs."
        raise refusal("invalid-parameter", f"Not possible on {target}", what)
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
    warnings = _look_through(tagged, where, kind, refusals)
    secrets = secrets_of(tagged)
    told = (*notes, *warnings, *(() if refusals else where.notes(kind, tagged)))
    return Draft(
        key=JobKey(target, kind.kind, str(request.get(kind.name_field))),
        request=tagged,
        script=shown(kind.script(request), secrets),
        refusals=refusals,
        notes=[shown(note, secrets) for note in told],
        submission_id=submission_id,
        bucket=bucket,
        create_bucket=create_bucket,
        packed_from=packed_from,
    )


def _look_through(
    request: dict[str, Any], where: Target, kind: Kind, refusals: Refusals
) -> list[str]:
    """Find everything that is wrong with a request; the result says what may be."""
    name = request.get(kind.name_field)
    wrong = check_name(name, limit=kind.name_limit) if isinstance(name, str) else None
    if wrong:
        refusals.refuse("invalid-parameter", "The job name is not legal", wrong)
    elif isinstance(name, str) and mask(name) != name:
        refusals.refuse(
            "invalid-parameter",
            "The job name holds a secret",
            "The job name has a key or a token in it, and names are shown everywhere: choose another.",
        )
    refusals.add(_masked_members(request))
    filled_in = where.fills_in & kind.fills_in
    found = check_request(kind.create, request, file_uris=True, filled_in=filled_in)
    faults = [_without_ours(fault, request) for fault in errors_of(found)]
    # A target looks at a request whose members are all of their kinds, and of values that there are.
    is_whole = not any(fault.rule in ("type", "required", "enum") for fault in faults)
    not_offered = where.check(kind, request) if is_whole else None
    if not_offered:
        refusals.refuse("invalid-parameter", f"Not possible on {where.name}", not_offered)
    # These have sentences of their own, better than the pattern they break.
    told = {kind.name_field} if wrong else set()
    told |= {"RoleArn"} if not_offered else set()
    refusals.add(fault for fault in faults if fault.path not in told)
    return [f"{fault.path}: {fault.message}" for fault in found if fault.severity == "warning"]


def _masked_members(value: Any, path: str = "") -> Iterator[Fault]:
    """What was copied from where secrets are masked, and would be sent so."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _masked_members(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _masked_members(item, f"{path}[{number}]")
    elif isinstance(value, str) and MASK in value:
        what = "is masked: give the secret itself, or run the job again, which keeps it."
        yield Fault(path, "masked", what)


def _is_ours(tag: Any) -> bool:
    return str(at(tag, "Key")).startswith(OUR_TAGS)


def _without_ours(fault: Fault, request: Mapping[str, Any]) -> Fault:
    """A fault as the user sees it, who did not write the entries that are ours."""
    given = request.get(fault.path)
    if fault.rule != "max" or fault.path not in ("Tags", "HyperParameters"):
        return fault
    if isinstance(given, list):
        ours, most, whose = sum(map(_is_ours, given)), 50, "jupyter-sm adds"
    else:
        ours = sum(str(name).startswith(RESERVED) for name in given or ())
        most, whose = 100, "script mode adds"
    left = f"has {len(given or ()) - ours} entries, and {whose} {ours}; at most {most}."
    return replace(fault, message=left) if ours else fault


def name_used(key: JobKey) -> ExplainedError:
    """The refusal of a name that another job has."""
    return refusal(
        "duplicate-name",
        "The name is already used",
        f"A job named {key.name!r} already exists on {key.target}.",
        "Choose another name, or leave the name out to get a fresh one.",
        status=409,
    )


def checked_kind(kind: str) -> Kind:
    """The row of a kind. Raises ExplainedError for a kind that there is not."""
    try:
        return kind_named(kind)
    except ValueError as error:
        raise refusal("invalid-parameter", "No such kind of job", str(error)) from None


def checked_target(name: str, store: Store) -> Target:
    """The target of a name. Raises ExplainedError for one that there is not."""
    try:
        return open_target(name, store.folder)
    except UnknownTargetError as error:
        raise refusal("invalid-parameter", "No such target", str(error)) from None
