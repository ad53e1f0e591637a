"""Job names: legal, readable, unique by default.

SageMaker has no idempotency token on jobs; the name is the token, so it is chosen
here, before anything is created.
"""

from __future__ import annotations

import re
import secrets
import time

NAME_PATTERN = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\Z")
_SUFFIX_LENGTH = 4
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# The tail that unique_name gives: month and day, hour and minute, four characters.
_FRESH_TAIL = re.compile(r"-\d{4}-\d{4}-[0-9a-z]{4}\Z")


def unique_name(base: str, *, limit: int = 63, now: float | None = None) -> str:
    """A legal name such as `digits-1123-0614-3f9a`: base, month-day, hour-minute (UTC), random.

    `base` may be any text, a script's file name for instance; characters SageMaker
    does not take become hyphens, and it is cut so that the whole fits in `limit`.
    """
    stamp = time.strftime("%m%d-%H%M", time.gmtime(now))
    token = "".join(secrets.choice(_ALPHABET) for _ in range(_SUFFIX_LENGTH))
    tail = f"-{stamp}-{token}"
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", base).strip("-") or "job"
    return readable[: limit - len(tail)].rstrip("-") + tail


def fresh_name(name: str, *, limit: int = 63) -> str:
    """A name for another run of a job: as `unique_name`'s, with one such tail only."""
    return unique_name(_FRESH_TAIL.sub("", name), limit=limit)


def check_name(name: str, *, limit: int = 63) -> str | None:
    """What is wrong with a name, in one sentence, or None."""
    if not name:
        return "The job name is empty."
    if len(name) > limit:
        return f"The job name {name[:20]}… has {len(name)} characters; SageMaker takes {limit}."
    if not NAME_PATTERN.match(name):
        return (
            f"The job name {name!r} is not legal: use letters, digits and hyphens, "
            "beginning and ending with a letter or digit."
        )
    return None
