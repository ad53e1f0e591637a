"""The role a job runs with, from the call to the caller's own, and settings that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk.submit import submit_request
from jupyter_sm.diagnosis import ExplainedError

from kit.aws_account import TARGET, Account
from kit.simulator import default_request
from kit.wait import wait_for

ROLE = "arn:aws:iam::123456789012:role/Training"


def request(**changes: Any) -> dict[str, Any]:
    made = {**default_request("job"), "RoleArn": ROLE, **changes}
    return {key: value for key, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"RoleArn": "MyRole"}, "'MyRole' is not the ARN of a role"),
        ({"RoleArn": "arn:aws:iam::123456789012:user/me"}, "is not the ARN of a role"),
        ({"RoleArn": ""}, "role"),
        ({"RoleArn": "arn:aws-cn:iam::123456789012:role/Training"}, "partition aws-cn"),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1",
                    "TrainingInputMode": "File",
                }
            },
            "The image lies in eu-west-1",
        ),
    ],
)
def test_what_can_be_known_before_is_refused_at_once(
    account: Account, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ExplainedError, match=says) as told:
        submit_request(account.store, request(**changes), target=TARGET)
    assert "\n" not in told.value.explanation.what_happened
    assert account.job("job") is None and not account.sim.calls


def role_of(account: Account, name: str) -> tuple[str, list[str]]:
    wait_for(lambda: account.status(name) in ("InProgress", "Rejected"))
    job = account.known(name)
    assert job.status == "InProgress", job.failure_reason
    return account.there(name).request["RoleArn"], [n for n in job.notes if "Role" in n]


def test_the_role_of_the_call_goes_first(account: Account) -> None:
    account.settings(role="arn:aws:iam::123456789012:role/Configured", create_bucket=True)
    account.track()
    account.submit("job", role=ROLE)
    assert role_of(account, "job")[0] == ROLE


def metadata(monkeypatch: pytest.MonkeyPatch, folder: Path, content: object) -> None:
    path = folder / "metadata.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    monkeypatch.setenv("RESOURCE_METADATA_FILE", str(path))


def test_the_settings_go_before_the_notebook_s_metadata(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = "arn:aws:iam::123456789012:role/service-role/Studio"
    metadata(monkeypatch, tmp_path, {"ExecutionRoleArn": theirs})
    account.settings(role=ROLE, create_bucket=True)
    account.track()
    account.submit("configured")
    assert role_of(account, "configured") == (ROLE, ["Role Training, from config.toml."])
    account.settings(create_bucket=True)
    account.submit("studio")
    role, notes = role_of(account, "studio")
    assert role == theirs and notes == ["Role service-role/Studio, from this notebook's metadata."]


def assume(account: Account, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    answer = account.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::123456789012:role/{role}", RoleSessionName="me"
    )["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", answer["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", answer["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", answer["SessionToken"])


@pytest.mark.parametrize("broken", ["no json", "[]", "{}", '{"ExecutionRoleArn": null}', None])
def test_the_caller_s_own_role_is_the_last(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str | None
) -> None:
    if broken is not None:
        metadata(monkeypatch, tmp_path, broken)
    account.client("iam").create_role(RoleName="Own", Path="/team/", AssumeRolePolicyDocument="{}")
    assume(account, monkeypatch, "team/Own")
    account.settings(create_bucket=True)
    account.track()
    account.submit("job")
    role, notes = role_of(account, "job")
    assert role == "arn:aws:iam::123456789012:role/team/Own"
    assert notes == ["Role team/Own, of the session that this notebook runs with."]


@pytest.mark.parametrize(
    ("name", "path"), [("Own", ""), ("AmazonSageMaker-ExecutionRole-2024", "service-role/")]
)
def test_a_role_that_may_not_be_asked_for_is_named_as_it_likely_is(
    account: Account, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    assume(account, monkeypatch, name)
    account.settings(create_bucket=True)
    account.track()
    account.submit("job")
    assert role_of(account, "job")[0] == f"arn:aws:iam::123456789012:role/{path}{name}"


def test_a_user_must_name_a_role(account: Account) -> None:
    keys = account.client("iam")
    keys.create_user(UserName="anna")
    account.settings(create_bucket=True)
    account.track()
    account.submit("job")
    explanation = account.refused("job").explanation
    assert explanation is not None and explanation.category == "execution-role"
    assert any('role="arn:aws:iam' in fix for fix in explanation.fixes)
    assert account.client("s3").list_buckets()["Buckets"] == [], "nothing is made before"


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("MyRole", "'MyRole' is not the ARN of a role"),
        ("arn:aws-cn:iam::123456789012:role/Training", "partition"),
    ],
)
def test_a_role_of_the_settings_is_checked_too(account: Account, role: str, says: str) -> None:
    account.settings(role=role, create_bucket=True)
    account.track()
    account.submit("job")
    assert says in (account.refused("job").failure_reason or "")


@pytest.mark.parametrize(
    "text", ["[defaults", "[defaults]\nrole = 3\n", "[defaults]\nrolle = 'x'\n", "defaults = 1\n"]
)
def test_settings_that_are_wrong_are_told(account: Account, text: str) -> None:
    account.store.folder.joinpath("config.toml").write_text(text)
    account.track()
    try:
        account.submit("job")
    except ExplainedError as error:
        assert "config.toml" in str(error)
        return
    assert "config.toml" in (account.refused("job").failure_reason or "")
