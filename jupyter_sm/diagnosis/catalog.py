"""`explain`: match an error against the catalogue's rules; the most specific one wins."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sm.diagnosis import actions
from jupyter_sm.diagnosis.data_files import rows_of, text_of
from jupyter_sm.diagnosis.entities import entities_of
from jupyter_sm.diagnosis.explanation import Explanation, mask_secrets
from jupyter_sm.diagnosis.hints import hinted
from jupyter_sm.diagnosis.matching import Index, Pattern, Text

# How botocore words an error: also found in what users paste.
_BOTOCORE = re.compile(
    r"An error occurred \((?P<code>\w{1,80})\) when calling the (?P<operation>\w{1,80}) operation"
)
# How other SDKs and CloudFormation do: (Service: …; Error Code: X; …), `api error X: …`.
_CODED = re.compile(r"(?:Error Code: |api error )(?P<code>[A-Z]\w{2,60})")
# How the SDKs and Studio word one that they pass on.
_PASSED_ON = re.compile(r"Failed to invoke \w{1,30}:(?P<operation>\w{1,60})\. Error Details: ")
# How the SDKs word a job that failed; its FailureReason follows.
_JOB_FAILED = re.compile(
    r"Error for (?P<kind>\w{4,24}) job [^:\s]{1,120}: \w{4,12}\. Reason: (?P<code>\w{1,60}Error)?"
)
# The exception that a pasted text begins with, or that a traceback ends with.
_EXCEPTION = re.compile(
    r"^(?:E +)?(?:[\w.]{1,120}\.)?(?P<code>[A-Z]\w{2,60}(?:Error|Exception|Fault|Redirect))\b",
    re.MULTILINE,
)
_ESCAPES = (
    ("\\n", " "),
    ('\\"', '"'),
    ("\\u0027", "'"),
    ("\\u003c", "<"),
    ("\\u003e", ">"),
    ("\\'", "'"),
)
_TYPOGRAPHIC = (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'))
_ESCAPED = re.compile(r"\\{2,16}(?=[\"'nu])")
# What a rule looks at; a traceback's end is at the end of the text.
_LONGEST = 16_384
# A rule less sure than this knows only that something failed: what the words hint at says more.
_VAGUE = 25
_HINTED = 0.3
# What is kept as raw text; whole logs are not explained but shown.
_RAW = 65_536


@dataclass(frozen=True)
class Rule:
    """One rule of catalog.toml; see its head for what the fields mean."""

    category: str
    title: str
    what: str
    cause: str
    fixes: tuple[str, ...]
    codes: tuple[str, ...]
    operations: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    actions: tuple[str, ...]
    specificity: int
    docs: str | None

    def match(
        self, text: Text, code: str, operation: str, candidates: Container[Pattern] | None = None
    ) -> dict[str, str] | None:
        """The named entities when the rule fits, else None; of `candidates`, if there are any."""
        if self.codes and code not in self.codes:
            return None
        if self.operations and operation not in self.operations:
            return None
        if not self.patterns:
            return {}
        patterns = (p for p in self.patterns if candidates is None or p in candidates)
        matches = [m for m in (p.search(text) for p in patterns) if m is not None]
        if not matches:
            return None
        # Every pattern that fits may name something; the first to name a thing counts.
        return {
            name: value.rstrip(".,;")
            for match in reversed(matches)
            for name, value in match.items()
        }


# How a text speaks of what it can't name, where the entity's own name would read badly.
_UNNAMED = {"s3_uri": "the S3 address", "model_id": "the model", "media_type": "the format"}


class _Entities(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return _UNNAMED.get(key) or f"the {key.replace('_', ' ')}"


_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PLACE = re.compile(r"\{(\w+)\}")


def _filled(template: str, known: _Entities) -> str:
    """A template with its entities; what stands in [brackets] only if all of its own are known."""

    def keep(part: re.Match[str]) -> str:
        return part[1] if all(name in known for name in _PLACE.findall(part[1])) else ""

    return _OPTIONAL.sub(keep, template).format_map(known).strip()


@functools.cache
def _index() -> Index:
    patterns = (pattern for rule in catalog() for pattern in rule.patterns)
    return Index(patterns, text_of("catalog.toml").lower())


@functools.cache
def catalog() -> tuple[Rule, ...]:
    """The rules, the most specific first."""
    rules = [
        Rule(
            category=row["category"],
            title=row["title"],
            what=row["what"],
            cause=row.get("cause", ""),
            fixes=tuple(row.get("fixes", ())),
            codes=tuple(row.get("codes", ())),
            operations=tuple(row.get("operations", ())),
            patterns=tuple(Pattern(p) for p in row.get("patterns", ())),
            actions=tuple(row.get("actions", ())),
            specificity=row.get("specificity", 50),
            docs=row.get("docs"),
        )
        for row in rows_of("catalog.toml", "rule")
    ]
    return tuple(sorted(rules, key=lambda rule: -rule.specificity))


def explain(
    error: Any,
    *,
    operation: str | None = None,
    code: str | None = None,
    context: Mapping[str, str] | None = None,
) -> Explanation:
    """What an error means, in plain words.

    `error` is an exception, a FailureReason or any text; `operation` and `code` are the
    API's, found by themselves in botocore's errors; `context` names entities the text
    may lack (`name`, `script`, `channel`, …). Never raises: what no rule knows comes
    back as category `not-recognised`.
    """
    explanation = _attribute(error, "explanation")
    if isinstance(explanation, Explanation):
        return explanation
    text, code, operation = _read(error, code, operation)
    # Masked before anything is taken out of it, so that no part can show a secret.
    raw = mask_secrets(_shortened(text, _RAW))
    shown = _shortened(raw, _LONGEST)
    flat = Text(_unescaped(" ".join(shown.split())))
    general = entities_of(flat)
    if operation:
        general.setdefault("operation", operation)
    rule, entities = _best_rule(flat, code, operation)
    first = next((line.strip() for line in shown.splitlines() if line.strip()), "")[:300]
    hint = hinted(flat.lowered) if rule is None or rule.specificity < _VAGUE else None
    if hint is not None:
        rule, entities = main_rule(hint), {}
    if rule is None:
        return Explanation(
            category="not-recognised",
            title="Error not recognised",
            what_happened=first or "There is no text to explain.",
            entities=general,
            raw=raw,
        )
    known = _Entities({**(context or {}), **general, **entities})
    title, what = _filled(rule.title, known), _filled(rule.what, known)
    return Explanation(
        category=rule.category,
        title=title if hint is None else f"Perhaps: {title}",
        what_happened=what if hint is None else first,
        likely_cause=_filled(rule.cause, known),
        fixes=tuple(_filled(fix, known) for fix in rule.fixes),
        actions=actions.fill(rule.actions, known),
        entities=dict(known),
        docs_url=rule.docs,
        raw=raw,
        confidence=_HINTED if hint else min(1.0, rule.specificity / 100),
    )


def _best_rule(text: Text, code: str, operation: str) -> tuple[Rule | None, dict[str, str]]:
    candidates = _index().candidates(text)
    for rule in catalog():
        if rule.patterns and candidates.isdisjoint(rule.patterns):
            continue
        entities = rule.match(text, code, operation, candidates)
        if entities is not None:
            return rule, entities
    return None, {}


@functools.cache
def main_rule(category: str) -> Rule:
    """The rule that speaks of a category in general: the one with the most patterns."""
    rules = (rule for rule in catalog() if rule.category == category)
    return max(rules, key=lambda rule: len(rule.patterns))


def _unescaped(text: str) -> str:
    """`text` as it was before it was put into JSON, HTML or a document on its way."""
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        # JSON within JSON within a log has them several times over.
        text = _ESCAPED.sub(r"\\", text)
        for escape, plain in _ESCAPES:
            text = text.replace(escape, plain)
    if not text.isascii():
        for quote, plain in _TYPOGRAPHIC:
            text = text.replace(quote, plain)
    return text


def _shortened(text: str, longest: int) -> str:
    """The beginning and the end of a long text; errors end with what matters."""
    if len(text) <= longest:
        return text
    return text[: longest // 2] + " … " + text[-longest // 2 :]


def _read(error: Any, code: str | None, operation: str | None) -> tuple[str, str, str]:
    response = _attribute(error, "response")
    if isinstance(response, Mapping):
        detail = response.get("Error")
        if isinstance(detail, Mapping):
            code = code or str(detail.get("Code") or "")
    operation = operation or str(_attribute(error, "operation_name") or "")
    text = _text(error)
    ends = _shortened(text, _LONGEST)
    pasted = _BOTOCORE.search(ends)
    if pasted:
        code, operation = code or pasted["code"], operation or pasted["operation"]
    passed_on = _PASSED_ON.search(ends)
    if passed_on:
        operation = operation or passed_on["operation"]
    coded = _CODED.search(ends)
    if coded:
        code = code or coded["code"]
    failed = _JOB_FAILED.search(ends)
    if failed:
        code, operation = failed["code"] or code, operation or f"Create{failed['kind']}Job"
    if not code and isinstance(error, BaseException):
        code = type(error).__name__
    elif not code:
        named = [found["code"] for found in _EXCEPTION.finditer(ends)]
        # Of a traceback the last counts; elsewhere what the text begins with.
        code = (named[-1] if "Traceback (most recent" in ends else named[0]) if named else ""
    if isinstance(error, BaseException) and response is None:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text, code or "", operation


def _attribute(error: Any, name: str) -> Any:
    try:
        return getattr(error, name, None)
    except Exception:  # noqa: BLE001 - explaining must survive whatever it is given
        return None


def _text(error: Any) -> str:
    if error is None:
        return ""
    if isinstance(error, (bytes, bytearray)):
        ends = error if len(error) <= _RAW else error[: _RAW // 2] + b" ... " + error[-_RAW // 2 :]
        return bytes(ends).decode("utf-8", "replace")
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - as above
        return "" if isinstance(error, BaseException) else type(error).__name__
