"""The magics: `%%sm train …` with the script as the cell's body, and `%sm ls | status | …`."""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from jupyter_sm.diagnosis import ExplainedError, explain, refusal

_USAGE = (
    "%%sm train [--instance TYPE] [--input NAME=PATH]… [--HYPERPARAMETER VALUE]… "
    "(%%sm train --help lists all options)"
)
_LINE_USAGE = (
    "%sm ls | status NAME | logs NAME | stop NAME | explain [NAME] | track NAME | train SCRIPT …"
)


def load(ipython: Any) -> None:
    """Register the magics; what they need loads in the background, so the first cell is quick."""
    from jupyter_sm.notebook.errors import install

    ipython.register_magic_function(sm, "line_cell", "sm")
    install(ipython)
    threading.Thread(target=_warm_up, name="jupyter_sm warm-up", daemon=True).start()


def _warm_up() -> None:
    from jupyter_sm.jobs.service_model import service_model
    from jupyter_sm.notebook import api  # noqa: F401 - loads the module

    service_model()


def sm(line: str, cell: str | None = None) -> Any:
    """Train on SageMaker without blocking.

    %%sm train --input train=data/ --epochs 3   (the cell's body is the script)
    %%sm train --help
    %sm ls | status NAME | logs NAME | stop NAME | explain [NAME]
    """
    try:
        command, *words = shlex.split(line) or [""]
    except ValueError as error:
        raise _usage(f"The line can't be read: {error}.") from None
    try:
        return _run(command, words, cell)
    except SystemExit:  # argparse's way to end once it has printed the help
        return None


def _run(command: str, words: Sequence[str], cell: str | None) -> Any:
    if cell is not None:
        if command != "train":
            raise _usage(f"%%sm takes train, not {command!r}.")
        return _train(words, cell)
    handler = _COMMANDS.get(command)
    if handler is None:
        raise _usage(f"There is no command {command!r}." if command else "A command is missing.")
    return handler(words)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _usage(f"{message[:1].upper()}{message[1:]}.")


def _train_parser(prog: str) -> argparse.ArgumentParser:
    from jupyter_sm.jobs import TrainingSpec
    from jupyter_sm.jobs.options import JobOptions, add_options

    parser = _Parser(
        prog=prog,
        allow_abbrev=False,
        epilog="Any other --NAME VALUE is a hyperparameter, passed on as it is typed; alone it is True.",
    )
    add_options(parser, JobOptions)
    add_options(parser, TrainingSpec, without=("script",))
    return parser


def _train(words: Sequence[str], cell: str | None) -> Any:
    from jupyter_sm.notebook import api

    rest = list(words)
    script = rest.pop(0) if cell is None and rest and not rest[0].startswith("-") else ""
    parser = _train_parser("%sm train SCRIPT" if cell is None else "%%sm train")
    options, others = parser.parse_known_args(rest)
    if cell is None and not script:
        raise _usage("%sm train needs the script's path; with %%sm the cell is the script.")
    values = vars(options)
    hyperparameters = values.setdefault("hyperparameters", {})
    for name, value in _hyperparameters(others):
        if name in hyperparameters:
            raise _usage(f"The hyperparameter {name} is given twice.")
        hyperparameters[name] = value
    return api.train(script if cell is None else _written(cell), **values)


def _written(cell: str) -> Path:
    """The cell's body as a script; the folder is named by content."""
    from jupyter_sm.desk import StoreError
    from jupyter_sm.notebook.session import desk

    body = cell.encode()
    folder = desk().store.folder / "cells" / hashlib.sha256(body).hexdigest()[:16]
    script = folder / "train.py"
    try:
        if not script.exists():
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            part = folder / f".part-{os.getpid()}-{threading.get_ident()}"
            part.write_bytes(body)
            part.replace(script)
    except OSError as error:
        raise StoreError(f"The cell could not be written as a script: {error}.") from None
    return script


def _hyperparameters(words: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """`--epochs 3 --lr=0.1 --verbose`: names and values as typed; a name alone is true."""
    from jupyter_sm.jobs.options import typed

    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise _usage(f"{word!r} belongs to no option.")
        name, equals, value = word[2:].partition("=")
        if not equals and (not rest or rest[0].startswith("--")):
            yield name, True
        else:
            yield name, typed(value if equals else rest.pop(0))


def _list(words: Sequence[str]) -> Any:
    from jupyter_sm.notebook import api

    return api.list_jobs()


def _one(words: Sequence[str], command: str) -> Any:
    from jupyter_sm.notebook import api

    if len(words) != 1:
        raise _usage(f"%sm {command} needs one job name.")
    return api.get_job(words[0])


def _stop(words: Sequence[str]) -> Any:
    job = _one(words, "stop")
    job.stop()
    return job


def _track(words: Sequence[str]) -> Any:
    from jupyter_sm.notebook import api

    parser = _Parser(prog="%sm track", allow_abbrev=False)
    parser.add_argument("name")
    parser.add_argument("--target", default="local")
    options = parser.parse_args(list(words))
    return api.track(options.name, target=options.target)


def _explain(words: Sequence[str]) -> Any:
    if not words:
        last = getattr(sys, "last_value", None)
        return explain(last) if last is not None else "There was no error in this notebook yet."
    job = _one(words, "explain")
    return job.explanation or f"{job.name} has no error: it is {job.status}."


_COMMANDS = {
    "ls": _list,
    "status": lambda words: _one(words, "status"),
    "logs": lambda words: _one(words, "logs").logs(),
    "stop": _stop,
    "explain": _explain,
    "track": _track,
    "train": lambda words: _train(words, None),
}


def _usage(what: str) -> ExplainedError:
    fixes = (f"Cell: {_USAGE}", f"Line: {_LINE_USAGE}")
    return refusal("sdk-usage", "The magic can't be read", what, *fixes)
