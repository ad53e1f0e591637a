"""A path as a user writes it, made absolute; whatever is wrong with it is one sentence."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes, urlsplit


class PathError(ValueError):
    """A path that can't be one."""


def path_of(uri: str) -> Path:
    """The path that a `file://` address names."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def resolved(place: str) -> Path:
    """The absolute path of `place`, with ~ expanded and links left as they are.

    That nothing is there is no error; that nothing can be there is. Raises PathError.
    """
    if not place:
        raise PathError("An empty text is no path.")  # it would stand for the working folder
    try:
        path = Path(os.path.abspath(Path(place).expanduser()))  # noqa: PTH100 - absolute() keeps ..
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, RuntimeError, ValueError) as error:
        shown = ascii(place if len(place) <= 80 else f"{place[:77]}...")
        reason = getattr(error, "strerror", None) or error
        raise PathError(f"{shown} can't be used as a path: {str(reason).rstrip('.')}.") from None
    return path


def inside(path: str) -> PurePosixPath:
    """An absolute path of a container's, without detours."""
    # Two slashes at the front would be kept.
    return PurePosixPath("/" + os.path.normpath(path).lstrip("/"))
