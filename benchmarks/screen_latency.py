"""From a change in the engine to the screen: a real browser watches the panel."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, percentile

UI_TESTS = Path(__file__).parent.parent / "ui-tests"


def run() -> list[Figure]:
    results = Path(tempfile.mkdtemp(prefix="bench-")) / "latency.json"
    subprocess.run(
        ["jlpm", "playwright", "test", "--config", "playwright-bench.config.js", "latency"],
        cwd=UI_TESTS,
        env={**os.environ, "LATENCY_RESULTS": str(results)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    milliseconds = json.loads(results.read_text())
    return [
        Figure(
            f"engine to screen (p50 of {len(milliseconds)})", percentile(milliseconds, 50), "ms"
        ),
        Figure(
            f"engine to screen (p95 of {len(milliseconds)})",
            percentile(milliseconds, 95),
            "ms",
            1000,
        ),
    ]
