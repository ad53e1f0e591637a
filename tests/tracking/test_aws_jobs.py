"""A training job on an AWS account, from the call to the last log line."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_sm.desk.again import submit_again
from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.logs.pages import LogPages

from kit.aws_account import TARGET, Account
from kit.simulator import Line, Scenario
from kit.wait import wait_for


def test_a_job_goes_from_the_cell_to_its_last_line(account: Account, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import torch\nprint('loss: 0.5')\n")
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("1,2\n" * 1000)
    account.sim.clock.speed = 40
    account.sim.scenario(
        "*", Scenario(lines=[Line(n, f"step {n} loss: {1 / (n + 1)}") for n in range(60)])
    )
    account.track()
    spec = TrainingSpec(str(script), inputs={"train": str(data)}, hyperparameters={"epochs": 3})
    submit_spec(account.store, spec, name="first", target=TARGET)
    assert account.status("first") == "Submitting"
    jobs_table.watch(account.store, JobKey(TARGET, "training", "first"))
    wait_for(lambda: account.status("first") == "Completed")

    request = account.sim.job("first").request
    source = json.loads(request["HyperParameters"]["sagemaker_submit_directory"])
    bucket = "sagemaker-us-east-1-123456789012"
    assert source.startswith(f"s3://{bucket}/jupyter-sm/sources/")
    uri = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    keys = {o["Key"] for o in account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
    assert f"{uri.removeprefix(f's3://{bucket}/')}a.csv" in keys
    view = account.job("first")
    assert view is not None
    assert any("Role SimulatedRole, from config.toml" in note for note in view.notes)
    assert any(note.startswith("Image pytorch:") for note in view.notes)
    key = JobKey(TARGET, "training", "first")
    wait_for(lambda: LogPages(account.store).page(key).total == 60)
    texts = [r.text for r in LogPages(account.store).page(key, limit=1000).records]
    assert sorted(texts) == sorted(f"step {n} loss: {1 / (n + 1)}" for n in range(60))


def test_a_job_started_elsewhere_runs_again_with_all_its_settings(account: Account) -> None:
    settings = {
        "EnableInterContainerTrafficEncryption": True,
        "RetryStrategy": {"MaximumRetryAttempts": 3},
        "TensorBoardOutputConfig": {"S3OutputPath": "s3://bucket/tensorboard"},
        "DebugHookConfig": {"S3OutputPath": "s3://bucket/debug"},
        "ExperimentConfig": {"ExperimentName": "digits"},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    }
    job = account.sim.add_job("elsewhere", request=settings)
    output = job.request["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://")
    account.client("s3").create_bucket(Bucket=output.partition("/")[0])
    account.track()
    wait_for(lambda: account.job("elsewhere"))
    again = submit_again(account.store, JobKey(TARGET, "training", "elsewhere"))
    wait_for(lambda: account.created(again.name))
    before, after = (account.sim.job(name).request for name in ("elsewhere", again.name))
    assert {k: after[k] for k in settings} == settings
    assert {k: after[k] for k in before} == {**before, "TrainingJobName": again.name}
