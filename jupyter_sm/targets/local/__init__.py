"""The local target: SageMaker's API, answered in process, with jobs that really train.

State is directories and atomic renames below one root (`disk/`); every job has a detached
supervisor process (`runner/`), so it outlives whoever started it. `api/` answers the calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_sm.targets.local.target import LocalTarget

__all__ = ["LocalTarget"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: a supervisor passes here too, and has no use for the target.
    if name == "LocalTarget":
        from jupyter_sm.targets.local.target import LocalTarget

        return LocalTarget
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
