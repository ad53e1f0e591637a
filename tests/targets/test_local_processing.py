"""Processing jobs on the local target: what the script finds, what comes out, how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jupyter_sm.desk.submit import submit_request
from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.targets.local import LocalTarget
from jupyter_sm.targets.local.runner.views import SWITCH
from jupyter_sm.tracking.tracker import Tracker

from kit.local_machine import FINAL, Machine, machine_in, views_in
from kit.wait import wait_for

GROUP = "/aws/sagemaker/ProcessingJobs"
CODE = "/opt/ml/processing/input/code"
OUT = "/opt/ml/processing/output"


def request_in(folder: Path, code: str, **changes: Any) -> dict[str, Any]:
    """A request that runs a script of a folder; its output `out` goes to `result`."""
    script = folder / "code" / "prepare.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(code)
    return {
        "ProcessingJobName": "prepare",
        "RoleArn": "arn:aws:iam::000000000000:role/local",
        "AppSpecification": {
            "ImageUri": Path(sys.executable).as_uri(),
            "ContainerEntrypoint": ["python3", f"{CODE}/prepare.py"],
            "ContainerArguments": ["--to", OUT],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": changes.pop("hosts", 1),
                "VolumeSizeInGB": 1,
            }
        },
        "ProcessingInputs": [given("code", script.parent, CODE), *changes.pop("inputs", [])],
        "ProcessingOutputConfig": {
            "Outputs": [made("out", folder / "result", OUT, changes.pop("mode", "EndOfJob"))]
        },
        **changes,
    }


def given(name: str, place: Path, path: str, **more: str) -> dict[str, Any]:
    where = {"S3Uri": place.as_uri(), "LocalPath": path, "S3DataType": "S3Prefix", **more}
    return {"InputName": name, "S3Input": where}


def made(name: str, place: Path, path: str, mode: str) -> dict[str, Any]:
    where = {"S3Uri": place.as_uri(), "LocalPath": path, "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": where}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with machine_in(tmp_path / "machine", max_jobs=2) as one:
        yield one


def status(machine: Machine) -> str:
    return str(described(machine)["ProcessingJobStatus"])


def described(machine: Machine) -> dict[str, Any]:
    return machine.sagemaker.describe_processing_job(ProcessingJobName="prepare")


def run(machine: Machine, request: dict[str, Any]) -> dict[str, Any]:
    machine.sagemaker.create_processing_job(**request)
    wait_for(lambda: status(machine) in FINAL)
    return described(machine)


def printed(machine: Machine) -> list[str]:
    events = machine.logs.filter_log_events(logGroupName=GROUP)["events"]
    return [event["message"] for event in events]


def test_a_script_starts_where_sagemakers_images_start_it(machine: Machine, tmp_path: Path) -> None:
    views_in(tmp_path / "views")
    code = """
import pathlib, sys
pathlib.Path("../model").write_text("unpacked")
pathlib.Path(sys.argv[2], "seen").write_text(pathlib.Path("model").read_text())
"""
    found = run(machine, request_in(tmp_path, code))
    assert found["ProcessingJobStatus"] == "Completed", printed(machine)
    assert (tmp_path / "result" / "seen").read_text() == "unpacked"
    assert not Path("/model").exists()


def test_a_script_reads_its_inputs_and_leaves_its_outputs(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1\n")
    code = """
import pathlib, sys
rows = pathlib.Path(sys.argv[4]).read_text()
pathlib.Path(sys.argv[2], "rows.csv").write_text(rows * 2)
print("copied")
"""
    rows = given("rows", tmp_path / "rows.csv", "/opt/ml/processing/input/rows")
    request = request_in(tmp_path, code, inputs=[rows])
    words = request["AppSpecification"]["ContainerArguments"]
    words += ["--from", "/opt/ml/processing/input/rows/rows.csv"]
    found = run(machine, request)
    assert found["ProcessingJobStatus"] == "Completed"
    assert found["ProcessingStartTime"] <= found["ProcessingEndTime"]
    assert (tmp_path / "result" / "rows.csv").read_text() == "1\n1\n"
    assert printed(machine) == ["copied"]
    # As SageMaker's: what was asked stands in the answer as it was asked.
    assert found["AppSpecification"] == request["AppSpecification"]


@pytest.mark.parametrize("mode", ["EndOfJob", "Continuous"])
def test_a_script_with_sagemakers_own_paths_runs_unchanged(
    machine: Machine, tmp_path: Path, mode: str
) -> None:
    views_in(tmp_path / "tried")
    (tmp_path / "rows.csv").write_text("1\n")
    code = (
        f"open('{OUT}/out.csv', 'w').write(open('/opt/ml/processing/input/rows/rows.csv').read())"
    )
    rows = given("rows", tmp_path / "rows.csv", "/opt/ml/processing/input/rows")
    found = run(machine, request_in(tmp_path, code, inputs=[rows], mode=mode))
    assert found["ProcessingJobStatus"] == "Completed", found.get("FailureReason")
    assert (tmp_path / "result" / "out.csv").read_text() == "1\n"


def test_without_an_own_opt_ml_a_script_that_opens_it_is_told_the_way(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "0")
    found = run(machine, request_in(tmp_path, f"open('{OUT}/out.csv', 'w')"))
    reason = found["FailureReason"]
    assert f"for {OUT}/out.csv, give it to the script as an argument." in reason
    explained = explain(reason)
    assert explained.title == "There is no /opt/ml on this machine"
    assert "as an argument" in explained.fixes[0]


def test_hosts_get_their_share_and_write_to_one_place(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(4):
        (folder / f"{n}.csv").write_text(str(n))
    code = """
import json, pathlib, sys
here = pathlib.Path(sys.argv[0]).parents[3]
host = json.loads((here / "config/resourceconfig.json").read_text())
rows = sorted(p.name for p in (here / "processing/input/rows").iterdir())
pathlib.Path(sys.argv[2], host["current_host"]).write_text(" ".join([*rows, *host["hosts"]]))
"""
    rows = given(
        "rows",
        folder,
        "/opt/ml/processing/input/rows",
        S3DataDistributionType="ShardedByS3Key",
    )
    assert (
        run(machine, request_in(tmp_path, code, hosts=2, inputs=[rows]))["ProcessingJobStatus"]
        == "Completed"
    )
    found = {path.name: path.read_text() for path in (tmp_path / "result").iterdir()}
    assert found == {
        "algo-1": "0.csv 2.csv algo-1 algo-2",
        "algo-2": "1.csv 3.csv algo-1 algo-2",
    }


def test_a_failure_tells_its_exit_code_and_what_the_container_said(
    machine: Machine, tmp_path: Path
) -> None:
    code = """
import pathlib, sys
(pathlib.Path(sys.argv[0]).parents[3] / "output/message").write_text("row 7 has no label")
sys.exit(3)
"""
    found = run(machine, request_in(tmp_path, code))
    assert found["ProcessingJobStatus"] == "Failed"
    assert found["FailureReason"].endswith("exit code: 3")
    assert found["ExitMessage"] == "row 7 has no label"
    (row,) = machine.sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    assert row["FailureReason"] == found["FailureReason"]
    assert not (tmp_path / "result" / "rows.csv").exists()


def test_of_what_the_container_said_no_more_is_read_than_is_told(
    machine: Machine, tmp_path: Path
) -> None:
    code = """
import pathlib, sys
for name in ("message", "failure"):
    with open(pathlib.Path(sys.argv[0]).parents[3] / "output" / name, "w") as file:
        file.write("row 7 has no label")
        file.truncate(1 << 36)  # sparse; no machine has so much memory
sys.exit(3)
"""
    found = run(machine, request_in(tmp_path, code))
    assert found["FailureReason"].startswith("AlgorithmError: row 7 has no label\0")
    assert len(found["FailureReason"]) == len(found["ExitMessage"]) == 1024


def test_a_program_that_is_not_there_is_named(machine: Machine, tmp_path: Path) -> None:
    request = request_in(tmp_path, "")
    request["AppSpecification"]["ContainerEntrypoint"] = ["spark-submit-nowhere"]
    reason = run(machine, request)["FailureReason"]
    assert reason.startswith("ClientError: ContainerEntrypoint names 'spark-submit-nowhere'")


def test_a_job_is_stopped_and_what_it_wrote_at_once_stays(machine: Machine, tmp_path: Path) -> None:
    code = """
import pathlib, sys, time
pathlib.Path(sys.argv[2], "part.csv").write_text("1")
time.sleep(600)
"""
    machine.sagemaker.create_processing_job(**request_in(tmp_path, code, mode="Continuous"))
    wait_for(lambda: (tmp_path / "result" / "part.csv").exists())
    machine.sagemaker.stop_processing_job(ProcessingJobName="prepare")
    wait_for(lambda: status(machine) == "Stopped")
    with pytest.raises(ClientError, match="the processing job is in status Stopped"):
        machine.sagemaker.stop_processing_job(ProcessingJobName="prepare")


FEATURES = {"OutputName": "out", "FeatureStoreOutput": {"FeatureGroupName": "rows"}}


def changed(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *heads, last = path.split(".")
    at: Any = request
    for head in heads:
        at = at[int(head)] if head.isdigit() else at[head]
    if value is None:
        del at[last]
    else:
        at[int(last) if last.isdigit() else last] = value
    return request


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("AppSpecification.ContainerEntrypoint", None, "must name a ContainerEntrypoint"),
        ("ProcessingInputs.0.S3Input.S3Uri", "s3://bucket/code", "input code names s3://bucket"),
        ("ProcessingInputs.0.S3Input.S3DataType", "ManifestFile", "no S3DataType ManifestFile"),
        ("ProcessingInputs.0.S3Input.S3InputMode", "Pipe", "no S3InputMode Pipe (input code)"),
        ("ProcessingInputs.0.S3Input.LocalPath", "/tmp/code", "LocalPath must begin with"),
        ("ProcessingInputs.0.S3Input.LocalPath", "/opt/ml/processing/../../etc", "LocalPath must"),
        (
            "ProcessingInputs.0",
            {"InputName": "a", "DatasetDefinition": {"LocalPath": CODE}},
            "give",
        ),
        ("ProcessingOutputConfig.Outputs.0", FEATURES, "no feature store"),
        ("ProcessingInputs.0.AppManaged", True, "leave AppManaged out"),
    ],
)
def test_what_is_not_offered_is_refused(
    machine: Machine, tmp_path: Path, path: str, value: Any, told: str
) -> None:
    request = changed(request_in(tmp_path, ""), path, value)
    with pytest.raises(ClientError) as refused:
        machine.sagemaker.create_processing_job(**request)
    assert told in str(refused.value)
    assert machine.sagemaker.list_processing_jobs()["ProcessingJobSummaries"] == []


def test_names_of_inputs_are_unique(machine: Machine, tmp_path: Path) -> None:
    request = request_in(tmp_path, "", inputs=[given("code", tmp_path, f"{CODE}/more")])
    with pytest.raises(ClientError, match="Input names must be unique; code is"):
        machine.sagemaker.create_processing_job(**request)


def test_an_input_and_an_output_have_folders_of_their_own(machine: Machine, tmp_path: Path) -> None:
    request = request_in(tmp_path, "", inputs=[given("more", tmp_path, f"{OUT}/")])
    with pytest.raises(ClientError, match="/opt/ml/processing/output is named twice"):
        machine.sagemaker.create_processing_job(**request)


def test_a_failed_job_is_tracked_logged_and_explained(store: Store, tmp_path: Path) -> None:
    code = "print('reading')\nraise KeyError('label')\n"
    tracker = Tracker(store, LocalTarget(store.folder / "local"), Rank.SERVER)
    tracker.start()
    try:
        view = submit_request(store, request_in(tmp_path, code), kind="processing")
        key = JobKey("local", "processing", "prepare")
        assert view.key == key

        def told() -> str:
            now = jobs_table.get(store, key)
            return f"{now.status}: {now.explanation and now.explanation.sentence}"

        wait_for(lambda: "KeyError" in told())
        assert told().startswith("Failed")
        texts = [record.text for record in LogPages(store).page(key).records]
        assert texts[0] == "reading" and texts[-1].startswith("Traceback")
        found = jobs_table.get(store, key)
        assert found.script == "prepare.py"
        assert json.loads(json.dumps(found.as_dict()))["kind"] == "processing"
    finally:
        tracker.stop()


def test_a_package_that_a_command_misses_belongs_into_its_image(
    store: Store, tmp_path: Path
) -> None:
    tracker = Tracker(store, LocalTarget(store.folder / "local"), Rank.SERVER)
    tracker.start()
    try:
        request = request_in(tmp_path, "import no_such_package")
        key = submit_request(store, request, kind="processing").key
        wait_for(lambda: LogPages(store).page(key).records and is_explained(store, key), 30)
        found = jobs_table.get(store, key).explanation
        assert "add no_such_package" in found.fixes[0] and "the job's image" in found.fixes[0]
    finally:
        tracker.stop()


def is_explained(store: Store, key: JobKey) -> bool:
    found = jobs_table.get(store, key).explanation
    return found is not None and found.category == "missing-dependency"


def test_a_job_that_reaches_its_limit_says_so(store: Store, tmp_path: Path) -> None:
    tracker = Tracker(store, LocalTarget(store.folder / "local"), Rank.SERVER)
    tracker.start()
    limit = {"StoppingCondition": {"MaxRuntimeInSeconds": 1}}
    try:
        request = request_in(tmp_path, "import time; time.sleep(60)", **limit)
        key = submit_request(store, request, kind="processing").key
        wait_for(lambda: getattr(jobs_table.get(store, key), "status", "") == "Stopped", 30)
        found = jobs_table.get(store, key)
        assert found is not None and found.explanation is not None
        assert found.explanation.category == "max-runtime"
    finally:
        tracker.stop()
