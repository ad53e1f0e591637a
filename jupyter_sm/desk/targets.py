"""The targets as faces show them: those there are, those in use, and how each is."""

from __future__ import annotations

from typing import Any

from jupyter_sm.desk.reach import of_error
from jupyter_sm.diagnosis import refusal
from jupyter_sm.store import Store, leases, targets
from jupyter_sm.store.views import TargetView
from jupyter_sm.targets import (
    UnknownTargetError,
    check_target,
    open_target,
    settings,
    target_names,
)
from jupyter_sm.tracking.service import LOCAL
from jupyter_sm.tracking.trouble import is_of_aws


def shown(store: Store) -> list[TargetView]:
    """All known targets. `untracked`: no server or kernel looks after it, or has had an answer yet."""
    rows = {row.name: row for row in targets.rows(store)}
    names = target_names()
    result: list[TargetView] = []
    for name in [*names, *(n for n in rows if n not in names)]:
        row = rows.get(name)
        health = row.health if row else "ready" if name == LOCAL else "unused"
        is_asked = row is None or row.as_of is not None
        if health == "ready" and not (is_asked and leases.is_held(store, name)):
            health = "untracked"
        # What is odd about the store or the settings is told once, with the first target.
        notes = [*(_notes(store) if not result else []), (row.reason if row else None) or ""]
        reason = " ".join(filter(None, notes)) or None
        result.append(TargetView(name, health, reason, row.as_of if row else None))
    return result


def _notes(store: Store) -> list[str]:
    try:
        settings.check(store.folder)
    except settings.SettingsError as error:
        return [store.note, str(error)]
    return [store.note]


def trouble(store: Store, name: str) -> TargetView | None:
    """A target in use that can't be reached, with the reason; None where all is well."""
    row = targets.row(store, name)
    if row is None or row.health == "ready":
        return None
    return TargetView(name, row.health, row.reason, row.as_of)


def client(store: Store, service: str, name: str) -> Any:
    """A boto3 client of a target. Raises ExplainedError for no target, or no such service."""
    from botocore.exceptions import UnknownServiceError

    try:
        return open_target(name, store.folder).client(service)
    except (UnknownTargetError, UnknownServiceError) as error:
        raise refusal("invalid-parameter", "No such client", str(error), status=404) from None
    except Exception as error:
        if not is_of_aws(error):
            raise
        raise of_error(error, name) from None


def use(store: Store, name: str) -> None:
    """From now on the target is looked after. Raises ExplainedError (404) for no target."""
    try:
        check_target(name)
    except UnknownTargetError as error:
        raise refusal("invalid-parameter", "No such target", str(error), status=404) from None
    targets.use(store, name)


def remove(store: Store, name: str) -> None:
    """Look after a target no longer: its jobs leave the list, and go on where they run.

    Raises ExplainedError: 404 where it is in no use, 409 where a job would be lost.
    """
    if name == LOCAL:
        what = "The local target is always there; its jobs are in the job store's folder."
        raise refusal("invalid-parameter", "Not removed", what)
    if not targets.is_used(store, name):
        used = ", ".join(row.name for row in targets.rows(store)) or "none"
        what = f"{name!r} is no target in use; in use are: {used}."
        raise refusal("not-found", "No such target", what, status=404)
    waiting = targets.submitting(store, name)
    if waiting:
        what = f"{name} does not have the job {waiting[0]} yet, which would be lost."
        fix = f"Stop it first: jupyter sm stop {waiting[0]}"
        raise refusal("wrong-state", "Not removed", what, fix, status=409)
    targets.remove(store, name)
