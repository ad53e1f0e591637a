"""A log of a million lines and a hundred curves on the screen of a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, percentile

UI_TESTS = Path(__file__).parent.parent / "ui-tests"
GOALS = {
    "first": ("a million lines: first screen (p95)", 300),
    "jump": ("a million lines: jump anywhere (p95)", 100),
    "search": ("a million lines: search and show the find (p95)", 500),
    "curves": ("100 curves of 10,000 points: tab and charts (p95)", 1000),
}


def run() -> list[Figure]:
    results = Path(tempfile.mkdtemp(prefix="bench-")) / "log.json"
    subprocess.run(
        ["jlpm", "playwright", "test", "--config", "playwright-bench.config.js", "log"],
        cwd=UI_TESTS,
        env={**os.environ, "LOG_RESULTS": str(results)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    measured = json.loads(results.read_text())
    return [
        Figure(name, percentile(measured[key], 95), "ms", goal)
        for key, (name, goal) in GOALS.items()
    ]
