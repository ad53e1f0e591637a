"""What is looked at of a spec's script and inputs before anything is packed."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_sm.diagnosis import refusal
from jupyter_sm.jobs import Origin, TrainingSpec
from jupyter_sm.jobs.kinds import Place, follows_links
from jupyter_sm.targets import PathError, SourceError, resolved
from jupyter_sm.targets.paths import path_of
from jupyter_sm.targets.walk import WalkError, is_missing, walk

_FILE = "file:///"
# A submit is not held up by a folder of any size, or on a disk that is slow.
_MOST_ENTRIES = 10_000
_MOST_SECONDS = 1.0


def origin_of(script: str, dependencies: Sequence[str]) -> Origin:
    """Where a source is packed from, by paths that hold wherever they are read."""
    beside = [os.fspath(resolved(path)) for path in dependencies]
    return Origin(os.fspath(resolved(script).resolve()), beside)


def check_script(spec: TrainingSpec) -> None:
    """Refuse a script that can't run. Raises ExplainedError, SourceError."""
    try:
        path = resolved(spec.script)
    except PathError as error:
        raise SourceError(f"There is no script like this: {error}") from None
    if spec.entry_point and path.is_file():
        raise refusal(
            "invalid-parameter",
            "Two scripts are named",
            f"{spec.script} is a file, and entry_point names {spec.entry_point}: entry_point is for "
            "a folder.",
            "Name the folder as script, or leave entry_point out.",
        )
    if path.is_dir() and spec.entry_point:
        try:
            path = resolved(str(path / spec.entry_point))
        except PathError as error:
            raise SourceError(f"There is no script like this: {error}") from None
    if not path.is_file():
        return
    if path.suffix != ".py":
        _check_program(path)
        return
    try:
        compile(path.read_bytes(), os.fspath(path), "exec", dont_inherit=True)
    except OSError as error:
        raise refusal(
            "local-file-not-found", "The script can't be read", f"{path}: {error.strerror}."
        ) from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path.name} line {line}" if line else path.name
        raise refusal(
            "user-script-exception",
            "The script has a syntax error",
            f"{where}: {getattr(error, 'msg', error)}.",
            "Mend that line and run the cell again; no job was started.",
        ) from None


def _check_program(path: Path) -> None:
    """Script mode runs whatever else is a program by itself."""
    with path.open("rb") as file:
        is_program = file.read(2) == b"#!" or path.suffix == ".sh" or os.access(path, os.X_OK)
    if not is_program:
        raise refusal(
            "invalid-parameter",
            "No script",
            f"{path.name} is no script: it does not end in .py or .sh, nor begin with #!.",
            "Name the script, or its folder with entry_point.",
        )


def check_input(channel: str, where: str, *, follow_links: bool = False) -> None:
    """Refuse a spec's input of this machine that no job could take. Raises ExplainedError, PathError."""
    phrase = f"input of channel {channel!r}"
    if where.startswith(_FILE):
        _check_input(path_of(where), phrase, where, follow_links=follow_links)
    elif "://" not in where:
        try:
            path = resolved(where)
        except PathError as error:
            raise PathError(f"The {phrase}: {error}") from None
        _check_input(path, phrase, where, follow_links=follow_links)


def check_place(place: Place, request: Mapping[str, Any]) -> None:
    """The same of an address of a request. Raises ExplainedError."""
    uri = place.uri(request)
    if place.role == "input" and uri.startswith(_FILE):
        _check_input(path_of(uri), place.phrase, uri, follow_links=follows_links(request))


def _check_input(path: Path, phrase: str, told: str, *, follow_links: bool) -> None:
    """`told` is the place in the user's own words. Of a large folder not all is looked at."""
    if is_missing(path):
        raise refusal(
            "local-file-not-found",
            "An input is missing",
            f"There is nothing at {told!r}, the {phrase} (looked for {path}).",
        )
    try:
        is_empty = not sum(1 for _ in walk(path, follow_links=follow_links, check_stop=_bound()))
    except _EnoughError:
        return
    except WalkError as error:
        what = f"The {phrase} can't be taken: {error}"
        raise refusal("local-file-not-found", "An input can't be taken", what) from None
    if is_empty:
        what = f"There is no file in {path}, the {phrase}."
        raise refusal("input-channel", "An input is empty", what)


class _EnoughError(Exception):
    """So much was looked at that the job is submitted, and its own look tells of the rest."""


def _bound() -> Callable[[], None]:
    until, left = time.monotonic() + _MOST_SECONDS, itertools.count(_MOST_ENTRIES, -1)

    def check() -> None:
        if next(left) <= 0 or time.monotonic() > until:
            raise _EnoughError

    return check
