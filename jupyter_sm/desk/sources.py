"""What is looked at of a spec's script and inputs before anything is packed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from jupyter_sm.diagnosis import refusal
from jupyter_sm.jobs import Origin, TrainingSpec
from jupyter_sm.targets import PathError, SourceError, resolved


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


def check_inputs(inputs: Mapping[str, str]) -> None:
    """Refuse inputs of this machine that are not there. Raises ExplainedError, PathError."""
    for channel, where in inputs.items():
        if "://" in where:
            continue
        try:
            path = resolved(where)
        except PathError as error:
            raise PathError(f"The input of channel {channel!r}: {error}") from None
        if not path.exists():
            raise refusal(
                "local-file-not-found",
                "An input is missing",
                f"There is nothing at {where!r}, the input of channel {channel!r} "
                f"(looked for {path}).",
            )
