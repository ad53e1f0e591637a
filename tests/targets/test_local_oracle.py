"""The container's environment against AWS's own training toolkit, installed in build/oracle."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.jobs.options import typed
from jupyter_sm.targets.local.runner import container, distribution, entry_point

from kit.local_machine import channel

ORACLE = Path(__file__).parents[2] / "build" / "oracle" / "bin" / "python"
ASK = """
import json, logging
logging.disable(logging.CRITICAL)
from sagemaker_training.environment import Environment
env = Environment()
print(json.dumps({"variables": env.to_env_vars(), "arguments": [str(a) for a in env.to_cmd_args()]}))
"""
TORCHRUN = {
    "sagemaker_torch_distributed_enabled": True,
    "sagemaker_instance_type": "ml.m5.large",
    "epochs": 3,
}
MPI = {"sagemaker_mpi_enabled": True, "sagemaker_mpi_custom_mpi_options": "-x A=b --verbose"}
JOBS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "numbers and texts": {
        "hyperparameters": {"epochs": 3, "lr": 0.1, "tiny": 1e-9, "name": "two words", "none": ""}
    },
    "one letter": {"hyperparameters": {"n": 1, "N": 2, "batch-size": 32, "batch_size": 64}},
    "true and false": {"hyperparameters": {"on": True, "off": False}},
    "null": {"hyperparameters": {"nothing": None}},
    "lists": {"hyperparameters": {"layers": [64, 32], "names": ["a", "b c"], "empty": []}},
    "dicts": {"hyperparameters": {"map": {"b": 2, "a": "x"}, "deep": {"k": {"l": [1, None]}}}},
    "beyond ascii": {"hyperparameters": {"ort": "Zürich ☃", "liste": ["é"]}},
    "texts like JSON": {"hyperparameters": {"digits": "007", "quoted": '"x"', "brace": "{}"}},
    "as typed": {
        "hyperparameters": {
            f"h{number}": typed(text)
            for number, text in enumerate(["1.10", "1e-3", "1e-05", "3", "-0.5", "true", "[1, 2]"])
        }
    },
    "one channel": {"channels": [channel("train", "file:///data")]},
    "two channels": {
        "channels": [
            channel("train", "file:///data", InputMode="FastFile", ContentType="text/csv"),
            channel("val-id", "file:///v", distribution="ShardedByS3Key", RecordWrapperType="None"),
        ]
    },
    "two hosts": {"hosts": 2, "host": "algo-2", "hyperparameters": {"epochs": 3}},
    "first of two hosts": {"hosts": 2, "channels": [channel("train", "file:///data")]},
    "torchrun": {"hosts": 2, "hyperparameters": TORCHRUN},
    "torchrun on the second host": {"hosts": 2, "host": "algo-2", "hyperparameters": TORCHRUN},
    "mpi": {"hosts": 2, "hyperparameters": MPI},
    "distribution that is off": {"hyperparameters": {"sagemaker_mpi_enabled": False}},
    "distribution of other groups": {
        "hyperparameters": {**MPI, "sagemaker_distribution_instance_groups": ["others"]}
    },
    "tuning": {"hyperparameters": {"_tuning_objective_metric": "loss", "lr": 0.1}},
    "program in a folder": {"program": "src/main.py"},
    "shell program": {"program": "run.sh"},
}


def request_of(job: dict[str, Any]) -> dict[str, Any]:
    hyperparameters = {
        **job.get("hyperparameters", {}),
        "sagemaker_program": job.get("program", "train.py"),
        "sagemaker_submit_directory": "file:///sources/sourcedir.tar.gz",
        "sagemaker_container_log_level": 20,
        "sagemaker_job_name": "the-job",
        "sagemaker_region": "us-east-1",
    }
    return {
        "TrainingJobName": "the-job",
        "HyperParameters": {key: json.dumps(value) for key, value in hyperparameters.items()},
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "InputDataConfig": job.get("channels", []),
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": job.get("hosts", 1)},
    }


def asked(base: Path, ask: str = ASK) -> Any:
    """What the toolkit makes of the folder `base`."""
    if not ORACLE.exists():
        pytest.fail("AWS's toolkit is not installed: run `make build/oracle.stamp`.")
    env = {
        "PATH": os.environ["PATH"],
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINING_JOB_NAME": "the-job",
    }
    done = subprocess.run(
        [ORACLE, "-W", "ignore", "-c", ask], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def readable(variables: dict[str, str]) -> dict[str, Any]:
    """The variables, with the big one opened so that a difference shows."""
    whole = dict(variables)
    return {**whole, "SM_TRAINING_ENV": json.loads(whole["SM_TRAINING_ENV"])}


COMMAND = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from sagemaker_training import entry_point, runner
kind = runner.RunnerType.{runner}
print(json.dumps(runner.get(kind)._create_command()))
"""
ENTRY_POINTS = {
    "script": ("train.py", {}, "Process"),
    "script in a folder": ("src/train.py", {}, "Process"),
    "package": ("train.py", {"setup.py": ""}, "Process"),
    "package by its module": ("train", {"setup.py": ""}, "Process"),
    "shell": ("run.sh", {}, "Process"),
    "shell beside a package": ("run.sh", {"setup.py": ""}, "Process"),
    "program": ("train", {}, "Process"),
    "script by torchrun": ("train.py", {}, "TorchDistributed"),
    "script by mpi": ("train.py", {}, "MPI"),
    "package by mpi": ("train.py", {"setup.py": ""}, "MPI"),
    "shell by mpi": ("run.sh", {}, "MPI"),
}


@pytest.mark.parametrize(("program", "files", "runner"), ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def test_an_entry_point_is_run_by_the_command_of_awss_toolkit(
    tmp_path: Path, program: str, files: dict[str, str], runner: str
) -> None:
    switches = {"MPI": MPI, "TorchDistributed": TORCHRUN, "Process": {}}[runner]
    words = {"name": "it's two", "epochs": 3}
    job = {"program": program, "hosts": 2, "hyperparameters": {**words, **switches}}
    request, base = request_of(job), tmp_path / "opt" / "ml"
    container.write_config(request, "algo-1", base)
    for name, text in {program: "", **files}.items():
        (base / "code" / name).parent.mkdir(exist_ok=True)
        (base / "code" / name).write_text(text)
    (tmp_path / "mpirun").write_text("#!/bin/sh\n")
    (tmp_path / "mpirun").chmod(0o755)
    theirs = asked(base, COMMAND.format(runner=runner))
    ours = distribution.command(
        container.framework_parameters(request),
        entry_point.entry_point_of(base / "code", program),
        str(ORACLE),
        program,
        container.arguments(request),
        host="algo-1",
        hosts=container.distribution_hosts(request),
        env={"PATH": str(tmp_path), "MASTER_ADDR": "algo-1", "MASTER_PORT": "7777"},
        gpus=0,
    )
    assert ours is not None
    if runner == "MPI":
        # Theirs goes to other machines, with their addresses and variables.
        assert ours[:3] == [str(tmp_path / "mpirun"), "-np", theirs[theirs.index("-np") + 1]]
        more = str(MPI["sagemaker_mpi_custom_mpi_options"]).split()
        assert ours[3 : 3 + len(more)] == more
        assert ours[3 + len(more) :] == theirs[-len(ours) + 3 + len(more) :]
    else:
        launcher = [str(ORACLE), "-m", "torch.distributed.run"]
        assert ours == (launcher + theirs[1:] if theirs[0] == "torchrun" else theirs)


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_variables_and_arguments_are_those_of_awss_toolkit(
    tmp_path: Path, job: dict[str, Any]
) -> None:
    request, host, base = request_of(job), job.get("host", "algo-1"), tmp_path / "opt" / "ml"
    container.write_config(request, host, base)
    for name in container.input_data_config(request):
        (base / "input" / "data" / name).mkdir()
    theirs = asked(base)
    ours = container.sm_variables(request, "the-job", host, base)
    assert readable(ours) == readable(theirs["variables"])
    assert ours == theirs["variables"]
    assert container.arguments(request) == theirs["arguments"]
