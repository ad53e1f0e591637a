"""Where jobs run. Everything above speaks to a target through botocore clients.

Light to import: boto3 loads when a client is first asked for.
"""

from jupyter_sm.targets.aws.images import ImageError
from jupyter_sm.targets.places import PlaceError, resolved
from jupyter_sm.targets.source import SourceError, pack_source
from jupyter_sm.targets.target import (
    Cadence,
    Staged,
    Staging,
    StagingRefusedError,
    StagingStoppedError,
    Target,
    UnknownTargetError,
    check_target,
    open_target,
    target_names,
)

__all__ = [
    "Cadence",
    "ImageError",
    "PlaceError",
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
