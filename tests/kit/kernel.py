"""A real kernel, started and spoken to as a notebook does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager


class Kernel:
    """Runs cells; gives their outputs."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, source: str) -> list[dict]:
        outputs: list[dict] = []

        def keep(message: dict) -> None:
            if message["msg_type"] in ("execute_result", "display_data", "stream", "error"):
                outputs.append({"type": message["msg_type"], **message["content"]})

        self._client.execute_interactive(source, output_hook=keep, timeout=60)
        return outputs

    def complete(self, line: str) -> list[str]:
        """What the kernel offers at the end of a line."""
        reply = self._client.complete(line, len(line), reply=True, timeout=60)
        return reply["content"]["matches"]

    def text(self, source: str) -> str:
        parts = []
        for output in self.run(source):
            parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
            parts += output.get("traceback", [])
        return "\n".join(parts)


@contextmanager
def kernel_in(home: Path) -> Iterator[Kernel]:
    """A kernel with a store of its own, in this process's environment; killed afterwards."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env={**os.environ, "JUPYTER_SM_HOME": str(home)}, cwd=str(home))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield Kernel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
