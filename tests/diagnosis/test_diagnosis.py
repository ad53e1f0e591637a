"""explain: what is known is put in plain words, what is not is shown as it is, secrets never."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_sm.diagnosis import ExplainedError, Explanation, explain

DUPLICATE = (
    "Training job names must be unique within an AWS account and region, and a training job with "
    "this name already exists (arn:aws:sagemaker:us-east-1:123456789012:training-job/churn)"
)


def client_error(code: str, message: str, operation: str = "CreateTrainingJob") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def user_error(exit_code: int, message: str) -> str:
    return (
        f"AlgorithmError: ExecuteUserScriptError:\nExitCode {exit_code}\n"
        f'ErrorMessage "{message}"\nCommand "/usr/bin/python3 train.py", exit code: {exit_code}'
    )


THREADS = """
import threading
from jupyter_sm.diagnosis import explain

start, found = threading.Barrier(8), []

def one():
    start.wait()
    found.append(explain("Unable to locate credentials").category)

threads = [threading.Thread(target=one) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*sorted(set(found)))
"""


def test_threads_that_are_the_first_to_ask_get_the_same_answer() -> None:
    """The rules are read when they are first needed, by whoever needs them."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["credentials-missing"], "")


def test_a_duplicate_name_is_explained_from_botocores_own_error() -> None:
    found = explain(client_error("ResourceInUse", DUPLICATE), context={"name": "churn"})
    assert found.category == "duplicate-name"
    assert found.what_happened.startswith("Training job names must be unique within an AWS account")
    assert "names of jobs that have ended" in found.likely_cause
    assert "another name" in found.fixes[0]
    assert DUPLICATE.replace("12345678", "········") in found.raw


def test_a_duplicate_name_is_read_from_the_arn_where_nobody_names_it() -> None:
    found = explain(client_error("ResourceInUse", DUPLICATE))
    assert "churn" in found.what_happened


def test_a_duplicate_name_with_nothing_behind_it_is_explained_all_the_same() -> None:
    text = "ResourceInUse: An error occurred (ResourceInUse) when calling the CreateTrainingJob operation:"
    found = explain(text, context={"name": "churn"})
    assert found.category == "duplicate-name"
    assert found.what_happened == "A job named churn already exists on this target."
    assert "waiting or stopping does not free it" in found.likely_cause


def test_a_duplicate_name_is_explained_from_the_pasted_text_too() -> None:
    found = explain(str(client_error("ResourceInUse", DUPLICATE)))
    assert found.category == "duplicate-name"


def test_another_resource_in_use_is_no_duplicate_name() -> None:
    found = explain(client_error("ResourceInUse", "The endpoint is being updated."))
    assert found.category != "duplicate-name"


def test_the_code_may_be_given_where_the_error_has_none() -> None:
    assert explain(DUPLICATE, code="ResourceInUse").category == "duplicate-name"


def test_a_refused_value_is_an_invalid_parameter() -> None:
    found = explain(client_error("ValidationException", "1 validation error detected"))
    assert found.category == "invalid-parameter"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (user_error(137, ""), "out-of-memory-host"),
        ("ClientError: Please use an instance type with more memory. Exit Code: 137", None),
        ("The process was killed by signal 9", "out-of-memory-host"),
        (user_error(139, ""), "native-crash"),
        (user_error(134, ""), "native-crash"),
        (user_error(1, "ValueError: bad shape"), "user-script-exception"),
        (user_error(2, ""), "user-script-exception"),
        ("AlgorithmError: something odd", "user-script-exception"),
        ("OSError: [Errno 28] No space left on device: '/opt/ml/x'", "disk-full"),
        ("sqlite3.OperationalError: database or disk is full", "disk-full"),
        (user_error(1, "ModuleNotFoundError: No module named 'torch'"), "missing-dependency"),
        ("SecondaryStatus MaxRuntimeExceeded", "max-runtime"),
        ("InternalServerError: We encountered an internal error. Try again.", "internal"),
    ],
)
def test_a_failure_reason_has_its_category(text: str, category: str | None) -> None:
    assert explain(text).category == (category or "out-of-memory-host")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            user_error(1, "FileNotFoundError: [Errno 2] No such file or directory: '/x/bin/tool'"),
            "A program is missing",
        ),
        (
            user_error(
                1,
                "FileNotFoundError: [Errno 2] No such file or directory: '/tmp/a/model/model.bin'",
            ),
            "A folder is missing, or the file is not there",
        ),
        (
            user_error(1, "NoCredentialsError: Unable to locate credentials"),
            "The script has no AWS credentials",
        ),
        (
            "LookupError: Resource corpus_x not found. Please use the NLTK Downloader to obtain it",
            "Data of NLTK is missing",
        ),
        ('./fit.R: 11: Syntax error: word unexpected (expecting ")")', "A shell ran the script"),
    ],
)
def test_what_a_job_lacked_is_told(text: str, title: str) -> None:
    assert explain(text).title == title


def test_the_scripts_exception_is_named() -> None:
    found = explain(user_error(1, "ValueError: bad shape"))
    assert found.what_happened == "ValueError: bad shape."
    assert found.entities["error"] == "ValueError: bad shape"


def test_the_missing_package_is_named_with_its_remedy() -> None:
    found = explain(ModuleNotFoundError("No module named 'torch'"))
    assert found.category == "missing-dependency"
    assert "add torch" in found.fixes[0] and "requirements.txt" in found.fixes[0]


def test_the_full_disk_names_the_file() -> None:
    found = explain(OSError(28, "No space left on device", "/data/model.bin"))
    assert found.category == "disk-full"
    assert "/data/model.bin" in found.what_happened


def test_a_file_missing_from_a_channel_is_named() -> None:
    path = "/opt/ml/input/data/train/a.csv"
    found = explain(FileNotFoundError(2, "No such file or directory", path))
    assert found.category == "input-channel"
    assert "train/a.csv" in found.what_happened
    assert found.title == "A file is missing in the channel"
    assert found.fixes[-1] == "Compare the names in inputs={...} with what the script opens."


def test_another_missing_file_is_no_matter_of_channels() -> None:
    found = explain(FileNotFoundError(2, "No such file or directory", "/home/a.csv"))
    assert found.category != "input-channel"


def test_the_more_specific_rule_wins() -> None:
    found = explain(user_error(1, "OSError: [Errno 28] No space left on device: '/x'"))
    assert found.category == "disk-full"
    assert found.confidence > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "The weather in Zürich is fine today.",
        "Training finished with accuracy 0.97.",
        "I used 137 trees and exited the room.",
        "Errors are opportunities; a memory of 9 signals.",
        "Our module was named 'torch' in 2019.",
        "panic: runtime error: index out of range [5] with length 3",
        "thread 'main' panicked at 'called `Option::unwrap()` on a `None` value', src/main.rs:4:37",
        'Exception in thread "main" java.lang.NullPointerException',
        "undefined method `foo' for nil:NilClass (NoMethodError)",
        "System.NullReferenceException: Object reference not set to an instance of an object.",
        "2024-01-01 10:00:00 INFO epoch 3/10 loss: 0.3 accuracy: 0.9",
        "We keep at least 2 availability zones in mind.",
    ],
)
def test_prose_is_not_recognised_and_shown_as_it_is(text: str) -> None:
    found = explain(text)
    assert found.category == "not-recognised"
    assert found.what_happened == text
    assert found.raw == text
    assert found.fixes == ()
    assert found.confidence == 0.0


@pytest.mark.parametrize("nothing", ["", "  \n\t\n", None, b""])
def test_nothing_to_explain_is_said(nothing: object) -> None:
    found = explain(nothing)
    assert found.category == "not-recognised"
    assert found.what_happened == "There is no text to explain."


def test_an_unknown_error_shows_its_type_and_first_line() -> None:
    found = explain(LookupError("column"))
    assert "LookupError: column" in found.what_happened
    assert found.confidence <= 0.5


def test_a_missing_key_is_named() -> None:
    found = explain(KeyError("column"))
    assert found.what_happened == "KeyError: 'column'."
    assert "no key column" not in found.what_happened
    assert "column" in found.likely_cause


def test_an_explained_error_passes_through_unchanged() -> None:
    known = Explanation(category="quota", title="t", what_happened="w", fixes=("f",))
    error = ExplainedError(known, status=409)
    assert explain(error) is known
    assert error.status == 409
    assert str(error) == "w f"


def test_an_explained_error_shows_in_ipython_without_a_traceback() -> None:
    known = Explanation("c", "Title", "What.", likely_cause="Cause.", fixes=("Do this.",))
    shown = "\n".join(ExplainedError(known)._render_traceback_())
    assert "Title" in shown
    assert "What." in shown
    assert "Likely cause: Cause." in shown
    assert "- Do this." in shown
    assert "Traceback" not in shown


def test_an_explanation_survives_json() -> None:
    found = explain(user_error(1, "ValueError: bad"))
    assert Explanation.from_dict(json.loads(json.dumps(found.as_dict()))) == found


class NoText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class NoTextNoError:
    def __str__(self) -> str:
        raise ValueError("no text")


class Hostile:
    @property
    def explanation(self) -> object:
        raise RuntimeError("no explanation")

    @property
    def response(self) -> object:
        raise RuntimeError("no response")


class OddResponse(Exception):
    response = {"Error": "text"}
    operation_name = 7


@pytest.mark.parametrize(
    "error", [NoText(), NoTextNoError(), OddResponse("x"), Hostile(), object(), 3, [], {"a": 1}]
)
def test_an_error_that_can_not_say_what_it_is_is_explained_all_the_same(error: object) -> None:
    found = explain(error)
    # An exception class of Python's alone tells that some code raised, and no more.
    assert found.category == "not-recognised" or found.confidence < 0.5
    assert found.what_happened


contexts = st.none() | st.dictionaries(
    st.sampled_from(["name", "script", "path", "error"]), st.text(max_size=10)
)


# The first text that needs an expression compiles it, which may take a while.
@settings(deadline=None)
@given(st.text() | st.binary() | st.none() | st.integers(), contexts, st.text(max_size=10))
def test_it_never_raises(error: object, context: dict[str, str] | None, code: str) -> None:
    found = explain(error, context=context, code=code)
    assert found.title
    assert found.what_happened


pieces = st.sampled_from(
    [
        "ExitCode 137",
        "{name}",
        "{0}",
        "}",
        "{",
        "'",
        '"',
        "ErrorMessage ",
        "No space left on device",
    ]
    + ["ModuleNotFoundError: No module named '", "Error", "AlgorithmError:", "\n", "%s"]
    + ["Traceback (most recent call last):\n", '  File "a.py", line 3, in f\n', "\\n", "│ "]
    + [
        "Caused by: java.lang.Error: ",
        "Failed. Reason: ",
        "(Service: A; Status Code: 400",
        "KeyError: ",
    ]
    + ["1 validation error for A\nb\n  C is [type=d]", "[1,0]<stderr>:", "exitcode : -9", "x: "]
    + ["An error occurred (A) when calling the B operation: ", 'Command "', "api error C: "]
)


@settings(deadline=None)
@given(st.lists(pieces).map("".join))
def test_braces_in_a_text_are_text(text: str) -> None:
    found = explain(text)
    assert isinstance(str(found), str)
    assert found.raw == text


def test_a_context_may_hold_braces() -> None:
    context: dict[str, Any] = {"name": "{x} {0}"}
    found = explain(client_error("ResourceInUse", "already exists"), context=context)
    assert "{x} {0}" in found.entities["name"]


@pytest.mark.parametrize(
    "words",
    [
        "/usr/bin/env: 'bash\\r': No such file or directory",
        "/usr/bin/env: \u2018python3\\r\u2019: No such file or directory",
        "/bin/sh: ./run.sh: /bin/bash^M: bad interpreter: No such file or directory",
        "./run.sh: line 2: $'\\r': command not found",
        "./run.sh: line 5: syntax error near unexpected token `$'do\\r''",
        "/bin/sh: 1: ./run.sh: not found",
        "/bin/sh: line 1: ./run.sh: cannot execute: required file not found",
    ],
)
@pytest.mark.parametrize(
    "around",
    ["{}", 'AlgorithmError: ExecuteUserScriptError:\nExitCode 127\nErrorMessage "{}"\nCommand "x"'],
)
def test_windows_line_ends_are_known_by_a_shells_words(words: str, around: str) -> None:
    found = explain(around.format(words))
    assert "Windows" in f"{found.title} {found.likely_cause}"
    assert "dos2unix" in found.fixes[0]


def test_a_fault_of_ours_costs_the_explanation_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise NameError("a fault of ours")

    monkeypatch.setattr("jupyter_sm.diagnosis.explaining.parts_of", broken)
    found = explain("AlgorithmError: , exit code: 1")
    assert (found.category, found.title) == ("not-recognised", "Error not recognised")
    assert found.what_happened
