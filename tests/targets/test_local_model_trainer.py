"""Jobs as SDK v3's ModelTrainer makes them: its driver starts the script, arguments as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.local_machine import Machine, channel, machine_in, views_in

V3 = Path(__file__).parents[2] / "build" / "sdk-v3" / "bin" / "python"
# Run by the SDK's own Python: the folder that it would upload as the channel sm_drivers.
PREPARE = """
import sys, shutil
from pathlib import Path
import sagemaker.core.utils.install_requirements as requirements
from sagemaker.train import constants
from sagemaker.train.configs import SourceCode
from sagemaker.train.model_trainer import ModelTrainer
to = Path(sys.argv[1])
shutil.copytree(constants.SM_DRIVERS_LOCAL_PATH, to)
shutil.copy2(requirements.__file__, to / "scripts" / "install_requirements.py")
source = SourceCode(source_dir=sys.argv[2], entry_script="train.py")
class Folder:
    name = str(to)
# Its methods need no more of it: one that is made as usual asks an account for defaults.
made = object.__new__(ModelTrainer)
made._prepare_train_script(tmp_dir=Folder, source_code=source, distributed=None)
made._write_source_code_json(tmp_dir=Folder, source_code=source)
made._write_distributed_json(tmp_dir=Folder, distributed=None)
"""
# What the drivers do, so far as the job's side of the contract goes.
DRIVER = """#!/bin/bash
set -e
cat > /opt/ml/input/sm_training.env <<'END'
export SM_MODEL_DIR=/opt/ml/model
END
source /opt/ml/input/sm_training.env
cd /opt/ml/input/data/code
python3 /opt/ml/input/data/sm_drivers/start.py
"""
START = """
import json, subprocess, sys
argv = [sys.executable, "train.py"]
for key, text in json.load(open("/opt/ml/input/config/hyperparameters.json")).items():
    argv += [f"--{key}", text]
code = subprocess.run(argv).returncode
if code:
    with open("/opt/ml/output/failure", "w") as failure:
        failure.write(f"Command {argv} returned non-zero exit status {code}.")
sys.exit(code)
"""
SCRIPT = """
import json, os, sys
print(json.dumps(sys.argv[1:]))
print(os.getcwd())
with open(os.path.join(os.environ["SM_MODEL_DIR"], "weights.txt"), "w") as file:
    file.write("1")
sys.exit(3 if "--fail" in sys.argv else 0)
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    views_in(tmp_path_factory.mktemp("views"))  # its drivers need /opt/ml
    with machine_in(tmp_path_factory.mktemp("trainer"), max_jobs=2) as made:
        yield made


@pytest.fixture(scope="module", params=["drivers of its shape", "the SDK's own drivers"])
def channels(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("channels")
    code, drivers = folder / "code", folder / "sm_drivers"
    code.mkdir()
    (code / "train.py").write_text(SCRIPT)
    if "own" in request.param:
        if not V3.exists():
            pytest.skip("SDK v3 is not built: make build/sdk-v3.stamp")
        subprocess.run([V3, "-W", "ignore", "-c", PREPARE, drivers, code], check=True)
    else:
        drivers.mkdir()
        (drivers / "sm_train.sh").write_text(DRIVER)
        (drivers / "start.py").write_text(START)
    return [channel("code", code), channel("sm_drivers", drivers)]


def ran(machine: Machine, channels: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    """The end of a job as ModelTrainer asks for it: values as JSON, strings as they are."""
    request = machine.request(InputDataConfig=channels)
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
    request["HyperParameters"] = texts
    driver = "/opt/ml/input/data/sm_drivers/sm_train.sh"
    request["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["/bin/bash"],
        "ContainerArguments": ["-c", f"chmod +x {driver} && {driver}"],
    }
    machine.sagemaker.create_training_job(**request)
    return machine.ended(request["TrainingJobName"])


def test_arguments_are_json(machine: Machine, channels: list[dict[str, Any]]) -> None:
    given = {"lr": 0.001, "shuffle": True, "layers": [8, "a b"], "name": "a b", "none": None}
    found = ran(machine, channels, **given)
    assert (found["TrainingJobStatus"], found.get("FailureReason")) == ("Completed", None)
    name = found["TrainingJobName"]
    lines = machine.lines(name)
    told = [json.loads(line) for line in lines if line.startswith('["--')]
    wanted = ["--lr", "0.001", "--shuffle", "true", "--layers", '[8, "a b"]']
    assert told == [[*wanted, "--name", "a b", "--none", "null"]]
    assert "/opt/ml/input/data/code" in lines
    assert machine.result(name).exists()


def test_the_drivers_words_are_the_failure_reason(
    machine: Machine, channels: list[dict[str, Any]]
) -> None:
    found = ran(machine, channels, fail=1)
    assert found["TrainingJobStatus"] == "Failed"
    assert "returned non-zero exit status 3." in found["FailureReason"]
    assert found["FailureReason"].startswith("AlgorithmError: ")
