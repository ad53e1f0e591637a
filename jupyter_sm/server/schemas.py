"""JSON schemas of what the API takes and gives, made from the classes themselves."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from jupyter_sm.desk import views
from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import TrainingSpec

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}
_ANSWERS = (
    views.Transition,
    views.MainMetric,
    views.JobProgress,
    views.JobView,
    views.LogRecord,
    views.LogPage,
    views.LogRow,
    views.LogRows,
    views.LogHits,
    views.MetricSeries,
    views.TargetView,
    views.Change,
    views.ChangePage,
    Explanation,
)


def schema_of(hint: Any) -> dict[str, Any]:
    """The JSON schema of a type hint; dataclasses become references."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(arg) for arg in args]}
    if origin in (list, tuple, Sequence):
        return {"type": "array", "items": schema_of(args[0])}
    return {"type": "object", "additionalProperties": schema_of(args[1]) if args else {}}


def properties(cls: type[Any]) -> dict[str, Any]:
    """The schemas of a dataclass's fields, with what is said of them and their defaults."""
    hints = get_type_hints(cls)
    return {f.name: {**schema_of(hints[f.name]), **_annotations(f)} for f in fields(cls)}


def _annotations(f: Field[Any]) -> dict[str, Any]:
    """What a spec's field says of itself; fields of answers say nothing."""
    if "help" not in f.metadata:
        return {}
    said = {"description": f.metadata["help"]}
    if f.default_factory is not MISSING:
        return {**said, "default": f.default_factory()}
    return said if f.default is MISSING else {**said, "default": f.default}


def component(cls: type[Any], *, all_required: bool) -> dict[str, Any]:
    """The schema of a dataclass; answers hold every member, bodies may leave defaults out."""
    required = [
        f.name
        for f in fields(cls)
        if all_required or (f.default is MISSING and f.default_factory is MISSING)
    ]
    return {
        "type": "object",
        "description": (cls.__doc__ or "").split("\n\n")[0],
        "properties": properties(cls),
        "required": required,
        "additionalProperties": False,
    }


def components() -> dict[str, Any]:
    """All named schemas."""
    result = {cls.__name__: component(cls, all_required=True) for cls in _ANSWERS}
    result["TrainingSpec"] = component(TrainingSpec, all_required=False)
    result["TargetList"] = _holder(targets={"type": "array", "items": schema_of(views.TargetView)})
    result["JobList"] = _holder(
        jobs={"type": "array", "items": schema_of(views.JobView)},
        total={"type": "integer"},
        seq={"type": "integer"},
    )
    result["JobRequest"] = _holder(request={"type": "object"})
    result["MetricList"] = _holder(
        series={"type": "array", "items": schema_of(views.MetricSeries)},
        total={"type": "integer"},
    )
    result["SourcePath"] = _holder(path={"type": "string"})
    result["Accepted"] = _holder(name={"type": "string"})
    result["ApiError"] = _holder(message={"type": "string"}, explanation=schema_of(Explanation))
    return result


def _holder(**members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }
