"""Route: one address of the API, with its handler and what each of its methods takes and gives.

The handlers' patterns, the OpenAPI document and the client's types are all made from the table of
these in `routes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_sm.jobs import KINDS
from jupyter_sm.server.handler import BaseHandler

# What may stand for each part of an address, as regular expression.
_PARTS = {
    "target": "[A-Za-z0-9@._+=:,~%-]{1,300}",
    "kind": "|".join(KINDS),
    "name": "[A-Za-z0-9-]{1,63}",
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query string, and its JSON schema."""

    name: str
    schema: dict[str, Any]


def text(name: str, *words: str) -> Parameter:
    """A text, or one of some words."""
    return Parameter(name, {"type": "string", **({"enum": list(words)} if words else {})})


def number(name: str) -> Parameter:
    """A whole number."""
    return Parameter(name, {"type": "integer"})


@dataclass(frozen=True)
class Operation:
    """A method of an address.

    - `id`: the name that clients have for it; `answer`: the schema of what it gives, None for text.
    - `body`: the schema of what it takes, which must be there if `needs_body`.
    - `errors`: the statuses of its refusals.
    """

    id: str
    summary: str
    answer: str | None
    query: tuple[Parameter, ...] = ()
    status: int = 200
    body: dict[str, Any] | None = None
    needs_body: bool = False
    errors: tuple[int, ...] = (400, 403, 404)


@dataclass(frozen=True)
class Route:
    """An address, as `/jobs/{target}/{kind}/{name}`, and its operations by method."""

    path: str
    handler: type[BaseHandler]
    get: Operation | None = None
    post: Operation | None = None

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations by method, in lower case."""
        both = {"get": self.get, "post": self.post}
        return {method: one for method, one in both.items() if one is not None}

    @property
    def parts(self) -> list[str]:
        """The names of the address's parts."""
        return [name for name in _PARTS if f"{{{name}}}" in self.path]

    @property
    def pattern(self) -> str:
        """The address as a regular expression."""
        pattern = self.path.replace(".", r"\.")
        for name in self.parts:
            pattern = pattern.replace(f"{{{name}}}", f"({_PARTS[name]})")
        return pattern

    def schema_of(self, part: str) -> dict[str, Any]:
        """The JSON schema of a part of the address."""
        return {"type": "string", **({"enum": list(KINDS)} if part == "kind" else {})}
