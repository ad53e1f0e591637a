"""Changing a request by the words of a spec: `instance=`, `hyperparameters=`, any field of it.

What the spec can't say stays as it is in the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.jobs import InvalidRequestError, Kind, Origin, TrainingSpec
from jupyter_sm.jobs.kinds.training_spec import compiled, nearest_spec
from jupyter_sm.store import Store
from jupyter_sm.targets import ImageError, PathError, SourceError, Target, pack_source

_SOURCE = frozenset({"script", "entry_point", "dependencies"})
# The placement's member that a field of the spec is turned into.
_PLACED = {
    "inputs": "input_uris",
    "output": "output_uri",
    "image": "image",
    "role": "role",
    "checkpoint": "checkpoint_uri",
}


def changed(
    store: Store,
    target: Target,
    kind: Kind,
    request: dict[str, Any],
    origin: Origin,
    changes: Mapping[str, Any],
) -> dict[str, Any]:
    """A copy of a request with some fields of its spec changed. Raises ExplainedError.

    A mapping (hyperparameters, inputs, environment, tags, metrics) is added to what is there;
    a value of None takes an entry out.
    """
    known = {one.name for one in fields(TrainingSpec)}
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise _refusal(f"There is no option {unknown[0]!r}; there are {', '.join(sorted(known))}.")
    spec = nearest_spec(request, origin) if kind.spec is TrainingSpec else None
    if spec is None:
        raise _refusal(
            "Only a training job that runs a script can be changed by options; submit a changed "
            "request instead: sm.submit({**job.request, …})."
        )
    fresh = replace(spec, **{name: _merged(spec, name, value) for name, value in changes.items()})
    if faults := fresh.faults():
        raise _refusal(str(InvalidRequestError(faults)))
    before = compiled(spec, request)
    try:
        places = _places(store, target, request, fresh, changes)
        after = compiled(fresh, request, **places)
    except (SourceError, PathError, ImageError) as error:
        raise refusal("local-file-not-found", "A path can't be used", str(error)) from None
    patched: dict[str, Any] = _patched(request, before, after)
    return patched


def _merged(spec: TrainingSpec, name: str, value: Any) -> Any:
    now = getattr(spec, name)
    if not isinstance(now, Mapping) or not isinstance(value, Mapping):
        return value
    return {key: item for key, item in {**now, **value}.items() if item is not None}


def _places(
    store: Store,
    target: Target,
    request: Mapping[str, Any],
    fresh: TrainingSpec,
    changes: Mapping[str, Any],
) -> dict[str, Any]:
    """Where the target puts what was changed."""
    places: dict[str, Any] = {}
    source = Path()
    if _SOURCE & changes.keys():
        source, program = pack_source(
            fresh.script,
            fresh.entry_point,
            store.folder / "sources",
            fresh.dependencies,
            follow_links=fresh.follow_links,
        )
        places = {"program": program, "source_uri": source.absolute().as_uri()}
    placed = target.place(fresh, request["TrainingJobName"], source)
    for name, member in _PLACED.items():
        if name in changes:
            places[member] = getattr(placed, member)
    return places


def _patched(request: Any, before: Any, after: Any) -> Any:
    """The request with what differs between two compiled ones as the later has it."""
    if not (isinstance(request, dict) and isinstance(before, dict) and isinstance(after, dict)):
        return after
    patched = dict(request)
    for key in {**before, **after}:
        if key not in after:
            patched.pop(key, None)
        elif before.get(key) != after[key]:
            patched[key] = _patched(request.get(key), before.get(key), after[key])
    return patched


def _refusal(what: str) -> ExplainedError:
    return refusal("invalid-parameter", "Not run again", what, status=400)
