"""The Python that runs a job of the local target, and what of the machine the job gets with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.targets.local.runner.machine import passed_on

from kit.local_machine import Machine, machine_in

# A shell script that looks for Python, and for a program beside it, by their names.
LOOK = """#!/bin/bash
set -euo pipefail
python -c 'import sys; print(sys.prefix)'
python3 -c 'import sys; print(sys.prefix)'
beside-python || true
[[ $0 == ./run.sh ]] && echo "$1 $2"
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("interpreter"), max_jobs=2) as made:
        yield made


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that is not the one that submits, with a program of its own."""
    folder = tmp_path_factory.mktemp("other") / "my env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    program = folder / "bin" / "beside-python"
    program.write_text("#!/bin/sh\necho beside\n")
    program.chmod(0o755)
    return folder


def printed(machine: Machine, python: Path, **job: object) -> list[str]:
    request = machine.request(LOOK, program="run.sh", hyperparameters={"n": "two words"})
    request["AlgorithmSpecification"]["TrainingImage"] = python.as_uri()
    machine.sagemaker.create_training_job(**request)
    described = machine.ended(request["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", described
    return machine.lines(request["TrainingJobName"])


def test_a_shell_script_finds_the_jobs_python_and_its_programs(
    machine: Machine, other: Path
) -> None:
    lines = printed(machine, other / "bin" / "python")
    assert lines == [str(other), str(other), "beside", "-n two words"]


def test_a_shell_script_finds_a_python_of_another_name(machine: Machine, other: Path) -> None:
    named = other / "bin" / "it's mine"
    named.write_text(f'#!/bin/sh\nexec "{other}/bin/python" "$@"\n')
    named.chmod(0o755)
    lines = printed(machine, named)
    assert lines == [str(other), str(other), "beside", "-n two words"]


def test_ways_to_the_network_and_caches_are_passed_on_and_secrets_are_not() -> None:
    kept = {
        **dict.fromkeys(("HTTP_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "all_proxy"), "p"),
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), "ca"),
        **dict.fromkeys(("HF_HOME", "HF_HUB_OFFLINE", "TORCH_HOME", "XDG_CACHE_HOME"), "c"),
        **dict.fromkeys(("UV_INDEX_URL", "PIP_INDEX_URL", "PATH", "LC_ALL"), "x"),
    }
    lost = dict.fromkeys(("JUPYTER_TOKEN", "SECRET", "my_proxy", "path", "VIRTUAL_ENV"), "no")
    assert passed_on({**kept, **lost}) == kept
