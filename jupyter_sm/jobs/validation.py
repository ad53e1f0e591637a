"""Every fault of a request, found by walking the service model that botocore installs.

botocore itself checks presence, type and minimum only; the model also holds patterns,
maxima and enumerations. An enumeration value the installed model does not know may be
newer than the model, so it warns instead of refusing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.service_model import botocore_version, service_model

Shapes = dict[str, dict[str, Any]]

# Members whose pattern asks for s3:// or https://, which on the local target may be a folder.
_URI_SHAPES = frozenset({"S3Uri"})

_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": "a-zA-Z0-9"}


def check_request(
    operation: str,
    request: Any,
    *,
    file_uris: bool = False,
    filled_in: frozenset[str] = frozenset(),
) -> list[Fault]:
    """All faults of `request` as the input of `operation`, such as `CreateTrainingJob`.

    `file_uris` lets `file://` stand where SageMaker asks for `s3://` (before files are
    staged, and on the local target); members in `filled_in` may be missing still.
    The result also holds warnings (`severity == "warning"`), for values that the
    installed model does not know.
    """
    model = service_model()
    shape = model["operations"][operation]["input"]["shape"]
    return [
        fault
        for fault in _walk(model["shapes"], shape, request, "", file_uris)
        if not (fault.rule == "required" and fault.path in filled_in)
    ]


_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


def _walk(shapes: Shapes, name: str, value: Any, path: str, file_uris: bool) -> Iterator[Fault]:
    shape = shapes[name]
    kind = shape["type"]
    here = path or "request"
    wanted = _TYPES.get(kind)
    if wanted and (
        not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean")
    ):
        yield Fault(here, "type", f"must be a {kind}, not {type(value).__name__}.")
        return
    if kind == "structure":
        yield from _structure(shapes, shape, value, path, file_uris)
    elif kind == "list":
        yield from _size(shape, len(value), here, "items")
        for index, item in enumerate(value):
            yield from _walk(shapes, shape["member"]["shape"], item, f"{path}[{index}]", file_uris)
    elif kind == "map":
        yield from _size(shape, len(value), here, "entries")
        for key, item in value.items():
            inner = f"{path}.{key}"
            yield from _walk(shapes, shape["key"]["shape"], key, f"{inner} (key)", file_uris)
            yield from _walk(shapes, shape["value"]["shape"], item, inner, file_uris)
    elif kind == "string":
        yield from _string(name, shape, value, here, file_uris)
    elif kind in ("integer", "long", "float", "double"):
        yield from _number(shape, value, here)


def _structure(
    shapes: Shapes, shape: dict[str, Any], value: dict[str, Any], path: str, file_uris: bool
) -> Iterator[Fault]:
    members = shape.get("members", {})
    dot = f"{path}." if path else ""
    for required in shape.get("required", ()):
        if required not in value:
            yield Fault(f"{dot}{required}", "required", "is missing.")
    for key, item in value.items():
        if key not in members:
            yield Fault(
                f"{dot}{key}",
                "unknown",
                f"is no member that botocore {botocore_version()} knows (a newer one needs a newer "
                f"boto3); known are {', '.join(members)}.",
            )
        else:
            yield from _walk(shapes, members[key]["shape"], item, f"{dot}{key}", file_uris)


def _size(shape: dict[str, Any], size: int, here: str, unit: str) -> Iterator[Fault]:
    low, high = shape.get("min"), shape.get("max")
    if low is not None and size < low:
        yield Fault(here, "min", f"has {size} {unit}; at least {low}.")
    if high is not None and size > high:
        yield Fault(here, "max", f"has {size} {unit}; at most {high}.")


def _number(shape: dict[str, Any], value: float, here: str) -> Iterator[Fault]:
    low, high = shape.get("min"), shape.get("max")
    if low is not None and value < low:
        yield Fault(here, "min", f"is {value}; at least {low}.")
    if high is not None and value > high:
        yield Fault(here, "max", f"is {value}; at most {high}.")


def _string(
    name: str, shape: dict[str, Any], value: str, here: str, file_uris: bool
) -> Iterator[Fault]:
    yield from _size(shape, len(value), here, "characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        yield Fault(here, "text", "holds characters that are no text (lone surrogates).")
        return
    pattern = shape.get("pattern")
    allowed_folder = file_uris and name in _URI_SHAPES and value.startswith("file:///")
    if pattern and not allowed_folder and not _matches(pattern, value):
        yield Fault(here, "pattern", f"{_shown(value)} does not match {pattern}.")
    known = shape.get("enum")
    if known and value not in known:
        yield Fault(
            here,
            "enum",
            f"{_shown(value)} is not among the {len(known)} values this botocore knows; passed on as it is.",
            severity="warning",
        )


def _matches(pattern: str, value: str) -> bool:
    try:
        return _compiled(pattern).fullmatch(value) is not None
    except re.error:  # a Java-only construct: SageMaker itself decides
        return True


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    # The model's patterns are Java's, where some classes are spelt otherwise.
    text = pattern
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    return re.compile(text)


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "…")
