"""Options made from a spec's fields, so that no face lists them by itself.

A field's name, type and default say most of its option; the rest is in its metadata (`about`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, get_args, get_origin, get_type_hints


def about(text: str, *flags: str, metavar: str | None = None) -> dict[str, Any]:
    """A field's metadata: what it is, in one line, and how its option is spelt.

    Without `flags` the option is named as the field; `metavar` stands for its value in the help.
    """
    return {"help": text, "flags": flags, "metavar": metavar}


@dataclass(frozen=True)
class JobOptions:
    """What any submission can say beside its spec."""

    name: str | None = field(
        default=None, metadata=about("the job's name; without it the job gets a fresh one")
    )
    target: str = field(
        default="local", metadata=about("where it runs: local, or PROFILE@REGION on AWS")
    )


def add_options(
    parser: argparse.ArgumentParser, spec: type[Any], *, without: Collection[str] = ()
) -> None:
    """Give a parser an option for each field of a spec, `without` some.

    A field that has no default becomes an argument. Options that were not given leave no trace,
    so that the spec's own defaults count.
    """
    hints = get_type_hints(spec)
    for one in fields(spec):
        if one.name in without:
            continue
        if one.default is MISSING and one.default_factory is MISSING:
            parser.add_argument(one.name, help=_help(one))
            continue
        parser.add_argument(
            *(one.metadata["flags"] or [f"--{one.name.replace('_', '-')}"]),
            dest=one.name,
            default=argparse.SUPPRESS,
            help=_help(one),
            **_reading(hints[one.name], one.metadata["metavar"]),
        )


def given(options: argparse.Namespace, spec: type[Any]) -> dict[str, Any]:
    """What was given of a spec's fields, as its keyword arguments."""
    names = {one.name for one in fields(spec)}
    return {name: value for name, value in vars(options).items() if name in names}


def typed(text: str) -> int | float | str:
    """A hyperparameter's value as it was typed: a number, or the text itself.

    Script mode hands a number on as Python writes it, which turns 1.10 into 1.1 and 1e-3 into
    0.001. So a number it is only where Python writes it as it was typed; a text stays as it is.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if type(value) in (int, float) and str(value) == text else text


class _Gather(argparse.Action):
    """Gathers each NAME=VALUE of a repeated option into one mapping."""

    def __init__(self, *args: Any, read: Callable[[str], Any], **more: Any) -> None:
        super().__init__(*args, **more)
        self._read = read

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        name, equals, value = str(values).partition("=")
        if not (name and equals):
            raise argparse.ArgumentError(self, f"{values!r} is not {self.metavar}")
        gathered = vars(namespace).setdefault(self.dest, {})
        if name in gathered:
            raise argparse.ArgumentError(self, f"{name} is given twice")
        gathered[name] = self._read(value)


def _reading(hint: Any, metavar: str | None) -> dict[str, Any]:
    """How argparse reads the values of a field of this type."""
    if hint is bool:
        return {"action": "store_true"}
    if get_origin(hint) is Mapping:
        read = typed if get_args(hint)[1] is Any else str
        return {"action": _Gather, "read": read, "metavar": metavar or "NAME=VALUE"}
    if get_origin(hint) is Sequence:
        return {"action": "append", "type": get_args(hint)[0], "metavar": metavar}
    (plain,) = [one for one in get_args(hint) or (hint,) if one is not type(None)]
    return {"type": plain, "metavar": metavar}


def _help(one: Field[Any]) -> str:
    text: str = one.metadata["help"]
    if one.default_factory is not MISSING:
        text += "; can be repeated"
    elif one.default not in (MISSING, None, False):
        text += f" (default: {one.default})"
    return text.replace("%", "%%")
