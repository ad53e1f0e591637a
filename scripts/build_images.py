"""Build jupyter_sm/targets/aws/images.json, the table of SageMaker's training images.

    python scripts/build_images.py ../shared/data/image_uri_config.tgz

Source: the registry accounts, regions and versions that sagemaker-core 2.27.0 ships
(Apache-2.0). Only facts are kept: for each framework and version the image's name and tag
per processor, and for each set of registries the account of every region.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "jupyter_sm" / "targets" / "aws" / "images.json"
# Images that only other kinds of job, or other products, use.
LEFT_OUT = {"hyperpod-recipes-neuron", "sagemaker-base-python", "instance_gpu_info"}


def main(archive: str) -> None:
    table: dict[str, Any] = {"registries": [], "frameworks": {}}
    with tarfile.open(archive) as packed:
        for member in sorted(packed.getmembers(), key=lambda m: m.name):
            if not member.name.endswith(".json"):
                continue
            framework = Path(member.name).stem
            content = json.load(packed.extractfile(member))  # type: ignore[arg-type]
            config = training(content)
            if config is not None and framework not in LEFT_OUT:
                table["frameworks"][framework] = compiled(framework, config, table["registries"])
    lines = json.dumps(table, separators=(",", ":"), sort_keys=True)
    # A line per framework keeps changes of the table readable.
    TABLE.write_text(lines.replace('}},"', '}},\n"') + "\n")
    print(f"{TABLE.name}: {len(table['frameworks'])} frameworks, {TABLE.stat().st_size} bytes")


def training(content: dict[str, Any]) -> dict[str, Any] | None:
    if "training" in content:
        return content["training"]
    scopes = content.get("scope", content.get("image_scope", []))
    return content if "training" in scopes and "versions" in content else None


def compiled(framework: str, config: dict[str, Any], registries: list[Any]) -> dict[str, Any]:
    versions: dict[str, Any] = {}
    aliases = {k: v for k, v in config.get("version_aliases", {}).items() if k != v}
    for version, row in config["versions"].items():
        if "repository" in row:
            versions[version] = entry(version, row, config, registries)
            continue
        # Hugging Face: below the library's version stand those of the framework under it.
        below = {name: inner for name, inner in row.items() if name != "version_aliases"}
        for name, inner in below.items():
            base = name.removeprefix("pytorch").removeprefix("tensorflow")
            prefix = f"{base}-transformers{version}"
            key = version if len(below) == 1 else f"{version}-{name}"
            versions[key] = entry(prefix, inner, config, registries)
        if len(below) > 1:
            last = [name for name in below if name.startswith("pytorch")] or list(below)
            aliases[version] = f"{version}-{last[-1]}"
    return {"aliases": aliases, "versions": versions}


def entry(version: str, row: dict[str, Any], config: dict[str, Any], registries: list[Any]) -> Any:
    accounts = row["registries"]
    if accounts not in registries:
        registries.append(accounts)
    processors = row.get("processors", config.get("processors", []))
    python = (row.get("py_versions") or config.get("py_versions") or [None])[-1]
    system = row.get("container_version", {})
    neuron = (row.get("sdk_versions") or [None])[-1]
    chip = "neuronx" if row["repository"].endswith("-neuronx") else "neuron"
    in_tag = row.get("processor_in_tag", True)
    images = {}
    for processor in processors or ["any"]:
        shown = {"any": None, "trn": chip}.get(processor, processor)
        parts = [
            row.get("tag_prefix", version),
            shown if in_tag else None,
            python,
            neuron,
            system.get(processor, next(iter(system.values()), None) if neuron else None),
        ]
        images[processor] = f"{row['repository']}:{'-'.join(p for p in parts if p)}"
    return [registries.index(accounts), images]


if __name__ == "__main__":
    main(sys.argv[1])
