"""Defaults: what a call leaves out comes from the project, the user or the SDK, and it is said from where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import jupyter_sm as sm
from jupyter_sm.diagnosis import ExplainedError

from kit.aws_account import TARGET, Account
from kit.command import sm as command

PROJECT = f"""
instance = "ml.c5.xlarge"
bucket = "project-bucket"

[tags]
team = "vision"
stage = "project"

[targets."{TARGET}"]
instance = "ml.g5.xlarge"
subnets = ["subnet-project"]
security_group_ids = ["sg-project"]
"""
USER = f"""
[defaults]
role = "arn:aws:iam::123456789012:role/Mine"
volume_kms_key = "mine"
max_runtime = 600
security_group_ids = ["sg-mine"]
subnets = ["subnet-mine"]

[defaults.tags]
owner = "me"
stage = "user"

[targets."{TARGET}"]
output_kms_key = "of-the-target"
"""
SDK = """
SageMaker:
  TrainingJob:
    OutputDataConfig: {KmsKeyId: of-the-sdk}
    EnableNetworkIsolation: true
    Tags: [{Key: cost, Value: '42'}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A notebook's folder in a project's repository."""
    place = tmp_path / "project" / "notebooks"
    place.mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    place.joinpath("train.py").write_text("import torch\n")
    monkeypatch.chdir(place)
    home.mkdir(exist_ok=True)
    return place


def project(folder: Path, text: str = PROJECT) -> Path:
    file = folder.parent / "jupyter_sm.toml"
    file.write_text(text)
    return file


def user(home: Path, text: str = USER) -> Path:
    (home / "config.toml").write_text(text)
    return home / "config.toml"


def planned(**options: Any) -> dict[str, Any]:
    plan = sm.train("train.py", dry_run=True, **options)
    assert plan.faults == []
    return plan.request


def tags(request: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request["Tags"]}


def test_what_a_call_leaves_out_is_filled_in_by_rank(folder: Path, home: Path) -> None:
    file, mine = project(folder), user(home)
    request = planned(target=TARGET, tags={"stage": "call"})
    assert request["ResourceConfig"]["InstanceType"] == "ml.g5.xlarge"
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == "mine"
    assert request["OutputDataConfig"] == {"KmsKeyId": "of-the-target"}
    assert request["VpcConfig"] == {
        "Subnets": ["subnet-project"],
        "SecurityGroupIds": ["sg-project"],
    }
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert tags(request) == {"team": "vision", "owner": "me", "stage": "call"}
    assert "RoleArn" not in request, "staging reads that one, and says so"
    notes = sm.train("train.py", dry_run=True, target=TARGET).notes
    assert f"instance, subnets, security_group_ids, bucket from {file}." in notes
    assert f"output_kms_key, volume_kms_key, max_runtime from {mine}." in notes
    assert f"tags from {file}, {mine}." in notes


def test_the_call_goes_before_all_and_a_network_is_one_persons(folder: Path, home: Path) -> None:
    project(folder)
    user(home)
    request = planned(
        target=TARGET,
        instance="ml.m5.2xlarge",
        subnets=["subnet-call"],
        security_group_ids=["sg-call"],
    )
    assert request["ResourceConfig"]["InstanceType"] == "ml.m5.2xlarge"
    assert request["VpcConfig"] == {"Subnets": ["subnet-call"], "SecurityGroupIds": ["sg-call"]}
    plan = sm.train("train.py", dry_run=True, target=TARGET, subnets=["subnet-call"])
    assert plan.faults == ["VpcConfig.SecurityGroupIds: is missing."]


def test_the_local_target_takes_what_counts_there(folder: Path, home: Path) -> None:
    project(folder, PROJECT + "\n[targets.local]\nimage = 'python3'\n")
    user(home)
    plan = sm.train("train.py", dry_run=True)
    assert plan.request["ResourceConfig"]["InstanceType"] == "ml.c5.xlarge"
    assert "VpcConfig" not in plan.request and "KmsKeyId" not in plan.request["OutputDataConfig"]
    assert not any("count for nothing" in note for note in plan.notes)
    assert plan.request["AlgorithmSpecification"]["TrainingImage"].endswith("python3")


def test_a_file_beyond_the_repository_does_not_count(folder: Path) -> None:
    folder.parents[1].joinpath("jupyter_sm.toml").write_text("instance = 'ml.p5.48xlarge'\n")
    assert planned()["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    (folder.parent / ".git").rmdir()
    folder.parent.joinpath("jupyter_sm.toml").write_text("instance = 'ml.p5.48xlarge'\n")
    assert planned()["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    folder.joinpath("jupyter_sm.toml").write_text("instance = 'ml.c5.large'\n")
    assert planned()["ResourceConfig"]["InstanceType"] == "ml.c5.large"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("instanse = 'x'", "sets 'instanse'; did you mean 'instance'?"),
        ("script = 'x'", "sets 'script'; known are instance"),
        ("instance_count = 'two'", "instance_count must be a whole number, not 'two'."),
        ("tags = 'x'", "tags must be a mapping"),
        ("[tags]\na = 1", "tags['a'] must be a text, not 1."),
        ("targets = 3", "targets and each of targets must be tables"),
        ("[targets]\nlocal = 3", "targets and each of targets must be tables"),
        ("instance = ", "can't be read"),
    ],
)
def test_a_file_that_can_not_be_meant_is_told_in_a_sentence(
    folder: Path, text: str, says: str
) -> None:
    file = project(folder, text)
    for call in (lambda: sm.train("train.py"), sm.defaults):
        with pytest.raises(ExplainedError) as refused:
            call()
        assert says in str(refused.value) and str(file) in str(refused.value)


def test_a_setting_that_is_wrong_does_not_keep_local_jobs_from_running(
    folder: Path, home: Path
) -> None:
    file = user(home, "[defaults]\ninstance = 3\n")
    (note,) = sm.train("train.py", dry_run=True).notes
    assert note == (
        f"In {file}, instance must be a text, not 3. Its defaults do not count for this job."
    )
    with pytest.raises(ExplainedError, match="instance must be a text"):
        sm.train("train.py", target=TARGET)


def test_all_defaults_are_shown_with_where_they_come_from(
    account: Account, folder: Path, home: Path
) -> None:
    file, mine = project(folder), user(home)
    sdk = home / "config" / "sagemaker" / "config.yaml"
    sdk.parent.mkdir(parents=True)
    sdk.write_text(SDK)
    before = len(account.sim.calls)
    found = {one.name: one for one in sm.defaults(TARGET)}
    assert len(account.sim.calls) == before
    assert (found["instance"].value, found["instance"].source) == ("ml.g5.xlarge", str(file))
    assert (found["role"].source, found["bucket"].value) == (str(mine), "project-bucket")
    assert (found["output_kms_key"].value, found["output_kms_key"].source) == (
        "of-the-target",
        str(mine),
    )
    assert (found["EnableNetworkIsolation"].value, found["EnableNetworkIsolation"].source) == (
        True,
        str(sdk),
    )
    assert found["tags"].value == {
        "team": "vision",
        "owner": "me",
        "stage": "project",
        "cost": "42",
    }
    assert found["tags"].source == f"{file}, {mine}, {sdk}"
    assert (found["volume_gb"].value, found["volume_gb"].source) == (30, "jupyter_sm itself")
    assert found["image"].source == "by what the script imports"
    shown = repr(sm.defaults(TARGET)).splitlines()
    assert shown[0].split() == ["OPTION", "DEFAULT", "FROM"]
    assert shown[1].split(maxsplit=2) == ["instance", "ml.g5.xlarge", str(file)]
    assert "sg-project" in repr(sm.defaults(TARGET)) and "sg-mine" not in repr(sm.defaults(TARGET))


def test_the_command_line_shows_them_too(folder: Path) -> None:
    file = project(folder, "instance = 'ml.c5.large'\n")
    rows = command("defaults", "--json").json()
    assert {"name": "instance", "value": "ml.c5.large", "source": str(file)} in rows
    assert str(file) in command("defaults").out
    planned = command("train", "train.py", "--dry-run", "--json").json()
    assert planned["request"]["ResourceConfig"]["InstanceType"] == "ml.c5.large"


def test_defaults_hide_secrets(folder: Path) -> None:
    project(folder, "[environment]\nDB_PASSWORD = 'hunter2hunter'\n")
    assert "hunter2" not in repr(sm.defaults())
