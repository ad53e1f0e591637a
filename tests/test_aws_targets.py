"""Targets, credentials and roles: whose they are, and one clear sentence when they are not right."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_account import ENDLESS, TARGET, Account, account_in
from simulator import default_request

from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.targets import UnknownTargetError, check_target, target_names
from jupyter_sm.tracking import JobView, Store, submit_request

from conftest import wait_for

ROLE = "arn:aws:iam::123456789012:role/Training"


@pytest.fixture
def account(home: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account_in(home, store, monkeypatch) as made:
        yield made


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


def test_keys_of_the_environment_count_where_the_default_profile_names_only_a_region(
    account: Account,
) -> None:
    """As with AWS's own tools: a profile that nobody asked for by name hides no variables."""
    Path(os.environ["AWS_CONFIG_FILE"]).write_text("[default]\nregion = us-east-1\n")
    account.sim.add_job("job", scenario=ENDLESS)
    account.track()
    wait_for(lambda: account.status("job") == "InProgress", 10)


def test_a_profile_s_own_keys_and_endpoints_count(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = account.sim
    for name in ("AWS_ENDPOINT_URL_SAGEMAKER", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"):
        monkeypatch.delenv(name)
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile team]\nregion = us-east-1\nservices = mine\n[services mine]\n"
        f"sagemaker =\n  endpoint_url = {sim.url}\ncloudwatch_logs =\n  endpoint_url = {sim.url}\n"
    )
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[team]\naws_access_key_id = TEAMKEY\naws_secret_access_key = x\n"
    )
    sim.accounts["TEAMKEY"] = "210987654321"
    sim.add_job("theirs", scenario=ENDLESS, account="210987654321")
    account.track("team@us-east-1")
    from jupyter_sm.tracking import jobs_table

    wait_for(lambda: jobs_table.get(account.store, "team@us-east-1", "training", "theirs"), 10)


def test_without_credentials_a_target_waits_for_them(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    account.sim.add_job("job", scenario=ENDLESS)
    account.track()
    account.submit("mine")
    wait_for(lambda: account.health().health == "stale")
    reason = account.health().reason or ""
    assert "credentials" in reason and "aws configure" in reason
    assert account.status("mine") == "Submitting"
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[default]\naws_access_key_id = simulated\naws_secret_access_key = simulated\n"
    )
    wait_for(lambda: account.health().health == "ready", 10)
    wait_for(lambda: account.status("job") == "InProgress")
    wait_for(lambda: account.status("mine") == "InProgress")


def test_keys_that_nobody_knows_are_told(account: Account) -> None:
    account.sim.unknown_keys.add("simulated")
    account.track()
    wait_for(lambda: account.health().health == "stale")
    assert "credentials" in (account.health().reason or "")


@pytest.mark.parametrize("how", ["refuses", "hangs", "no-name"])
def test_an_endpoint_that_can_not_be_reached_is_told(
    account: Account, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from jupyter_sm.targets.aws import target as aws_target

    monkeypatch.setattr(aws_target, "_READ_SECONDS", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if how == "hangs":
            silent.listen(1)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        if how == "no-name":
            url = "http://sagemaker.invalid"
        working = os.environ["AWS_ENDPOINT_URL_SAGEMAKER"]
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", url)
        account.track()
        wait_for(lambda: account.health().health == "stale")
        reason = account.health().reason or ""
        assert "AWS" in reason and "Error" not in reason and len(reason) < 300, reason
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", working)
        wait_for(lambda: account.health().health == "ready")


def test_no_endpoint_for_logs_leaves_the_status(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:9")
    account.sim.add_job("job", scenario=ENDLESS)
    account.track()
    account.watch("job")
    wait_for(lambda: account.known("job").log_note)
    assert "log" in (account.known("job").log_note or "").lower()
    account.sim.stop_job("job")
    account.sim.clock.advance(200)
    wait_for(lambda: account.status("job") == "Stopped")


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
    monkeypatch.setenv("JUPYTER_SM_NOTEBOOK_METADATA", str(path))


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


def refused(account: Account, name: str) -> JobView:
    wait_for(lambda: account.status(name) not in ("Submitting", None), 10)
    job = account.known(name)
    assert job.status == "Rejected" and account.sim.count("CreateTrainingJob") == 0
    assert job.explanation is not None
    return job


def test_a_user_must_name_a_role(account: Account) -> None:
    keys = account.client("iam")
    keys.create_user(UserName="anna")
    account.settings(create_bucket=True)
    account.track()
    account.submit("job")
    explanation = refused(account, "job").explanation
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
    assert says in (refused(account, "job").failure_reason or "")


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
    assert "config.toml" in (refused(account, "job").failure_reason or "")


def test_secrets_are_neither_shown_nor_logged(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    from jupyter_sm.notebook.job import Job

    caplog.set_level("DEBUG", logger="jupyter_sm")
    account.sim.traps.accepted_but_timed_out = 1
    account.sim.unassumable_roles.add(ROLE)
    account.track()
    secrets = {"DB_PASSWORD": "hunter2", "API_TOKEN": "s3cr3t-value"}
    account.submit("fine", environment=secrets, hyperparameters={"api_key": "k3y-value"})
    account.submit("refused", environment=secrets, role=ROLE)
    wait_for(lambda: account.status("fine") == "InProgress")
    wait_for(lambda: account.status("refused") == "Rejected")
    shown = caplog.text
    for name in ("fine", "refused"):
        job = Job(account.store, account.known(name))
        shown += f"{job!r}{job.request}{job._repr_mimebundle_()}{job.explanation}{job.view}"
    for secret in (*secrets.values(), "k3y-value"):
        assert secret not in shown
    assert account.there("fine").request["Environment"] == secrets


@pytest.mark.parametrize("ahead", [-240.0, 240.0])
def test_a_host_whose_clock_is_a_little_off_misses_nothing(
    home: Path, store: Store, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    """Below five minutes AWS takes the signatures, so the times of both are compared."""
    with account_in(home, store, monkeypatch, start=time.time() - ahead) as account:
        account.track()
        account.submit("mine")
        wait_for(lambda: account.status("mine") == "InProgress")
        account.sim.add_job("theirs", scenario=ENDLESS)
        wait_for(lambda: account.status("theirs") == "InProgress", 10)
        account.sim.stop_job("theirs")
        wait_for(lambda: account.status("theirs") == "Stopping", 10)
        calls = account.sim.count("DescribeTrainingJob")
        lists = account.sim.count("ListTrainingJobs")
        wait_for(lambda: account.sim.count("ListTrainingJobs") > lists + 10)
        # Nothing changes, so nothing is described, but for the sweep now and then.
        assert account.sim.count("DescribeTrainingJob") - calls < 8
