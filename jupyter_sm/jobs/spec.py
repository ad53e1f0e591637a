"""What the specs of all kinds share: where a target puts things, and whether values fit.

A spec is the high level of a kind's request, one line's worth of words; its module is the kind's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

from jupyter_sm.jobs.faults import Fault

DAY = 86_400


@dataclass(frozen=True)
class Placement:
    """Where a target puts what a job needs; every field goes into the request as it is.

    `output_uri` and `role` are None where the target fills them in when it stages the job;
    `notes` say in words what the target decided.
    """

    source_uri: str
    output_uri: str | None
    image: str
    role: str | None
    region: str
    input_uris: Mapping[str, str]
    checkpoint_uri: str | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Origin:
    """Where a job's source was packed from: the script or folder, and what lies beside it.

    The script is empty where we did not pack it.
    """

    script: str = ""
    dependencies: Sequence[str] = ()


def type_faults(spec: Any) -> list[Fault]:
    """The fields of a spec whose values are of another type than the field's."""
    hints = get_type_hints(type(spec))
    return [
        Fault(field.name, "type", f"{getattr(spec, field.name)!r} is not of type {field.type}.")
        for field in fields(spec)
        if not fits(getattr(spec, field.name), hints[field.name])
    ]


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of one of the types that a spec's fields have."""
    if hint is Any:
        return True
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    if args and type(None) in args:
        return value is None or any(fits(value, arg) for arg in args if arg is not type(None))
    if issubclass(origin, Sequence):
        is_one = isinstance(value, Sequence) and not isinstance(value, str)
        return is_one and all(fits(item, args[0]) for item in value)
    # What is left are mappings from names.
    return isinstance(value, Mapping) and all(fits(item, args[1]) for item in value.values())


def hyperparameter_text(value: Any) -> str:
    """A hyperparameter as script mode sends it: its JSON text.

    NumPy's scalars are the numbers they hold. Raises TypeError for a value JSON cannot hold, such
    as a set, a function or a loop.
    """
    try:
        return json.dumps(value, default=_scalar)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The hyperparameter value {value!r} can't be sent: {error}. "
            "Use numbers, strings, booleans, lists or dicts."
        ) from None


def _scalar(value: Any) -> bool | int | float | str:
    """The item of NumPy's scalars, and of whatever else is an array without dimensions."""
    item = value.item() if getattr(value, "shape", None) == () else None
    if isinstance(item, (bool, int, float, str)):
        return item
    raise TypeError(f"{type(value).__name__} is no JSON type")
