"""The service models that the installed botocore ships, cut down to what is used here.

SageMaker's whole model has 425 operations and takes 50 MB once it is read; ours and the
shapes they reach take less than one. botocore's clients are made from the same copy.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.kinds import KINDS

# By service, the operations that are used here; of SageMaker's beside what the kinds of job name.
_OPERATIONS = {
    "sagemaker": {
        "ListTags",
        "AddTags",
        "Search",
        "DescribeUserProfile",
        "DescribeDomain",
        "DescribeNotebookInstance",
    }.union(*(kind.operations for kind in KINDS.values())),
    "logs": {"DescribeLogStreams", "GetLogEvents", "FilterLogEvents"},
}
CUT = frozenset(_OPERATIONS)
# Operations that are used here and that the oldest botocore we run beside does not know: the shape
# of the input, and its members (all required) with their shapes.
_NEWER = {
    "sagemaker": {
        "DeleteTrainingJob": ("DeleteTrainingJobRequest", {"TrainingJobName": "TrainingJobName"})
    },
}


@functools.cache
def service_model(service: str = "sagemaker") -> dict[str, Any]:
    """The model with our operations and all shapes that they reach (about 50 ms, once).

    `service` is one of `CUT`.
    """
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("botocore is not installed, so requests can't be checked.")
    folder = Path(next(iter(spec.submodule_search_locations))) / "data" / service
    newest = sorted(folder.iterdir())[-1]
    packed = newest / "service-2.json.gz"
    raw = (
        gzip.decompress(packed.read_bytes())
        if packed.exists()
        else (newest / "service-2.json").read_bytes()
    )
    # Written and read again, so that nothing keeps the whole model's memory from being freed.
    cut = json.dumps(_cut(_completed(json.loads(raw), service), _OPERATIONS[service]))
    model: dict[str, Any] = json.loads(cut)
    return model


def _completed(model: dict[str, Any], service: str) -> dict[str, Any]:
    """The model with the newer operations that it lacks, so that clients have them too."""
    for name, (shape, members) in _NEWER.get(service, {}).items():
        if name in model["operations"]:
            continue
        http = {"method": "POST", "requestUri": "/"}
        model["operations"][name] = {"name": name, "http": http, "input": {"shape": shape}}
        model["shapes"][shape] = {
            "type": "structure",
            "required": list(members),
            "members": {member: {"shape": of} for member, of in members.items()},
        }
    return model


def botocore_version() -> str:
    """The version of the installed botocore."""
    from importlib.metadata import version

    return version("botocore")


def _cut(model: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    operations = {name: op for name, op in model["operations"].items() if name in wanted}
    shapes: dict[str, Any] = {}
    to_do = [part for op in operations.values() for part in _shapes_named(op)]
    while to_do:
        name = to_do.pop()
        if name not in shapes:
            shape = {k: v for k, v in model["shapes"][name].items() if k != "documentation"}
            shapes[name] = shape
            to_do += _shapes_named(shape)
    return {**model, "operations": operations, "shapes": shapes}


def _shapes_named(part: Any) -> list[str]:
    """The names of all shapes that a part of the model refers to."""
    if isinstance(part, list):
        return [name for item in part for name in _shapes_named(item)]
    if not isinstance(part, dict):
        return []
    own = [part["shape"]] if isinstance(part.get("shape"), str) else []
    return own + [name for item in part.values() for name in _shapes_named(item)]
