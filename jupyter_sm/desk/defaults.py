"""What one-line calls leave out, and where it comes from: the call, the project, the user, the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from jupyter_sm.desk.drafts import checked_target
from jupyter_sm.desk.words import columns
from jupyter_sm.jobs import TrainingSpec, kind_named
from jupyter_sm.shown.secrets import masked
from jupyter_sm.store import Store
from jupyter_sm.targets.defaults import NETWORK, merged, project_defaults, user_defaults
from jupyter_sm.targets.protocol import Default
from jupyter_sm.targets.settings import SettingsError
from jupyter_sm.tracking.service import LOCAL

# Of the user's settings what a target itself reads when it stages a job.
_STAGED = frozenset({"role", "bucket", "create_bucket"})
_UNSET = {
    "role": "found when a job is submitted",
    "bucket": "SageMaker's default bucket",
    "image": "by what the script imports",
}
_BUILT_IN = "jupyter_sm itself"


class Defaults(list[Default]):
    """The defaults of one target, one an option; shows itself as a table."""

    def __repr__(self) -> str:
        rows = [(one.name, _shown(one.value), one.source) for one in self]
        return columns([("OPTION", "DEFAULT", "FROM"), *rows])


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={item}" for name, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def spec_of_call(
    store: Store, given: Mapping[str, Any], target: str, folder: Path
) -> tuple[TrainingSpec, list[str]]:
    """A one-line call's spec, with the defaults of what it leaves out; and notes on these.

    Raises SettingsError for a project's file that can't be used.
    """
    is_account = target != LOCAL
    notes = []
    found = project_defaults(folder, target, is_account=is_account)
    try:
        users = user_defaults(store.folder, target, is_account=is_account)
        found += [one for one in users if one.name not in _STAGED]
    except SettingsError as error:
        if is_account:
            raise
        # A setting that is wrong must not keep this machine's own jobs from running.
        notes.append(f"{error} Its defaults do not count for this job.")
    if NETWORK & given.keys():
        found = [one for one in found if one.name not in NETWORK]
    values, sources = dict(given), dict[str, list[str]]()
    for name, default in merged(found).items():
        if name not in given:
            values[name] = default.value
        elif isinstance(default.value, Mapping) and isinstance(given[name], Mapping):
            values[name] = {**default.value, **given[name]}
        if values[name] != given.get(name):
            sources.setdefault(default.source, []).append(name)
    notes += [f"{', '.join(names)} from {source}." for source, names in sources.items()]
    return TrainingSpec(**values), notes


def defaults_of(store: Store, target: str, folder: Path) -> Defaults:
    """What one-line calls from a folder get on a target where they leave it out. Makes no call.

    Raises ExplainedError for a file that can't be used.
    """
    where = checked_target(target, store)
    is_account = target != LOCAL
    built_in = TrainingSpec("")
    found = merged(
        [
            *project_defaults(folder, target, is_account=is_account),
            *user_defaults(store.folder, target, is_account=is_account),
            *where.defaults(kind_named("training")),
        ]
    )
    for one in fields(TrainingSpec):
        value = getattr(built_in, one.name)
        if one.name not in found and value:
            found[one.name] = Default(one.name, value, _BUILT_IN)
        elif one.name not in found and one.name in _UNSET and is_account:
            found[one.name] = Default(one.name, "", _UNSET[one.name])
    order = [one.name for one in fields(TrainingSpec)]
    rows = sorted(found.values(), key=lambda d: order.index(d.name) if d.name in order else 99)
    values = masked({one.name: one.value for one in rows})
    return Defaults(Default(one.name, values[one.name], one.source) for one in rows)
