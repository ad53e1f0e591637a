"""What importing and loading costs a kernel: `import jupyter_sm`, `%load_ext jupyter_sm`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure, percentile

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from live_server import LiveServer

ROUNDS = 15
TIMED = "import time; t = time.perf_counter(); import {0}; print(time.perf_counter() - t)"


def import_ms(module: str) -> float:
    argv = [sys.executable, "-c", TIMED.format(module)]
    seconds = [
        float(subprocess.run(argv, capture_output=True, check=True).stdout) for _ in range(ROUNDS)
    ]
    return median(seconds) * 1000


async def load_ext_ms() -> tuple[list[float], list[float]]:
    server = LiveServer(Path(tempfile.mkdtemp(prefix="bench-")))
    bare, loaded = [], []
    try:
        await server.wait_until_up()
        for _ in range(ROUNDS):
            await server.start_kernel()
            await server.run("1")  # whatever a kernel does at its first cell
            bare.append((await server.run("1"))[0] * 1000)
            loaded.append((await server.run("%load_ext jupyter_sm"))[0] * 1000)
    finally:
        server.stop()
    return bare, loaded


def run() -> list[Figure]:
    bare, loaded = asyncio.run(load_ext_ms())
    more = [b - a for a, b in zip(bare, loaded, strict=True)]
    return [
        Figure(
            "import jupyter_sm",
            import_ms("jupyter_sm"),
            "ms",
            100,
            peers={"boto3": import_ms("boto3")},
        ),
        Figure("%load_ext, more than a bare cell (p95)", percentile(more, 95), "ms", 150),
    ]
