"""Finding the user's own file for a file that a container ran."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from jupyter_sm.jobs import Origin


def path_in_source(origin: Origin, frame: str, root: str) -> str | None:
    """Where below `root` the file lies that ran as `frame`; None if it does not lie there.

    In the container the job's code lies in a folder named `code` (`/opt/ml/code/model/net.py`),
    whatever it was before, and its dependencies in there, each under its own name.
    """
    if not origin.script or not frame:
        return None
    parts = PurePosixPath(frame).parts
    if "code" in parts:
        parts = parts[len(parts) - parts[::-1].index("code") :]
    elif PurePosixPath(frame).is_absolute():
        return None  # a library's file
    packed = Path(origin.script)
    beside = [path for path in map(Path, origin.dependencies) if (path.name,) == parts[:1]]
    if beside:
        packed, parts = beside[0], parts[1:]
    elif packed.is_file():
        if parts != (packed.name,):
            return None
        parts = ()
    found, base = packed.joinpath(*parts).resolve(), Path(root).expanduser().resolve()
    is_packed = found.is_file() and found.is_relative_to(packed.resolve())
    if not is_packed or not found.is_relative_to(base):
        return None
    return found.relative_to(base).as_posix()
