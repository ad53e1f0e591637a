"""Keeping secrets off the screen: values whose name says that they are one are masked."""

from __future__ import annotations

import re
from typing import Any

MASK = "••••••"
_SECRET_NAME = re.compile(
    r"(?i)secret|passw|passphrase|(?<!max_)(?<!num_)token(?!iz|s)|(api|access|private)_?key|credential"
)


def mask_request(request: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request for showing; secrets in HyperParameters and Environment are masked."""
    shown = dict(request)
    for member in ("HyperParameters", "Environment"):
        if isinstance(request.get(member), dict):
            shown[member] = {
                key: MASK if _SECRET_NAME.search(key) else value
                for key, value in request[member].items()
            }
    return shown
