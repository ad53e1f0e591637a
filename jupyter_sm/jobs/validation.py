"""Every fault of a request, found by walking the service model that botocore installs.

botocore itself checks presence, type and minimum only; the model also holds patterns,
maxima and enumerations. An enumeration value the installed model does not know may be
newer than the model, so it warns instead of refusing. What SageMaker refuses beyond its model
is the kinds' to say (`refusals`).
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from jupyter_sm.jobs.answers import INVALID, UNREADABLE, constraint, map_constraint, unreadable
from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.kinds import KINDS
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
    found = list(_walk(model["shapes"], shape, request, "", file_uris))
    for kind in KINDS.values():
        if kind.create == operation and isinstance(request, dict):
            found += kind.refusals(request)
    # Where model and kind speak of the same, the kind knows SageMaker's own bound.
    once = {(fault.path, fault.rule): fault for fault in found}
    return [
        fault
        for fault in once.values()
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
_LARGEST = {"integer": 2**31 - 1, "long": 2**63 - 1}
_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def _walk(shapes: Shapes, name: str, value: Any, path: str, file_uris: bool) -> Iterator[Fault]:
    shape = shapes[name]
    kind = shape["type"]
    here = path or "request"
    wanted = _TYPES.get(kind)
    if wanted and (
        not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean")
    ):
        message = f"must be a {kind}, not {type(value).__name__}."
        yield Fault(here, "type", message, answer=unreadable(value, kind), code=UNREADABLE)
        return
    if kind == "structure":
        yield from _structure(shapes, shape, value, path, file_uris)
    elif kind == "list":
        yield from _size(shape, value, here, "items")
        for index, item in enumerate(value):
            yield from _walk(shapes, shape["member"]["shape"], item, f"{path}[{index}]", file_uris)
    elif kind == "map":
        yield from _size(shape, value, here, "entries")
        for key, item in value.items():
            inner = f"{path}.{key}"
            for part, where, piece in (("keys", f"{inner} (key)", key), ("value", inner, item)):
                of = shape[part.removesuffix("s")]["shape"]
                for fault in _walk(shapes, of, piece, where, file_uris):
                    told = fault.answer
                    yield (
                        fault
                        if fault.code
                        else replace(fault, answer=map_constraint(path, value, part, told))
                    )
    elif kind == "string":
        yield from _string(name, shape, value, here, file_uris)
    elif kind in ("integer", "long", "float", "double"):
        yield from _number(shape, kind, value, here)


def _structure(
    shapes: Shapes, shape: dict[str, Any], value: dict[str, Any], path: str, file_uris: bool
) -> Iterator[Fault]:
    members = shape.get("members", {})
    dot = f"{path}." if path else ""
    for required in shape.get("required", ()):
        if required not in value:
            where = f"{dot}{required}"
            told = constraint(where, None, "not be null")
            yield Fault(where, "required", "is missing.", answer=told)
    for key, item in value.items():
        if key not in members:
            where = f"{dot}{key}"
            yield Fault(
                where,
                "unknown",
                f"is no member that botocore {botocore_version()} knows (a newer one needs a newer "
                f"boto3); known are {', '.join(members)}.",
                answer=f"'{where}' is not a member that is known.",
                code=INVALID,
            )
        else:
            yield from _walk(shapes, members[key]["shape"], item, f"{dot}{key}", file_uris)


def _size(shape: dict[str, Any], value: Any, here: str, unit: str) -> Iterator[Fault]:
    low, high, size = shape.get("min"), shape.get("max"), len(value)
    if low is not None and size < low:
        told = constraint(here, value, f"have length greater than or equal to {low}")
        yield Fault(here, "min", f"has {size} {unit}; at least {low}.", answer=told)
    if high is not None and size > high:
        told = constraint(here, value, f"have length less than or equal to {high}")
        yield Fault(here, "max", f"has {size} {unit}; at most {high}.", answer=told)


def _number(shape: dict[str, Any], kind: str, value: float, here: str) -> Iterator[Fault]:
    low, high, largest = shape.get("min"), shape.get("max"), _LARGEST.get(kind)
    if largest is not None and not -largest <= value <= largest:
        message = f"is a number that SageMaker can't read; at most {largest}."
        yield Fault(here, "max", message, answer=unreadable(value, kind), code=UNREADABLE)
        return
    if low is not None and value < low:
        told = constraint(here, value, f"have value greater than or equal to {low}")
        yield Fault(here, "min", f"is {value}; at least {low}.", answer=told)
    if high is not None and value > high:
        told = constraint(here, value, f"have value less than or equal to {high}")
        yield Fault(here, "max", f"is {value}; at most {high}.", answer=told)


def _string(
    name: str, shape: dict[str, Any], value: str, here: str, file_uris: bool
) -> Iterator[Fault]:
    yield from _size(shape, value, here, "characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        message = "holds characters that are no text (lone surrogates)."
        yield Fault(here, "text", message, answer=constraint(here, ascii(value), "be text"))
        return
    pattern = shape.get("pattern")
    allowed_folder = file_uris and name in _URI_SHAPES and value.startswith("file:///")
    if pattern and not allowed_folder and not _matches(pattern, value):
        told = constraint(here, value, f"satisfy regular expression pattern: {pattern}")
        message = f"{_shown(value, here)} does not match {pattern}."
        yield Fault(here, "pattern", message, answer=told)
    known = shape.get("enum")
    if known and value not in known:
        yield _not_listed(name, known, value, here)


def _not_listed(name: str, known: Sequence[str], value: str, here: str) -> Fault:
    """A value that an enumeration does not hold: a warning where it may be newer than the model."""
    told = constraint(here, value, f"satisfy enum value set: [{', '.join(known)}]")
    head = f"{_shown(value, here)} is not among the {len(known)}"
    if not name.endswith("InstanceType"):
        may_be_newer = bool(value) and value.lower() not in map(str.lower, known)
        message = f"{head} values that botocore knows: {', '.join(known)}."
        return Fault(here, "enum", message, "warning" if may_be_newer else "error", told)
    meant = f"ml.{value.lower().removeprefix('ml.')}"
    near = difflib.get_close_matches(meant, known, n=3) or known[:1]
    message = f"{head} types that botocore knows; the nearest: {', '.join(near)}."
    severity = "warning" if _INSTANCE_TYPE.fullmatch(value) else "error"
    return Fault(here, "instance-type", message, severity, told)


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


def _shown(value: str, here: str) -> str:
    from jupyter_sm.shown.secrets import masked  # not loaded with each supervisor

    (seen,) = masked({here.rpartition(".")[2]: value}).values()
    return repr(seen if len(seen) <= 60 else seen[:57] + "…")
