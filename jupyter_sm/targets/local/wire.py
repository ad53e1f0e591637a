"""AWS's JSON 1.1 protocol over the engine: in process for botocore, or for any HTTP server.

botocore serialises, validates and parses as always; its `before-send` event lets
us answer instead of the network. What a call means is the engine's business. Source: botocore's
event system, AWS JSON 1.1 protocol.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jupyter_sm.shown.logger import logger_of
from jupyter_sm.targets.clients import tell_no_retries, unconfigured_client
from jupyter_sm.targets.local.api.engine import LocalEngine
from jupyter_sm.targets.local.api.errors import ApiError

_log = logger_of(__name__)
# Never resolved: the answer is given before anything is sent.
_ENDPOINT = "http://local.invalid"
_CONTENT_TYPE = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Request:
    """A call as HTTP has it. `path` holds the query too; names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An answer as HTTP has it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def handle(engine: LocalEngine, request: Request) -> Response:
    """Answer one call; never raises. X-Amz-Target names the operation."""
    target = request.headers.get("x-amz-target", "")
    try:
        members = json.loads(request.body or b"{}")
        if not isinstance(members, dict):
            raise ValueError
    except ValueError:
        return _error(ApiError("SerializationException", "The request body is not a JSON object."))
    try:
        return _json(200, engine.answer(target, members))
    except ApiError as error:
        return _error(error)
    except OSError as error:
        _log.warning("The local target could not answer %s: %s", target, error)
        return _error(ApiError("InternalFailure", f"{error.strerror}: {error.filename!r}", 500))
    except KeyError as error:
        return _error(ApiError("InvalidParameterException", f"The member {error} is missing."))
    except Exception:  # noqa: BLE001 - a fault of ours is an answer too, as from a real service
        _log.exception("The local target could not answer %s", target)
        return _error(
            ApiError("InternalFailure", "The local target failed; its log says why.", 500)
        )


def connect(service: str, engine: LocalEngine) -> Any:
    """A botocore client of `service` whose calls the engine answers."""
    from botocore.awsrequest import AWSResponse

    client = unconfigured_client(service, _ENDPOINT)
    tell_no_retries(client)

    def answer(request: Any, **_: Any) -> Any:
        response = handle(engine, _request(request))
        return AWSResponse(request.url, response.status, response.headers, _Raw(response.body))

    client.meta.events.register(f"before-send.{service}", answer)
    return client


class _Raw(io.BytesIO):
    """What AWSResponse reads its content from."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def _request(prepared: Any) -> Request:
    """botocore's AWSPreparedRequest, read."""
    parts = urlsplit(prepared.url)
    body = prepared.body or b""
    return Request(
        method=prepared.method,
        path=f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/",
        headers={name.lower(): _text(value) for name, value in prepared.headers.items()},
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


def _text(header: str | bytes) -> str:
    return header.decode("latin-1") if isinstance(header, bytes) else str(header)


def _json(status: int, content: Any) -> Response:
    return Response(status, {"Content-Type": _CONTENT_TYPE}, json.dumps(content).encode())


def _error(error: ApiError) -> Response:
    return _json(error.status, {"__type": error.code, "message": error.message})
