"""What the specs of all kinds share: where a target puts things, and whether values fit.

A spec is the high level of a kind's request, one line's worth of words; its module is the kind's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from jupyter_sm.jobs.faults import Fault
from jupyter_sm.jobs.values import misfit, said

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
    wrong = (misfit(getattr(spec, one.name), hints[one.name], one.name) for one in fields(spec))
    return [Fault(one.where, "type", one.what) for one in wrong if one]


def hyperparameter_text(value: Any) -> str:
    """A hyperparameter as script mode sends it: its JSON text.

    NumPy's scalars are the numbers they hold. Raises TypeError, with the end of a sentence, for a
    value JSON cannot hold, such as a set, a function, a loop or what is not a number.
    """
    try:
        return json.dumps(value, default=_scalar, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"is {said(value)}, which can't be sent ({error}): use numbers, strings, booleans, lists "
            "or dicts."
        ) from None


def _scalar(value: Any) -> bool | int | float | str:
    """The item of NumPy's scalars, and of whatever else is an array without dimensions."""
    item = value.item() if getattr(value, "shape", None) == () else None
    if isinstance(item, (bool, int, float, str)):
        return item
    raise TypeError(f"{type(value).__name__} is no JSON type")
