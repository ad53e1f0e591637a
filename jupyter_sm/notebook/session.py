"""The kernel's one handle on the store."""

from __future__ import annotations

import functools

from jupyter_sm.tracking import Store, open_store


@functools.lru_cache(maxsize=1)
def store() -> Store:
    """The user's store, opened on first use."""
    return open_store()
