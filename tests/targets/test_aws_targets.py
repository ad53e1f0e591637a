"""Which targets AWS's own files make, and what is said of a name that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_sm.targets import UnknownTargetError, check_target, target_names


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """AWS's two files, empty, and no variable that says more."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


CONFIG = """
[default]
region = us-east-1
[profile team]
region = eu-west-1
[profile nowhere]
output = json
[profile 'quoted one']
region = us-west-2
[profile gov]
region = us-gov-west-1
[sso-session corp]
sso_region = us-east-1
[services local]
s3 =
  endpoint_url = http://localhost
"""


def aws_names() -> list[str]:
    return [name for name in target_names() if name != "local"]


def test_each_profile_with_a_region_is_a_target(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws_names() == []
    (files / "config").write_text(CONFIG)
    assert aws_names() == ["default@us-east-1", "team@eu-west-1", "gov@us-gov-west-1"]
    (files / "credentials").write_text("[old]\nregion = sa-east-1\n[team]\naws_access_key_id = x\n")
    assert "old@sa-east-1" in aws_names()
    monkeypatch.setenv("AWS_PROFILE", "team")
    assert aws_names()[0] == "team@eu-west-1"
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert aws_names()[0] == "team@ap-south-1"


def test_keys_of_the_environment_are_a_target(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    assert aws_names() == []
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    assert aws_names() == ["default@us-east-2"]


@pytest.mark.parametrize(
    "text", ["[default", "\x00\xff", "region = x", "[default]\nregion us", "[default]\nregion =\n"]
)
def test_a_broken_file_breaks_nothing(files: Path, text: str) -> None:
    (files / "config").write_text(text)
    assert aws_names() == []


def test_all_offered_targets_can_be_used(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_PROFILE", "gone")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name in aws_names():
        check_target(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nobody@us-east-1", "no AWS profile 'nobody'.*aws configure --profile nobody"),
        ("nowhere", "'nowhere' sets no region"),
        ("team", "team@eu-west-1"),
        ("team@", "a profile and a region"),
        ("team@eu", "a profile and a region"),
        ("@us-east-1", "a profile and a region"),
        ("team@EU-WEST-1", "a profile and a region"),
        ("team@eu-west-1 ", "a profile and a region"),
        ("us-east-1", "There is no target 'us-east-1'"),
    ],
)
def test_a_name_that_is_no_target_says_so(files: Path, name: str, says: str) -> None:
    (files / "config").write_text(CONFIG)
    with pytest.raises(UnknownTargetError, match=says):
        check_target(name)
