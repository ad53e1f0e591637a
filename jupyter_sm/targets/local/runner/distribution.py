"""How a job's processes are started on its hosts: one each, by torchrun, or by MPI.

The hyperparameters that ask for it are those of SageMaker's SDK, what follows from them is as in
AWS's toolkit. On this machine MPI starts the processes of all hosts on the first one.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_sm.targets.local.runner import entry_point
from jupyter_sm.targets.local.runner.entry_point import EntryPoint
from jupyter_sm.targets.local.runner.work import JobFailedError

TORCHRUN = "sagemaker_torch_distributed_enabled"
MPI = "sagemaker_mpi_enabled"
PER_HOST = "sagemaker_mpi_num_of_processes_per_host"
_PROCESSES = "sagemaker_mpi_num_processes"
_MPI_OPTIONS = "sagemaker_mpi_custom_mpi_options"
_NOT_HERE = (
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
)
SWITCHES = (TORCHRUN, MPI, *_NOT_HERE)
_SECONDS = 20.0


def command(
    sagemaker: Mapping[str, Any],
    kind: EntryPoint,
    python: str,
    program: str,
    arguments: Sequence[str],
    *,
    host: str,
    hosts: Sequence[str],
    env: Mapping[str, str],
    gpus: int,
) -> list[str] | None:
    """What a host runs; None where the first host's command starts its processes too.

    `sagemaker` are the hyperparameters that are SageMaker's own. `hosts` are those that the
    processes are spread over, or none where each host runs the entry point by itself.
    """
    alone = entry_point.command(kind, python, program, arguments)
    if not hosts:
        return alone
    for name in _NOT_HERE:
        if sagemaker.get(name):
            raise JobFailedError(
                f"ClientError: the hyperparameter {name} asks for a launcher that the local target "
                f"does not have; it has torchrun ({TORCHRUN}) and MPI ({MPI})."
            )
    per_host = _count(sagemaker, PER_HOST) or gpus or 1
    if sagemaker.get(MPI):
        if host != hosts[0]:
            return None
        count = _count(sagemaker, _PROCESSES) or per_host * len(hosts)
        more = str(sagemaker.get(_MPI_OPTIONS) or "").split()
        by_mpi = [*_mpirun(env), "-np", str(count), *more]
        if kind is EntryPoint.COMMAND:
            return [*by_mpi, *alone]
        # Through mpi4py an exception of one process ends them all.
        module = alone[1:] if kind is EntryPoint.PACKAGE else [program, *arguments]
        return [*by_mpi, python, "-m", "mpi4py", *module]
    if kind is not EntryPoint.SCRIPT:
        raise JobFailedError(f"ClientError: torchrun needs a Python script, not {program}.")
    # With one host too, as this machine may run several jobs at once.
    meeting = ["--master_addr", env["MASTER_ADDR"], "--master_port", env["MASTER_PORT"]]
    return [
        *(python, "-m", "torch.distributed.run"),
        *("--nnodes", str(len(hosts)), "--nproc_per_node", str(per_host), *meeting),
        *("--node_rank", str(hosts.index(host)), program, *arguments),
    ]


def _count(sagemaker: Mapping[str, Any], name: str) -> int:
    """A number of processes; 0 where none is given."""
    given = sagemaker.get(name) or 0
    if not str(given).isdecimal():
        raise JobFailedError(f"ClientError: the hyperparameter {name} is {given!r}, not a number.")
    return int(given)


def _mpirun(env: Mapping[str, str]) -> list[str]:
    """The mpirun on the job's PATH, with what this machine needs."""
    found = shutil.which("mpirun", path=env.get("PATH"))
    if found is None:
        raise JobFailedError(
            f"ClientError: the hyperparameter {MPI} asks for MPI, and there is no mpirun on PATH: "
            "install Open MPI or MPICH."
        )
    told = subprocess.run(
        [found, "--version"], capture_output=True, text=True, env=dict(env), timeout=_SECONDS
    )
    is_open_mpi = "Open MPI" in told.stdout
    # More processes than cores, and root in a container, are refused by Open MPI unless told.
    return [found, *(["--allow-run-as-root", "--oversubscribe"] if is_open_mpi else [])]
