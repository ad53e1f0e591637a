"""What a container of SageMaker's would hold for a training job: /opt/ml, environment, arguments.

The environment is the one that AWS's sagemaker-training toolkit makes for script mode;
a test holds this module against that toolkit.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_sm.targets.local.runner import distribution
from jupyter_sm.targets.local.runner.machine import passed_on
from jupyter_sm.targets.local.runner.work import host_names

# Where the hosts' addresses are.
NETWORK_INTERFACE = "lo" if sys.platform == "linux" else "lo0"
# What the toolkit reads itself; what else is SageMaker's own is the framework's.
_TOOLKITS = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "default_user_module_name",
        "_tuning_objective_metric",
        "sagemaker_s3_output",
    }
)
_GROUP = "homogeneousCluster"
_GPU_SECONDS = 10.0


def user_hyperparameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """The script's hyperparameters, decoded; SageMaker's own left out."""
    return {k: v for k, v in decoded_hyperparameters(request).items() if not _is_sagemakers(k)}


def framework_parameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """SageMaker's own hyperparameters that a framework's container acts on."""
    own = decoded_hyperparameters(request)
    return {k: v for k, v in own.items() if _is_sagemakers(k) and k not in _TOOLKITS}


def _is_sagemakers(name: str) -> bool:
    return name.startswith("sagemaker_") or name in _TOOLKITS


def distribution_groups(request: Mapping[str, Any]) -> list[str]:
    """The groups of instances that a job's processes are spread over, if they are."""
    own = framework_parameters(request)
    given = own.get("sagemaker_distribution_instance_groups")
    return given or ([_GROUP] if any(own.get(name) for name in distribution.SWITCHES) else [])


def distribution_hosts(request: Mapping[str, Any]) -> list[str]:
    """The hosts of these groups."""
    is_spread = _GROUP in distribution_groups(request)
    return host_names(request["ResourceConfig"]) if is_spread else []


@functools.cache
def gpu_count() -> int:
    """How many GPUs the machine has, asked as the toolkit asks."""
    if shutil.which("nvidia-smi") is None:
        return 0
    try:
        asked = subprocess.run(
            ["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=_GPU_SECONDS
        )
    except subprocess.TimeoutExpired:  # as with a driver that hangs
        return 0
    return sum(line.startswith("GPU ") for line in asked.stdout.splitlines())


def decoded_hyperparameters(request: Mapping[str, Any]) -> dict[str, Any]:
    """Every hyperparameter read as JSON; one that is no JSON stays the text it is."""
    result: dict[str, Any] = {}
    for key, text in request.get("HyperParameters", {}).items():
        try:
            result[key] = json.loads(text)
        except (ValueError, RecursionError):
            result[key] = text
    return result


def resource_config(request: Mapping[str, Any], host: str) -> dict[str, Any]:
    """/opt/ml/input/config/resourceconfig.json of one host."""
    hosts = host_names(request["ResourceConfig"])
    kind = request["ResourceConfig"].get("InstanceType", "local")
    return {
        "current_host": host,
        "current_instance_type": kind,
        "current_group_name": _GROUP,
        "hosts": hosts,
        "instance_groups": [{"instance_group_name": _GROUP, "instance_type": kind, "hosts": hosts}],
        "network_interface_name": NETWORK_INTERFACE,
    }


def input_data_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """/opt/ml/input/config/inputdataconfig.json: a channel's mode, distribution and content."""
    default = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    return {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", default),
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
        for channel in request.get("InputDataConfig", [])
    }


def write_config(request: Mapping[str, Any], host: str, base: Path) -> None:
    """Lay out /opt/ml below `base` for one host, with its configuration files."""
    for folder in ("input/config", "input/data", "model", "output/data", "code"):
        (base / folder).mkdir(parents=True, exist_ok=True)
    config = base / "input" / "config"
    for name, content in (
        ("hyperparameters", request.get("HyperParameters", {})),
        ("inputdataconfig", input_data_config(request)),
        ("resourceconfig", resource_config(request, host)),
    ):
        (config / f"{name}.json").write_text(json.dumps(content))


def arguments(request: Mapping[str, Any]) -> list[str]:
    """The script's command line: `--epochs 3 --lr 0.1`; one-letter names get one dash."""
    argv: list[str] = []
    for key, value in sorted(user_hyperparameters(request).items()):
        argv.append(f"-{key}" if len(key) == 1 else f"--{key}")
        argv.append(value if isinstance(value, str) else _argument(value))
    return argv


def _argument(value: Any) -> str:
    """A value on the command line, in the toolkit's own manner."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)


def environment(
    request: Mapping[str, Any],
    name: str,
    arn: str,
    host: str,
    base: Path,
    machine: Mapping[str, str],
    meeting: tuple[str, int],
) -> dict[str, str]:
    """The script's environment: the machine's needful, the job's own, and SM_*.

    `base` is what the script itself finds as /opt/ml, `meeting` is where processes meet.
    """
    env = passed_on(machine)
    env.update(
        PYTHONUNBUFFERED="1",
        PYTHONIOENCODING="utf-8",
        PYTHONPATH=os.fspath(base / "code"),
        TRAINING_JOB_NAME=name,
        TRAINING_JOB_ARN=arn,
        SAGEMAKER_BASE_DIR=os.fspath(base),
        SAGEMAKER_JOB_NAME=name,
        # As PyTorch's container has it; ranks come from torchrun or from the script.
        MASTER_ADDR=meeting[0],
        MASTER_PORT=str(meeting[1]),
        NCCL_SOCKET_IFNAME=NETWORK_INTERFACE,
        NCCL_IB_DISABLE="1",
        NCCL_DEBUG="WARN",
    )
    env.update(sm_variables(request, name, host, base))
    env.update(request.get("Environment", {}))
    return env


def sm_variables(request: Mapping[str, Any], name: str, host: str, base: Path) -> dict[str, str]:
    """The SM_* variables, as the toolkit spells them."""
    resources = resource_config(request, host)
    channels = input_data_config(request)
    hyperparameters = user_hyperparameters(request)
    own = decoded_hyperparameters(request)
    program = str(own.get("sagemaker_program", "train.py"))
    hosts = host_names(request["ResourceConfig"])
    groups = {_GROUP: resources["instance_groups"][0]}
    paths = {
        "input_dir": base / "input",
        "input_config_dir": base / "input" / "config",
        "output_dir": base / "output",
        "output_data_dir": base / "output" / "data",
        "output_intermediate_dir": base / "output" / "intermediate",
        "model_dir": base / "model",
    }
    places = {key: os.fspath(path) for key, path in paths.items()}
    channel_dirs = {name: os.fspath(base / "input" / "data" / name) for name in channels}
    facts: dict[str, Any] = {
        "channel_input_dirs": channel_dirs,
        "current_host": host,
        "current_instance_group": _GROUP,
        "current_instance_group_hosts": hosts,
        "current_instance_type": resources["current_instance_type"],
        "distribution_hosts": distribution_hosts(request),
        "distribution_instance_groups": distribution_groups(request),
        "hosts": hosts,
        "hyperparameters": hyperparameters,
        "input_data_config": channels,
        "instance_groups": [_GROUP],
        "instance_groups_dict": groups,
        "is_hetero": False,
        "log_level": int(own.get("sagemaker_container_log_level", 20)),
        "module_dir": own.get("sagemaker_submit_directory", ""),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": NETWORK_INTERFACE,
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": gpu_count(),
        "num_neurons": 0,
        "resource_config": resources,
        "user_entry_point": program,
        **places,
    }
    whole = {
        **facts,
        "additional_framework_parameters": framework_parameters(request),
        "framework_module": None,
        "is_master": host == hosts[0],
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": name,
        "master_hostname": hosts[0],
        "topology": [],
    }
    variables = {
        "hosts": facts["hosts"],
        "network_interface_name": NETWORK_INTERFACE,
        "hps": hyperparameters,
        "user_entry_point": program,
        "framework_params": framework_parameters(request),
        "resource_config": resources,
        "input_data_config": channels,
        "channels": sorted(channels),
        "current_host": host,
        "current_instance_type": facts["current_instance_type"],
        "current_instance_group": _GROUP,
        "current_instance_group_hosts": hosts,
        "instance_groups": [_GROUP],
        "instance_groups_dict": groups,
        "distribution_instance_groups": facts["distribution_instance_groups"],
        "is_hetero": False,
        "module_name": facts["module_name"],
        "log_level": facts["log_level"],
        "framework_module": "",
        "num_cpus": facts["num_cpus"],
        "num_gpus": facts["num_gpus"],
        "num_neurons": 0,
        "module_dir": facts["module_dir"],
        "training_env": whole,
        "user_args": arguments(request),
        **places,
        **{f"channel_{name}": path for name, path in channel_dirs.items()},
        **{f"hp_{name}": value for name, value in hyperparameters.items()},
    }
    return {f"SM_{name.upper()}": _text(value) for name, value in variables.items()}


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
