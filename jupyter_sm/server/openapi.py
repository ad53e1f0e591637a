"""The OpenAPI document, made from the views' own classes; the TypeScript types come from it too."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from importlib.metadata import version
from typing import Any, Union, get_args, get_origin, get_type_hints

from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import KINDS, TrainingSpec
from jupyter_sm.tracking import views
from jupyter_sm.tracking.again import CHANGES

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


_AGAIN = {
    "type": "object",
    "properties": {
        "change": {"type": "string", "pattern": f"^({'|'.join(CHANGES)}|instance=ml[.a-z0-9-]+)$"}
    },
    "additionalProperties": False,
}


def schema_of(hint: Any) -> dict[str, Any]:
    """The JSON schema of a type hint; dataclasses become references."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(arg) for arg in args]}
    if origin in (list, tuple):
        return {"type": "array", "items": schema_of(args[0])}
    return {"type": "object", "additionalProperties": schema_of(args[1]) if args else {}}


def component(cls: type[Any], *, all_required: bool) -> dict[str, Any]:
    """The schema of a dataclass; answers hold every member, bodies may leave defaults out."""
    hints = get_type_hints(cls)
    required = [
        f.name
        for f in fields(cls)
        if all_required or (f.default is MISSING and f.default_factory is MISSING)
    ]
    return {
        "type": "object",
        "description": (cls.__doc__ or "").split("\n\n")[0],
        "properties": {f.name: schema_of(hints[f.name]) for f in fields(cls)},
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
    result["MetricList"] = _holder(series={"type": "array", "items": schema_of(views.MetricSeries)})
    result["SourcePath"] = _holder(path={"type": "string"})
    result["Accepted"] = _holder(name={"type": "string"})
    result["ApiError"] = _holder(message={"type": "string"}, explanation=schema_of(Explanation))
    return result


def document(base_url: str = "/") -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API."""
    job = "/jobs/{target}/{kind}/{name}"
    key = [
        _parameter("target", "path"),
        {**_parameter("kind", "path"), "schema": {"type": "string", "enum": list(KINDS)}},
        _parameter("name", "path"),
    ]
    paging = [_parameter("limit", "query", "integer"), _parameter("offset", "query", "integer")]
    among = [_parameter(name, "query") for name in ("severity", "source", "stream")]
    pages = [_parameter("from", "query", "integer"), _parameter("limit", "query", "integer")]
    fold = {**_parameter("fold", "query"), "schema": {"type": "string", "enum": ["0", "1"]}}
    query = _parameter("query", "query")
    submission = {
        "type": "object",
        "properties": {
            "target": {"type": "string"},
            "name": {"type": ["string", "null"]},
            "spec": {"$ref": "#/components/schemas/TrainingSpec"},
            "request": {"type": "object"},
        },
        "additionalProperties": False,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "jupyter_sm", "version": version("jupyter_sm")},
        "servers": [{"url": f"{base_url}jupyter-sm/api"}],
        "paths": {
            "/targets": {"get": _operation("List targets", "TargetList")},
            "/targets/{target}/use": {
                "post": _operation(
                    "Look after a target", "Accepted", [_parameter("target", "path")], "202"
                )
            },
            "/jobs": {
                "get": _operation("List jobs", "JobList", [_parameter("target", "query"), *paging]),
                "post": {
                    **_operation(
                        "Submit a job", "JobView", status="202", errors=(400, 403, 409, 413, 507)
                    ),
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": submission}},
                    },
                },
            },
            job: {"get": _operation("Get a job", "JobView", key)},
            f"{job}/request": {"get": _operation("Get a job's request", "JobRequest", key)},
            f"{job}/logs": {
                "get": _operation("Read a job's log", "LogPage", [*key, *pages, *among, query])
            },
            f"{job}/logs/rows": {
                "get": _operation(
                    "Show a job's log",
                    "LogRows",
                    [*key, *pages, _parameter("around", "query", "integer"), *among, fold],
                )
            },
            f"{job}/logs/hits": {
                "get": _operation(
                    "Search a job's log",
                    "LogHits",
                    [*key, query, {**fold, "name": "regex"}, *among, fold],
                )
            },
            f"{job}/log": {"get": _text_operation("Download a job's log", key)},
            f"{job}/metrics": {"get": _operation("Get a job's metrics", "MetricList", key)},
            f"{job}/source": {
                "get": _operation(
                    "Find the user's file that ran",
                    "SourcePath",
                    [*key, _parameter("file", "query")],
                )
            },
            f"{job}/stop": {
                "post": _operation("Stop a job", "Accepted", key, "202", (403, 404, 409))
            },
            f"{job}/again": {
                "post": {
                    **_operation(
                        "Run a job again", "JobView", key, "202", (400, 403, 404, 409, 507)
                    ),
                    "requestBody": {"content": {"application/json": {"schema": _AGAIN}}},
                }
            },
            "/changes": {
                "get": _operation(
                    "List changes since a number",
                    "ChangePage",
                    [_parameter("since", "query", "integer")],
                )
            },
            "/openapi.json": {"get": _operation("This document", None)},
        },
        "components": {"schemas": components()},
    }


def _holder(**members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def _parameter(name: str, place: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": kind}}


def _text_operation(summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    operation = _operation(summary, None, parameters)
    operation["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return operation


def _operation(
    summary: str,
    answer: str | None,
    parameters: list[dict[str, Any]] | None = None,
    status: str = "200",
    errors: tuple[int, ...] = (400, 403, 404),
) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{answer}"} if answer else {"type": "object"}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ApiError"}}}
    return {
        "summary": summary,
        "parameters": parameters or [],
        "responses": {
            status: {"description": summary, "content": {"application/json": {"schema": schema}}},
            **{str(code): {"description": "What is wrong", "content": error} for code in errors},
        },
    }
