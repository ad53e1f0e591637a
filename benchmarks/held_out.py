"""How errors are read that no rule was written from: of each source in turn the rules are unlearnt.

Of every source (an issue thread, a page) in the corpora the patterns that this source alone bears
out are left away, and its errors are read with the rest. What rules were written from a
documentation, and no error here is of, counts as learnt from the error it is first right on: so
the share is what a reading of new errors reaches at least. What confidence.py says of a rank is the
share that is right here.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Container
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from jupyter_sm.diagnosis.hints import hinted
from jupyter_sm.diagnosis.matching import Pattern
from jupyter_sm.diagnosis.parts import Parts, parts_of
from jupyter_sm.diagnosis.rules import Fit, catalog

ROOT = Path(__file__).parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"
THREADS = ROOT / "tests" / "diagnosis" / "data" / "threads.jsonl"
# The least ranks of confidence.py; 0 are the hints.
BANDS = (80, 70, 60, 50, 30, 20, 0)


def entries() -> list[dict[str, Any]]:
    paths = [CORPORA / "errors" / "errors.jsonl", CORPORA / "field" / "errors.jsonl", THREADS]
    missing = [path for path in paths if not path.exists()]
    for path in missing:
        print(f"{path} is not here.", file=sys.stderr)
    lines = [
        line for path in paths if path.exists() for line in path.read_text("utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines]


def is_right(entry: dict[str, Any], category: str) -> bool:
    return category == entry["category"] or category in entry.get("accept", ())


def all_patterns(parts: Parts) -> list[tuple[str, Pattern]]:
    """Every pattern that fits somewhere, with the category of its rule."""
    return [
        (rule.category, pattern)
        for rule in catalog()
        for pattern in rule.patterns
        if rule.match(parts, {pattern}) is not None
    ]


class Without(Container[Pattern]):
    """All patterns but some."""

    def __init__(self, unlearnt: set[Pattern]) -> None:
        self.unlearnt = unlearnt

    def __contains__(self, pattern: object) -> bool:
        return pattern not in self.unlearnt


def fit_without(parts: Parts, unlearnt: set[Pattern]) -> Fit | None:
    kept = Without(unlearnt)
    return next((fit for rule in catalog() if (fit := rule.match(parts, kept))), None)


def run() -> list[Figure]:
    rows = entries()
    taken_apart = [
        parts_of(row["text"], row.get("code") or "", row.get("operation") or "") for row in rows
    ]
    born_out: dict[Pattern, set[str]] = defaultdict(set)
    fitting = [all_patterns(parts) for parts in taken_apart]
    for row, patterns in zip(rows, fitting, strict=True):
        for category, pattern in patterns:
            if is_right(row, category):
                born_out[pattern].add(row["source"])
    exact = right = 0
    bands: dict[int, list[bool]] = defaultdict(list)
    for row, parts, patterns in zip(rows, taken_apart, fitting, strict=True):
        only = {pattern for _, pattern in patterns if born_out[pattern] == {row["source"]}}
        fit = fit_without(parts, only)
        rank, category = (
            (fit.rule.rank, fit.rule.category) if fit else (0, hinted(parts.said.lowered))
        )
        exact += category == row["category"]
        right += is_right(row, category or "not-recognised")
        if category:
            band = next(least for least in BANDS if rank >= least)
            bands[band].append(is_right(row, category))
    figures = [
        Figure(
            f"held out, category exact ({len(rows)} errors)",
            100 * exact / len(rows),
            "%",
            None,
            "higher",
        ),
        Figure("held out, category acceptable", 100 * right / len(rows), "%", None, "higher"),
    ]
    for band in BANDS:
        told = bands[band]
        if told:
            name = (
                f"held out, right at rank {band} and above" if band else "held out, right by a hint"
            )
            figures.append(
                Figure(f"{name} ({len(told)})", 100 * sum(told) / len(told), "%", None, "higher")
            )
    return figures
