"""The world of a run: a disk, an AWS account, a server, kernels, and somebody at the REST API."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from live_server import LiveServer

from benchmarks.aws_simulated import REGION, ROLE, environment, moto_server, simulators
from benchmarks.chaos import cell
from jupyter_sm.store import Store, open_store, targets

from kit.aws_gate import gate

KERNELS = 2
MAX_JOBS = 6
# Of each target, that are on their way at once.
MOST_OPEN = dict(zip(cell.TARGETS, (10, 25), strict=True))
LINES = 20
# Of the simulator's clock; a job takes a second or so.
SPEED = 16.0
AWS_LINES = 24
COURSE = {"starting": 1.0, "downloading": 1.0, "training": 12.0, "uploading": 1.0}
PRINTED = {"lines_per_second": 2.0, "line": f"line {{n}} of {AWS_LINES}"}
SCRIPT = f"""# Variant {{}}
import os, time
with open(os.environ["RAN"], "a") as file:
    file.write(os.environ["SERIAL"] + "\\n")
for n in range(1, {LINES} + 1):
    print(os.environ["SERIAL"], f"line {{{{n}}}} of {LINES}", flush=True)
    time.sleep(0.04)
"""
CONFIG = """
from benchmarks.chaos import hurried
hurried.begin()
c.ServerApp.jpserver_extensions = {"jupyter_sm": True, "jupyterlab": False, "notebook": False,
    "jupyter_lsp": False, "jupyter_server_terminals": False}
"""


class World:
    """All that faults may strike. `folder` is kept where a check fails."""

    def __init__(self, folder: Path, seed: int, seconds: float) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.disk = folder / "disk"
        self.home = self.disk / "jupyter_sm"
        self.store_file = self.home / "store.sqlite3"
        for one in ("disk", "ledger", "scripts", "servers"):
            (folder / one).mkdir(parents=True)
        for number in range(8):
            (folder / "scripts" / f"train_{number}.py").write_text(SCRIPT.format(number))
        # As large as this run may need: what a full disk takes is filled and freed again.
        self.is_small_disk = self._mount(300 + int(seconds / 2))
        self.kernels: list[KernelManager] = []
        self._begun = 0
        self.servers: list[LiveServer] = []
        self.server_since = 0.0
        # Held by whoever submits over REST, and by faults that want nobody to.
        self.rest = threading.RLock()
        # Submissions that were lost with a store, before they were sent.
        self.unsent: set[str] = set()
        # Names of local jobs that a fault has struck: these may fail.
        self.struck: set[str] = set()
        # What no fault explains.
        self.surprises: list[str] = []
        self._stack = ExitStack()

    def __enter__(self) -> World:
        enter = self._stack.enter_context
        [self.control] = enter(simulators(speed=SPEED))
        self.control.scenario("*", **COURSE, **PRINTED)
        self.endpoints = enter(moto_server())
        self.s3 = enter(gate(self.endpoints["AWS_ENDPOINT_URL_S3"]))
        root = Path(__file__).parents[2]
        self.env = {
            **self.endpoints,
            **environment(self.control, REGION),
            "AWS_ENDPOINT_URL_S3": self.s3.url,
            "JUPYTER_SM_HOME": os.fspath(self.home),
            "JUPYTER_SM_MAX_JOBS": str(MAX_JOBS),
            "PYTHONPATH": os.pathsep.join([os.fspath(root), os.environ.get("PYTHONPATH", "")]),
        }
        os.environ.update({key: self.env[key] for key in self.env if key.startswith("AWS_")})
        self.prepare()
        self.begin_server()
        for _ in range(KERNELS):
            self.begin_kernel()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_kernels()
        if self.servers:
            self.server.kill()
        self._stack.close()
        if self.is_small_disk:
            subprocess.run(["umount", "-l", os.fspath(self.disk)], check=True)

    def _mount(self, mib: int) -> bool:
        argv = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", os.fspath(self.disk)]
        return (
            bool(shutil.which("mount")) and not subprocess.run(argv, capture_output=True).returncode
        )

    def keep(self) -> None:
        """Copy what lies on the small disk to where it stays."""
        if self.is_small_disk:
            shutil.copytree(self.disk, self.folder / "kept", symlinks=True, dirs_exist_ok=True)

    def prepare(self) -> None:
        """A store in which both targets are in use, and the account's settings."""
        store = self.store()
        settings = f'[defaults]\nrole = "{ROLE}"\ncreate_bucket = true\n'
        (self.home / "config.toml").write_text(settings)
        for target in cell.TARGETS:
            targets.use(store, target)
        store.close()

    def store(self) -> Store:
        """The store that lies there now."""
        return open_store(self.home)

    def note(self, text: str) -> None:
        """Write down what happened, for whoever looks into the folder."""
        with (self.folder / "notes.txt").open("a") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    # Processes

    @property
    def server(self) -> LiveServer:
        """The newest of the servers."""
        return self.servers[-1]

    def begin_server(self) -> None:
        """Another server, which is not waited for."""
        folder = self.folder / "servers" / f"{len(self.servers):03}"
        self.servers.append(LiveServer(folder, CONFIG, **self.env))
        self.server_since = time.monotonic()

    def begin_kernel(self) -> None:
        """Another kernel, which submits."""
        number, self._begun = self._begun, self._begun + 1
        manager = KernelManager(kernel_name="python3")
        with (self.folder / "ledger" / f"kernel-{number}.log").open("wb") as output:
            manager.start_kernel(
                env={**os.environ, **self.env},
                cwd=os.fspath(self.folder),
                stdout=output,
                stderr=output,
            )
        client = manager.client()
        client.start_channels(iopub=False, stdin=False, hb=False)
        code = "from pathlib import Path; from benchmarks.chaos import cell; "
        client.execute(f"{code}cell.submit({number}, Path({os.fspath(self.folder)!r}))")
        manager.submitting = client
        self.kernels.append(manager)

    def end_kernel(self, manager: KernelManager) -> None:
        """SIGKILL it."""
        self.kernels.remove(manager)
        manager.submitting.stop_channels()
        manager.shutdown_kernel(now=True)

    def end_kernels(self) -> None:
        """SIGKILL them all."""
        for manager in list(self.kernels):
            self.end_kernel(manager)

    def stop_server(self) -> int:
        """SIGTERM, as a user ends a server."""
        return self.server.stop()

    # The REST API

    def ask(self, path: str, body: object = None, seconds: float = 5.0) -> dict[str, Any]:
        """What the server answers. Raises OSError."""
        request = urllib.request.Request(
            f"http://{self.server.address}/{path}",
            headers={"Authorization": f"token {self.server.token}"},
            data=json.dumps(body).encode() if body is not None else None,
        )
        with urllib.request.urlopen(request, timeout=seconds) as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer

    def is_up(self) -> bool:
        """Whether the server answers."""
        try:
            self.ask("api/status", seconds=2)
        except (OSError, ValueError):
            return False
        return True

    @contextmanager
    def visitor(self) -> Iterator[None]:
        """While somebody submits over REST, and looks at lists and logs."""
        ended = threading.Event()

        def visit() -> None:
            rng = random.Random(self.rng.random())
            with (self.folder / "ledger" / "rest").open("a", buffering=1) as ledger:
                number = 0
                while not ended.wait(0.2):
                    number += 1
                    with self.rest:
                        row = self._visit(f"rest-{number}", rng)
                    if row:
                        ledger.write(json.dumps(row) + "\n")

        thread = threading.Thread(target=visit)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _visit(self, serial: str, rng: random.Random) -> dict[str, str]:
        target = cell.next_target(self.folder, rng)
        script = rng.choice(sorted((self.folder / "scripts").iterdir()))
        spec = {"script": os.fspath(script), "environment": cell.environment(self.folder, serial)}
        try:
            if target is None:
                listed = self.ask("jupyter-sm/api/jobs")["jobs"]
                job = rng.choice(listed) if listed else None
                if job:
                    key = f"{job['target']}/{job['kind']}/{job['name']}"
                    self.ask(f"jupyter-sm/api/jobs/{key}/logs/rows")
                return {}
            job = self.ask("jupyter-sm/api/jobs", {"spec": spec, "target": target})
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode("utf-8", "replace")
            # A place that only a crash of ours would answer from.
            return {"serial": serial, "bare" if error.code == 500 else "refused": said}
        except (OSError, ValueError) as error:
            return {"serial": serial, "unknown": repr(error)}
        return {"serial": serial, "target": target, "name": job["name"]}


def hold_back(world: World) -> None:
    """Say of each target whether enough jobs are on their way. Raises StoreError."""
    store = world.store()
    rows = store.read().execute(
        "SELECT target, COUNT(*) FROM jobs WHERE phase != 'ended' GROUP BY target"
    )
    counts = {row[0]: row[1] for row in rows}
    store.close()
    for target in cell.TARGETS:
        held = world.folder / f"hold {target}"
        if counts.get(target, 0) >= MOST_OPEN[target]:
            held.touch()
        else:
            held.unlink(missing_ok=True)
