"""The rules of rules/*.toml: what they look at, and which of them fits an error best.

Fields of a rule (see docs/errors.md):

  category     a word of the taxonomy
  in           the part its patterns look at: said (all that was said, the default), root (the
               exception that is the cause), service (what a service said: nothing where none
               spoke), process (what is said of a process's end), program (the command that
               failed, without its options), where (the path and function that raised)
  patterns     regular expressions, any of them, in any case; white space is one blank;
               named groups become entities
  unless       patterns of the same part, none of which may fit
  codes        a service's error codes, any of them; `*` stands for any letters
  types        exceptions' classes, without their module; `*` as above
  operations   API operations; `*` as above
  voices       who must have spoken: service, platform, algorithm, script, sdk, pydantic
  title, what, cause, fixes   plain words; {entity} is filled in from the text or the job
  actions      kinds of button a face may offer, see actions.py
  rank         0..100; the highest that fits wins
  source       where it is known from
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Container
from dataclasses import dataclass, field

from jupyter_sm.diagnosis.data_files import rows_of, rule_files, text_of
from jupyter_sm.diagnosis.matching import Index, Pattern
from jupyter_sm.diagnosis.parts import Parts

PARTS = ("said", "root", "service", "process", "program", "where")
VOICES = ("service", "platform", "algorithm", "script", "sdk", "pydantic")


@dataclass(frozen=True)
class Rule:
    """One rule; see the head of this module for what the fields mean."""

    category: str
    title: str
    what: str
    cause: str
    fixes: tuple[str, ...]
    part: str
    patterns: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    codes: re.Pattern[str] | None
    types: re.Pattern[str] | None
    operations: re.Pattern[str] | None
    voices: tuple[str, ...]
    actions: tuple[str, ...]
    rank: int
    docs: str | None
    source: str
    file: str = ""

    def match(self, parts: Parts, candidates: Container[Pattern] | None = None) -> Fit | None:
        """How the rule fits, else None; only `candidates` of its patterns are tried."""
        if self.codes is not None and not self.codes.match(parts.code):
            return None
        if self.types is not None and not self.types.match(parts.type_name):
            return None
        if self.operations is not None and not self.operations.match(parts.operation):
            return None
        if self.voices and parts.voices.isdisjoint(self.voices):
            return None
        text = parts.of(self.part)
        if not self.patterns and (self.part == "said" or text):
            return None if self._is_barred(parts) else Fit(self)
        if not text and self.part != "said":
            return None
        matches = []
        for pattern in self.patterns:
            if candidates is None or pattern in candidates:
                found = pattern.find(text)
                if found is not None:
                    matches.append((pattern, found))
        if not matches or self._is_barred(parts):
            return None
        # Every pattern that fits may name something; the first to name a thing counts.
        entities = {
            name: text.text[slice(*found.span(name))].rstrip(".,;")
            for pattern, found in reversed(matches)
            for name in pattern.regex.groupindex
            if found[name]
        }
        first = min(matches, key=lambda match: match[1].start())
        return Fit(self, entities, text.text[slice(*first[1].span())], first[0])

    def _is_barred(self, parts: Parts) -> bool:
        return any(pattern.find(parts.of(self.part)) for pattern in self.unless)


@dataclass(frozen=True)
class Fit:
    """A rule that fits: what its patterns named, and the words that they matched."""

    rule: Rule
    entities: dict[str, str] = field(default_factory=dict)
    words: str = ""
    pattern: Pattern | None = None


def _any_of(names: list[str]) -> re.Pattern[str] | None:
    """An expression for names in which `*` stands for any letters."""
    if not names:
        return None
    either = "|".join(re.escape(name).replace(r"\*", r"\w*") for name in names)
    return re.compile(rf"(?:{either})\Z")


# The index knows the very patterns that it was made of, so there must be one of each.
_reading = threading.RLock()


def catalog() -> tuple[Rule, ...]:
    """The rules, the highest rank first."""
    with _reading:
        return _catalog()


@functools.cache
def _catalog() -> tuple[Rule, ...]:
    rules = [
        Rule(
            category=row["category"],
            title=row["title"],
            what=row.get("what", ""),
            cause=row.get("cause", ""),
            fixes=tuple(row.get("fixes", ())),
            part=row.get("in", "said"),
            patterns=tuple(Pattern(p) for p in row.get("patterns", ())),
            unless=tuple(Pattern(p) for p in row.get("unless", ())),
            codes=_any_of(row.get("codes", [])),
            types=_any_of(row.get("types", [])),
            operations=_any_of(row.get("operations", [])),
            voices=tuple(row.get("voices", ())),
            actions=tuple(row.get("actions", ())),
            rank=row["rank"],
            docs=row.get("docs"),
            source=row.get("source", ""),
            file=file,
        )
        for file in rule_files()
        for row in rows_of(file, "rule")
    ]
    return tuple(sorted(rules, key=lambda rule: -rule.rank))


def _index() -> Index:
    with _reading:
        return _made_index()


@functools.cache
def _made_index() -> Index:
    patterns = (pattern for rule in catalog() for pattern in rule.patterns)
    return Index(patterns, "".join(text_of(file) for file in rule_files()).lower())


def best(parts: Parts) -> Fit | None:
    """The rule of the highest rank that fits."""
    candidates = _index().candidates(parts.said)
    for text in (parts.process, parts.program, parts.where):
        if text and text is not parts.said:
            candidates |= _index().candidates(text)
    for rule in catalog():
        if rule.patterns and candidates.isdisjoint(rule.patterns):
            continue
        fit = rule.match(parts, candidates)
        if fit is not None:
            return fit
    return None


@functools.cache
def main_rule(category: str) -> Rule:
    """The rule that speaks of a category in general: the one with the most patterns."""
    rules = (rule for rule in catalog() if rule.category == category)
    return max(rules, key=lambda rule: len(rule.patterns))
