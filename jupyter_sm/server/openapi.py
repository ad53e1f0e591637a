"""The OpenAPI 3.1 document of a table of routes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from jupyter_sm.server.route import Operation, Route
from jupyter_sm.server.schemas import components


def document(routes: Sequence[Route], base_url: str = "/") -> dict[str, Any]:
    """The document, for a server at `base_url`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "jupyter_sm", "version": version("jupyter_sm")},
        "servers": [{"url": f"{base_url}jupyter-sm/api"}],
        "paths": {
            route.path: {
                method: _operation(route, operation)
                for method, operation in route.operations.items()
            }
            for route in routes
        },
        "components": {"schemas": components()},
    }


def _operation(route: Route, operation: Operation) -> dict[str, Any]:
    parts = [_parameter(name, "path", route.schema_of(name)) for name in route.parts]
    query = [_parameter(one.name, "query", one.schema) for one in operation.query]
    result: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [*parts, *query],
        "responses": {
            str(operation.status): {
                "description": operation.summary,
                "content": _content(operation.answer),
            },
            **{
                str(status): {"description": "What is wrong", "content": _content("ApiError")}
                for status in operation.errors
            },
        },
    }
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        result["requestBody"] = {"required": operation.needs_body, "content": content}
    return result


def _parameter(name: str, where: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


def _content(answer: str | None) -> dict[str, Any]:
    if answer is None:
        return {"text/plain": {"schema": {"type": "string"}}}
    schema = {"type": "object"} if answer == "" else {"$ref": f"#/components/schemas/{answer}"}
    return {"application/json": {"schema": schema}}
