"""The SageMaker SDK's defaults: they fill what a request leaves out, and the job says from where."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.aws import sdk_defaults
from jupyter_sm.targets.aws.sdk_defaults import SdkDefaults
from jupyter_sm.targets.protocol import StagingRefusedError

from kit.aws_account import Account
from kit.simulator import ROLE
from kit.wait import wait_for

THEIR_ROLE = "arn:aws:iam::123456789012:role/Company"
ADMIN = f"""
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      Session:
        DefaultS3Bucket: company-bucket
        DefaultS3ObjectKeyPrefix: teams/one
  TrainingJob:
    RoleArn: {THEIR_ROLE}
    VpcConfig:
      SecurityGroupIds: [sg-admin]
      Subnets: [subnet-admin]
    OutputDataConfig:
      KmsKeyId: admin-key
    ResourceConfig:
      VolumeKmsKeyId: volume-key
    EnableNetworkIsolation: true
    EnableInterContainerTrafficEncryption: true
    Environment:
      COMPANY: 'yes'
    Tags:
      - Key: cost-centre
        Value: '42'
      - Key: owner
        Value: nobody
"""
USER = """
SageMaker:
  TrainingJob:
    OutputDataConfig:
      KmsKeyId: user-key
"""


def files(home: Path) -> tuple[Path, Path]:
    """Where the user's and the administrators' defaults stand."""
    found = home / "config" / "sagemaker", home / "site" / "sagemaker"
    for folder in found:
        folder.mkdir(parents=True, exist_ok=True)
    return found[0] / "config.yaml", found[1] / "config.yaml"


def started(account: Account, name: str) -> None:
    wait_for(lambda: account.status(name) in ("InProgress", "Rejected"))
    assert account.status(name) == "InProgress", account.known(name).failure_reason


def test_they_fill_what_the_request_leaves_out(account: Account, home: Path) -> None:
    user, admin = files(home)
    user.write_text(USER)
    admin.write_text(ADMIN)
    account.client("s3").create_bucket(Bucket="company-bucket")
    (home / "config.toml").unlink()
    account.track()
    account.submit("filled", tags={"owner": "me"})
    started(account, "filled")
    request = account.there("filled").request
    assert request["RoleArn"] == THEIR_ROLE
    assert request["VpcConfig"] == {"SecurityGroupIds": ["sg-admin"], "Subnets": ["subnet-admin"]}
    assert request["OutputDataConfig"] == {
        "KmsKeyId": "user-key",
        "S3OutputPath": "s3://company-bucket/teams/one/jupyter-sm/output",
    }
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == "volume-key"
    assert request["EnableNetworkIsolation"] is True
    assert request["EnableInterContainerTrafficEncryption"] is True
    assert request["Environment"] == {"COMPANY": "yes"}
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert (tags["cost-centre"], tags["owner"]) == ("42", "me")
    assert all(
        key.startswith("teams/one/jupyter-sm/") for key in account.contents("company-bucket")
    )
    notes = account.known("filled").notes
    assert f"Role Company, from {admin}." in notes
    assert f"Bucket company-bucket from {admin}." in notes
    assert f"OutputDataConfig.KmsKeyId from {user}." in notes
    [theirs] = [note for note in notes if note.startswith("VpcConfig, ")]
    assert theirs.endswith(f"Tags from {admin}.") and "KmsKeyId," in theirs


def test_the_request_and_config_toml_go_before_them(account: Account, home: Path) -> None:
    files(home)[1].write_text(ADMIN)
    account.client("s3").create_bucket(Bucket="own-bucket")
    account.settings(role=ROLE, bucket="own-bucket")
    account.track()
    account.submit("own", environment={"MINE": "1"})
    started(account, "own")
    request = account.there("own").request
    assert request["RoleArn"] == ROLE
    assert request["OutputDataConfig"]["S3OutputPath"] == "s3://own-bucket/jupyter-sm/output"
    assert request["Environment"] == {"MINE": "1"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("SageMaker: [", "expected"),
        ("- a list", "it holds no mapping"),
        (b"\xff\xfe", "codec can't decode"),
    ],
)
def test_a_file_that_can_not_be_read_is_told_in_a_sentence(
    account: Account, home: Path, content: str | bytes, why: str
) -> None:
    user, _ = files(home)
    user.write_bytes(content if isinstance(content, bytes) else content.encode())
    account.track()
    account.submit("job")
    said = account.refused("job").failure_reason
    assert (
        said.startswith(f"The SageMaker SDK's defaults in {user} can't be read: ") and why in said
    )
    assert "\n" not in said


def test_a_value_that_can_not_be_right_is_told_with_its_file(account: Account, home: Path) -> None:
    _, admin = files(home)
    admin.write_text("SageMaker:\n  TrainingJob:\n    EnableNetworkIsolation: perhaps\n")
    account.track()
    account.submit("job")
    said = account.refused("job").failure_reason
    assert f"defaults in {admin} EnableNetworkIsolation must be a boolean" in said


def read(client: Any = None) -> SdkDefaults:
    return sdk_defaults.read(client)


def test_variables_name_other_files_folders_and_objects(
    account: Account, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files(home)[0].write_text(USER)
    (tmp_path / "config.yaml").write_text(ADMIN)
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", os.fspath(tmp_path))
    assert read().role("TrainingJob") == (THEIR_ROLE, os.fspath(tmp_path))
    s3 = account.client("s3")
    s3.create_bucket(Bucket="config")
    s3.put_object(Bucket="config", Key="defaults.yaml", Body=ADMIN.encode())
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", os.fspath(files(home)[0]))
    monkeypatch.setenv("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", "s3://config/defaults.yaml")
    found = read(account.client)
    assert found.role("TrainingJob") == (THEIR_ROLE, "s3://config/defaults.yaml")
    assert found.value("SageMaker", "TrainingJob", "OutputDataConfig", "KmsKeyId")[0] == "user-key"
    monkeypatch.setenv("SAGEMAKER_ADMIN_CONFIG_OVERRIDE", "/nowhere/config.yaml")
    with pytest.raises(StagingRefusedError, match=r"/nowhere/config.yaml can't be read: it is not"):
        read()


def test_without_a_file_nothing_is_set(account: Account) -> None:
    request: dict[str, Any] = {}
    assert read().fill(request, "TrainingJob") == []
    assert (request, read().bucket(), read().role("TrainingJob")) == ({}, None, None)
