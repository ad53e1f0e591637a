"""Submitting: a draft with nothing wrong becomes one committed row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_sm.desk.drafts import Draft, draft_of_request, draft_of_spec, name_used
from jupyter_sm.jobs import Origin, TrainingSpec
from jupyter_sm.store import JobView, Store, StoreError, jobs, submissions


def submit_spec(
    store: Store,
    spec: TrainingSpec,
    *,
    name: str | None = None,
    target: str = "local",
    notes: Sequence[str] = (),
) -> JobView:
    """Compile a spec for a target and commit its submission; the job as it stands.

    The source is copied now; inputs are read when they are staged. Raises ExplainedError
    with one clear sentence, or with one for each thing that is wrong with it.
    """
    return _commit(store, draft_of_spec(store, spec, name=name, target=target, notes=notes))


def submit_request(
    store: Store,
    request: dict[str, Any],
    *,
    kind: str = "training",
    target: str = "local",
    notes: Sequence[str] = (),
    packed_from: Origin = Origin(),  # noqa: B008 - it is frozen
) -> JobView:
    """Check a full Create request and commit its submission; the job as it stands.

    `packed_from` is where the source lies that the request's archive holds.

    On an AWS target local folders may stand where it wants `s3://` (they are uploaded), and
    the role and the output's place may be left out.

    Raises ExplainedError: status 400 for a request that breaks the service model, 409
    for a name already used.
    """
    draft = draft_of_request(
        store, request, kind=kind, target=target, notes=notes, packed_from=packed_from
    )
    return _commit(store, draft)


def _commit(store: Store, draft: Draft) -> JobView:
    """Commit a draft unless there is something wrong with it."""
    if draft.refusals:
        raise draft.refusals.error()
    key = draft.key
    try:
        submissions.add_submission(
            store,
            key,
            submission_id=draft.submission_id,
            request=draft.request,
            script=draft.script,
            notes=draft.notes,
            bucket=draft.bucket,
            create_bucket=draft.create_bucket,
            packed_from=draft.packed_from,
        )
    except submissions.DuplicateNameError:
        raise name_used(key) from None
    view = jobs.get(store, key)
    if view is None:
        raise StoreError(
            f"The job {key.name} was committed to {store.path} but can't be read back."
        )
    return view
