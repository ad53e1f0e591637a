"""An AWS account for tests: the simulator for SageMaker and its logs, moto for S3, STS and IAM."""

from __future__ import annotations

import functools
import math
import os
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.desk.targets import shown as targets_shown
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.store import JobView, Store, open_store
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.store.views import TargetView
from jupyter_sm.targets import Cadence
from jupyter_sm.targets.aws import pace
from jupyter_sm.targets.aws import target as aws_target
from jupyter_sm.targets.aws.profiles import AwsName, parse
from jupyter_sm.targets.aws.target import AwsTarget
from jupyter_sm.tracking import event_tailer, poller, submitter, tracker
from jupyter_sm.tracking.tracker import Tracker

from kit.simulator import ROLE, Record, Scenario, Simulator, moto_server
from kit.wait import wait_for

TARGET = "default@us-east-1"
BUCKET = "sagemaker-us-east-1-123456789012"
# A user's cadence, forty times as fast, or more where only waiting would be longer.
QUICK = Cadence(
    fast=0.1, slow=0.3, idle=0.3, sweep=0.6, overlap=5, deep=0.5, deep_overlap=60, log=0.1
)
# A job that is over in 20 s of the simulator's time.
SHORT = Scenario(starting=3, downloading=2, training=12, uploading=3, lines_per_second=2)
# One that is not over before it is stopped.
ENDLESS = Scenario(starting=0, downloading=0, training=math.inf, lines_per_second=1)


class Account:
    """The account, and what watches over it in these tests."""

    def __init__(self, sim: Simulator, store: Store, quiet: float = 0.4) -> None:
        self.sim = sim
        self.store = store
        self.quiet = quiet
        self._trackers: list[Tracker] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def target(self, name: str = TARGET, cadence: Cadence = QUICK) -> AwsTarget:
        """An AWS target on this account."""
        made = AwsTarget(_name(name), self.store.folder, cadence=cadence)
        made.log_quiet_seconds = self.quiet
        return made

    def track(self, name: str = TARGET, cadence: Cadence = QUICK) -> Tracker:
        """Start a tracker of the account, as a server would."""
        started = Tracker(self.store, self.target(name, cadence), Rank.SERVER)
        started.start()
        self._trackers.append(started)
        return started

    def stop(self) -> None:
        """End all trackers."""
        for started in self._trackers:
            started.stop()
        self._trackers.clear()
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def process(self, *words: str) -> subprocess.Popen[bytes]:
        """A process of its own on this account: `track`, or `submit` and a prefix and a count.

        More words are code that is run in it before.
        """
        argv = [sys.executable, "-m", __name__, os.fspath(self.store.folder), *words]
        paths = [
            os.fspath(Path(__file__).parents[1]),
            *filter(None, [os.environ.get("PYTHONPATH")]),
        ]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._processes.append(subprocess.Popen(argv, env=env))
        return self._processes[-1]

    def submit(self, name: str, **options: Any) -> JobView:
        """Submit a one-line script, with TrainingSpec's options."""
        spec = TrainingSpec(str(self.script()), **options)
        return submit_spec(self.store, spec, name=name, target=TARGET)

    def script(self) -> Path:
        """The one-line script."""
        path = self.store.folder.parent / "train.py"
        if not path.exists():
            path.write_text("import torch\n")
        return path

    def settings(self, **values: str | bool) -> None:
        """Write config.toml's defaults."""
        rows = [
            f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in values.items()
        ]
        text = "\n".join(["[defaults]", *rows, ""])
        self.store.folder.joinpath("config.toml").write_text(text)

    def job(self, name: str) -> JobView | None:
        """A job as the store has it."""
        return jobs_table.get(self.store, JobKey(TARGET, "training", name))

    def known(self, name: str) -> JobView:
        """The same, of a job that must be there."""
        found = self.job(name)
        assert found is not None, f"The store has no job {name}."
        return found

    def status(self, name: str) -> str | None:
        """Its status, or None while it is not known."""
        job = self.job(name)
        return job.status if job else None

    def health(self, name: str = TARGET) -> TargetView:
        """How the target is."""
        found = [view for view in targets_shown(self.store) if view.name == name]
        return found[0] if found else TargetView(name, "unused", None, None)

    def watch(self, name: str) -> None:
        """Look at a job's log, once the store knows the job."""
        wait_for(lambda: self.job(name))
        jobs_table.watch(self.store, JobKey(TARGET, "training", name))

    def shown(self, name: str) -> Counter[str]:
        """The lines of a job's log in the store, each with how often it is there."""
        key = JobKey(TARGET, "training", name)
        pages = LogPages(self.store)
        texts: Counter[str] = Counter()
        text, start = pages.printed(key, 0, states=False)
        while text:
            # A traceback is one entry of several lines.
            texts.update(text.removesuffix("\n").split("\n"))
            text, start = pages.printed(key, start, states=False)
        return texts

    def printed(self, name: str) -> Counter[str]:
        """The lines that the job's containers print, by the simulator's own account."""
        job = self.sim.region().jobs[name]
        texts: Counter[str] = Counter()
        for stream, end in job.streams(math.inf):
            view = stream.view(math.inf, end)
            lines = (stream.source.line(n).text for n in range(view.count))
            texts.update(part for line in lines for part in line.split("\n"))
        return texts

    def log_is_closed(self, name: str) -> bool:
        """Whether the log has been read out."""
        row = self.store.read().execute(
            "SELECT log_closed FROM jobs WHERE target = ? AND name = ?", (TARGET, name)
        )
        return bool(row.fetchone()[0])

    def jobs(self) -> list[str]:
        """The names of the jobs that SageMaker has."""
        return sorted(self.sim.region().jobs)

    def created(self, name: str) -> bool:
        """Whether SageMaker has the job."""
        return name in self.sim.region().jobs

    def refused(self, name: str) -> JobView:
        """The job, once it has been refused before it was asked for at SageMaker."""
        wait_for(lambda: self.status(name) not in ("Submitting", None))
        job = self.known(name)
        assert job.status == "Rejected", job
        assert job.explanation is not None and job.failure_reason
        assert self.sim.count("CreateTrainingJob") == 0
        return job

    def input_of(self, name: str) -> tuple[str, str]:
        """Bucket and prefix of a created job's first channel."""
        source = self.there(name).request["InputDataConfig"][0]["DataSource"]
        bucket, _, prefix = source["S3DataSource"]["S3Uri"].removeprefix("s3://").partition("/")
        return bucket, prefix

    def there(self, name: str) -> Record:
        """A job as SageMaker has it."""
        return self.sim.job(name)

    def contents(self, bucket: str = BUCKET) -> set[str]:
        """The keys of a bucket."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {row["Key"] for page in pages for row in page.get("Contents", [])}

    def client(self, service: str) -> Any:
        """A plain boto3 client on the account, as another tool would use."""
        import boto3

        return boto3.client(service, region_name="us-east-1")


_served = ExitStack()


@functools.lru_cache(maxsize=1)
def moto() -> dict[str, str]:
    """The environment of one moto server, which lives as long as the process."""
    return _served.enter_context(moto_server())


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all waits short, and pace calls hardly at all."""
    monkeypatch.setattr(aws_target, "_CONNECT_SECONDS", 2)
    monkeypatch.setattr(aws_target, "_READ_SECONDS", 3)
    monkeypatch.setattr(tracker, "_BACK_OFF_SECONDS", (0.1, 0.2, 0.3))
    monkeypatch.setattr(tracker, "_TICK_SECONDS", 0.03)
    monkeypatch.setattr(tracker, "_TAIL_SECONDS", 0.05)
    monkeypatch.setattr(tracker, "_ASK_SECONDS", 0.1)
    monkeypatch.setattr(poller, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(event_tailer, "_DENIED_SECONDS", 0.3)
    monkeypatch.setattr(event_tailer, "_THROTTLED_SECONDS", 0.2)
    monkeypatch.setattr(submitter, "_LONGEST_WAIT", 0.3)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0.01)
    monkeypatch.setattr(pace, "rate_of", lambda operation, region: 200.0)


@contextmanager
def account_in(
    home: Path, store: Store, monkeypatch: pytest.MonkeyPatch, *, start: float | None = None
) -> Iterator[Account]:
    """The account, with an environment in which botocore finds it and nothing else.

    `start`: SageMaker's time.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
    # Where the SageMaker SDK's defaults would be, and a Studio space's own description.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(home / "site"))
    monkeypatch.setenv("RESOURCE_METADATA_FILE", str(home / "resource-metadata.json"))
    endpoints = moto()
    reset = urllib.request.Request(
        f"{endpoints['AWS_ENDPOINT_URL_S3']}/moto-api/reset", method="POST"
    )
    urllib.request.urlopen(reset, timeout=10).close()
    with Simulator(start=start) as sim:
        for name, value in {**endpoints, **sim.environment()}.items():
            monkeypatch.setenv(name, value)
        hurry(monkeypatch)
        account = Account(sim, store)
        account.settings(role=ROLE, create_bucket=True)
        try:
            yield account
        finally:
            account.stop()


def main(home: str, what: str, *words: str) -> None:
    """What Account.process runs."""
    store = open_store(Path(home))
    hurry(pytest.MonkeyPatch())
    if what == "track":
        for code in words:
            exec(code, {})
        target = AwsTarget(_name(TARGET), store.folder, cadence=QUICK)
        Tracker(store, target, Rank.SERVER).start()
        threading.Event().wait()
    prefix, count = words
    script = store.folder.parent / "train.py"
    for n in range(int(count)):
        submit_spec(store, TrainingSpec(str(script)), name=f"{prefix}-{n}", target=TARGET)


def _name(name: str) -> AwsName:
    parsed = parse(name)
    assert parsed is not None
    return parsed


if __name__ == "__main__":
    main(*sys.argv[1:])
