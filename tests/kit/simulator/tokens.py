"""Page tokens: opaque to the client, and dead after a day as CloudWatch's are."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from .errors import ApiError

LIFE = 86400.0


def encode(place: Any) -> str:
    """A token for this place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def decode(token: str) -> Any:
    """The place; ValueError when the token is none of ours."""
    try:
        return json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        raise ValueError("The specified nextToken is invalid.") from None


def bad_log_token() -> ApiError:
    """What CloudWatch Logs answers to a token it does not know."""
    return ApiError("InvalidParameterException", "The specified nextToken is invalid.")
