"""What `image=` means on the local target: a Python of this machine, which runs the script.

An image of SageMaker's can't be run here. It must be one that there is, and a note says how the
Python that runs the script instead differs from the image's.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from jupyter_sm.targets.aws.images import image_uri
from jupyter_sm.targets.paths import PathError, path_of, resolved

# Of the registries' regions any will do: images are the same in all of them.
_REGION = "us-east-1"
_LONGEST = 255
_PATH = re.compile(r"file://|~|/|\.{1,2}/")
_TAG = re.compile(r"/(?P<repository>[\w/.-]+):(?P<version>\d[\d.]*)(?P<rest>[\w.-]*)$")
_PYTHON = re.compile(r"-py(?P<major>\d)(?P<minor>\d+)\b")
# Which package of an image's framework is the one that its version counts.
_PACKAGES = {
    "pytorch": "torch",
    "tensorflow": "tensorflow",
    "scikit-learn": "scikit-learn",
    "xgboost": "xgboost",
    "mxnet": "mxnet",
    "autogluon": "autogluon",
}


def interpreter_of(image: str | None, instance: str) -> tuple[str, Sequence[str]]:
    """The Python that runs a script for `image=`, as `file://`, and notes.

    Raises PathError for a Python that there is not, ImageError for an image that there is not.
    """
    if image is None:
        address = Path(sys.executable).as_uri()
        # Too long for the field: the engine falls back to its own interpreter.
        return (address if len(address) <= _LONGEST else "python"), ()
    found = shutil.which(image) if re.fullmatch(r"python[\d.]*", image) else None
    if found or _is_there(image) or _PATH.match(image):
        return _named(found or image), ()
    address = Path(sys.executable).as_uri()
    return address, (_difference(image, image_uri(image, _REGION, instance)),)


def _is_there(image: str) -> bool:
    """Whether a text is a program's path, or that of an environment's folder."""
    with contextlib.suppress(OSError, ValueError):  # no text that a path can have
        return Path(image).is_file() or (Path(image) / "bin" / "python").is_file()
    return False


def _named(image: str) -> str:
    path = path_of(image) if image.startswith("file://") else resolved(image)
    if (path / "bin" / "python").is_file():  # an environment's folder
        path = path / "bin" / "python"
    if not path.is_file() or not os.access(path, os.X_OK):
        raise PathError(f"There is no Python interpreter at {path}, which image= names.")
    if len(path.as_uri()) > _LONGEST:
        raise PathError(f"{path} is too long for image=: {_LONGEST} characters at most.")
    return path.as_uri()


def _difference(image: str, address: str) -> str:
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    said = f"{image} is no image for this machine: Python {ours} ({sys.executable}) runs the script"
    differs = [*_python_of(address, ours), *_framework_of(address)]
    return f"{said}; the image has {' and '.join(differs)}." if differs else f"{said}."


def _python_of(address: str, ours: str) -> list[str]:
    found = _PYTHON.search(address)
    theirs = f"{found['major']}.{found['minor']}" if found else ours
    return [f"Python {theirs}"] if theirs != ours else []


def _framework_of(address: str) -> list[str]:
    """The framework's version in the image, where ours is another or missing."""
    from importlib.metadata import PackageNotFoundError, version

    tag = _TAG.search(address)
    package = next((p for name, p in _PACKAGES.items() if tag and name in tag["repository"]), None)
    if tag is None or package is None:
        return []
    try:
        ours = version(package)
    except PackageNotFoundError:
        return [f"{package} {tag['version']}, which is not installed here"]
    is_same = ours.split(".")[:2] == tag["version"].split(".")[:2]
    return [] if is_same else [f"{package} {tag['version']}, not {ours}"]
