"""What commands print: JSON for programs, tables and cards for people, one sentence for errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jupyter_sm.desk import JobView, LogRecord, words
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.shown.controls import coloured, plain


def show(what: Any) -> None:
    """Print a text, in which nothing controls the terminal; plain data as JSON."""
    is_data = what is None or type(what) in (dict, list)
    print(json.dumps(what) if is_data else plain(str(what)))


def show_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a JSON list, row by row, so that its length costs no memory."""
    comma = "["
    for row in rows:
        print(comma, json.dumps(row), sep="", end="")
        comma = ", "
    print("[]" if comma == "[" else "]")


def tell(what: str) -> None:
    """Say something beside what was asked for."""
    print(plain(what), file=sys.stderr)


def show_log(records: Iterable[LogRecord], *, flush: bool = False) -> None:
    """Print log entries as they come; in a terminal with their colours."""
    readable = coloured if sys.stdout.isatty() else plain
    for record in records:
        print(readable(record.text) + words.left_out(record), flush=flush)


def show_job(view: JobView, options: argparse.Namespace) -> int:
    """Print a job; the exit code that says how it ended."""
    show(view.as_dict() if options.json else card(view, options))
    return 1 if view.status in ("Failed", "Rejected") else 0


def card(view: JobView, options: argparse.Namespace) -> str:
    """A job's card; what is in the way of its target has been said before."""
    return words.card(view, is_told=view.target in options.unanswered)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their heads, columns as wide as they must be."""
    return words.columns([heads, *rows])


def fail(error: ExplainedError, as_json: bool) -> int:
    """Print what went wrong; the exit code 1."""
    if as_json:
        show(error.explanation.as_dict())
    else:
        tell(str(error.explanation))
    return 1
