"""SageMaker's own training images by short names, such as `pytorch:2.5` or `xgboost:1.7-1`.

The table (`images.json`) is built by `scripts/build_images.py` from the registry accounts,
regions and versions that AWS publishes with its SDK. No call is made: an account id, a
region and a tag are all that an image's address holds.
"""

from __future__ import annotations

import ast
import difflib
import functools
import json
import re
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
)
# What a script imports tells which image it needs; the first that is imported counts.
_BY_IMPORT = {
    "lightning": "pytorch",
    "pytorch_lightning": "pytorch",
    "torch": "pytorch",
    "keras": "tensorflow",
    "tensorflow": "tensorflow",
    "autogluon": "autogluon",
    "mxnet": "mxnet",
    "xgboost": "xgboost",
}
_OTHERWISE = "sklearn"
_ACCELERATED = re.compile(r"ml\.(?P<family>p|g|gr|trn|inf)\d")


class ImageError(ValueError):
    """A short name that stands for no image, or for none of that region or processor."""


def image_uri(name: str, region: str, instance_type: str) -> str:
    """The registry address of `name` in `region` for the processor of `instance_type`.

    An address passes through as it is. Raises ImageError, with the nearest names.
    """
    if "/" in name:
        return name
    framework, _, version = name.partition(":")
    row = _row(framework)
    version = _version(framework, row, version)
    registries, images = row["versions"][version]
    account = _table()["registries"][registries].get(region)
    if account is None:
        raise ImageError(f"SageMaker offers {framework}:{version} not in {region}.")
    processor = processor_of(instance_type)
    image = images.get(processor) or images.get("any")
    if image is None:
        offered = ", ".join(images)
        raise ImageError(
            f"{framework}:{version} comes for {offered} only, and {instance_type} needs an "
            f"image for {processor}."
        )
    return f"{account}.dkr.ecr.{region}.{_domain(region)}/{image}"


def image_for(script: str, region: str, instance_type: str) -> tuple[str, str]:
    """An image for a script by what it imports, and in words why it was chosen.

    The newest version that the region has for the instance's processor; scikit-learn's
    where no other framework is imported. Raises ImageError.
    """
    framework, seen = _imported(script)
    row = _row(framework)
    fits = [
        version
        for version, (registries, images) in row["versions"].items()
        if region in _table()["registries"][registries]
        and (processor_of(instance_type) in images or "any" in images)
    ]
    if not any(region in registry for registry in _table()["registries"]):
        raise ImageError(
            f"There are no SageMaker images in {region} as far as is known here; if that is a region, "
            "name an image with image=."
        )
    if not fits:
        raise ImageError(
            f"No {framework} image fits {instance_type} in {region}; name one with image=."
        )
    version = max(fits, key=_order)
    why = f"it imports {seen}" if seen else "it imports no other framework"
    return (
        image_uri(f"{framework}:{version}", region, instance_type),
        f"Image {framework}:{version}, chosen for the script as {why}.",
    )


def region_of(image: str) -> str | None:
    """The region that an image's registry lies in, or None for another kind of registry."""
    found = _ADDRESS.match(image)
    return found["region"] if found else None


def processor_of(instance_type: str) -> str:
    """`cpu`, `gpu`, `trn` or `inf`: what kind of image an instance type runs."""
    found = _ACCELERATED.match(instance_type)
    if found is None:
        return "cpu"
    return "gpu" if found["family"] in ("p", "g", "gr") else found["family"]


@functools.lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name("images.json").read_text())
    return table


def _row(framework: str) -> dict[str, Any]:
    frameworks = _table()["frameworks"]
    if framework not in frameworks:
        near = difflib.get_close_matches(framework, frameworks, n=3, cutoff=0.5)
        known = near or sorted(frameworks)
        raise ImageError(
            f"There is no image {framework!r}. {'Near it' if near else 'Known'}: "
            f"{', '.join(known)}. A full registry address works too."
        )
    row: dict[str, Any] = frameworks[framework]
    return row


def _version(framework: str, row: dict[str, Any], wanted: str) -> str:
    versions = row["versions"]
    if not wanted:
        return str(max(versions, key=_order))
    version: str = wanted
    while version in row["aliases"] and version not in versions:
        version = row["aliases"][version]
    if version not in versions:
        begins = [v for v in versions if v.startswith((f"{wanted}.", f"{wanted}-"))]
        if not begins:
            near = difflib.get_close_matches(wanted, versions, n=4, cutoff=0.0)
            raise ImageError(
                f"There is no {framework} image {wanted!r}. "
                f"Near it: {', '.join(f'{framework}:{v}' for v in near)}."
            )
        return str(max(begins, key=_order))
    return version


def _order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _imported(script: str) -> tuple[str, str]:
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError, RecursionError):
        return _OTHERWISE, ""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            framework = _BY_IMPORT.get(name.partition(".")[0])
            if framework:
                return framework, name.partition(".")[0]
    return _OTHERWISE, ""


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
