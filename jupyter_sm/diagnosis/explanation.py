"""The Explanation and the error that carries one. What they hold may be shown anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

from jupyter_sm.shown.secrets import mask, shown

# Account ids: in ARNs, registry addresses and in words. Every repetition is bounded, so that no text,
# however hostile, takes long.
_ACCOUNTS = (
    (re.compile(r"(?<=:)\d{8}(\d{4})(?=:)"), r"········\1"),
    (re.compile(r"\b\d{8}(\d{4}\.dkr\.ecr\.)"), r"········\1"),
    (re.compile(r"((?:[Aa]ccount|ACCOUNT) )\d{8}(\d{4})\b"), r"\1········\2"),
)


def mask_secrets(text: str, known: Iterable[str] = ()) -> str:
    """An error's text as it may be shown: without secrets (also `known` ones), account ids, controls."""
    text = shown(text, known)
    for pattern, replacement in _ACCOUNTS:
        text = pattern.sub(replacement, text)
    return text


@dataclass(frozen=True)
class Explanation:
    """What an error means.

    `category` is a word of the error taxonomy, or `not-recognised`; `fixes` are ordered,
    the likeliest first; `actions` are machine-readable; `entities` were found in the
    text; `raw` is the original, secrets masked; `confidence` lies in 0..1.
    """

    category: str
    title: str
    what_happened: str
    likely_cause: str = ""
    fixes: tuple[str, ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    entities: dict[str, str] = field(default_factory=dict)
    docs_url: str | None = None
    raw: str = ""
    confidence: float = 0.0

    def hiding(self, secrets: Iterable[str]) -> Explanation:
        """The same without values that are known to be secret."""
        secrets = tuple(secrets)
        return replace(
            self,
            title=mask(self.title, secrets),
            what_happened=mask(self.what_happened, secrets),
            likely_cause=mask(self.likely_cause, secrets),
            fixes=tuple(mask(fix, secrets) for fix in self.fixes),
            entities={name: mask(value, secrets) for name, value in self.entities.items()},
            raw=mask(self.raw, secrets),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {**asdict(self), "fixes": list(self.fixes), "actions": list(self.actions)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Explanation:
        """What `as_dict` gave, back."""
        lists = {"fixes": tuple(data["fixes"]), "actions": tuple(data["actions"])}
        return cls(**{**data, **lists})

    @property
    def sentence(self) -> str:
        """What happened and the first thing to do, on one line."""
        return f"{self.what_happened} {self.fixes[0]}" if self.fixes else self.what_happened

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython shows the words, not the fields."""
        printer.text(str(self))

    def __str__(self) -> str:
        lines = [self.title, "", self.what_happened]
        if self.likely_cause:
            lines += ["", f"Likely cause: {self.likely_cause}"]
        lines += [f"  - {fix}" for fix in self.fixes]
        return "\n".join(lines)


class ExplainedError(Exception):
    """An error that explains itself; in IPython it shows as its explanation, not a traceback.

    `about` is the job that it is about, as target, kind and name, if it is about one.
    """

    # Set by the notebook face: it shows more where more can be shown.
    shown_by: ClassVar[Callable[[ExplainedError], list[str]] | None] = None

    def __init__(
        self,
        explanation: Explanation,
        status: int = 400,
        about: tuple[str, str, str] | None = None,
    ) -> None:
        self.explanation = explanation
        self.status = status
        self.about = about
        super().__init__(explanation.sentence)

    def _render_traceback_(self) -> list[str]:
        """IPython's own hook for exceptions that know how to show themselves."""
        show = type(self).shown_by or as_text
        return show(self)


def as_text(error: ExplainedError) -> list[str]:
    """An error's lines in a terminal."""
    told = error.explanation
    return [f"\x1b[31m✖ {told.title}\x1b[0m", *str(told).split("\n")[2:]]


def refusal(category: str, title: str, what: str, *fixes: str, status: int = 400) -> ExplainedError:
    """An error of our own, said in one sentence, with what to do about it."""
    return ExplainedError(explained(category, title, what, *fixes), status)


def explained(category: str, title: str, what: str, *fixes: str) -> Explanation:
    """An explanation of what we found ourselves, and so are sure of; it may repeat what it was given."""
    what = shown(what)
    return Explanation(
        category=category,
        title=shown(title),
        what_happened=what,
        fixes=tuple(map(shown, fixes)),
        raw=what,
        confidence=1.0,
    )
