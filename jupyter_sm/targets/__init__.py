"""Where jobs run. Everything above speaks to a target through botocore clients.

Light to import: boto3 loads when a client is first asked for.
"""

from jupyter_sm.targets.aws.images import ImageError
from jupyter_sm.targets.paths import PathError, resolved
from jupyter_sm.targets.protocol import (
    Cadence,
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

__all__ = [
    "Cadence",
    "ImageError",
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
