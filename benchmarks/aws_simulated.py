"""What the AWS benchmarks share: a simulator as a process, and clients that use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_sm.store import Store, open_store
from jupyter_sm.store.logs.pages import LogPages

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from kit.simulator import ROLE, Control, moto_server
from kit.simulator.aws import client

ROOT = Path(__file__).parent.parent
__all__ = [
    "REGION",
    "ROLE",
    "SDKS",
    "Clients",
    "client",
    "environment",
    "folder",
    "load",
    "moto_server",
    "ours",
    "running",
    "simulators",
    "store_of",
    "texts_of",
    "waiter",
]

CHILD = Path(__file__).parent / "aws_child.py"
_BIN = {name: ROOT / "build" / f"sdk-{name}" / "bin" / "python" for name in ("v2", "v3")}
PYTHON = {"ours": Path(sys.executable), **_BIN}
SDKS = ("v2", "v3")
REGION = "us-east-1"


def folder() -> Path:
    """A fresh folder."""
    return Path(tempfile.mkdtemp(prefix="bench-"))


def load() -> str:
    """How busy the machine is: the average of the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


@contextmanager
def simulators(count: int = 1, speed: float = 1.0) -> Iterator[list[Control]]:
    """So many simulators, each in a process of its own."""
    argv = [sys.executable, str(ROOT / "tests" / "kit" / "simulator"), f"--speed={speed}"]
    processes = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(count)
    ]
    try:
        yield [Control(process.stdout.readline().strip()) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def environment(control: Control, region: str = REGION) -> dict[str, str]:
    """The variables with which botocore speaks to the simulator, and to nothing else."""
    here = control.do("environment", region=region)
    nowhere = str(Path(tempfile.gettempdir()) / "no-such-aws-file")
    return {
        **here,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_ACCESS_KEY_ID": "simulated",
        "COLUMNS": "200",
    }


class Clients:
    """Forked clients of one mode; `begin` lets them start, `stop` ends them."""

    def __init__(self, mode: str, children: list[dict[str, Any]]) -> None:
        self.folder = folder()
        self.children = children
        for number, child in enumerate(children):
            child.setdefault("output", str(self.folder / f"{mode}-{number}.txt"))
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps({"mode": mode, "children": children}))
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self._log = (self.folder / "parent.log").open("w")
        self._process = subprocess.Popen(
            [str(PYTHON[mode]), str(CHILD), str(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=env,
            cwd=self.folder,
        )

    def wait_until_ready(self) -> None:
        """Until the library is imported."""
        for line in self._process.stdout:
            if line.strip() == "ready":
                return
        raise RuntimeError((self.folder / "parent.log").read_text())

    def begin(self) -> None:
        """Fork the children."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    @property
    def is_running(self) -> bool:
        """Whether any child still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End all of them."""
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def outputs(self) -> list[str]:
        """What each printed (after its restart, where there was one)."""
        texts = []
        for child in self.children:
            again = Path(child["output"] + ".again")
            path = again if again.exists() else Path(child["output"])
            texts.append(path.read_text(errors="replace") if path.exists() else "")
        return texts


@contextmanager
def running(
    before: Callable[[], object] = lambda: None, **children: list[dict[str, Any]]
) -> Iterator[dict[str, Clients]]:
    """Clients by mode; all begin when their libraries are loaded and `before` is done.

    They are ended when the block is left.
    """
    clients = {mode: Clients(mode, some) for mode, some in children.items() if some}
    try:
        for one in clients.values():
            one.wait_until_ready()
        before()
        for one in clients.values():
            one.begin()
        yield clients
    finally:
        for one in clients.values():
            one.stop()


def ours(control: Control, region: str = REGION, watch: tuple[str, ...] = (), **more: Any) -> dict:
    """A child's plan: our tracker, on a fresh store."""
    return {
        "environment": environment(control, region),
        "home": str(folder()),
        "target": f"default@{region}",
        "watch": list(watch),
        **more,
    }


def waiter(control: Control, job: str, region: str = REGION, **more: Any) -> dict:
    """A child's plan: an SDK's wait for one job."""
    return {"environment": environment(control, region), "job": job, **more}


def store_of(child: dict) -> Store:
    """The store of a child of ours."""
    return open_store(Path(child["home"]))


def texts_of(store: Store, name: str) -> Iterator[str]:
    """The entries of a job's log, in the store."""
    views, start = LogPages(store), 0
    while (page := views.page((f"default@{REGION}", "training", name), start=start)).records:
        yield from (record.text for record in page.records)
        start = page.next
