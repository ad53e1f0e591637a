"""Where jobs run. Everything above speaks to a target through botocore clients.

Light to import: boto3 loads when a client is first asked for.
"""

from jupyter_sm.targets.places import PlaceError, resolved
from jupyter_sm.targets.source import SourceError, pack_source
from jupyter_sm.targets.target import Target, UnknownTargetError, open_target, target_names

__all__ = [
    "PlaceError",
    "SourceError",
    "Target",
    "UnknownTargetError",
    "open_target",
    "pack_source",
    "resolved",
    "target_names",
]
