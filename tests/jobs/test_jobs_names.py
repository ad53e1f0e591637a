"""Job names: what is made is legal, readable and fresh; what is wrong is said in a sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_sm.jobs import KINDS, check_name, check_request, kind_named, unique_name
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.jobs.phases import is_over

# SageMaker's own pattern, written out once more so that the product's can not vouch for itself.
LEGAL = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


@given(st.text(), st.integers(min_value=20, max_value=63))
def test_a_name_made_of_any_text_is_legal(base: str, limit: int) -> None:
    name = unique_name(base, limit=limit)
    assert LEGAL.fullmatch(name), name
    assert len(name) <= limit
    assert check_name(name, limit=limit) is None


def test_sagemaker_itself_would_take_the_name() -> None:
    request = {"TrainingJobName": unique_name("träin_digits (2).py")}
    assert not [f for f in check_request("CreateTrainingJob", request) if f.rule != "required"]


def test_a_name_reads_as_base_day_time_and_token() -> None:
    name = unique_name("digits", now=1_700_719_999)
    assert re.fullmatch(r"digits-1123-0613-[0-9a-z]{4}", name), name


@pytest.mark.parametrize(
    ("base", "readable"),
    [
        ("train_digits.py", "train-digits-py"),
        ("  My  model ", "My-model"),
        ("--a--", "a"),
        ("école", "cole"),
        ("日本", "job"),
        ("", "job"),
        ("---", "job"),
    ],
)
def test_characters_that_are_not_taken_become_hyphens(base: str, readable: str) -> None:
    assert unique_name(base, now=0).startswith(f"{readable}-0101-0000-")


def test_a_long_base_is_cut_and_leaves_no_double_hyphen() -> None:
    name = unique_name("abcd-efgh", limit=20, now=0)
    assert re.fullmatch(r"abcd-0101-0000-[0-9a-z]{4}", name), name


def test_names_of_the_same_minute_differ() -> None:
    assert len({unique_name("digits", now=0) for _ in range(50)}) >= 49


@pytest.mark.parametrize("name", ["a", "A1", "a-b", "a--b", "0", "a" * 63])
def test_a_legal_name_has_nothing_wrong(name: str) -> None:
    assert check_name(name) is None


def test_an_empty_name_is_called_empty() -> None:
    assert check_name("") == "The job name is empty."


def test_a_long_name_is_cut_in_the_sentence_with_its_length_and_the_limit() -> None:
    said = check_name("a" * 64)
    assert said == f"The job name {'a' * 20}… has 64 characters; SageMaker takes 63."


def test_the_limit_is_the_kinds_own() -> None:
    said = check_name("a" * 33, limit=32)
    assert said is not None
    assert "33 characters; SageMaker takes 32" in said


@pytest.mark.parametrize("name", ["-a", "a-", "a_b", "a b", "a.b", "ä", "a\n", "a/b", "٣"])
def test_an_illegal_name_is_told_what_is_legal(name: str) -> None:
    said = check_name(name)
    assert said is not None
    assert repr(name) in said
    assert "letters, digits and hyphens" in said


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"Unknown kind of job 'baking'\. Known kinds: .*training"):
        kind_named("baking")


def test_each_kind_names_operations_and_members_of_the_installed_model() -> None:
    from jupyter_sm.jobs.service_model import service_model

    model = service_model()

    def members(operation: str, way: str) -> dict[str, object]:
        shape = model["operations"][operation][way]["shape"]
        return model["shapes"][shape]["members"]

    assert kind_named("training").create == "CreateTrainingJob"
    for row in KINDS.values():
        assert row.name_field in members(row.create, "input")
        assert row.name_field in members(row.describe, "input")
        assert row.name_field in members(row.stop, "input")
        assert {row.arn_field, row.status_field} <= set(members(row.describe, "output"))
        assert row.summaries in members(row.list, "output")


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_a_final_status_is_final(status: str) -> None:
    assert is_over(TRAINING.phase_of(status))


@pytest.mark.parametrize(
    "status", ["InProgress", "Stopping", "Submitting", "Deleting", "Later", ""]
)
def test_stopping_and_unknown_statuses_are_not_final(status: str) -> None:
    assert not is_over(TRAINING.phase_of(status))
