"""The command of a container: ContainerEntrypoint and ContainerArguments of a request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from jupyter_sm.jobs.kinds.places import rows

_SCRIPTS = (".py", ".sh", ".R")


def script_in(request: Mapping[str, Any], member: str) -> str:
    """The name of the first script in the command that a member has, or an empty text."""
    words = rows(request, member, "ContainerEntrypoint")
    words += rows(request, member, "ContainerArguments")
    paths = (PurePosixPath(word) for word in words if isinstance(word, str))
    return next((path.name for path in paths if path.suffix in _SCRIPTS), "")
