"""The kernel's one desk."""

from __future__ import annotations

import functools

from jupyter_sm.desk import Desk, open_desk


@functools.lru_cache(maxsize=1)
def desk() -> Desk:
    """The desk of the user's store, opened on first use."""
    return open_desk()
