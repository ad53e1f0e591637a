"""Reading what comes in by POST: strictly, naming every unknown or ill-typed member."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from jupyter_sm.desk import Desk, JobView
from jupyter_sm.jobs import KINDS, TrainingSpec
from jupyter_sm.jobs.values import misfit

_MEMBERS = ("target", "kind", "name", "spec", "request")


class BadBodyError(ValueError):
    """A body that says nothing that can be submitted."""


@dataclass(frozen=True)
class SubmissionBody:
    """Either `spec` (with an optional `name`) or a full Create `request` of a kind."""

    target: str
    kind: str
    name: str | None
    spec: TrainingSpec | None
    request: dict[str, Any] | None


def read_submission(body: bytes) -> SubmissionBody:
    """A POST body, checked. Raises BadBodyError in one sentence."""
    try:
        data = json.loads(body)
    except RecursionError:
        raise BadBodyError("The body is nested too deeply") from None
    except ValueError as error:
        raise BadBodyError(f"The body is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadBodyError("The body must be a JSON object")
    unknown = sorted(set(data) - set(_MEMBERS))
    if unknown:
        raise BadBodyError(f"Unknown members {_shown(unknown)}; known are {', '.join(_MEMBERS)}")
    target, name, kind = data.get("target", "local"), data.get("name"), data.get("kind", "training")
    if not isinstance(target, str) or not (name is None or isinstance(name, str)):
        raise BadBodyError("target and name must be strings")
    if kind not in KINDS:
        raise BadBodyError(f"kind must be one of {', '.join(KINDS)}")
    spec, request = data.get("spec"), data.get("request")
    if (spec is None) == (request is None):
        raise BadBodyError("Give either spec or request")
    if request is not None and not isinstance(request, dict):
        raise BadBodyError("request must be an object")
    if request is not None and name is not None:
        raise BadBodyError("The name of a full request stands in it; give no name beside it")
    if spec is not None and kind != "training":
        raise BadBodyError(f"A spec is one of a training job; of {kind} give a request")
    return SubmissionBody(target, kind, name, _spec(spec) if spec is not None else None, request)


def read_change(body: bytes) -> str | None:
    """The `change` of a body that runs a job again; an empty body changes nothing."""
    try:
        data = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadBodyError("The body is not JSON") from None
    if not isinstance(data, dict) or not set(data) <= {"change"}:
        raise BadBodyError("The body must be an object, with change or nothing in it")
    change = data.get("change")
    if change is not None and not isinstance(change, str):
        raise BadBodyError("change must be a text")
    return change


def submit(desk: Desk, body: SubmissionBody, root: str) -> JobView:
    """Submit what a body asks for; relative paths are the server's, below `root`.

    Raises ExplainedError.
    """
    if body.spec is not None:
        return desk.submit_spec(
            _below(Path(root).expanduser().absolute(), body.spec),
            name=body.name,
            target=body.target,
        )
    return desk.submit(body.request or {}, kind=body.kind, target=body.target)


def _below(root: Path, spec: TrainingSpec) -> TrainingSpec:
    def below(path: str) -> str:
        return path if "://" in path or path.startswith("~") else str(root / path)

    return replace(
        spec,
        script=below(spec.script) if spec.script else "",
        dependencies=[below(path) for path in spec.dependencies],
        inputs={name: below(path) for name, path in spec.inputs.items()},
        output=below(spec.output) if spec.output else None,
        checkpoint=below(spec.checkpoint) if spec.checkpoint else None,
    )


def _spec(data: Any) -> TrainingSpec:
    if not isinstance(data, dict):
        raise BadBodyError("spec must be an object")
    known = {field.name for field in fields(TrainingSpec)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise BadBodyError(
            f"Unknown members {_shown(unknown)} in spec; known are {', '.join(sorted(known))}"
        )
    if "script" not in data:
        raise BadBodyError("spec.script is missing")
    hints = get_type_hints(TrainingSpec)
    for key, value in data.items():
        if wrong := misfit(value, hints[key], f"spec.{key}"):
            raise BadBodyError(f"{wrong.where} {wrong.what[:-1]}")
    return TrainingSpec(**data)


def _shown(names: list[str]) -> str:
    """Names from outside, on one line and not too long."""
    text = ", ".join(name if name.isidentifier() else ascii(name) for name in names)
    return text if len(text) <= 200 else f"{text[:197]}…"
