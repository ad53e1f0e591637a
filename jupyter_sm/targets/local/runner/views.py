"""A host's own view of the machine: /opt/ml, its name, and the names of the other hosts.

On Linux a process can have that without being root, by namespaces that `launcher.py` makes.
Whether the system allows it is tried once a job. Where it does not, hosts see the machine
as it is, and find their folders by the variables of their environment.
"""

from __future__ import annotations

import functools
import marshal
import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_sm.targets.local.disk.layout import JobFolder
from jupyter_sm.targets.local.runner import processes
from jupyter_sm.targets.local.runner.network import Network

OPT_ML = Path("/opt/ml")
SWITCH = "JUPYTER_SM_NAMESPACES"
_LAUNCHER = Path(__file__).with_name("launcher.py")
_LONGEST_SECONDS = 30.0


@dataclass(frozen=True)
class Mount:
    """What lies at a place of a host's view: a folder or file of the machine."""

    source: Path
    read_only: bool = False


class Views:
    """What the hosts of one job see."""

    def __init__(self, job: JobFolder, network: Network) -> None:
        self._job = job
        self._hosts_file = job.path / "etc-hosts"
        self._trial: _Launch | None = None
        self._refusal = ""
        if sys.platform != "linux":
            self._refusal = "only Linux has mount namespaces"
        elif os.environ.get(SWITCH) == "0":
            self._refusal = f"{SWITCH} is 0"
        else:
            # It goes on while the job's folders are being laid out.
            try:
                job.hosts.mkdir(exist_ok=True)
                self._hosts_file.write_text(network.hosts_file())
                self._trial = self._launch("algo-1", {str(OPT_ML): Mount(job.hosts)}, (), {}, "/")
            except OSError as error:
                self._refusal = str(error)

    @functools.cached_property
    def refusal(self) -> str:
        """Why hosts see the machine as it is; empty where each has a view of its own."""
        if self._trial is None:
            return self._refusal
        with self._trial.process:
            try:
                self._trial.wait()
            except OSError as error:
                return str(error)
        return "" if self._trial.process.returncode == 0 else "the launcher does not run"

    def start(
        self,
        host: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        mounts: Mapping[str, Mount] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a command in a host's view, which has `mounts` beside /opt/ml; or as it is.

        Raises OSError where it can't be started.
        """
        env = {**env, **processes.mark_of(self._job.path)}
        if self.refusal:
            return processes.start(argv, env, folder)
        whole = {str(OPT_ML): Mount(self._job.host(host)), **(mounts or {})}
        launch = self._launch(host, whole, argv, env, os.fspath(folder))
        try:
            launch.wait()
        except OSError:
            with launch.process:
                launch.process.kill()
            raise
        return launch.process

    def _launch(
        self,
        host: str,
        mounts: Mapping[str, Mount],
        argv: Sequence[str],
        env: Mapping[str, str],
        folder: str,
    ) -> _Launch:
        whole = {"/etc/hosts": Mount(self._hosts_file), **mounts}
        rows = [(target, os.fspath(m.source), m.read_only) for target, m in whole.items()]
        return _Launch((os.getpid(), host, rows, list(argv), dict(env), folder))


class _Launch:
    """A launcher that was started; `wait` returns when its command has begun."""

    def __init__(self, told: tuple[Any, ...]) -> None:
        self._read, write = os.pipe()
        try:
            self.process = processes.spawn(
                [sys.executable, "-I", "-S", os.fspath(_LAUNCHER), str(write)],
                stdin=subprocess.PIPE,
                pass_fds=[write],
            )
        finally:
            os.close(write)
        if self.process.stdin is not None:
            with self.process.stdin as pipe:
                pipe.write(marshal.dumps(told))

    def wait(self) -> None:
        """Raises OSError with what the launcher says instead."""
        with os.fdopen(self._read, "rb") as told:
            if not select.select([told], [], [], _LONGEST_SECONDS)[0]:
                raise OSError("it takes too long to start")
            words = told.read()
        if words:
            raise OSError(words.decode("utf-8", "replace"))
