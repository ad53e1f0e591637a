"""Masking secrets: by the name of a value, by the form of a text, and by value where it is known.

There is one rule for all that is shown; what is run, or sent to AWS, is never masked.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any
from urllib.parse import quote

from jupyter_sm.shown.controls import plain
from jupyter_sm.shown.formats import FORMS, Form
from jupyter_sm.shown.names import is_secret, is_secret_in_text, may_be_secret

MASK = "••••••"

# A name and what stands between it and its value: =, :, =>, also in quotes and in brackets.
_PAIR = re.compile(
    r"(?<![A-Za-z0-9_])([A-Za-z_][\w.-]{0,199})(?:\\{0,7}[\"'])?\]?[ \t]{0,3}(?::=|=>|==?|:)[ \t]{0,3}"
)
# An option and its value as the next word, which may be the next of a list.
_OPTION = re.compile(
    r"(?<![\w-])--?([A-Za-z][\w.-]{0,199})(?:[ \t]{1,4}|\\{0,7}[\"'][ \t]{0,3},\s{0,9}(?=\\{0,7}[\"']))"
)
# {"Key": "password", "Value": "…"}, and the same in other notations.
_QUOTE = r"(?:\\{0,7}[\"'])?"
_ENTRY = re.compile(
    rf"(?:[Kk]ey|[Nn]ame){_QUOTE}[ \t]{{0,3}}[:=][ \t]{{0,3}}{_QUOTE}([A-Za-z_][\w.-]{{0,199}}){_QUOTE}"
    rf"[ \t]{{0,3}}[,\n]\s{{0,20}}{_QUOTE}[Vv]alue{_QUOTE}[ \t]{{0,3}}[:=][ \t]{{0,3}}"
)
_ELEMENT = re.compile(r"<([A-Za-z][\w.:-]{0,199})>(?=[^<>\n]{1,4000}</)")
_NAMES = (_PAIR, _OPTION, _ENTRY, _ELEMENT)
_QUOTED = re.compile(
    r"\"((?:[^\"\\\n]|\\.){0,4000})\"?|'((?:[^'\\\n]|\\.){0,4000})'?"
    # Within quotes that are escaped themselves, the closing one has no more backslashes.
    r"|(\\{1,7}[\"'])((?:(?!(?<!\\)\3).){0,4000})"
)
_BARE = re.compile(r"(?:(?!\\[nrt])[^\s\x00-\x1f,;\"'&<>]){1,4000}")
# In a connection string a value ends at the semicolon only.
_TO_SEMICOLON = re.compile(r"\{([^}\n]{1,400})\}|([^;\n\"']{1,400})")
_TO_END = re.compile(r"[^\n\"'\\]{1,4000}")
# Secrets Manager's ARNs have the word before the secret's name.
_ARN = re.compile(r"arn:aws[\w:-]{0,90}:\Z")
_IS_HEADER = re.compile(r"(?i)(?:^|-|_)(?:authorization|(?:set-)?cookie)$")
# With a word of each form what it is looked for by; and of names that say secret.
_WORDS = [(word, form) for form in FORMS for word in form.words]
_HINTS = re.compile(
    "pass|pw|psw|pat|secret|cred|token|key|auth|cookie|jwt|bearer|sig|session|phrase|mnemonic|salt|dsn|webhook"
)
# Nobody reads what is nested deeper.
_DEEPEST = 60
_JSON_BEGINS = ("{", "[", '"')
# A known value must be long enough not to stand in other words by chance.
_SHORTEST_KNOWN = 6
_SHORTEST_WORD = 8
# No form is shorter.
_SHORTEST_FORM = 14
_HEAD = 16


def mask(text: str, known: Iterable[str] = ()) -> str:
    """A text with its secrets masked, and with values that are known to be secret."""
    return _Masker(known).text(text)


def masked(data: Any, known: Iterable[str] = ()) -> Any:
    """A copy of plain data for showing: secrets are masked at every depth, in names too.

    What is secret in one place of it is secret in all.
    """
    return _Masker((*known, *secrets_of(data))).data(data)


def shown(text: str, known: Iterable[str] = ()) -> str:
    """A text of others that we pass on: a reason, a message, a note."""
    return mask(plain(text), known)


def secrets_of(data: Any) -> tuple[str, ...]:
    """The values that `masked` hides in some data, so that they can be hidden where they stand alone."""
    masker = _Masker()
    masker.data(data)
    # A key in a file's form is one also in its lines.
    lines = (line for text in masker.found for line in text.split("\n") if line[:5] != "-----")
    long_enough = (
        text
        for text in map(str.strip, [*masker.found, *lines])
        if len(text) >= (_SHORTEST_WORD if text.isalpha() else _SHORTEST_KNOWN)
    )
    return tuple(sorted(set(long_enough), key=len, reverse=True))


class _Masker:
    """Masks one thing, and keeps what was secret in it."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.found: list[str] = []
        self._known = tuple(known)
        self._depth = 0

    def data(self, value: Any, name: str = "") -> Any:
        """Plain data; `name` is what the value is called."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return MASK
            if isinstance(value, Mapping):
                return self._mapping(value, name)
            if isinstance(value, (list, tuple, set, frozenset)):
                return self._items(list(value), name)
            if isinstance(value, str):
                return self._string(value, name)
            # What is no plain data tells nothing, and may not even have a text.
            is_plain = isinstance(value, (int, float, bytes))
            return self._hide(str(value)) if is_plain and name and is_secret(name, value) else value
        finally:
            self._depth -= 1

    def _mapping(self, value: Mapping[Any, Any], name: str) -> dict[Any, Any]:
        named = value.get("Key", value.get("Name", value.get("name", value.get("key"))))
        shown: dict[Any, Any] = {}
        for key, item in value.items():
            # Tags and variables as lists have them: {"Key": "password", "Value": "…"}.
            is_value = str(key).lower() == "value" and isinstance(named, str)
            inner = named if is_value else f"{name}.{key}" if name and _inherits(name) else str(key)
            is_long = isinstance(key, str) and len(key) >= _SHORTEST_FORM
            label = self.text(key) if is_long else key
            while label in shown:  # two names that are secrets
                label = f"{label}'"
            shown[label] = self.data(item, str(inner))
        return shown

    def _items(self, items: list[Any], name: str) -> list[Any]:
        """A list; in a command line an option names the word after it."""
        shown, option = [], ""
        for item in items:
            is_option = isinstance(item, str) and item.startswith("-") and "=" not in item
            shown.append(self.data(item, option if option and not is_option else name))
            option = item.lstrip("-") if is_option else ""
        return shown

    def _string(self, text: str, name: str) -> str:
        inner = _parsed(text)
        if inner is not None:
            shown = self.data(inner, name)
            return text if shown == inner else json.dumps(shown, ensure_ascii=False)
        return self._hide(text) if name and is_secret(name, text) else self.text(text)

    def text(self, text: str) -> str:
        """Any text."""
        if len(text) < _SHORTEST_KNOWN:
            return text
        lowered = text.lower()
        for form in dict.fromkeys([form for word, form in _WORDS if word in lowered]):
            text = form.pattern.sub(functools.partial(self._by_form, form), text)
        if _HINTS.search(lowered):
            text = self._named(text)
        return self._by_value(text)

    def _by_form(self, form: Form, found: re.Match[str]) -> str:
        secret = found[1] if found.re.groups else found[0]
        if MASK in secret or not form.fits(secret):
            return found[0]
        return found[0].replace(secret, self._hide(secret))

    def _named(self, text: str) -> str:
        """What a text itself calls a secret."""
        parts, at = [], 0
        names = [found for one in _NAMES for found in one.finditer(text)]
        for found in sorted(names, key=re.Match.end):
            if found.start() < at or not may_be_secret(found[1]):
                continue
            if _ARN.search(text, max(found.start() - 100, 0), found.start()):
                continue
            begin, end = _value_of(text, found)
            value = text[begin:end]
            is_header = _IS_HEADER.search(found[1]) is not None
            if MASK not in value and is_secret_in_text(found[1], value, is_header=is_header):
                parts += [text[at:begin], self._hide(value)]
                at = end
        return "".join([*parts, text[at:]])

    def _by_value(self, text: str) -> str:
        for secret in self._known:
            for form in {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}:
                text = text.replace(form, MASK)
            # Long values are told by their beginning, and reasons are cut after so many characters.
            while len(secret) > _HEAD and (at := text.find(secret[:_HEAD])) >= 0:
                end = at + sum(1 for _ in takewhile(_is_same, zip(secret, text[at:], strict=False)))
                text = text[:at] + MASK + text[end:]
            cut = next((n for n in range(_HEAD, 7, -1) if text.endswith(secret[:n])), 0)
            text = text[: len(text) - cut] + MASK if cut else text
        return text

    def _hide(self, secret: str) -> str:
        self.found.append(secret)
        return MASK


def _is_same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def _inherits(name: str) -> bool:
    """Whether what lies below a name is secret with it: `credentials: {"user": …}`."""
    return is_secret(name, "a value drawn at random")


def _parsed(text: str) -> Any:
    """What a text is as JSON, if that has parts or is a text itself; else None."""
    if not text.lstrip().startswith(_JSON_BEGINS):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _value_of(text: str, name: re.Match[str]) -> tuple[int, int]:
    """Where the value of a name in a text begins and ends."""
    at = name.end()
    quoted = _QUOTED.match(text, at)
    if quoted is not None:
        return quoted.span(quoted.lastindex or 0)
    if _IS_HEADER.search(name[1]):
        found = _TO_END.match(text, at)
        return found.span() if found else (at, at)
    if name.re is _PAIR and name[0].rstrip().endswith("="):
        long = _TO_SEMICOLON.match(text, at)
        is_among = ";" in text[max(name.start() - 2, 0) : name.start()]
        if (
            long
            and (is_among or text.startswith(";", long.end()))
            and not re.search("&|, ", long[0])
        ):
            return long.span(long.lastindex or 0)
    bare = _BARE.match(text, at)
    if bare is None:
        return at, at
    return at, at + len(bare[0].rstrip(")]}\\"))
