"""The magics: `%%sm train …` with the script as the cell's body, and `%sm ls | status | …`.

What the commands of a line do stands in `line_commands.py`.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import shlex
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from jupyter_sm import forks
from jupyter_sm.diagnosis import ExplainedError, refusal
from jupyter_sm.shown.controls import is_text


def load(ipython: Any) -> None:
    """Register the magics; what they need loads in the background, so the first cell is quick."""
    from jupyter_sm.notebook import completion
    from jupyter_sm.notebook.errors import install

    ipython.register_magic_function(sm, "line_cell", "sm")
    install(ipython)
    completion.install(ipython)
    threading.Thread(target=_warm_up, name="jupyter_sm warm-up", daemon=True).start()


def _warm_up() -> None:
    with forks.whole:
        from jupyter_sm.jobs.service_model import service_model
        from jupyter_sm.notebook import api  # noqa: F401 - loads the module

        service_model()


def sm(line: str, cell: str | None = None) -> Any:
    """Train on SageMaker without blocking.

    %%sm train --input train=data/ --epochs 3   (the cell's body is the script)
    %%sm train --help
    %sm help   (all that a line can do)
    """
    for part, text in (("line", line), ("cell", cell or "")):
        if not is_text(text):
            raise usage(f"The {part} holds characters that are no text (lone surrogates, or NUL).")
    try:
        command, *words = shlex.split(line) or [""]
    except ValueError as error:
        raise usage(f"The line can't be read: {error}.") from None
    try:
        return _run(command, words, cell)
    except SystemExit:  # argparse's way to end once it has printed the help
        return None


def _run(command: str, words: Sequence[str], cell: str | None) -> Any:
    if cell is not None:
        if command != "train":
            raise usage(f"%%sm takes train, not {command!r}.")
        return train(words, cell)
    if not command:
        raise usage("A command is missing.")
    from jupyter_sm.notebook.line_commands import COMMANDS, run

    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise usage(f"There is no command {command!r}.{meant}")
    return run(command, words)


class Parser(argparse.ArgumentParser):
    """Says what is wrong as all else of ours does, and never ends the kernel."""

    def error(self, message: str) -> NoReturn:
        """Raises ExplainedError."""
        raise usage(f"{message[:1].upper()}{message[1:]}.", self.prog)


def train_parser(prog: str) -> argparse.ArgumentParser:
    """The options of training, as the spec has them."""
    from jupyter_sm.jobs import TrainingSpec
    from jupyter_sm.jobs.options import JobOptions, add_options

    parser = Parser(
        prog=prog,
        allow_abbrev=False,
        epilog="Any other --NAME VALUE is a hyperparameter, passed on as it is typed; alone it is True.",
    )
    add_options(parser, JobOptions)
    add_options(parser, TrainingSpec, without=("script",))
    parser.add_argument("--dry-run", action="store_true", help="say what would be started")
    return parser


def train(words: Sequence[str], cell: str | None) -> Any:
    """Train the script that the line names, or the cell."""
    from jupyter_sm.notebook import api

    rest = list(words)
    script = rest.pop(0) if cell is None and rest and not rest[0].startswith("-") else ""
    parser = train_parser("%sm train SCRIPT" if cell is None else "%%sm train")
    options, others = parser.parse_known_args(rest)
    if cell is None and not script:
        raise usage("%sm train needs the script's path; with %%sm the cell is the script.")
    values = vars(options)
    add_hyperparameters(values, others, parser)
    return api.train(script if cell is None else _written(cell), **values)


def add_hyperparameters(
    values: dict[str, Any], others: Sequence[str], parser: argparse.ArgumentParser
) -> None:
    """What is no option is a hyperparameter; one that looks like an option is told of."""
    actions = parser._option_string_actions
    known = [flag for flag in actions if flag.startswith("--")]
    own = {action.dest: flag for flag, action in actions.items()}
    hyperparameters = values.setdefault("hyperparameters", {})
    for name, value in _hyperparameters(others):
        if name in hyperparameters:
            raise usage(f"The hyperparameter {name} is given twice.")
        if name in own:
            raise usage(
                f"--{name} is no option; {own[name]} is. A hyperparameter of that name: "
                f"-p {name}=VALUE."
            )
        hyperparameters[name] = value
        near = difflib.get_close_matches(f"--{name}", known, 1, cutoff=0.85)
        if near:
            print(  # noqa: T201 - said where it was typed, and no reason to stop
                f"--{name} goes to the script as a hyperparameter; the option is {near[0]}."
            )


def _written(cell: str) -> Path:
    """The cell's body as a script; the folder is named by content."""
    from jupyter_sm.desk import StoreError
    from jupyter_sm.notebook.session import desk

    if not cell.strip():
        raise usage("The cell is empty: its body is the script.")
    body = cell.encode()
    folder = desk().store.folder / "cells" / hashlib.sha256(body).hexdigest()[:16]
    script = folder / "train.py"
    try:
        if script.exists():
            os.utime(script)  # used again, so that it is not tidied away
        else:
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
            raise usage(f"{word!r} belongs to no option.")
        name, equals, value = word[2:].partition("=")
        if not name:
            raise usage(f"{word!r} has no name before the equals sign.")
        if not equals and (not rest or rest[0].startswith("--")):
            yield name, True
        else:
            yield name, typed(value if equals else rest.pop(0))


def usage(what: str, prog: str = "%%sm train") -> ExplainedError:
    """A magic that can't be read, in one sentence, and how it is written."""
    from jupyter_sm.notebook.line_commands import COMMANDS

    fixes = [
        "Cell: %%sm train [--instance TYPE] [--input NAME=PATH]… [--HYPERPARAMETER VALUE]… "
        "(%%sm train --help lists all options)",
        "Line: %sm help lists the commands.",
    ]
    command = prog.split()[1]
    if command != "train":
        fixes = [f"Line: %sm {command} {COMMANDS[command].arguments}"]
    return refusal("sdk-usage", "The magic can't be read", what, *fixes)
