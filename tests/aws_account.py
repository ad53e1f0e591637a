"""An AWS account for tests: the simulator for SageMaker and its logs, moto for S3, STS and IAM."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from simulator import ROLE, Simulator, moto_server

from jupyter_sm.targets import Cadence
from jupyter_sm.targets.aws import target as aws_target
from jupyter_sm.targets.aws.profiles import parse
from jupyter_sm.targets.aws.target import AwsTarget
from jupyter_sm.tracking import JobView, Store, jobs_table
from jupyter_sm.tracking.leases import Rank
from jupyter_sm.tracking.tracker import Tracker

TARGET = "default@us-east-1"
# A user's cadence, twenty times as fast.
QUICK = Cadence(
    fast=0.2, slow=0.75, idle=1.0, sweep=3.0, overlap=5, deep=1.0, deep_overlap=60, log=0.25
)


class Account:
    """The account, and what watches over it in these tests."""

    def __init__(self, sim: Simulator, store: Store, quiet: float = 0.8) -> None:
        self.sim = sim
        self.store = store
        self.quiet = quiet
        self._trackers: list[Tracker] = []

    def target(self, name: str = TARGET, cadence: Cadence = QUICK) -> AwsTarget:
        """An AWS target on this account."""
        aws = parse(name)
        assert aws is not None
        made = AwsTarget(aws, self.store.folder, cadence=cadence)
        made.log_quiet_seconds = self.quiet
        return made

    def track(self, name: str = TARGET, cadence: Cadence = QUICK) -> Tracker:
        """Start a tracker of the account, as a server would."""
        tracker = Tracker(self.store, self.target(name, cadence), Rank.SERVER)
        tracker.start()
        self._trackers.append(tracker)
        return tracker

    def stop(self) -> None:
        """End all trackers."""
        for tracker in self._trackers:
            tracker.stop()
        self._trackers.clear()

    def job(self, name: str) -> JobView | None:
        """A job as the store has it."""
        return jobs_table.get(self.store, TARGET, "training", name)

    def status(self, name: str) -> str | None:
        """Its status, or None while it is not known."""
        job = self.job(name)
        return job.status if job else None

    def client(self, service: str) -> Any:
        """A plain boto3 client on the account, as another tool would use."""
        import boto3

        return boto3.client(service, region_name="us-east-1")


@contextmanager
def account_in(home: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account, with an environment in which botocore finds it and nothing else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
    with moto_server() as endpoints, Simulator() as sim:
        for name, value in {**endpoints, **sim.environment()}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(aws_target, "_CONNECT_SECONDS", 2)
        monkeypatch.setattr(aws_target, "_READ_SECONDS", 3)
        account = Account(sim, store)
        settings = f'[defaults]\nrole = "{ROLE}"\ncreate_bucket = true\n'
        store.folder.joinpath("config.toml").write_text(settings)
        try:
            yield account
        finally:
            account.stop()
