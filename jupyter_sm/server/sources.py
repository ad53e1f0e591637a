"""Finding the user's own file for a file that a container ran."""

from __future__ import annotations

from pathlib import Path, PurePosixPath


def path_in_source(source: str, frame: str, root: str) -> str | None:
    """Where below `root` the file lies that ran as `frame`; None if it does not lie there.

    `source` is the script or folder that the job's code was packed from. In the container the
    code lies in a folder named `code` (`/opt/ml/code/model/net.py`), whatever it was before.
    """
    if not source or not frame:
        return None
    packed, base = Path(source), Path(root).expanduser().resolve()
    parts = PurePosixPath(frame).parts
    if "code" in parts:
        parts = parts[len(parts) - parts[::-1].index("code") :]
    elif PurePosixPath(frame).is_absolute():
        return None  # a library's file
    if packed.is_dir():
        found = packed.joinpath(*parts).resolve()
        if not found.is_relative_to(packed):
            return None
    else:
        found = packed
        if parts != (packed.name,):
            return None
    if not found.is_file() or not found.is_relative_to(base):
        return None
    return found.relative_to(base).as_posix()
