"""Keeping secrets off the screen: values whose name says that they are one are masked."""

from __future__ import annotations

import re
from typing import Any

MASK = "••••••"
_SECRET_NAME = re.compile(
    r"(?i)secret|passw|passphrase|(?<!max_)(?<!num_)token(?!iz|s)|(api|access|private)_?key|credential"
)


def mask_request(request: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request for showing; secrets are masked: in HyperParameters,
    Environment and on the container's command line."""
    shown = dict(request)
    for member in ("HyperParameters", "Environment"):
        if isinstance(request.get(member), dict):
            shown[member] = {
                key: MASK if _SECRET_NAME.search(key) else value
                for key, value in request[member].items()
            }
    for member in ("AlgorithmSpecification", "AppSpecification"):
        if isinstance(request.get(member), dict):
            shown[member] = {key: _words(value) for key, value in request[member].items()}
    return shown


def _words(value: Any) -> Any:
    """A command line with what follows a secret's option masked: `--token X`, `--token=X`."""
    if not isinstance(value, list):
        return value
    shown, is_secret = [], False
    for word in value:
        if not isinstance(word, str):
            shown.append(word)
            continue
        name, equals, _ = word.partition("=")
        named = word.startswith("-") and bool(_SECRET_NAME.search(name))
        shown.append(MASK if is_secret else f"{name}={MASK}" if named and equals else word)
        is_secret = named and not equals
    return shown
