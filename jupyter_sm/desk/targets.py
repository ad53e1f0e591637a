"""The targets as faces show them: those there are, those in use, and how each is."""

from __future__ import annotations

from typing import Any

from jupyter_sm.diagnosis import refusal
from jupyter_sm.store import Store, leases, targets
from jupyter_sm.store.views import TargetView
from jupyter_sm.targets import UnknownTargetError, check_target, open_target, target_names
from jupyter_sm.tracking.service import LOCAL


def shown(store: Store) -> list[TargetView]:
    """All known targets. `untracked`: no server or kernel looks after it at the moment."""
    rows = {row.name: row for row in targets.rows(store)}
    names = target_names()
    result: list[TargetView] = []
    for name in [*names, *(n for n in rows if n not in names)]:
        row = rows.get(name)
        health = row.health if row else "ready" if name == LOCAL else "unused"
        if health == "ready" and not leases.is_held(store, name):
            health = "untracked"
        # What is odd about the store is told once, with the first target.
        notes = [store.note if not result else "", (row.reason if row else None) or ""]
        reason = " ".join(filter(None, notes)) or None
        result.append(TargetView(name, health, reason, row.as_of if row else None))
    return result


def client(store: Store, service: str, name: str) -> Any:
    """A boto3 client of a target. Raises ExplainedError for no target, or no such service."""
    from botocore.exceptions import UnknownServiceError

    try:
        return open_target(name, store.folder).client(service)
    except (UnknownTargetError, UnknownServiceError) as error:
        raise refusal("invalid-parameter", "No such client", str(error), status=404) from None


def use(store: Store, name: str) -> None:
    """From now on the target is looked after. Raises ExplainedError (404) for no target."""
    try:
        check_target(name)
    except UnknownTargetError as error:
        raise refusal("invalid-parameter", "No such target", str(error), status=404) from None
    targets.use(store, name)
