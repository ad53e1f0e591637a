"""Where jobs run. Everything above speaks to a target through botocore clients.

Light to import: boto3 loads when a client is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_sm.targets.aws.images import ImageError
    from jupyter_sm.targets.paths import PathError, resolved
    from jupyter_sm.targets.protocol import (
        Cadence,
        NotReadyError,
        Staged,
        Staging,
        StagingRefusedError,
        StagingStoppedError,
        Target,
    )
    from jupyter_sm.targets.registry import (
        UnknownTargetError,
        check_target,
        open_target,
        target_names,
    )
    from jupyter_sm.targets.source import SourceError, pack_source

# Loaded when asked for: a local job's supervisor passes here too, and has no use for them.
_MODULES = {
    "aws.images": ("ImageError",),
    "paths": ("PathError", "resolved"),
    "protocol": (
        "Cadence",
        "NotReadyError",
        "Staged",
        "Staging",
        "StagingRefusedError",
        "StagingStoppedError",
        "Target",
    ),
    "registry": ("UnknownTargetError", "check_target", "open_target", "target_names"),
    "source": ("SourceError", "pack_source"),
}

__all__ = [
    "Cadence",
    "ImageError",
    "NotReadyError",
    "PathError",
    "SourceError",
    "Staged",
    "Staging",
    "StagingRefusedError",
    "StagingStoppedError",
    "Target",
    "UnknownTargetError",
    "check_target",
    "open_target",
    "pack_source",
    "resolved",
    "target_names",
]


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
