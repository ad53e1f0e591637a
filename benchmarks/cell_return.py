"""How long a training cell holds the notebook: 1 GB of input, and a target that takes 3 s."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, percentile

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from live_server import LiveServer

CELLS = 50
# The local target answers every call to SageMaker three seconds late.
SLOW = """
import time
from jupyter_sm.targets.local.api.engine import LocalEngine
quick = LocalEngine.answer
def slow(self, operation, request):
    if operation.startswith("SageMaker."):
        time.sleep(3)
    return quick(self, operation, request)
LocalEngine.answer = slow
"""


def make_input(folder: Path) -> None:
    """1 GB in 1,000 files."""
    folder.mkdir(parents=True)
    for number in range(1000):
        with (folder / f"part-{number:04}.bin").open("wb") as file:
            file.truncate(1_000_000)


async def measure() -> tuple[list[float], float]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    make_input(folder / "work" / "data")
    server = LiveServer(folder, SLOW, JUPYTER_SM_MAX_JOBS="1")
    try:
        await server.wait_until_up()
        await server.start_kernel()
        await server.run("%load_ext jupyter_sm")
        bare = (await server.run("1"))[0] * 1000
        milliseconds = []
        for number in range(CELLS):
            cell = f"%%sm train --input train=data --epochs {number}\nprint('epoch 1/1 loss: 1')\n"
            seconds, outputs = await server.run(cell)
            if "data" not in outputs[0]:
                raise RuntimeError(f"the cell failed: {outputs}")
            milliseconds.append(seconds * 1000)
    finally:
        server.kill()
    return milliseconds, bare


def run() -> list[Figure]:
    milliseconds, bare = asyncio.run(measure())
    peers = {"a bare cell": bare}
    return [
        Figure("training cell returns (p50 of 50)", percentile(milliseconds, 50), "ms"),
        Figure(
            "training cell returns (p95 of 50)",
            percentile(milliseconds, 95),
            "ms",
            100,
            peers=peers,
        ),
        Figure("training cell returns (first)", milliseconds[0], "ms"),
    ]
