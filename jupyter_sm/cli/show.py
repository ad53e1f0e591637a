"""What commands print: JSON for programs, tables and cards for people, one sentence for errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from jupyter_sm.desk import JobView, words
from jupyter_sm.diagnosis import ExplainedError


def show(what: Any) -> None:
    """Print a text as it is, plain data as JSON."""
    plain = what is None or type(what) in (dict, list)
    print(json.dumps(what) if plain else what)


def show_job(view: JobView, options: argparse.Namespace) -> int:
    """Print a job; the exit code that says how it ended."""
    show(view.as_dict() if options.json else words.card(view))
    return 1 if view.status in ("Failed", "Rejected") else 0


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their heads, columns as wide as they must be."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def fail(error: ExplainedError, as_json: bool) -> int:
    """Print what went wrong; the exit code 1."""
    if as_json:
        show(error.explanation.as_dict())
    else:
        print(error.explanation, file=sys.stderr)
    return 1
