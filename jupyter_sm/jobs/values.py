"""Whether a value is of the type that a field or a parameter is annotated with, and how that is said."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Mapping
from os import PathLike
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from jupyter_sm.shown.controls import is_text

_WORDS: dict[Any, str] = {
    str: "a text",
    PathLike: "a path",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    NoneType: "None",
}
_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 60


class Misfit(NamedTuple):
    """What is wrong with a value: where in it, and a sentence's end."""

    where: str
    what: str


def misfit(value: Any, hint: Any, where: str = "") -> Misfit | None:
    """What is wrong with a value that is not of a type, or None.

    Items of what can be gone through once only are left to whoever does so.
    """
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        found = {get_origin(arg) or arg: misfit(value, arg, where) for arg in args}
        if None in found.values():
            return None
        # What was meant is the type that it is of, but for something within.
        meant = [wrong for kind, wrong in found.items() if isinstance(value, kind)]
        return meant[0] if meant else Misfit(where, _is_not(hint, value))
    kind = origin or hint
    if not _is_one(value, kind, args):
        return Misfit(where, _is_not(hint, value))
    if kind is str and not is_text(value):
        return Misfit(where, f"holds what is no text: {said(value)}.")
    if args and isinstance(value, Mapping):
        for name, item in value.items():
            wrong = misfit(name, args[0], f"{where} (name)")
            wrong = wrong or misfit(item, args[1], f"{where}[{said(name)}]")
            if wrong:
                return wrong
    elif args and isinstance(value, Collection):
        for number, item in enumerate(value):
            if wrong := misfit(item, args[0], f"{where}[{number}]"):
                return wrong
    return None


def words_of(hint: Any) -> str:
    """A type in words."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(words_of, args)))
    if origin is Literal:
        return " or ".join(map(repr, args))
    kind = origin or hint
    if kind in _WORDS:
        return _WORDS[kind]
    if issubclass(kind, Mapping):
        return "a mapping of names to values"
    return "a list" if kind.__module__ == "collections.abc" else f"a {kind.__name__}"


def said(value: Any) -> str:
    """A value as a sentence may show it: on one line, and not too long."""
    text = _SHOWN.repr(value).encode("utf-8", "backslashreplace").decode()
    return " ".join(text.split())


def _is_not(hint: Any, value: Any) -> str:
    return f"must be {words_of(hint)}, not {said(value)}."


def _is_one(value: Any, kind: Any, args: tuple[Any, ...]) -> bool:
    if kind is Any:
        return True
    if kind is Literal:
        return isinstance(value, str) and value in args
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float)) and value == value
    # A text is a list of texts, a mapping one of names, and hardly ever meant as such.
    is_list = len(args) == 1 and isinstance(value, (str, bytes, Mapping))
    return isinstance(value, kind) and not is_list
