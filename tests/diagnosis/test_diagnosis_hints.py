"""Hints: an error in words that no rule knows is placed by what it is about, and said with care."""

from __future__ import annotations

import pytest

from jupyter_sm.diagnosis import explain
from jupyter_sm.diagnosis.hints import Hint, hinted, hints
from jupyter_sm.diagnosis.rules import catalog


@pytest.mark.parametrize("hint", hints(), ids=lambda hint: hint.category)
def test_a_hint_is_of_a_category_that_a_rule_explains(hint: Hint) -> None:
    assert hint.category in {rule.category for rule in catalog()}
    assert hint.words
    assert not any(any_of.search("") for any_of in hint.words)


def test_a_category_has_one_hint() -> None:
    categories = [hint.category for hint in hints()]
    assert len(categories) == len(set(categories))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Error: the storage of this space is exhausted", "disk-full"),
        ("Failed: route table of the subnets is missing a target", "vpc"),
        ("Error: your account's quotas were reached for this", "quota-exceeded"),
        ("The GPU's HBM: resource_exhausted, error", "out-of-memory-gpu"),
        ("Unable to continue, session has expired meanwhile", "credentials-expired"),
    ],
)
def test_words_that_no_rule_knows_are_a_hint(text: str, category: str) -> None:
    found = explain(text)
    assert (found.category, found.confidence) == (category, 0.4)
    assert found.title.startswith("Perhaps: ")
    assert found.what_happened == f"{text.removeprefix('Error: ')}."
    assert found.fixes


def test_a_rule_that_knows_the_wording_is_asked_first() -> None:
    assert explain("OSError: [Errno 28] No space left on device").confidence > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "the disk is full of songs",  # sounds like no error
        "Error: " + "a word " * 300 + "the storage is exhausted",  # chance, in so long a text
    ],
)
def test_words_alone_are_no_error(text: str) -> None:
    assert hinted(text.lower()) is None
