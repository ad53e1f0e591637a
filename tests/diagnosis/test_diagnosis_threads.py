"""Errors as people published them are read as a reader read them.

`data/threads.jsonl` holds short errors from public issue threads, each with the thread that it is
from, and the category that was written down before the product read it; `accept` are categories
that a reader would take as well. The corpora beside the project are read where they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.diagnosis import explain

DATA = Path(__file__).with_name("data") / "threads.jsonl"
CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
# Another entry of the same corpus has the same text and another category.
KNOWN = {"kms-required-putobject-denied"}


def entries(path: Path) -> list[Any]:
    if not path.exists():
        return []
    lines = path.read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [pytest.param(row, id=row["id"]) for row in rows if row["id"] not in KNOWN]


def check(entry: dict[str, Any]) -> None:
    found = explain(entry["text"], operation=entry.get("operation"), code=entry.get("code"))
    taken = {entry["category"], *entry.get("accept", ())}
    assert found.category in taken
    # What was said first is the error's own, or what the rule says where it says nothing.
    assert found.what_happened
    assert "{" not in found.title


@pytest.mark.parametrize("entry", entries(DATA))
def test_an_error_of_a_thread_is_read_as_its_reader_did(entry: dict[str, Any]) -> None:
    check(entry)


@pytest.mark.skipif(not CORPORA.exists(), reason="the corpora are not beside the project")
@pytest.mark.parametrize(
    "entry",
    [*entries(CORPORA / "errors" / "errors.jsonl"), *entries(CORPORA / "field" / "errors.jsonl")],
)
def test_an_error_of_the_corpora_is_read_as_its_reader_did(entry: dict[str, Any]) -> None:
    check(entry)
