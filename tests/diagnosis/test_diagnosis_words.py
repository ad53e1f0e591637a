"""The error's own sentence comes first, what it names has the right form, and doubt is said."""

from __future__ import annotations

import pytest

from jupyter_sm.diagnosis import explain
from jupyter_sm.diagnosis.confidence import confidence_of
from jupyter_sm.diagnosis.entities import entities_of, nearest_version
from jupyter_sm.diagnosis.matching import Text
from jupyter_sm.diagnosis.rules import Fit, catalog
from jupyter_sm.diagnosis.sentence import clean, cut


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "ClientError: An error occurred (ValidationException) when calling the CreateModel "
            "operation: Could not access the model artifact.",
            "CreateModel: Could not access the model artifact.",
        ),
        (
            "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
            "PutObject: Access Denied.",
        ),
        ("KeyError: 'letters'", "KeyError: 'letters'."),
        (
            'ModelError: Received server error (500) from primary with message "{"error": '
            '"the model has no weights"}". See https://x/#logEventViewer:group=/aws/sagemaker/'
            "Endpoints/letters in account 123456789012 for more information.",
            "ModelError: Received server error (500) from primary with message: the model has no weights.",
        ),
        (
            "AlgorithmError: my own reason: the seventh file has no header, exit code: 3",
            "my own reason: the seventh file has no header.",
        ),
        (
            "1 validation error for Compute\nsize\n  Input should be a valid integer "
            "[type=int_type, input_value='x', input_type=str]",
            "Compute.size: Input should be a valid integer (given: str).",
        ),
    ],
)
def test_what_happened_is_said_in_the_errors_own_words(text: str, said: str) -> None:
    assert explain(text).what_happened == said


def test_a_place_in_the_users_code_is_named_with_it() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/opt/ml/code/train.py", line 3, in <module>\n    go()\nValueError: no rows'
    )
    assert explain(text).what_happened == "ValueError: no rows in train.py line 3."


def test_a_long_sentence_is_cut_where_one_ends() -> None:
    long = "The first says something. " + "The second goes on and on and on " * 20
    assert cut(long * 2).endswith((".", "…"))
    assert len(cut(long)) <= 300
    assert clean(' > a message (Request ID: 1-2)"}]') == "a message"


def test_a_rule_below_one_half_says_perhaps() -> None:
    shares = {confidence_of(Fit(rule)) for rule in catalog()}
    assert all(0 < share < 1 for share in shares)
    found = explain("Failed: route table of the subnets is missing a target")
    assert found.confidence < 0.5
    assert found.title.startswith("Perhaps: ")
    assert not explain("OSError: [Errno 28] No space left on device: '/x'").title.startswith("Perh")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("cannot read s3://letters-data/a/b.csv today", "bucket", "letters-data"),
        ("the type ml.g5.2xlarge is not available", "instance_type", "ml.g5.2xlarge"),
        ("in eu-central-1 there is none", "region", "eu-central-1"),
        ("role arn:aws:iam::123456789012:role/x/Trainer", "role", "x/Trainer"),
        ("not authorized to perform: s3:GetObject on it", "action", "s3:GetObject"),
        ("group=/aws/sagemaker/Endpoints/letters-2 in", "endpoint_name", "letters-2"),
        ("Could not open '/opt/ml/model/a.bin'", "path", "/opt/ml/model/a.bin"),
    ],
)
def test_what_a_text_names_is_found_by_its_form(text: str, name: str, value: str) -> None:
    assert entities_of(Text(text))[name] == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the endpoint features are many", "endpoint_name"),
        ("the bucket is empty", "bucket"),
        ("job failed: no reason", "job"),
        ("a script Traceback follows", "script"),
        ("ml.is.fun", "instance_type"),
        ("north-south-1 is no region", "region"),
        ("perform: nothing", "action"),
    ],
)
def test_another_word_is_no_name(text: str, name: str) -> None:
    assert name not in entities_of(Text(text))


def test_the_nearest_version_is_the_one_to_take() -> None:
    there = "1.2.0, 1.3.1, 2.0.0rc1, 2.1.0"
    assert nearest_version("lib==1.3.9", there) == "1.3.1"
    assert nearest_version("lib==2.0.5", there) == "2.1.0"
    assert nearest_version("lib", there) == "2.1.0"
    assert nearest_version("lib==1", "") == ""


def test_of_a_requirement_that_there_is_not_the_nearest_is_named() -> None:
    text = (
        "ERROR: Could not find a version that satisfies the requirement lib==1.3.9 "
        "(from versions: 1.2.0, 1.3.1, 2.1.0)\nERROR: No matching distribution found for lib==1.3.9"
    )
    found = explain(text)
    assert found.category == "missing-dependency"
    assert any("1.3.1" in fix for fix in found.fixes)
