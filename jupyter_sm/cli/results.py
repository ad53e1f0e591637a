"""The commands that show what jobs are and have made, and bring it here."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from pathlib import Path
from typing import TextIO

from jupyter_sm.cli.jobs import known, left, named
from jupyter_sm.cli.show import card, show, show_rows, table
from jupyter_sm.desk import Desk, JobView, words
from jupyter_sm.desk.waiting import await_log
from jupyter_sm.diagnosis import refusal
from jupyter_sm.shown.secrets import mask, masked

# What begins a formula in a spreadsheet, also in the width of East Asian letters.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_POINT = ("name", "stream", "step", "value", "timestamp_ms")


def details(desk: Desk, options: argparse.Namespace) -> int:
    """All that is known of a job: states, notes, request."""
    view = named(desk, options)
    request = desk.request(view.key) or {}
    if options.json:
        show({**view.as_dict(), "request": request})
        return 0
    show(card(view, options))
    waits = words.waits_for(view)
    for row in view.transitions:
        took = (row.end or view.ended_at or time.time()) - row.start
        message = "" if waits and row.end is None else row.message  # the card has it
        show(f"  {row.status:<12} {words.duration(took):>10}  {message}".rstrip())
    for note in view.notes:
        show(f"  {note}")
    show(json.dumps(request, indent=2))
    return 0


def metrics(desk: Desk, options: argparse.Namespace) -> int:
    """A job's metrics: first, last, least and greatest of each; all points as CSV or JSON."""
    view = named(desk, options)
    await_log(desk, view.key)
    if options.csv:
        _write_csv(desk, view, sys.stdout)
        return 0
    points = desk.metric_points(view.key)
    if options.json:
        show_rows({name: getattr(point, name) for name in _POINT} for point in points)
        return 0
    values: dict[str, list[float]] = {}
    for point in points:
        if point.value is not None:
            values.setdefault(point.name, []).append(point.value)
    if not values:
        show(f"{view.name} has printed no metrics (yet).")
        return 0
    heads = ("METRIC", "POINTS", "FIRST", "LAST", "LEAST", "GREATEST")
    rows = [
        (name, str(len(v)), *(f"{x:.4g}" for x in (v[0], v[-1], min(v), max(v))))
        for name, v in values.items()
    ]
    show(table(heads, rows))
    return 0


def _write_csv(desk: Desk, view: JobView, text: TextIO) -> None:
    # In quotes, since there are programs for which other signs part cells.
    rows = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    rows.writerow(_POINT)
    for point in desk.metric_points(view.key):
        rows.writerow([_cell(getattr(point, name)) for name in _POINT])


def _cell(value: object) -> object:
    """A name that a log printed must not become a formula of whoever opens the file."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def diff(desk: Desk, options: argparse.Namespace) -> int:
    """What two jobs' requests have otherwise; 1 where they differ, as diff does."""
    one, other = (known(desk, options, name).key for name in (options.name, options.other))
    found = desk.differences(one, other)
    if options.json:
        show([row._asdict() for row in found])
    elif found:
        rows = [(row.path, str(row.one), str(row.other)) for row in found]
        show(table(("MEMBER", options.name, options.other), rows))
    return 1 if found else 0


def code(desk: Desk, options: argparse.Namespace) -> int:
    """Code that starts the same job."""
    text = desk.code(known(desk, options, options.name).key, options.form)
    show({"code": text} if options.json else text.rstrip())
    return 0


def artifacts(desk: Desk, options: argparse.Namespace) -> int:
    """The files that a job has left."""
    view = known(desk, options, options.name)
    found = desk.results(view.key, left(options)).files()
    if options.json:
        show([masked(vars(one)) for one in found])
    elif not found:
        show(f"{view.name} has left nothing (yet).")
    else:
        rows = [(words.size(one.size), mask(one.name)) for one in found]
        show(table(("SIZE", "NAME"), rows))
    return 0


def download(desk: Desk, options: argparse.Namespace) -> int:
    """Bring what a job has left below a folder."""
    view = known(desk, options, options.name)
    results = desk.results(view.key, left(options))
    chosen = [one for one in results.files() if not options.file or one.name in options.file]
    missing = set(options.file or ()) - {one.name for one in chosen}
    if missing:
        what = f"{view.name} has left no {sorted(missing)[0]}."
        raise refusal("not-found", "No such file", what, f"jupyter sm artifacts {view.name}")

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{words.size(done)} of {words.size(total)}", end="", file=sys.stderr)

    files = results.download(Path(options.to or view.name), chosen, tell)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    show([str(file) for file in files] if options.json else "\n".join(map(str, files)))
    return 0


def export(desk: Desk, options: argparse.Namespace) -> int:
    """Write all that is known of a job to a folder: job, request, log, metrics."""
    view = named(desk, options)
    folder = Path(options.to or f"{view.name}-export")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "job.json").write_text(json.dumps(view.as_dict(), indent=2) + "\n")
        (folder / "request.json").write_text(
            json.dumps(desk.request(view.key) or {}, indent=2) + "\n"
        )
        with (folder / "metrics.csv").open("w", encoding="utf-8", newline="") as points:
            _write_csv(desk, view, points)
        with (folder / "log.txt").open("w", encoding="utf-8", errors="replace") as log:
            desk.watch(view.key)
            log.writelines(desk.exported_log(view.key))
    except OSError as error:
        what = f"{error.filename or folder}: {error.strerror}."
        raise refusal("local-file-not-found", "Not exported", what) from None
    files = sorted(str(path) for path in folder.iterdir())
    show(files if options.json else "\n".join(files))
    return 0


def defaults(desk: Desk, options: argparse.Namespace) -> int:
    """What training from this folder gets on a target, and from where."""
    found = desk.defaults(options.target)
    show_rows(map(vars, found)) if options.json else show(str(found))
    return 0


def targets(desk: Desk, options: argparse.Namespace) -> int:
    """The targets there are, and how each is; or one that is to be looked after no longer."""
    if options.do and not options.target:
        what = f"Which target? jupyter sm targets {options.do} NAME"
        raise refusal("invalid-parameter", "No target named", what)
    if options.do:
        (desk.use if options.do == "add" else desk.remove)(options.target)
    rows = desk.targets()
    if options.json:
        show([vars(row) for row in rows])
    else:
        show(table(("TARGET", "HEALTH", ""), [(r.name, r.health, r.reason or "") for r in rows]))
    return 0
