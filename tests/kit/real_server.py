"""A real Jupyter server in a process of its own, which a test may kill."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

TOKEN = "for-tests"
CONFIG = """
c = get_config()
c.ServerApp.jpserver_extensions = {{"jupyter_sm": True, "jupyterlab": False, "notebook": False,
    "jupyter_lsp": False, "jupyter_server_terminals": False}}
c.IdentityProvider.token = "{token}"
c.ServerApp.root_dir = "{root}"
{more}
"""
# Ends the server, as a power cut would, before or after a function is called.
KILL = """
import importlib, os, signal
owner = importlib.import_module("{module}")
for part in "{owner}".split(".") if "{owner}" else ():
    owner = getattr(owner, part)
original = getattr(owner, "{function}")
def deadly(*args, **kwargs):
    if "{when}" == "after":
        original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, "{function}", deadly)
"""


class RealServer:
    """`jupyter server` on a free port, with a data folder."""

    def __init__(self, home: Path, *, config: str = "", port: int | None = None) -> None:
        self.home = home
        self.port = port or _free_port()
        home.mkdir(parents=True, exist_ok=True)
        file = home / "jupyter_server_config.py"
        file.write_text(CONFIG.format(token=TOKEN, root=home, more=config))
        self._output = (home / "server.log").open("ab")
        argv = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"]
        argv += [f"--port={self.port}", "--ServerApp.port_retries=0", f"--config={file}"]
        env = {**os.environ, "JUPYTER_SM_HOME": os.fspath(home)}
        self.process = subprocess.Popen(
            argv, env=env, stdout=self._output, stderr=subprocess.STDOUT, cwd=home
        )

    def __enter__(self) -> RealServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def get(self, path: str) -> dict:
        """A JSON answer of the server."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}", headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read())

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self.get("api/status")
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, nothing gentler."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._output.close()

    def stop(self) -> int:
        """SIGTERM, and wait for the clean end."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self._output.close()
        return code

    def wait_until_killed(self, seconds: float = 30) -> None:
        """Until it has ended by SIGKILL."""
        assert self.process.wait(timeout=seconds) == -signal.SIGKILL
        self._output.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
