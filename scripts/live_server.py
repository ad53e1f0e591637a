"""A Jupyter server and one of its kernels, spoken to as JupyterLab speaks to them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect


class LiveError(Exception):
    """The server or the kernel did not do what it should."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LiveServer:
    """`jupyter server` with all below one folder: `work` (its root) and `jupyter_sm`."""

    def __init__(self, folder: Path, config: str = "", **environment: str) -> None:
        port = free_port()
        self.token = uuid.uuid4().hex
        self.address = f"127.0.0.1:{port}"
        (folder / "work").mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "JUPYTER_SM_HOME": str(folder / "jupyter_sm"), **environment}
        file = folder / "jupyter_server_config.py"
        file.write_text(config)
        argv = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
        argv += [f"--port={port}", f"--ServerApp.root_dir={folder / 'work'}"]
        argv += [f"--config={file}", f"--IdentityProvider.token={self.token}"]
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            # Kernels start where the server does.
            self.process = subprocess.Popen(
                argv, env=env, cwd=folder / "work", stdout=log, stderr=log
            )

    async def ask(self, path: str, method: str = "GET", body: dict | None = None) -> dict:
        request = HTTPRequest(
            f"http://{self.address}/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
            body=json.dumps(body) if body is not None else None,
        )
        response = await AsyncHTTPClient().fetch(request)
        return json.loads(response.body) if response.body else {}

    async def wait_until_up(self) -> None:
        for _ in range(300):
            try:
                await self.ask("api/status")
                return
            except OSError:
                await asyncio.sleep(0.1)
            if self.process.poll() is not None:
                break
        raise LiveError(f"The server did not start; see {self.log}")

    async def start_kernel(self) -> None:
        kernel = await self.ask("api/kernels", "POST", {})
        url = f"ws://{self.address}/api/kernels/{kernel['id']}/channels"
        headers = {"Authorization": f"token {self.token}"}
        self.channel = await websocket_connect(HTTPRequest(url, headers=headers))

    async def run(self, source: str) -> tuple[float, list[dict]]:
        """Run a cell: seconds until it returned, and its outputs."""
        identity = uuid.uuid4().hex
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        header = {"msg_id": identity, "msg_type": "execute_request", "session": "demo"}
        header |= {"username": "demo", "version": "5.3", "date": ""}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        begun = time.perf_counter()
        await self.channel.write_message(json.dumps({**message, "channel": "shell"}))
        outputs: list[dict] = []
        while True:
            raw = await self.channel.read_message()
            if raw is None:
                raise LiveError("The kernel is gone.")
            answer = json.loads(raw)
            if answer.get("parent_header", {}).get("msg_id") != identity:
                continue
            if answer["msg_type"] in ("stream", "execute_result", "display_data", "error"):
                outputs.append({"type": answer["msg_type"], **answer["content"]})
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return time.perf_counter() - begun, outputs

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
