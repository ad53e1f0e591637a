"""Plans: what a submission would be. Nothing is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_sm.desk.drafts import Draft, name_used
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import kind_named
from jupyter_sm.jobs.differences import without_ours
from jupyter_sm.shown.secrets import masked
from jupyter_sm.store import Store, jobs


@dataclass(frozen=True)
class Plan:
    """A submission that was not made.

    - `request`: the full Create request, secrets masked; empty where so much is wrong that there is none.
    - `faults`: what it would be refused for, a sentence each; `notes`: what the target decides.
    """

    target: str
    kind: str
    request: dict[str, Any]
    faults: list[str]
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return dict(vars(self))

    def __repr__(self) -> str:
        machines = kind_named(self.kind).machines(self.request) if self.request else {}
        where = f"on {self.target}"
        if machines:
            where += f", {machines.get('InstanceType')} × {machines.get('InstanceCount')}"
        head = "can't be started" if self.faults else "can be started"
        lines = [f"A {self.kind} job {where}: {head} (nothing was)."]
        lines += [f"  ✖ {fault}" for fault in self.faults]
        lines += [f"  · {note}" for note in self.notes]
        return "\n".join(lines)


def plan_of(store: Store, target: str, kind: str, draft: Callable[[], Draft]) -> Plan:
    """The plan of a draft, or of what is wrong where there can be none."""
    try:
        made = draft()
    except ExplainedError as error:
        return Plan(target, kind, {}, [error.explanation.what_happened], [])
    faults = made.refusals.sentences
    if not faults and jobs.get(store, made.key) is not None:
        faults = [name_used(made.key).explanation.what_happened]
    return Plan(target, kind, masked(without_ours(made.request)), faults, made.notes)
