"""Hosts of a job that work together: by their names, by torchrun, and by MPI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.local.runner.views import SWITCH

from kit.local_machine import Machine, machine_in, views_in

# Each host serves at its own address, at one port, and reads what the others serve.
MEET = """
import json, os, socket, threading, time
host, hosts = os.environ["SM_CURRENT_HOST"], json.loads(os.environ["SM_HOSTS"])
server = socket.create_server((host, 23456))
def serve():
    for _ in hosts:
        server.accept()[0].sendall(socket.gethostname().encode())
threading.Thread(target=serve).start()
def ask(other):
    while True:
        try:
            return socket.create_connection((other, 23456), 10).recv(100).decode()
        except ConnectionRefusedError:
            time.sleep(0.02)
print(*[ask(other) for other in hosts])
"""
# In the place of PyTorch's launcher: the nodes meet at the master, as with the real one.
LAUNCHER = """
import argparse, os, runpy, socket, sys, time
parser = argparse.ArgumentParser()
for name in ("nnodes", "nproc_per_node", "node_rank", "master_port"):
    parser.add_argument("--" + name, type=int)
parser.add_argument("--master_addr")
parser.add_argument("script")
parser.add_argument("words", nargs=argparse.REMAINDER)
told = parser.parse_args()
place = (told.master_addr, told.master_port)
if told.node_rank == 0:
    server = socket.create_server(("", told.master_port))
    ranks = [0] + [int(server.accept()[0].recv(1)) for _ in range(told.nnodes - 1)]
    print("met", sorted(ranks), flush=True)
else:
    while True:
        try:
            socket.create_connection(place, 10).sendall(str(told.node_rank).encode())
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
os.environ["RANK"] = str(told.node_rank)
sys.argv = [told.script, *told.words]
runpy.run_path(told.script, run_name="__main__")
"""
TORCH = {"torch/__init__.py": "", "torch/distributed/__init__.py": ""}
TORCHRUN = {"sagemaker_torch_distributed_enabled": True, "sagemaker_instance_type": "ml.m5.large"}
SHOW = "import os, sys; print(os.environ['RANK'], *sys.argv, os.environ['MASTER_ADDR'])"
# Starts as many processes as it is told, as every mpirun does.
MPIRUN = """#!/bin/sh
[ "$1" = --version ] && { echo "mpirun (Open MPI) 5.0"; exit; }
while [ "$1" != -np ]; do echo "option $1"; shift; done
count=$2; shift 2
for rank in $(seq 0 $((count - 1))); do RANK=$rank "$@" || exit; done
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("distribution"), max_jobs=4) as made:
        yield made


@pytest.fixture(params=["1", "0"], ids=["own view", "no view"])
def master(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the hosts of a job meet, with views of their own and without."""
    monkeypatch.setenv(SWITCH, request.param)
    if request.param == "0":
        return "127.0.0.1"
    views_in(tmp_path / "tried")
    return "algo-1"


def completed(machine: Machine, described: dict[str, Any]) -> str:
    """The name of a job that has completed."""
    name = str(described["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", (described, machine.lines(name))
    return name


def test_hosts_find_each_other_by_name(machine: Machine, tmp_path: Path) -> None:
    views_in(tmp_path / "tried")
    names = [machine.start(MEET, hosts=3) for _ in range(2)]  # at once, at the same port
    for name in names:
        completed(machine, machine.ended(name))
        for host in ("algo-1", "algo-2", "algo-3"):
            assert machine.lines(name, host) == ["algo-1 algo-2 algo-3"]


def test_without_names_it_is_said_where_hosts_meet(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "0")
    name = completed(machine, machine.run("import os; print(os.environ['MASTER_ADDR'])", hosts=2))
    note, printed = machine.lines(name)
    assert note.startswith("jupyter_sm:")
    assert "MASTER_ADDR" in note
    assert "SWITCH is 0".replace("SWITCH", SWITCH) in note
    assert printed == "127.0.0.1"


@pytest.mark.parametrize("hosts", [1, 2])
def test_torchrun_starts_the_script_on_every_host(
    machine: Machine, master: str, hosts: int
) -> None:
    given = {**TORCHRUN, "epochs": 3}
    files = {**TORCH, "torch/distributed/run.py": LAUNCHER}
    name = completed(machine, machine.run(SHOW, files=files, hyperparameters=given, hosts=hosts))
    lines = [line for line in machine.lines(name) if not line.startswith("jupyter_sm:")]
    assert lines == [f"met {list(range(hosts))}", f"0 train.py --epochs 3 {master}"]
    if hosts == 2:
        assert machine.lines(name, "algo-2") == [f"1 train.py --epochs 3 {master}"]


def test_jobs_by_torchrun_at_once_do_not_meet_each_other(machine: Machine, master: str) -> None:
    files = {**TORCH, "torch/distributed/run.py": LAUNCHER}
    code = SHOW + "\nimport time; time.sleep(0.5)"
    names = [machine.start(code, files=files, hyperparameters=TORCHRUN) for _ in range(3)]
    for name in names:
        completed(machine, machine.ended(name))
        assert "met [0]" in machine.lines(name)


def test_mpi_starts_all_processes_on_the_first_host(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mpirun").write_text(MPIRUN)
    (tmp_path / "mpirun").chmod(0o755)
    given = {
        "sagemaker_mpi_enabled": True,
        "sagemaker_mpi_num_of_processes_per_host": 2,
        "epochs": 3,
    }
    code = 'echo "$RANK $1 $2 $SM_CURRENT_HOST"'
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        name = machine.start(code, program="run.sh", hyperparameters=given, hosts=2)
    completed(machine, machine.ended(name))
    assert machine.lines(name) == [
        "option --allow-run-as-root",
        "option --oversubscribe",
        *[f"{rank} --epochs 3 algo-1" for rank in range(4)],
    ]
    (note,) = machine.lines(name, "algo-2")
    assert "algo-1" in note


def test_mpi_without_mpirun_is_told_in_one_sentence(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        name = machine.start("", hyperparameters={"sagemaker_mpi_enabled": True})
    reason = machine.ended(name)["FailureReason"]
    assert reason.startswith("ClientError:")
    assert "no mpirun on PATH" in reason


@pytest.mark.parametrize(
    ("given", "program", "words"),
    [
        ({"sagemaker_pytorch_ddp_enabled": True}, "train.py", "a launcher that the local target"),
        ({"sagemaker_parameter_server_enabled": True}, "train.py", "a launcher that the local"),
        (TORCHRUN, "run.sh", "torchrun needs a Python script"),
        (
            {**TORCHRUN, "sagemaker_mpi_num_of_processes_per_host": "many"},
            "train.py",
            "sagemaker_mpi_num_of_processes_per_host is 'many', not a number",
        ),
    ],
)
def test_what_cannot_be_launched_is_told_in_one_sentence(
    machine: Machine, given: dict[str, Any], program: str, words: str
) -> None:
    reason = machine.run("", program=program, hyperparameters=given)["FailureReason"]
    assert reason.startswith("ClientError:")
    assert words in reason


def test_the_framework_is_told_what_was_asked_for(machine: Machine) -> None:
    code = "import os; print(os.environ['SM_FRAMEWORK_PARAMS'], os.environ['SM_HPS'])"
    given = {"sagemaker_instance_type": "ml.m5.large", "lr": 0.5}
    name = completed(machine, machine.run(code, hyperparameters=given))
    parameters, own = machine.lines(name)[0].split(" ")
    assert json.loads(parameters) == {"sagemaker_instance_type": "ml.m5.large"}
    assert json.loads(own) == {"lr": 0.5}
