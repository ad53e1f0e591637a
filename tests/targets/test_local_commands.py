"""Training jobs whose request names the container's command instead of a script."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jupyter_sm.diagnosis import explain
from jupyter_sm.targets.local.runner.views import OPT_ML, SWITCH

from kit.local_machine import Machine, channel, machine_in, views_in

SCRIPT = "/opt/ml/input/data/code/train.py"
WRITES = """
import os, pathlib, sys
print(os.path.realpath(sys.executable))
pathlib.Path(sys.argv[1], "weights.txt").write_text(os.environ["COLOUR"])
"""


@pytest.fixture(scope="module", params=["a-view-of-its-own", "no-view"])
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "no-view":
            patch.setenv(SWITCH, "0")
        with machine_in(tmp_path_factory.mktemp("commands"), max_jobs=2) as made:
            yield made


def with_command(
    machine: Machine, *words: str, arguments: list[str] | None = None
) -> dict[str, Any]:
    """A request without script mode, its code in a channel, as SDK v3 sends it."""
    folder = machine.folder / "code"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(WRITES)
    code = channel("code", folder)
    request = machine.request(InputDataConfig=[code], Environment={"COLOUR": "red"})
    request["HyperParameters"] = {"epochs": "3"}
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = list(words)
    if arguments:
        request["AlgorithmSpecification"]["ContainerArguments"] = arguments
    return request


def ran(machine: Machine, request: dict[str, Any]) -> dict[str, Any]:
    machine.sagemaker.create_training_job(**request)
    return machine.ended(request["TrainingJobName"])


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["python3", SCRIPT, "/opt/ml/model"], None),
        (["python3"], [SCRIPT, "/opt/ml/model"]),
        (["/bin/sh", "-c"], [f"python {SCRIPT} /opt/ml/model"]),
    ],
    ids=["entrypoint", "arguments", "shell"],
)
def test_a_containers_command_runs_and_its_model_is_kept(
    machine: Machine, words: list[str], arguments: list[str] | None
) -> None:
    request = with_command(machine, *words, arguments=arguments)
    found = ran(machine, request)
    name = request["TrainingJobName"]
    assert (found["TrainingJobStatus"], found.get("FailureReason")) == ("Completed", None)
    assert found["AlgorithmSpecification"] == request["AlgorithmSpecification"]
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == machine.result(name).as_uri()
    assert machine.lines(name)[-1] == str(Path(sys.executable).resolve())


def test_a_containers_command_starts_in_the_root_folder(machine: Machine, tmp_path: Path) -> None:
    if os.environ.get(SWITCH) != "0":
        views_in(tmp_path)
    before = sorted(Path("/").iterdir())
    # As evaluation scripts unpack a model: it is found there only where / is its own parent.
    shell = "echo x > ../unpacked && cat unpacked && pwd"
    request = with_command(machine, "/bin/sh", "-c", shell)
    found = ran(machine, request)
    if os.environ.get(SWITCH) == "0":
        assert found["TrainingJobStatus"] == "Failed"
    else:
        assert machine.lines(request["TrainingJobName"]) == ["x", "/"]
    assert sorted(Path("/").iterdir()) == before


def test_arguments_without_a_command_are_refused(machine: Machine) -> None:
    request = machine.request()
    request["AlgorithmSpecification"]["ContainerArguments"] = ["--epochs", "3"]
    with pytest.raises(ClientError, match="a script gets its arguments as HyperParameters"):
        machine.sagemaker.create_training_job(**request)


def test_a_command_that_fails_is_told_as_of_a_container(machine: Machine) -> None:
    found = ran(machine, with_command(machine, "/bin/sh", "-c", "exit 3"))
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"] == "AlgorithmError: , exit code: 3"


def test_a_command_that_says_why_it_fails_keeps_its_exit_code(machine: Machine) -> None:
    command = f"echo too few rows > {OPT_ML}/output/failure; exit 2"
    found = ran(machine, with_command(machine, "/bin/sh", "-c", command))
    assert found["FailureReason"] == "AlgorithmError: too few rows\n, exit code: 2"


def test_a_program_that_is_not_there_is_named(machine: Machine) -> None:
    found = ran(machine, with_command(machine, "no-such-program", "x"))
    assert found["FailureReason"] == (
        "ClientError: ContainerEntrypoint names 'no-such-program', and there is no such program."
    )
    assert explain(found["FailureReason"]).title == "The container's program is not there"


def test_a_program_that_is_not_executable_is_told_so(machine: Machine) -> None:
    found = ran(machine, with_command(machine, SCRIPT))
    assert found["FailureReason"] == (
        f"ClientError: ContainerEntrypoint names {SCRIPT!r}, and it is not executable."
    )
    assert explain(found["FailureReason"]).title == "The container's program is not executable"
