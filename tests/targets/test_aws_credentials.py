"""Credentials, endpoints and clocks: whose count, what is told when they fail, and no secret shown."""

from __future__ import annotations

import os
import re
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store

from kit.aws_account import ENDLESS, QUICK, Account, account_in
from kit.wait import wait_for

ROLE = "arn:aws:iam::123456789012:role/Training"


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
    from jupyter_sm.store import jobs as jobs_table

    wait_for(
        lambda: jobs_table.get(account.store, JobKey("team@us-east-1", "training", "theirs")), 10
    )


def test_without_credentials_a_target_waits_for_them(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    account.sim.add_job("job", scenario=ENDLESS)
    account.track()
    account.submit("mine")
    wait_for(lambda: account.health().health == "waiting")
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
    wait_for(lambda: account.health().health == "waiting")
    assert "credentials" in (account.health().reason or "")


@pytest.mark.parametrize("how", ["refuses", "hangs", "no-name"])
def test_an_endpoint_that_can_not_be_reached_is_told(
    account: Account, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from jupyter_sm.targets.aws import target as aws_target

    monkeypatch.setattr(aws_target, "_READ_SECONDS", 0.4)
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
        assert re.search("(?i)connect|timeout", reason) and "Check the network" in reason, reason
        assert len(reason) < 300, reason
        monkeypatch.setattr(aws_target, "_READ_SECONDS", 3)
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


def test_secrets_are_neither_shown_nor_logged(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    from jupyter_sm.desk import Desk
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
        job = Job(Desk(account.store), account.known(name))
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
        account.track(cadence=replace(QUICK, sweep=3600.0))
        account.submit("mine")
        wait_for(lambda: account.status("mine") == "InProgress")
        account.sim.add_job("theirs", scenario=ENDLESS)
        wait_for(lambda: account.status("theirs") == "InProgress", 10)
        account.sim.stop_job("theirs")
        wait_for(lambda: account.status("theirs") == "Stopping", 10)
        calls = account.sim.count("DescribeTrainingJob")
        lists = account.sim.count("ListTrainingJobs")
        wait_for(lambda: account.sim.count("ListTrainingJobs") > lists + 10)
        # Nothing changes, so nothing is described.
        assert account.sim.count("DescribeTrainingJob") - calls < 8
