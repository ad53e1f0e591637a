"""How fast and how well logs are read; the corpus lies beside the project, if at all."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from itertools import islice
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.log_store import ordinary
from jupyter_sm.logs import LogParser

LINES = 300_000
CORPORA = Path(__file__).parents[2] / "shared" / "corpora"
_WORDS = {"recall": 95.0, "precision": 95.0, "progress": 95.0, "error": 95.0}


def lines_a_second(lines: list[str]) -> float:
    """On one core, as the tailers read: with tracebacks grouped."""
    parser = LogParser(group_tracebacks=True)
    begun = time.process_time()
    for number, line in enumerate(lines):
        parser.feed(number, "algo-1", line)
    return len(lines) / (time.process_time() - begun)


def grown_kib() -> float:
    """How much more memory a parser holds after ten times as many lines."""
    parser = LogParser(group_tracebacks=True)
    held = []
    tracemalloc.start()
    lines = ordinary(220_000)
    for count in (20_000, 200_000):
        for number, line in enumerate(islice(lines, count)):
            parser.feed(number, "algo-1", line)
            parser.metrics = []
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    return (held[1] - held[0]) / 1024


def compared() -> list[Figure]:
    """What the corpus's own comparison says."""
    script = CORPORA / "compare_logs.py"
    if not script.exists():
        print(f"{script} is not here: logs are not compared.", file=sys.stderr)
        return []
    told = subprocess.run(
        [sys.executable, str(script), str(CORPORA / "logs")],
        capture_output=True,
        text=True,
        check=True,
    )
    words = told.stdout.strip().splitlines()[-1].split()
    return [
        Figure(
            f"corpus: {name}", float(words[words.index(name) + 1].rstrip("%")), "%", goal, "higher"
        )
        for name, goal in _WORDS.items()
    ]


def run() -> list[Figure]:
    lines = list(ordinary(LINES))
    return [
        Figure("lines a second parsed", lines_a_second(lines), "/s", 100_000, "higher"),
        Figure("memory grown over ten times the lines", grown_kib(), "KiB", 100),
        *compared(),
    ]
