"""`jupyter sm doctor`: looks at the install, the store and the targets, and says what to do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from jupyter_sm.cli.jobs import left
from jupyter_sm.cli.show import show
from jupyter_sm.desk import Desk, words

_PACKAGES = ("jupyter_server", "jupyterlab", "notebook", "boto3", "ipython", "ipykernel")
_SIGNS = {"ok": "✔", "fault": "✖", "note": "·"}


class Finding(NamedTuple):
    """One thing looked at: `ok`, `fault` or `note`; what was seen; what to do about it."""

    how: str
    what: str
    fix: str = ""


def doctor(desk: Desk, options: argparse.Namespace) -> int:
    """Print what was found; 1 where something is wrong."""
    desk.catch_up(seconds=left(options))
    found = [finding for look in _LOOKS for finding in look(desk)]
    if options.json:
        show([finding._asdict() for finding in found])
    else:
        for finding in found:
            show(f"{_SIGNS[finding.how]} {finding.what}")
            if finding.fix:
                show(f"    {finding.fix}")
    return 1 if any(finding.how == "fault" for finding in found) else 0


def _versions(desk: Desk) -> Iterator[Finding]:
    yield Finding("ok", f"jupyter_sm {version('jupyter_sm')} on Python {sys.version.split()[0]}")
    for name in _PACKAGES:
        try:
            yield Finding("note", f"{name} {version(name)}")
        except PackageNotFoundError:
            continue


def _extensions(desk: Desk) -> Iterator[Finding]:
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    places = [Path(p) / "labextensions" / "jupyter_sm" for p in jupyter_path()]
    lab = next((place for place in places if (place / "package.json").is_file()), None)
    again = "pip install --force-reinstall --no-deps jupyter_sm"
    if lab is None:
        yield Finding("fault", "The JupyterLab extension is not among Jupyter's files.", again)
    else:
        yield Finding("ok", f"The JupyterLab extension is in {lab}.")
    named = "jupyter_server_config.d/jupyter_sm.json"
    server = next(
        (Path(p) / named for p in jupyter_config_path() if (Path(p) / named).is_file()), None
    )
    if server is None:
        yield Finding(
            "fault",
            "The server extension is not switched on.",
            "jupyter server extension enable jupyter_sm",
        )
    else:
        yield Finding("ok", f"The server extension is switched on in {server}.")


def _store(desk: Desk) -> Iterator[Finding]:
    _, total = desk.jobs(limit=1)
    size = desk.store.path.stat().st_size / 1e6
    yield Finding("ok", f"The job store {desk.store.path} holds {total} jobs ({size:.1f} MB).")


def _targets(desk: Desk) -> Iterator[Finding]:
    for row in desk.targets():
        if row.health in ("stale", "waiting"):
            fix = f"It goes on by itself; or give it up: jupyter sm targets remove {row.name}"
            yield Finding("fault", words.trouble(row), fix)
        elif row.health == "unused":
            yield Finding("note", f"{row.name}: not used yet.")
        else:
            yield Finding("ok", f"{row.name}: {row.reason or 'ready.'}")


_LOOKS: tuple[Callable[[Desk], Iterator[Finding]], ...] = (_versions, _extensions, _store, _targets)
