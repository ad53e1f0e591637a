"""What a script finds when it runs as a job of the local target, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.local.disk.layout import Layout, marker_name
from jupyter_sm.targets.local.runner import container

from kit.local_machine import Machine, channel, machine_in
from kit.wait import wait_for

# Writes what it sees of the world next to the model.
SEE = """
import json, os, sys
from pathlib import Path
base = Path(os.environ["SAGEMAKER_BASE_DIR"])
seen = {
    "argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "path": sys.path,
    "executable": sys.executable,
    "files": sorted(str(p.relative_to(base)) for p in base.rglob("*")),
    "config": {p.stem: json.loads(p.read_text()) for p in (base / "input/config").glob("*.json")},
}
Path(os.environ["SM_MODEL_DIR"], f"{os.environ['SM_CURRENT_HOST']}.json").write_text(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with pytest.MonkeyPatch.context() as patch:
        # What a JupyterHub server holds and no job may see.
        for key in ("JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JPY_PARENT_PID"):
            patch.setenv(key, "secret-of-the-server")
        patch.setenv("MY_PRIVATE_SETTING", "private")
        patch.setenv("VIRTUAL_ENV", "/private")
        patch.setenv("OMP_NUM_THREADS", "1")
        with machine_in(tmp_path_factory.mktemp("jobs"), max_jobs=4) as made:
            yield made


def contents(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as packed:
        members = [member for member in packed if member.isfile()]
        return {m.name: packed.extractfile(m).read().decode() for m in members}


def seen(machine: Machine, described: dict[str, Any], host: str = "algo-1") -> dict[str, Any]:
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    model = machine.result(described["TrainingJobName"])
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == model.as_uri()
    return json.loads(contents(model)[f"{host}.json"])


def test_opt_ml_is_laid_out_with_its_configuration(machine: Machine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("1")
    told = seen(
        machine,
        machine.run(
            SEE,
            hyperparameters={"epochs": 3},
            InputDataConfig=[channel("train", data, ContentType="text/csv")],
        ),
    )
    assert {
        "code/train.py",
        "input/config/hyperparameters.json",
        "input/config/inputdataconfig.json",
        "input/config/resourceconfig.json",
        "input/data/train/a.csv",
        "model",
        "output/data",
    } <= set(told["files"])
    config = told["config"]
    assert config["hyperparameters"]["epochs"] == "3"
    assert config["hyperparameters"]["sagemaker_program"] == '"train.py"'
    assert config["inputdataconfig"]["train"]["TrainingInputMode"] == "File"
    assert config["resourceconfig"]["current_host"] == "algo-1"
    assert config["resourceconfig"]["hosts"] == ["algo-1"]
    assert told["env"]["SM_CHANNEL_TRAIN"].endswith("input/data/train")
    assert told["cwd"].endswith("/code")


def test_hyperparameters_reach_the_script_decoded(machine: Machine) -> None:
    values = {
        "epochs": 3,
        "lr": 0.5,
        "name": "two words",
        "flag": True,
        "a": [1, "x"],
        "m": {"k": 1},
    }
    told = seen(machine, machine.run(SEE, hyperparameters=values))
    given = dict(zip(told["argv"][1::2], told["argv"][2::2], strict=True))
    assert given["--epochs"] == "3"
    assert given["--lr"] == "0.5"
    assert given["--name"] == "two words"
    assert given["--flag"] == "True"
    assert json.loads(told["env"]["SM_HPS"]) == values
    assert told["env"]["SM_HP_NAME"] == "two words"
    assert not [word for word in told["argv"] if "sagemaker" in word]


def test_a_hyperparameter_that_is_no_json_stays_text(machine: Machine) -> None:
    request = machine.request(SEE)
    request["HyperParameters"]["plain"] = "not json"
    machine.sagemaker.create_training_job(**request)
    told = seen(machine, machine.ended(request["TrainingJobName"]))
    assert told["argv"][1:] == ["--plain", "not json"]


def test_the_environment_is_the_jobs_and_nothing_of_the_servers(machine: Machine) -> None:
    told = seen(machine, machine.run(SEE, Environment={"MODE": "fast", "OMP_NUM_THREADS": "2"}))
    env = told["env"]
    assert "secret-of-the-server" not in env.values()
    assert not {"private", "/private"} & set(env.values())
    assert not [key for key in env if key.startswith(("JUPYTER", "JPY_", "PYTEST"))]
    assert (env["MODE"], env["OMP_NUM_THREADS"]) == ("fast", "2")
    own, _, _, rest = env["PATH"].split(":", 3)
    assert rest == f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    assert told["executable"] == f"{own}/python"
    assert env["TRAINING_JOB_NAME"] == env["SAGEMAKER_JOB_NAME"]
    assert env["SM_NUM_GPUS"].isdigit()


def test_a_job_knows_its_arn(machine: Machine) -> None:
    described = machine.run(SEE)
    env = seen(machine, described)["env"]
    assert env["TRAINING_JOB_ARN"] == described["TrainingJobArn"]


def test_files_are_made_as_in_a_container(machine: Machine) -> None:
    code = "import os; open('made', 'w'); print(oct(os.stat('made').st_mode)[-3:])"
    assert machine.lines(machine.run(code)["TrainingJobName"]) == ["644"]


def test_hosts_that_want_one_address_are_told_why_it_is_taken(machine: Machine) -> None:
    code = """
import os, socket, time
from pathlib import Path
with socket.socket() as server:
    server.bind(("", int(os.environ["MASTER_PORT"]) + 20_000))
    server.listen()
    time.sleep(60)
"""
    reason = machine.run(code, hosts=2)["FailureReason"]
    assert "Address already in use" in reason
    assert "hosts are processes of this one machine" in reason and "SM_CURRENT_HOST" in reason


def test_files_beside_the_program_can_be_imported(machine: Machine) -> None:
    code = "import helper, package.deep; print(helper.WORD, package.deep.WORD)"
    files = {"helper.py": "WORD = 'one'", "package/deep.py": "WORD = 'two'"}
    described = machine.run(code, files=files)
    assert machine.lines(described["TrainingJobName"]) == ["one two"]


def test_a_shell_script_can_be_the_program(machine: Machine) -> None:
    code = 'echo "$1 $2 in $SM_CURRENT_HOST"; echo weights > "$SM_MODEL_DIR/w.txt"'
    described = machine.run(code, program="run.sh", hyperparameters={"epochs": 3})
    name = described["TrainingJobName"]
    assert machine.lines(name) == ["--epochs 3 in algo-1"]
    assert contents(machine.result(name)) == {"w.txt": "weights\n"}


def test_two_hosts_run_two_processes_with_streams_of_their_own(machine: Machine) -> None:
    code = SEE + "print('I am', os.environ['SM_CURRENT_HOST'], 'of', os.environ['SM_HOSTS'])"
    described = machine.run(code, hosts=2)
    name = described["TrainingJobName"]
    for host in ("algo-1", "algo-2"):
        told = seen(machine, described, host)
        assert told["env"]["SM_CURRENT_HOST"] == host
        assert told["config"]["resourceconfig"]["current_host"] == host
        assert told["config"]["resourceconfig"]["hosts"] == ["algo-1", "algo-2"]
        assert machine.lines(name, host) == [f'I am {host} of ["algo-1","algo-2"]']


LEAVE = """
import os
from pathlib import Path
model, output = Path(os.environ["SM_MODEL_DIR"]), Path(os.environ["SM_OUTPUT_DATA_DIR"])
(model / "code").mkdir()
(model / "code" / "inference.py").write_text("serve")
(model / "weights.bin").write_text("w" * 1000)
(output / "report.txt").write_text("fine")
"""


def test_model_and_output_are_packed_apart(machine: Machine) -> None:
    name = machine.run(LEAVE)["TrainingJobName"]
    model = contents(machine.result(name))
    assert model == {"code/inference.py": "serve", "weights.bin": "w" * 1000}
    assert contents(machine.result(name, "output.tar.gz")) == {"report.txt": "fine"}
    assert sorted(p.name for p in machine.result(name, "").iterdir()) == [
        "model.tar.gz",
        "output.tar.gz",
    ]


def test_without_compression_the_model_is_left_as_files(machine: Machine) -> None:
    config = {"S3OutputPath": machine.output.as_uri(), "CompressionType": "NONE"}
    described = machine.run(LEAVE, OutputDataConfig=config)
    folder = machine.result(described["TrainingJobName"], "model")
    assert described["ModelArtifacts"]["S3ModelArtifacts"].rstrip("/") == folder.as_uri()
    assert (folder / "code" / "inference.py").read_text() == "serve"
    assert not machine.result(described["TrainingJobName"]).exists()


@pytest.mark.parametrize(
    "make", ["os.symlink('/dev/zero', 'odd')", "os.symlink('.', 'odd')", "os.mkfifo('odd')"]
)
def test_what_is_no_file_in_an_uncompressed_model_is_refused(machine: Machine, make: str) -> None:
    code = f"import os; os.chdir(os.environ['SM_MODEL_DIR']); open('a', 'w').close(); {make}"
    config = {"S3OutputPath": machine.output.as_uri(), "CompressionType": "NONE"}
    described = machine.run(code, OutputDataConfig=config)
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("ClientError: Artifact upload failed: ")
    assert "/model/odd is a " in described["FailureReason"]
    assert not machine.result(described["TrainingJobName"], "model").exists()


def test_links_in_an_uncompressed_model_are_copied_as_what_they_lead_to(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "cached").write_text("c")
    code = (
        "import os; os.chdir(os.environ['SM_MODEL_DIR']); os.mkdir('step-1')\n"
        "open('step-1/weights', 'w').write('w'); os.symlink('step-1', 'latest')\n"
        f"os.symlink({str(tmp_path / 'cached')!r}, 'tokens')"
    )
    config = {"S3OutputPath": machine.output.as_uri(), "CompressionType": "NONE"}
    described = machine.run(code, OutputDataConfig=config)
    latest = machine.result(described["TrainingJobName"], "model") / "latest"
    assert (latest / "weights").read_text() == "w" and not latest.is_symlink()
    tokens = latest.with_name("tokens")
    assert tokens.read_text() == "c" and not tokens.is_symlink()


def test_a_job_that_leaves_nothing_has_no_artifacts(machine: Machine) -> None:
    described = machine.run("pass")
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == ""
    assert not machine.result(described["TrainingJobName"], "").exists()


def test_checkpoints_survive_to_the_next_job(machine: Machine, tmp_path: Path) -> None:
    code = (
        "import os; from pathlib import Path\n"
        "kept = Path(os.environ['SAGEMAKER_BASE_DIR'], 'checkpoints', 'steps')\n"
        "kept.write_text((kept.read_text() if kept.exists() else '') + 'x'); print(kept.read_text())"
    )
    config = {"S3Uri": (tmp_path / "kept").as_uri(), "LocalPath": "/opt/ml/checkpoints"}
    first = machine.run(code, CheckpointConfig=config)["TrainingJobName"]
    machine.sagemaker.delete_training_job(TrainingJobName=first)
    second = machine.run(code, CheckpointConfig=config)["TrainingJobName"]
    assert machine.lines(second) == ["xx"]
    assert (tmp_path / "kept" / "steps").read_text() == "xx"


def test_billable_seconds_are_the_training_time(machine: Machine) -> None:
    described = machine.run("import time; time.sleep(1.6)")
    span = described["TrainingEndTime"] - described["TrainingStartTime"]
    assert described["BillableTimeInSeconds"] == described["TrainingTimeInSeconds"] >= 2
    assert abs(described["BillableTimeInSeconds"] - span.total_seconds()) <= 1


def test_final_metrics_are_the_last_values_of_the_definitions(machine: Machine) -> None:
    code = (
        "for n in range(4): print(f'epoch {n} loss={1 / (n + 1)}; acc: {n / 4}')\n"
        "print('acc: unknown', 'other=7')"
    )
    metrics = {"train:loss": r"loss=([0-9.]+)", "acc": r"acc: (\S+)", "never": r"never=(\d+)"}
    described = machine.run(code, metrics=metrics)
    final = {m["MetricName"]: m["Value"] for m in described["FinalMetricDataList"]}
    assert final == {"train:loss": 0.25, "acc": 0.75}
    started = described["TrainingStartTime"]
    assert all(
        m["Timestamp"] >= started.replace(microsecond=0) for m in described["FinalMetricDataList"]
    )
    assert "FinalMetricDataList" not in machine.run("print('loss=1')")


def test_a_definition_that_runs_away_holds_nothing_up(machine: Machine) -> None:
    code = "print('a' * 60 + '!')\nfor n in range(4): print(f'loss={n}')"
    metrics = {"bad": "(a+)+$", "loss": r"loss=(\d+)"}
    described = machine.run(code, metrics=metrics)
    assert described["TrainingJobStatus"] == "Completed"
    assert [(m["MetricName"], m["Value"]) for m in described["FinalMetricDataList"]] == [
        ("loss", 3)
    ]


BORN_AND_GONE = """
import json, os, sys
from pathlib import Path
from jupyter_sm.targets.local import LocalTarget
target = LocalTarget(Path(sys.argv[1]))
target.client("sagemaker").create_training_job(**json.loads(sys.stdin.read()))
"""


def test_a_job_outlives_the_process_that_created_it(machine: Machine, tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = (
        "import sys, time; from pathlib import Path\n"
        "while not Path(sys.argv[-1]).exists(): time.sleep(0.02)\n"
        "print('still here')"
    )
    request = machine.request(code, hyperparameters={"go": str(go)})
    argv = [sys.executable, "-c", BORN_AND_GONE, str(machine.target.engine.root)]
    # A session of its own, ended whole, as a closing terminal or a culled server does.
    creator = subprocess.Popen(argv, stdin=subprocess.PIPE, text=True, start_new_session=True)
    creator.communicate(json.dumps(request))
    assert creator.returncode == 0
    try:
        os.killpg(creator.pid, 9)
    except ProcessLookupError:
        pass
    name = request["TrainingJobName"]
    wait_for(lambda: machine.describe(name)["SecondaryStatus"] == "Training")
    go.touch()
    assert machine.ended(name)["TrainingJobStatus"] == "Completed"
    assert machine.lines(name) == ["still here"]


def test_a_rival_of_the_same_millisecond_leaves_the_winner_in_the_queue(machine: Machine) -> None:
    scheduler, layout = machine.target.engine._scheduler, Layout(machine.target.engine.root)
    job = layout.job("training", "rivals")
    for place in ("first", "second"):
        (layout.jobs / f".new-{place}").mkdir()
    scheduler.enqueue(layout.jobs / ".new-first", job, 1_000.001)
    with pytest.raises(FileExistsError):
        scheduler.enqueue(layout.jobs / ".new-second", job, 1_000.001)
    assert [m.name for m in layout.waiting.iterdir()] == [
        marker_name(1_000.001, "training", "rivals")
    ]


def test_a_driver_that_hangs_counts_as_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "nvidia-smi"
    asked.write_text("#!/bin/sh\necho 'GPU 0: one'\n[ -e $HANGS ] && exec sleep 300\nexit 0\n")
    asked.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HANGS", str(tmp_path / "hangs"))
    container.gpu_count.cache_clear()
    assert container.gpu_count() == 1
    (tmp_path / "hangs").touch()
    monkeypatch.setattr(container, "_GPU_SECONDS", 0.2)
    container.gpu_count.cache_clear()
    assert container.gpu_count() == 0
    container.gpu_count.cache_clear()
