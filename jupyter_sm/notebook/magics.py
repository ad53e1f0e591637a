"""The magics: `%%sm train …` with the script as the cell's body, and `%sm ls | status | …`."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from jupyter_sm.diagnosis import ExplainedError, explain, refusal

_USAGE = "%%sm train [--instance TYPE] [--input NAME=PATH]… [--HYPERPARAMETER VALUE]…"
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
    %sm ls | status NAME | logs NAME | stop NAME | explain [NAME]
    """
    try:
        command, *words = shlex.split(line) or [""]
    except ValueError as error:
        raise _usage(f"The line can't be read: {error}.") from None
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

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise _usage(message or "See the usage.")


def _train_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="%%sm train", add_help=False, allow_abbrev=False)
    parser.add_argument("--instance", default="ml.m5.large")
    parser.add_argument("--instance-count", type=int, default=1)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--name")
    parser.add_argument("--target", default="local")
    parser.add_argument("--output")
    parser.add_argument("--image")
    parser.add_argument("--role")
    parser.add_argument("--checkpoint")
    parser.add_argument("--max-runtime", type=int, default=86_400, metavar="SECONDS")
    parser.add_argument("--max-wait", type=int, metavar="SECONDS")
    parser.add_argument("--volume-gb", type=int, default=30)
    parser.add_argument("--input-mode", default="File", metavar="File|FastFile")
    parser.add_argument("--entry-point")
    parser.add_argument("--metric", action="append", default=[], metavar="NAME=REGEX")
    parser.add_argument("--spot", action="store_true")
    parser.add_argument("--create-bucket", action="store_true")
    parser.add_argument("--help", action="store_true")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE")
    return parser


def _train(words: Sequence[str], cell: str | None) -> Any:
    from jupyter_sm.notebook import api

    script = ""
    rest = list(words)
    if cell is None:
        if not rest or rest[0].startswith("--"):
            raise _usage("%sm train needs the script's path; with %%sm the cell is the script.")
        script = rest.pop(0)
    parser = _train_parser()
    options, unknown = parser.parse_known_args(rest)
    if options.help:
        raise _usage(" ".join(parser.format_usage().split()))
    hyperparameters = _hyperparameters(unknown)
    if cell is not None:
        script = str(_written(cell))
    return api.train(
        script,
        inputs=_pairs(options.input, "--input"),
        hyperparameters=hyperparameters,
        instance=options.instance,
        instance_count=options.instance_count,
        name=options.name,
        target=options.target,
        output=options.output,
        image=options.image,
        role=options.role,
        checkpoint=options.checkpoint,
        entry_point=options.entry_point,
        max_runtime=options.max_runtime,
        max_wait=options.max_wait,
        volume_gb=options.volume_gb,
        input_mode=options.input_mode,
        metrics=_pairs(options.metric, "--metric"),
        spot=options.spot,
        create_bucket=options.create_bucket,
        environment=_pairs(options.env, "--env"),
        tags=_pairs(options.tag, "--tag"),
    )


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


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise _usage(f"{option} takes NAME=VALUE, not {text!r}.")
        pairs[name] = value
    return pairs


def _hyperparameters(words: Sequence[str]) -> dict[str, Any]:
    """`--epochs 3 --lr=0.1 --verbose` as values: JSON where it is JSON, else text; alone: true."""
    result: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise _usage(f"{word!r} belongs to no option.")
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        try:
            result[name] = json.loads(value)
        except ValueError:
            result[name] = value
    return result


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

    parser = _Parser(prog="%sm track", add_help=False, allow_abbrev=False)
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
