"""Folders that a job of the local target needs, so that its checkpoints can't lie over them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from jupyter_sm.targets.paths import inside, path_of

_OPT_ML = PurePosixPath("/opt/ml")
# Of /opt/ml: what inputs, code and results have. What lies below them is a script's own business,
# but for the inputs.
_OF_THE_JOB = ("code", "model", "output", "output/data", "output/failure", "input")
# What the system makes itself: nothing else can lie there.
_KERNELS = ("/proc", "/sys", "/dev")
# What is there already is part of the system; a folder that is new is nobody's.
_SYSTEM = ("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr")
_SHARED = ("/home", "/opt", "/root", "/run", "/tmp", "/var")  # noqa: S108 - none is written to


def is_needed(path: str, image: str = "") -> bool:
    """Whether a job whose Python is `image` would miss what lies at `path`, an absolute one."""
    place = inside(path)
    if place != _OPT_ML and place.is_relative_to(_OPT_ML):
        return _is_jobs_own(place.relative_to(_OPT_ML))
    # A link stands for what it leads to.
    return any(map(_is_machines, {place, PurePosixPath(os.path.realpath(place))})) or any(
        needed.is_relative_to(place) for needed in _pythons(image)
    )


def _is_jobs_own(place: PurePosixPath) -> bool:
    return place.parts[0] == "input" or str(place) in _OF_THE_JOB


def _is_machines(place: PurePosixPath) -> bool:
    if any(place.is_relative_to(folder) for folder in _KERNELS):
        return True
    if any(place.is_relative_to(folder) for folder in _SYSTEM):
        return str(place) in _SYSTEM or os.path.lexists(place)
    return any(PurePosixPath(n).is_relative_to(place) for n in (*_SYSTEM, *_SHARED, _OPT_ML))


def _pythons(image: str) -> Iterator[PurePosixPath]:
    """Where the job's Python, its packages and what is kept of jobs lie."""
    named = path_of(image) if image.startswith(("file://", "/")) else ""
    for place in (named, sys.prefix, sys.base_prefix, tempfile.gettempdir(), Path.home()):
        if place:
            yield PurePosixPath(place)
            yield PurePosixPath(os.path.realpath(place))
