"""What a job of the local target sees of the machine: an /opt/ml of its own, or the variables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.diagnosis import explain
from jupyter_sm.targets.local.runner.network import Network
from jupyter_sm.targets.local.runner.views import SWITCH, Mount, Views

from kit.local_machine import Machine, channel, is_alive, machine_in, views_in
from kit.wait import wait_for


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("views"), max_jobs=4) as made:
        yield made


@pytest.fixture
def views(tmp_path: Path) -> Views:
    """The views of a job's two hosts, where this system allows them."""
    return views_in(tmp_path / "root")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job gets a view of its own."""
    monkeypatch.setenv(SWITCH, "0")


def seen(
    views: Views,
    shell: str,
    mounts: dict[str, Mount] | None = None,
    host: str = "algo-1",
    folder: str = "/opt/ml/code",
) -> str:
    """What a shell prints in a host's view."""
    argv = ["/bin/sh", "-c", shell]
    with views.start(host, argv, dict(os.environ), Path(folder), mounts or {}) as process:
        return process.stdout.read().decode()


def text(described: dict[str, Any]) -> str:
    """What became of a job, for an assertion that fails."""
    return described["TrainingJobStatus"] + described.get("FailureReason", "")


WRITTEN_FOR_SAGEMAKER = """
import json, os
from pathlib import Path
config = json.load(open("/opt/ml/input/config/hyperparameters.json"))
rows = Path("/opt/ml/input/data/train/a.csv").read_text()
os.makedirs("/opt/ml/model", exist_ok=True)
Path("/opt/ml/model/weights.bin").write_text(rows * int(config["epochs"]))
Path("/opt/ml/checkpoints/one").write_text("kept")
Path("/opt/ml/output/data/report").write_text(os.getcwd() + " " + os.environ["SM_MODEL_DIR"])
print(open("/opt/ml/code/train.py").readline() == "\\n")
"""


def test_a_script_with_sagemakers_own_paths_runs_unchanged(
    views: Views, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1,2 ")
    described = machine.run(
        WRITTEN_FOR_SAGEMAKER,
        hyperparameters={"epochs": 2},
        InputDataConfig=[channel("train", tmp_path / "data")],
        CheckpointConfig={"S3Uri": (tmp_path / "kept").as_uri()},
    )
    name = described["TrainingJobName"]
    assert described["TrainingJobStatus"] == "Completed", text(described)
    unpacked = tmp_path / "unpacked"
    for archive in ("model.tar.gz", "output.tar.gz"):
        shutil.unpack_archive(machine.result(name, archive), unpacked)
    assert (unpacked / "weights.bin").read_text() == "1,2 1,2 "
    assert (unpacked / "report").read_text() == "/opt/ml/code /opt/ml/model"
    assert (tmp_path / "kept" / "one").read_text() == "kept"
    assert machine.lines(name) == ["True"]


def test_nothing_of_it_is_left_on_the_machine(views: Views, machine: Machine) -> None:
    before = sorted(Path("/opt").iterdir())
    code = "import os; os.makedirs('/opt/ml/model/deep'); os.makedirs('/opt/mine'); print('made')"
    described = machine.run(code)
    assert machine.lines(described["TrainingJobName"]) == ["made"], text(described)
    assert sorted(Path("/opt").iterdir()) == before


def test_what_else_the_machine_has_stays_seen(views: Views, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("of the user")
    (tmp_path / "link").symlink_to("mine")
    there = [p.name for p in Path("/opt").iterdir() if p.name != "ml"]
    shown = seen(
        views, f"cat {tmp_path}/link; echo; ls -A /opt; {sys.executable} -c 'import boto3'"
    )
    assert shown.splitlines() == ["of the user", *sorted([*there, "ml"])]


@pytest.mark.parametrize("below", ["", "/a/b"])
def test_a_folder_on_the_way_keeps_what_it_holds(views: Views, tmp_path: Path, below: str) -> None:
    folder = tmp_path / "way"
    (folder / "full").mkdir(parents=True)
    (folder / "full" / "file").write_text("inner")
    (folder / "file").write_text("outer")
    (folder / "link").symlink_to("file")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "x").write_text("given")
    mounts = {f"{folder}{below}/new": Mount(tmp_path / "given")}
    shown = seen(views, f"cd {folder}; cat .{below}/new/x full/file link file; touch here", mounts)
    assert shown == "giveninnerouterouter"
    assert sorted(p.name for p in folder.iterdir()) == ["file", "full", "link"]


def test_what_is_made_in_the_root_folder_is_not_left_on_the_machine(views: Views) -> None:
    before = sorted(Path("/").iterdir())
    shown = seen(views, "pwd; echo x > made; cat ../made; ls -A /", folder="/").split()
    assert shown[:2] == ["/", "x"]
    assert set(shown[2:]) == {*(place.name for place in before), "made"}
    assert sorted(Path("/").iterdir()) == before


def test_a_folder_can_lie_in_the_root_folder(views: Views, tmp_path: Path) -> None:
    mounts = {"/new-at-the-top/deep": Mount(tmp_path)}
    assert seen(views, "touch /new-at-the-top/deep/made; pwd", mounts) == "/opt/ml/code\n"
    assert (tmp_path / "made").exists()
    assert not Path("/new-at-the-top").exists()


def test_beside_what_was_covered_nothing_is_made_on_the_machine(
    views: Views, tmp_path: Path
) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "way" / "full").mkdir(parents=True)
    way = tmp_path / "way"
    mounts = {f"{way}/a/b": Mount(tmp_path / "given"), f"{way}/full/new": Mount(tmp_path / "given")}
    assert seen(views, f"ls {way} {way}/full", mounts).split() == [
        *(f"{way}:", "a", "full"),
        *(f"{way}/full:", "new"),
    ]
    assert not list((way / "full").iterdir())


def test_one_host_does_not_see_the_others_folder(views: Views) -> None:
    assert seen(views, "echo one > /opt/ml/model; cat /opt/ml/model") == "one\n"
    assert seen(views, "ls /opt/ml", host="algo-2") == "code\n"


def test_a_read_only_mount_can_be_read_and_not_changed(views: Views, tmp_path: Path) -> None:
    folder = tmp_path / "two words é"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("mine")
    if os.geteuid() == 0:  # a file system of its own within
        subprocess.run(["mount", "-t", "tmpfs", "inner", str(folder / "inner")], check=True)
        (folder / "inner" / "file").write_text("mine")
    try:
        place = "/opt/ml/input/data/my data"
        shown = seen(
            views,
            f"cd '{place}'; cat inner/file; echo x > inner/file; rm -r inner; touch new; ls",
            {place: Mount(folder, read_only=True), "/opt/ml/one": Mount(folder / "inner" / "file")},
        )
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(folder / "inner")], check=True)
    assert shown.startswith("mine")
    assert shown.count("Read-only file system") >= 3
    assert shown.endswith("inner\n")


def test_hosts_have_names_and_addresses_of_their_own(views: Views) -> None:
    ask = f"{sys.executable} -c 'import socket; print(*map(socket.gethostbyname, %s))'; uname -n"
    names = '["algo-1", "algo-2", "localhost"]'
    first, second = (seen(views, ask % names, host=host) for host in ("algo-1", "algo-2"))
    addresses = first.split()[:3]
    assert len(set(addresses)) == 3
    assert all(address.startswith("127.") for address in addresses)
    assert second.split()[:3] == addresses
    assert (first.split()[3], second.split()[3]) == ("algo-1", "algo-2")


def test_jobs_at_once_do_not_meet_at_one_port(tmp_path: Path) -> None:
    tmp_path.joinpath("root").mkdir()
    one, other = (Network(tmp_path / "root", ["algo-1", "algo-2"]) for _ in range(2))
    assert one.port != other.port
    rows = [set(network.hosts_file().splitlines()[:2]) for network in (one, other)]
    assert not rows[0] & rows[1]


def test_a_command_starts_as_a_shell_would_start_it(views: Views) -> None:
    # A pipe that closes ends who writes to it; standard input is empty; nothing else is open.
    assert seen(views, "yes | head -1; cat; ls /proc/self/fd | wc -l").split() == ["y", "4"]


def test_what_cannot_be_started_is_told_in_one_sentence(views: Views, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-program: No such file or directory"):
        views.start("algo-1", ["no-such-program"], {"PATH": "/bin"}, Path("/opt/ml"), {})
    with pytest.raises(OSError, match="nowhere: No such file or directory"):
        views.start("algo-1", ["true"], {}, Path("/"), {"/opt/ml/a": Mount(tmp_path / "nowhere")})


def test_a_stop_ends_what_runs_in_a_view(views: Views, machine: Machine, tmp_path: Path) -> None:
    code = (
        "import os, subprocess, time; from pathlib import Path\n"
        f"child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        f"Path({str(tmp_path / 'pids')!r}).write_text(f'{{os.getpid()}} {{child.pid}}')\n"
        "print('ready')\ntime.sleep(300)"
    )
    name = machine.start(code)
    wait_for(lambda: "ready" in machine.lines(name))
    machine.stop(name)
    assert machine.ended(name)["TrainingJobStatus"] == "Stopped"
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    wait_for(lambda: not any(is_alive(pid) for pid in pids), 3)


@pytest.mark.parametrize("place", ["/opt/ml/checkpoints/", "/opt/ml/deep/er", "{other}/kept"])
def test_checkpoints_lie_where_the_request_has_them(
    views: Views, machine: Machine, tmp_path: Path, place: str
) -> None:
    place = place.format(other=tmp_path / "elsewhere")
    code = f"open({place!r} + '/step', 'a').write('x')"
    config = {"S3Uri": (tmp_path / "kept").as_uri(), "LocalPath": place}
    for _ in range(2):
        described = machine.run(code, CheckpointConfig=config)
        assert described["TrainingJobStatus"] == "Completed", text(described)
    assert (tmp_path / "kept" / "step").read_text() == "xx"
    assert not (tmp_path / "elsewhere").exists()


def test_without_a_view_checkpoints_below_opt_ml_are_there(
    without: None, machine: Machine, tmp_path: Path
) -> None:
    code = "import os; open(os.environ['SAGEMAKER_BASE_DIR'] + '/deep/er/step', 'w').write('x')"
    config = {"S3Uri": (tmp_path / "kept").as_uri(), "LocalPath": "/opt/ml/deep/er"}
    described = machine.run(code, CheckpointConfig=config)
    assert described["TrainingJobStatus"] == "Completed", text(described)
    assert (tmp_path / "kept" / "step").read_text() == "x"
    reason = machine.run("", CheckpointConfig={**config, "LocalPath": "/elsewhere"})[
        "FailureReason"
    ]
    assert "LocalPath /elsewhere can't be given" in reason
    assert SWITCH in reason


def test_without_a_view_checkpoints_do_not_lie_over_the_source(
    without: None, machine: Machine, tmp_path: Path
) -> None:
    config = {"S3Uri": (tmp_path / "kept").as_uri(), "LocalPath": "/opt/ml/code/train.py"}
    described = machine.run("print(1)", CheckpointConfig=config)
    assert "the source archive has something there" in described["FailureReason"]


def test_a_folder_for_checkpoints_that_can_not_be_made_is_named(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    config = {"S3Uri": (tmp_path / "file" / "kept").as_uri()}
    reason = machine.run("print(1)", CheckpointConfig=config)["FailureReason"]
    assert reason == (
        f"ClientError: {tmp_path}/file/kept, the folder of the checkpoints, can't be written: "
        "Not a directory."
    )
    assert explain(reason).title == "A folder can't be written"


@pytest.mark.parametrize(
    ("path", "variable"),
    [
        ("/opt/ml/input/data/train/a.csv", "SM_CHANNEL_TRAIN"),
        ("/opt/ml/input/config/x.json", "SM_INPUT_CONFIG_DIR"),
        ("/opt/ml/model/weights.bin", "SM_MODEL_DIR"),
        ("/opt/ml/output/data/x", "SM_OUTPUT_DATA_DIR"),
        ("/opt/ml/checkpoints/x", "SAGEMAKER_BASE_DIR"),
    ],
)
def test_without_a_view_a_script_that_opens_opt_ml_is_told_the_variable(
    without: None, machine: Machine, path: str, variable: str
) -> None:
    assert not Path(path).parent.exists(), "this machine itself has it"
    described = machine.run(f"open({path!r}, 'w')")
    reason = described["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:")
    assert f"for {path}, find it by the variable {variable}." in reason
    last = machine.lines(described["TrainingJobName"])[-1]
    assert last.startswith("jupyter_sm:")
    assert variable in last
    explained = explain(reason)
    assert explained.title == "There is no /opt/ml on this machine"
    assert path in explained.what_happened
    assert variable in explained.fixes[0]


def test_without_a_view_a_source_that_names_opt_ml_is_told_so_at_once(
    without: None, machine: Machine
) -> None:
    # The error itself names no path.
    code = "import sqlite3; print('ran', flush=True); sqlite3.connect('/opt/ml/model/a.db')"
    described = machine.run(code, hosts=2)
    for host in ("algo-1", "algo-2"):
        note = machine.lines(described["TrainingJobName"], host)[0 if host == "algo-2" else 1]
        assert note.startswith("jupyter_sm: the source names /opt/ml, and this machine gives")
        assert SWITCH in note and "SM_MODEL_DIR" in note


def test_without_a_view_another_fault_is_not_blamed_on_opt_ml(
    without: None, machine: Machine
) -> None:
    reason = machine.run("raise ValueError('/opt/ml/model')")["FailureReason"]
    assert "variable" not in reason


TOOLKIT = """
import json, os, sys
from sagemaker_training.environment import Environment
theirs = Environment().to_env_vars()
ours = {key: os.environ.get(key) for key in theirs}
print(json.dumps([ours, theirs]))
"""


@pytest.mark.parametrize("switch", ["1", "0"])
def test_awss_toolkit_finds_in_a_job_what_the_job_was_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    oracle = Path(__file__).parents[2] / "build" / "oracle" / "bin" / "python"
    monkeypatch.setenv(SWITCH, switch)
    request = machine.request(TOOLKIT, hyperparameters={"epochs": 3}, hosts=2)
    request["AlgorithmSpecification"]["TrainingImage"] = oracle.as_uri()
    machine.sagemaker.create_training_job(**request)
    described = machine.ended(request["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", text(described)
    for host in ("algo-1", "algo-2"):
        ours, theirs = json.loads(machine.lines(request["TrainingJobName"], host)[-1])
        assert ours == theirs
        assert ours["SM_CURRENT_HOST"] == host
