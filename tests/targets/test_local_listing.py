"""ListTrainingJobs of the local target: filters, order, pages; and answers to bad calls."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kit.local_machine import Machine, call, machine_in

BASE = 1_700_000_000
ALL = [f"shelf-{n:02}" for n in range(12)]
STOPPED, WAITING = ALL[0::2], ALL[1::2]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """12 waiting jobs, made 100 s apart, changed 10 s later; every other one stopped."""
    with machine_in(tmp_path_factory.mktemp("shelf"), max_jobs=1) as made:
        made.start("import time; time.sleep(300)", name="blocker")
        for n, name in enumerate(ALL):
            made.start(name=name)
            if name in STOPPED:
                made.stop(name)
            path = made.job_folder(name) / "state.json"
            state = json.loads(path.read_text())
            state.update(created=BASE + 100 * n, modified=BASE + 100 * n + 10)
            path.write_text(json.dumps(state))
            os.utime(path.parent, (BASE + 100 * n + 10,) * 2)
        yield made


def found(shelf: Machine, **request: Any) -> list[str]:
    answer = shelf.sagemaker.list_training_jobs(
        NameContains="shelf", **{"MaxResults": 100, **request}
    )
    return [row["TrainingJobName"] for row in answer["TrainingJobSummaries"]]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BASE + seconds, timezone.utc)


def token_of(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def refusal(shelf: Machine, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        shelf.sagemaker.list_training_jobs(**request)
    return caught.value.response["Error"]["Code"]


def test_a_summary_holds_name_arn_times_and_status(shelf: Machine) -> None:
    answer = shelf.sagemaker.list_training_jobs(NameContains="shelf-03")
    (summary,) = answer["TrainingJobSummaries"]
    assert summary == {
        "TrainingJobName": "shelf-03",
        "TrainingJobArn": "arn:aws:sagemaker:local:000000000000:training-job/shelf-03",
        "CreationTime": at(300),
        "LastModifiedTime": at(310),
        "TrainingJobStatus": "InProgress",
    }
    assert "NextToken" not in answer


def test_name_contains_finds_parts_whatever_their_case(shelf: Machine) -> None:
    answer = shelf.sagemaker.list_training_jobs(NameContains="ELF-1", SortBy="Name")
    listed = [row["TrainingJobName"] for row in answer["TrainingJobSummaries"]]
    assert listed == ["shelf-10", "shelf-11"]


def test_a_page_has_ten_jobs_unless_told(shelf: Machine) -> None:
    answer = shelf.sagemaker.list_training_jobs()
    assert len(answer["TrainingJobSummaries"]) == 10
    assert answer["NextToken"]


@pytest.mark.parametrize("by", ["Name", "CreationTime"])
def test_order_goes_both_ways(shelf: Machine, by: str) -> None:
    assert found(shelf, SortBy=by, SortOrder="Ascending") == ALL
    assert found(shelf, SortBy=by, SortOrder="Descending") == ALL[::-1]


def test_order_by_status_groups_the_statuses(shelf: Machine) -> None:
    assert found(shelf, SortBy="Status", SortOrder="Ascending") == WAITING + STOPPED


def test_an_unknown_sort_key_is_refused(shelf: Machine) -> None:
    assert refusal(shelf, SortBy="Mood") == "ValidationException"


def test_created_after_and_before_cut_the_list(shelf: Machine) -> None:
    assert found(shelf, CreationTimeAfter=at(901), SortBy="Name") == ALL[10:]
    assert found(shelf, CreationTimeBefore=at(199), SortBy="Name") == ALL[:2]
    both = found(shelf, CreationTimeAfter=at(250), CreationTimeBefore=at(450), SortBy="Name")
    assert both == ALL[3:5]


def test_modified_after_and_before_cut_the_list(shelf: Machine) -> None:
    assert found(shelf, LastModifiedTimeAfter=at(905), SortBy="Name") == ALL[9:]
    assert found(shelf, LastModifiedTimeAfter=at(915), SortBy="Name") == ALL[10:]
    assert found(shelf, LastModifiedTimeBefore=at(105), SortBy="Name") == ALL[:1]


def test_a_job_changed_just_now_is_among_those_modified_since(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with machine_in(tmp_path_factory.mktemp("fresh")) as fresh:
        name = fresh.run("pass")["TrainingJobName"]
        since = fresh.describe(name)["LastModifiedTime"]
        answer = fresh.sagemaker.list_training_jobs(LastModifiedTimeAfter=since)
        assert [row["TrainingJobName"] for row in answer["TrainingJobSummaries"]] == [name]


def test_status_equals_counts_after_the_page_is_cut(shelf: Machine) -> None:
    first = shelf.sagemaker.list_training_jobs(
        NameContains="shelf", SortBy="Name", MaxResults=4, StatusEquals="Stopped"
    )
    assert [row["TrainingJobName"] for row in first["TrainingJobSummaries"]] == STOPPED[:2]
    assert first["NextToken"]
    assert found(shelf, StatusEquals="InProgress", SortBy="Name") == WAITING
    assert found(shelf, StatusEquals="Failed") == []


@pytest.mark.parametrize("size", [1, 5, 12, 100])
def test_the_paginator_gives_every_job_once_in_order(shelf: Machine, size: int) -> None:
    pages = shelf.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="shelf", SortBy="Name", PaginationConfig={"PageSize": size}
    )
    sizes, listed = [], []
    for page in pages:
        sizes.append(len(page["TrainingJobSummaries"]))
        listed += [row["TrainingJobName"] for row in page["TrainingJobSummaries"]]
    assert listed == ALL
    assert max(sizes) <= size


def test_more_than_a_hundred_a_page_is_refused(shelf: Machine) -> None:
    assert refusal(shelf, MaxResults=101) == "ValidationException"


@pytest.mark.parametrize(
    "token",
    [
        "garbage",
        "é",
        "AAAA",
        token_of([]),
        token_of({}),
        token_of({"at": "x"}),
        token_of({"at": None}),
        token_of({"at": -5}),
        token_of({"at": float("inf")}),
    ],
)
def test_a_token_that_was_never_given_is_refused(shelf: Machine, token: str) -> None:
    assert refusal(shelf, NextToken=token) == "ValidationException"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff\xfe", b"null"])
def test_a_body_that_is_no_object_is_a_serialization_error(shelf: Machine, body: bytes) -> None:
    status, answer = call(shelf.target.engine, "SageMaker.ListTrainingJobs", body)
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "operation",
    [
        "SageMaker.CreateTrainingJob",
        "SageMaker.DescribeTrainingJob",
        "SageMaker.ListTags",
        "Logs_20140328.GetLogEvents",
        "Logs_20140328.DescribeLogStreams",
        "Logs_20140328.FilterLogEvents",
        "SageMaker.Nothing",
        "Nothing",
        "",
    ],
)
def test_an_empty_call_gets_an_error_answer(shelf: Machine, operation: str) -> None:
    status, answer = call(shelf.target.engine, operation, b"{}")
    assert status == 400
    assert json.loads(answer)["__type"]


def test_log_events_without_a_stream_get_an_error_answer(shelf: Machine) -> None:
    body = json.dumps({"logGroupName": "/aws/sagemaker/TrainingJobs"}).encode()
    status, answer = call(shelf.target.engine, "Logs_20140328.GetLogEvents", body)
    assert (status, json.loads(answer)["__type"]) == (400, "InvalidParameterException")
