"""Completion of `%sm` and `%%sm`: commands, options, jobs, targets, instance types.

Only what is on this machine is read; nothing is asked of a target.
"""

from __future__ import annotations

import shlex
from typing import Any

_NAMES = 50


def install(ipython: Any) -> None:
    """Complete the magics' lines."""
    for magic in ("%sm", "%%sm"):
        ipython.set_hook("complete_command", complete, str_key=magic)


def complete(ipython: Any, event: Any) -> list[str]:
    """What may stand where the cursor is, of what begins so."""
    before = event.line[: len(event.line) - len(event.symbol)]
    try:
        words = shlex.split(before)
    except ValueError:  # within a quoted text
        return []
    is_cell = event.line.lstrip().startswith("%%")
    return [word for word in _choices(words[1:], is_cell) if word.startswith(event.symbol)]


def _choices(words: list[str], is_cell: bool) -> list[str]:
    from jupyter_sm.notebook.line_commands import COMMANDS
    from jupyter_sm.notebook.magics import train_parser

    if not words:
        return ["train"] if is_cell else list(COMMANDS)
    command, last = words[0], words[-1]
    if last in ("--target", "--instance"):
        return _targets() if last == "--target" else _instance_types()
    if command in ("train", "again"):
        options = sorted(train_parser("")._option_string_actions)
        return options if command == "train" or len(words) > 1 else _jobs()
    if command == "targets":
        return _targets() if len(words) > 1 else ["add", "remove"]
    takes_a_job = command in COMMANDS and "JOB" in COMMANDS[command].arguments
    return _jobs() if takes_a_job else ["--target"] if command == "track" else []


def _jobs() -> list[str]:
    from jupyter_sm.notebook.session import desk

    views, _ = desk().jobs(limit=_NAMES)
    return [view.name for view in views]


def _targets() -> list[str]:
    from jupyter_sm.notebook.session import desk

    return [row.name for row in desk().targets()]


def _instance_types() -> list[str]:
    from jupyter_sm.jobs.instances import known_types
    from jupyter_sm.jobs.kinds.training import TRAINING

    return known_types(TRAINING)
