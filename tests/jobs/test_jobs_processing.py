"""Processing jobs: how requests and Describe's answers are read."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from jupyter_sm.jobs.kinds.processing import PROCESSING, places, script

CREATED = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
ENDED = datetime(2026, 11, 1, 12, 5, tzinfo=timezone.utc)


def answer(status: str, **members: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": "prepare",
        "ProcessingJobStatus": status,
        "CreationTime": CREATED,
        "LastModifiedTime": ENDED,
        **members,
    }


def test_a_failed_job_has_reason_and_end() -> None:
    seen = PROCESSING.read(
        answer("Failed", FailureReason="AlgorithmError: exit code: 1", ProcessingEndTime=ENDED)
    )
    assert (seen.status, seen.secondary_status, seen.phase) == ("Failed", "Failed", "ended")
    assert seen.failure_reason == "AlgorithmError: exit code: 1"
    assert (seen.created_at, seen.ended_at) == (CREATED.timestamp(), ENDED.timestamp())


def test_the_containers_last_words_are_told_of_a_failure_only() -> None:
    assert PROCESSING.read(answer("Failed", ExitMessage="no rows")).told == "no rows"
    assert PROCESSING.read(answer("Completed", ExitMessage="all rows")).told == ""


@pytest.mark.parametrize(
    ("status", "limit", "told"),
    [
        ("Stopped", 300, "MaxRuntimeExceeded"),
        ("Stopped", 301, ""),
        ("Completed", 300, ""),
    ],
)
def test_a_job_that_ran_into_its_limit_says_so(status: str, limit: int, told: str) -> None:
    times = {"ProcessingStartTime": CREATED, "ProcessingEndTime": ENDED}
    condition = {"MaxRuntimeInSeconds": limit}
    assert PROCESSING.read(answer(status, StoppingCondition=condition, **times)).told == told


def test_a_job_stopped_before_it_started_has_an_end() -> None:
    seen = PROCESSING.read(answer("Stopped"))
    assert (seen.started_at, seen.ended_at) == (None, ENDED.timestamp())


def test_one_that_runs_has_none() -> None:
    seen = PROCESSING.read(answer("InProgress", ProcessingStartTime=CREATED))
    assert (seen.phase, seen.started_at, seen.ended_at) == ("open", CREATED.timestamp(), None)


@pytest.mark.parametrize(
    ("member", "arn", "parent"),
    [
        ("TrainingJobArn", "arn:aws:sagemaker:us-east-1:1:training-job/mine", "training/mine"),
        ("AutoMLJobArn", "arn:aws:sagemaker:us-east-1:1:automl-job/auto", "automl/auto"),
    ],
)
def test_a_part_of_another_job_names_it(member: str, arn: str, parent: str) -> None:
    assert PROCESSING.read(answer("InProgress", **{member: arn})).parent == parent


def test_places_are_inputs_and_outputs_with_an_address() -> None:
    request = {
        "ProcessingInputs": [
            {"InputName": "code", "S3Input": {"S3Uri": "s3://b/code"}},
            {"InputName": "rows", "DatasetDefinition": {}},
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "features", "FeatureStoreOutput": {"FeatureGroupName": "g"}},
                {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
            ]
        },
    }
    found = [(place.what, place.role, place.uri(request)) for place in places(request)]
    assert found == [
        ("input code", "input", "s3://b/code"),
        ("output train", "output", "s3://b/train"),
    ]


@pytest.mark.parametrize(
    ("entrypoint", "arguments", "expected"),
    [
        (["python3", "/opt/ml/processing/input/code/prep.py"], ["--n", "3"], "prep.py"),
        (["/bin/bash"], ["/opt/ml/processing/input/code/run.sh"], "run.sh"),
        (["spark-submit"], [], ""),
    ],
)
def test_the_script_is_read_off_the_command_line(
    entrypoint: list[str], arguments: list[str], expected: str
) -> None:
    app = {"ContainerEntrypoint": entrypoint, "ContainerArguments": arguments}
    assert script({"AppSpecification": app}) == expected
