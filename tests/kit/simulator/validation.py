"""Requests checked against botocore's service model, refused in the words AWS uses."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.model import ServiceModel

from .errors import ApiError

_JAVA = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": "a-zA-Z0-9"}
_NUMBERS = ("integer", "long", "float", "double")
_BITS = {"integer": 31, "long": 63}
_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "boolean": (bool,),
}


@functools.lru_cache(maxsize=2)
def model(service: str) -> ServiceModel:
    """The service model that botocore installs."""
    return botocore.session.get_session().get_service_model(service)


@functools.lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str] | None:
    for java, python in _JAVA.items():
        text = text.replace(java, python)
    try:
        return re.compile(text)
    except re.error:
        return None


def knows(service: str, operation: str) -> bool:
    """Whether the service has this operation."""
    return operation in model(service).operation_names


def check(service: str, operation: str, request: Any, newer: frozenset[str] = frozenset()) -> None:
    """Raise what AWS answers when the request breaks a constraint of the model.

    `newer` are values of enumerations that the installed model does not know yet.
    """
    shape = model(service).operation_model(operation).input_shape
    if shape is None:
        return
    faults = list(_walk(shape, request, "", newer))
    if faults:
        code = "ValidationException" if service == "sagemaker" else "InvalidParameterException"
        plural = "error" if len(faults) == 1 else "errors"
        raise ApiError(code, f"{len(faults)} validation {plural} detected: {'; '.join(faults)}")


def _unreadable(token: str, kind: str) -> ApiError:
    article = "an" if kind == "integer" else "a"
    what = f"{token} can not be converted to {article} {kind.capitalize()}"
    return ApiError("SerializationException", what)


def _fault(value: Any, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {rule}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={_shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)


def _walk(shape: Any, value: Any, path: str, newer: frozenset[str]) -> Iterator[str]:
    kind = shape.type_name
    fits = isinstance(value, _TYPES.get(kind, (object,)))
    if not fits or (isinstance(value, bool) and kind != "boolean"):
        kinds = ((dict, "START_OBJECT"), (list, "START_ARRAY"), (str, "STRING_VALUE"))
        token = next((t for k, t in kinds if isinstance(value, k)), "NUMBER_VALUE")
        raise _unreadable(token, kind)
    if kind in _BITS and not -(2 ** _BITS[kind]) <= value < 2 ** _BITS[kind]:
        raise _unreadable("NUMBER_VALUE", kind)
    if kind == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield _fault(None, f"{path}{_camel(name)}", "not be null")
        for name, item in value.items():
            member = shape.members.get(name)
            if member is not None and item is not None:
                yield from _walk_member(member, item, f"{path}{_camel(name)}", newer)
    elif kind == "list":
        yield from _length(shape, value, path.rstrip("."))
        for number, item in enumerate(value, 1):
            yield from _walk_member(shape.member, item, f"{path}{number}.member", newer)
    elif kind == "map":
        yield from _length(shape, value, path.rstrip("."))
        for key, item in value.items():
            for what, inner, part in (("keys", shape.key, key), ("value", shape.value, item)):
                if list(_walk(inner, part, path, newer)):
                    place = path.rstrip(".")
                    rules = ", ".join(
                        x.split("Member must ")[1] for x in _walk(inner, part, "", newer)
                    )
                    what = "Map keys must" if what == "keys" else "Map value must"
                    yield (
                        f"Value '{_shown(value)}' at '{place}' failed to satisfy constraint: "
                        f"{what} satisfy constraint: [Member must {rules}]"
                    )
    elif kind == "string":
        yield from _string(shape, value, path.rstrip("."), newer)
    elif kind in _NUMBERS:
        yield from _range(shape, value, path.rstrip("."))


def _walk_member(shape: Any, value: Any, path: str, newer: frozenset[str]) -> Iterator[str]:
    yield from _walk(shape, value, f"{path}.", newer)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _length(shape: Any, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if high is not None and len(value) > high:
        yield _fault(value, path, f"have length less than or equal to {high}")
    if low is not None and len(value) < low:
        yield _fault(value, path, f"have length greater than or equal to {low}")


def _range(shape: Any, value: float, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if high is not None and value > high:
        yield _fault(value, path, f"have value less than or equal to {high}")
    if low is not None and value < low:
        yield _fault(value, path, f"have value greater than or equal to {low}")


def _string(shape: Any, value: str, path: str, newer: frozenset[str]) -> Iterator[str]:
    yield from _length(shape, value, path)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed and value not in newer:
        yield _fault(value, path, f"satisfy enum value set: [{', '.join(allowed)}]")
    text = shape.metadata.get("pattern")
    pattern = _pattern(text) if text else None
    if pattern and not pattern.fullmatch(value):
        yield _fault(value, path, f"satisfy regular expression pattern: {text}")
