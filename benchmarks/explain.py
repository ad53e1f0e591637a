"""How well and how fast errors are explained; the corpus lies beside the project, if at all."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

import jupyter_sm as sm
from benchmarks.figure import Figure

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "errors" / "errors.jsonl"
ROUNDS = 20


def right_percent() -> float | None:
    """Share of real messages whose category is the reader's own."""
    if not CORPUS.exists():
        print(f"{CORPUS} is not here: categories are not compared.", file=sys.stderr)
        return None
    entries = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    found = [sm.explain(e["text"], operation=e["operation"], code=e["code"]) for e in entries]
    right = sum(f.category == e["category"] for f, e in zip(found, entries, strict=True))
    return 100 * right / len(entries)


def milliseconds(text: str | bytes, rounds: int) -> float:
    """The longest of several explanations of one text."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        sm.explain(text)
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)[len(times) // 2]


def run() -> list[Figure]:
    sm.explain("loads the catalogue")
    words = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8").split()
    random.Random(0).shuffle(words)
    text = " ".join(words * 4)[:4096]
    figures = [
        Figure("explain 4 KB of prose (median)", milliseconds(text, ROUNDS), "ms", 5),
        Figure(
            "explain 10 MB of random bytes (median)",
            milliseconds(os.urandom(10_000_000), 5),
            "ms",
            200,
        ),
    ]
    right = right_percent()
    if right is not None:
        figures.insert(0, Figure("category right on the corpus", right, "%", 97, "higher"))
    return figures
