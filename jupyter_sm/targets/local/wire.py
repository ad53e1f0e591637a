"""AWS's JSON 1.1 protocol over the engine: in process for botocore, or for any HTTP server.

botocore serialises, validates, signs and parses as always; its `before-send` event lets
us answer instead of the network. Source: botocore's event system, AWS JSON 1.1 protocol.
"""

from __future__ import annotations

import io
import json
import logging
from typing import Any

from jupyter_sm.targets.clients import session
from jupyter_sm.targets.local.api.engine import LocalEngine
from jupyter_sm.targets.local.api.errors import ApiError

_log = logging.getLogger(__name__)
# Never resolved: the answer is given before anything is sent.
_ENDPOINT = "http://local.invalid"


def handle(engine: LocalEngine, target: str, body: bytes) -> tuple[int, bytes]:
    """Answer one call: the X-Amz-Target header and body in, HTTP status and body out."""
    try:
        request = json.loads(body or b"{}")
        if not isinstance(request, dict):
            raise ValueError
    except ValueError:
        return _error(ApiError("SerializationException", "The request body is not a JSON object."))
    try:
        return 200, json.dumps(engine.answer(target, request)).encode()
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
    """A boto3 client of `service` whose calls the engine answers."""
    from botocore.awsrequest import AWSResponse
    from botocore.config import Config

    # botocore signs every request; nobody looks at the signature.
    keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "local")
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=True)
    client = session(**keys, region_name="us-east-1").client(
        service, endpoint_url=_ENDPOINT, config=config
    )

    def answer(request: Any, **_: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        body = request.body.encode() if isinstance(request.body, str) else request.body
        status, content = handle(engine, name, body)
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, status, headers, _Raw(content))

    client.meta.events.register(f"before-send.{service}", answer)
    return client


class _Raw(io.BytesIO):
    """What AWSResponse reads its content from."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def _error(error: ApiError) -> tuple[int, bytes]:
    return error.status, json.dumps({"__type": error.code, "message": error.message}).encode()
