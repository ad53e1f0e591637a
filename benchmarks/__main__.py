"""Run the benchmarks, print a table, write benchmarks/results/<benchmark>.json."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from benchmarks.figure import Figure

NAMES = (
    "imports",
    "cell_return",
    "screen_latency",
    "loop_stall",
    "holdups",
    "steady",
    "explain",
    "held_out",
    "log_parser",
    "log_store",
    "log_screen",
    "aws_calls",
    "aws_delay",
    "aws_logs",
    "aws_storms",
    "aws_submit",
    "aws_memory",
)
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}. Known: {', '.join(NAMES)}.")
        return 2
    RESULTS.mkdir(exist_ok=True)
    figures: list[Figure] = []
    for name in names or NAMES:
        print(f"{name} …", file=sys.stderr)
        own = importlib.import_module(f"benchmarks.{name}").run()
        rows = [figure.as_dict() for figure in own]
        (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n")
        figures += own
    width = max(len(figure.name) for figure in figures)
    print(f"\n{'':{width}}  {'measured':>12}  {'goal':>12}")
    for figure in figures:
        print(figure.row(width))
    return 0


sys.exit(main(sys.argv[1:]))
