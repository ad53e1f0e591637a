"""An AWS configuration that is broken: the local target needs none of it, an AWS target says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.desk.targets import shown
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import Store, jobs
from jupyter_sm.store.leases import Rank
from jupyter_sm.tracking.service import TrackingService

from kit.aws_account import TARGET, Account
from kit.wait import wait_for

BROKEN = {
    "no-sections": ("AWS_CONFIG_FILE", b"region = us-east-1\n"),
    "no-text": ("AWS_CONFIG_FILE", b"[default]\nregion = \xff\xfe\n"),
    "bad-credentials": ("AWS_SHARED_CREDENTIALS_FILE", b"keys: none\n"),
}
SETTINGS = {
    "retry-mode": {"AWS_RETRY_MODE": "zz"},
    "attempts": {"AWS_MAX_ATTEMPTS": "many"},
    "defaults-mode": {"AWS_DEFAULTS_MODE": "zz"},
    "checksums": {"AWS_REQUEST_CHECKSUM_CALCULATION": "zz"},
    "account-mode": {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "zz"},
    "compression": {"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "many"},
    "timeout": {"AWS_METADATA_SERVICE_TIMEOUT": "soon"},
    "monitoring": {"AWS_CSM_ENABLED": "true", "AWS_CSM_PORT": "here"},
    "no-profile": {"AWS_PROFILE": "nobody"},
    "no-bundle": {"AWS_CA_BUNDLE": "/nowhere/ca.pem"},
    "models": {"AWS_DATA_PATH": "/dev/null"},
    "proxy": {"HTTPS_PROXY": "http://[nowhere", "HTTP_PROXY": "http://[nowhere"},
    "no-proxy-there": {"HTTPS_PROXY": "http://127.0.0.1:9"},
    "endpoint": {"AWS_ENDPOINT_URL": "nowhere"},
    "plugin": {"BOTOCORE_EXPERIMENTAL__PLUGINS": "broken=broken_plugin"},
}


@pytest.fixture(params=[*BROKEN, *SETTINGS])
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment with one thing wrong in it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    if request.param in BROKEN:
        variable, content = BROKEN[request.param]
        tmp_path.joinpath("aws").write_bytes(content)
        monkeypatch.setenv(variable, str(tmp_path / "aws"))
    for name, value in SETTINGS.get(request.param, {}).items():
        monkeypatch.setenv(name, value)
    tmp_path.joinpath("broken_plugin.py").write_text("raise RuntimeError('a plugin that fails')\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_the_local_target_trains_whatever_the_aws_configuration_is(
    broken: None, store: Store, script: Path
) -> None:
    tracking = TrackingService(store, Rank.SERVER)
    tracking.start()
    try:
        key = submit_spec(store, TrainingSpec(str(script)), name="trains").key
        wait_for(lambda: jobs.get(store, key).is_over)
        assert jobs.get(store, key).status == "Completed"
        [local] = [view for view in shown(store) if view.name == "local"]
        assert (local.health, local.reason) == ("ready", None)
    finally:
        tracking.stop()


@pytest.mark.parametrize("what", BROKEN)
def test_the_command_line_trains_with_a_broken_configuration(
    what: str, home: Path, script: Path, tmp_path: Path
) -> None:
    variable, content = BROKEN[what]
    tmp_path.joinpath("aws").write_bytes(content)
    env = {**os.environ, variable: str(tmp_path / "aws")}
    argv = [sys.executable, "-m", "jupyter_sm.cli", "train", str(script), "--wait", "--json"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "Completed"


@pytest.mark.parametrize("what", ["no-sections", "no-text", "bad-credentials"])
def test_an_aws_target_says_which_file_is_broken(
    what: str, account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variable, content = BROKEN[what]
    tmp_path.joinpath("aws").write_bytes(content)
    monkeypatch.setenv(variable, str(tmp_path / "aws"))
    account.track()
    wait_for(lambda: account.health().health == "waiting")
    reason = account.health().reason or ""
    assert f"Unable to parse config file: {tmp_path / 'aws'}. Mend the file" in reason
    account.submit("asked")
    wait_for(lambda: account.known("asked").transitions[-1].message == reason)
    assert account.status("asked") == "Submitting"
    with pytest.raises(ExplainedError, match="can't be read, so whether there is a profile 'team'"):
        submit_spec(account.store, TrainingSpec(str(account.script())), target="team@us-east-1")
    # Once it is mended, all goes on by itself.
    monkeypatch.delenv(variable)
    wait_for(lambda: account.health().health == "ready")
    wait_for(lambda: account.status("asked") == "InProgress")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("timeout", "variable can't be used: "),
        ("defaults-mode", "invalid defaults mode: zz"),
        ("no-profile", "profile (default) could not be found. Name one that is there"),
        ("proxy", "Correct HTTPS_PROXY and HTTP_PROXY"),
        ("no-proxy-there", 'proxy URL: "http://127.0.0.1:9". Correct HTTPS_PROXY'),
    ],
)
def test_an_aws_target_says_which_setting_is_wrong(
    what: str, said: str, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that credentials are looked for, and a proxy is not passed by.
    if what in ("timeout", "no-profile"):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    if "proxy" in what:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "https://sagemaker.invalid")
    for name, value in SETTINGS[what].items():
        monkeypatch.setenv(name, value)
    account.track(TARGET)
    health = "stale" if what == "no-proxy-there" else "waiting"
    wait_for(lambda: account.health().health == health)
    assert said in (account.health().reason or "")
