"""The simulator's traps: each switch once, as a client meets it; over HTTP with boto3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from kit.simulator import Scenario, Simulator, Traps, default_request

START = 1_700_000_000.0
GROUP = {"logGroupName": "/aws/sagemaker/TrainingJobs"}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def sm(sim: Simulator) -> Any:
    return sim.client("sagemaker")


@pytest.fixture
def logs(sim: Simulator) -> Any:
    return sim.client("logs")


def refused(call: Callable[[], object], code: str) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def answered(call: Callable[[], object], times: int) -> int:
    """How many of so many calls were not throttled."""
    good = 0
    for _ in range(times):
        try:
            call()
            good += 1
        except ClientError as error:
            assert error.response["Error"] == {
                "Code": "ThrottlingException",
                "Message": "Rate exceeded",
            }
    return good


def test_every_trap_is_off_at_first_and_can_be_cleared(sim: Simulator) -> None:
    assert sim.traps == Traps()
    sim.traps.empty_pages = 3
    sim.traps.denied = "*"
    sim.traps.clear()
    assert sim.traps == Traps()
    with pytest.raises(AttributeError, match="There is no trap late_line;"):
        sim.traps.late_line = 1  # type: ignore[attr-defined]


def test_a_token_bucket_throttles_one_operation(sim: Simulator, sm: Any) -> None:
    sim.traps.throttle = ("List*", 2, 4)
    assert answered(sm.list_training_jobs, 10) == 4
    sim.clock.advance(1)
    assert answered(sm.list_training_jobs, 10) == 2
    assert sim.client("sagemaker", "eu-west-1").list_training_jobs()
    sm.search(Resource="TrainingJob")
    sim.traps.throttle = lambda operation, now: operation == "Search"
    assert answered(lambda: sm.search(Resource="TrainingJob"), 3) == 0


def test_everything_is_throttled_for_a_time(sim: Simulator, sm: Any) -> None:
    sim.traps.throttle = 30.0
    assert answered(sm.list_training_jobs, 3) == 0
    sim.clock.advance(30)
    assert answered(sm.list_training_jobs, 3) == 3


def test_the_published_limits_hold_by_region(sim: Simulator, sm: Any, logs: Any) -> None:
    sim.add_job("churn", scenario=Scenario(starting=0, downloading=0))
    sim.traps.published_limits = True
    assert answered(sm.list_training_jobs, 5) == 2
    ask = {**GROUP, "logStreamName": f"churn/algo-1-{int(START)}"}
    assert answered(lambda: logs.get_log_events(**ask), 30) == 25
    assert answered(lambda: logs.filter_log_events(**GROUP), 30) == 25
    sim.add_job("churn", scenario=Scenario(starting=0, downloading=0), region="eu-central-1")
    abroad = sim.client("logs", "eu-central-1")
    assert answered(lambda: abroad.get_log_events(**ask), 15) == 10
    assert answered(lambda: abroad.filter_log_events(**GROUP), 15) == 5


@pytest.mark.parametrize(
    ("trap", "code"),
    [("expired_token", "ExpiredTokenException"), ("clock_off", "InvalidSignatureException")],
)
def test_credentials_and_clock_go_bad_for_a_time(
    sim: Simulator, sm: Any, logs: Any, trap: str, code: str
) -> None:
    setattr(sim.traps, trap, 60.0)
    assert "expired" in refused(sm.list_training_jobs, code)
    assert "expired" in refused(lambda: logs.filter_log_events(**GROUP), code)
    sim.clock.advance(60)
    sm.list_training_jobs()
    setattr(sim.traps, trap, True)
    sim.clock.advance(1e6)
    refused(sm.list_training_jobs, code)
    setattr(sim.traps, trap, False)
    sm.list_training_jobs()


def test_a_role_without_logs(sim: Simulator, sm: Any, logs: Any) -> None:
    sim.traps.no_logs_rights = True
    message = refused(lambda: logs.filter_log_events(**GROUP), "AccessDeniedException")
    assert (
        "is not authorized to perform: logs:FilterLogEvents on resource: arn:aws:logs:" in message
    )
    assert message.endswith(
        "because no identity-based policy allows the logs:FilterLogEvents action"
    )
    sm.list_training_jobs()
    sim.traps.no_logs_rights = "FilterLogEvents"
    refused(lambda: logs.describe_log_streams(**GROUP), "ResourceNotFoundException")
    sim.traps.denied = "sagemaker:Create*"
    refused(lambda: sm.create_training_job(**default_request("a")), "AccessDeniedException")


@pytest.mark.parametrize("answer", ["close", 500, 503])
def test_accepted_but_nobody_is_told(sim: Simulator, sm: Any, answer: str | int) -> None:
    sim.traps.accepted_but_timed_out = 1
    sim.traps.accepted_answer = answer
    with pytest.raises((ClientError, ConnectionClosedError)) as caught:
        sm.create_training_job(**default_request("churn"))
    if isinstance(caught.value, ClientError):
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == answer
    assert sim.job("churn").status == "InProgress"
    refused(lambda: sm.create_training_job(**default_request("churn")), "ResourceInUse")


def test_boto3s_own_repetition_meets_the_job_it_started(sim: Simulator) -> None:
    sim.traps.accepted_but_timed_out = 1
    twice = sim.client("sagemaker", retries={"total_max_attempts": 2, "mode": "standard"})
    refused(lambda: twice.create_training_job(**default_request("churn")), "ResourceInUse")
    assert sim.count("CreateTrainingJob") == 2


def test_a_server_error_does_nothing(sim: Simulator, sm: Any) -> None:
    sim.traps.server_errors = 1
    refused(lambda: sm.create_training_job(**default_request("churn")), "InternalFailure")
    sm.create_training_job(**default_request("churn"))


def test_list_and_search_run_behind_describe(sim: Simulator, sm: Any) -> None:
    sim.traps.list_lag, sim.traps.search_lag = 10.0, 60.0
    sm.create_training_job(**default_request("churn"))
    ask = {"Resource": "TrainingJob"}

    def listed() -> list[str]:
        return [r["TrainingJobStatus"] for r in sm.list_training_jobs()["TrainingJobSummaries"]]

    def found() -> list[str]:
        return [row["TrainingJob"]["TrainingJobStatus"] for row in sm.search(**ask)["Results"]]

    assert listed() == found() == []
    sim.clock.advance(125)
    assert sm.describe_training_job(TrainingJobName="churn")["TrainingJobStatus"] == "Completed"
    assert listed() == found() == ["InProgress"]
    sim.clock.advance(10)
    assert (listed(), found()) == (["Completed"], ["InProgress"])
    sim.clock.advance(60)
    assert found() == ["Completed"]


def test_traps_that_change_the_jobs_created(sim: Simulator, sm: Any, logs: Any) -> None:
    sim.traps.restart_streams = True
    sim.traps.unknown_status = "Defragmenting"
    sim.traps.many_streams = 64
    sm.create_training_job(**default_request("churn"))
    sim.clock.advance(1000)
    told = sm.describe_training_job(TrainingJobName="churn")["SecondaryStatusTransitions"]
    assert {"Defragmenting", "Interrupted", "Restarting"} < {row["Status"] for row in told}
    pages = logs.get_paginator("describe_log_streams").paginate(**GROUP)
    assert [len(page["logStreams"]) for page in pages] == [50, 50, 28]


def test_an_endpoint_that_is_not_there(sim: Simulator, sm: Any, logs: Any) -> None:
    sim.traps.unreachable = "*Log*"
    with pytest.raises(ConnectionClosedError):
        logs.filter_log_events(**GROUP)
    sm.list_training_jobs()


def test_a_call_that_hangs_holds_up_no_other(sim: Simulator, sm: Any) -> None:
    sim.traps.hang = ("DescribeTrainingJob", 60.0)
    patient = sim.client("sagemaker", read_timeout=0.1)
    with pytest.raises(ReadTimeoutError):
        patient.describe_training_job(TrainingJobName="churn")
    sm.list_training_jobs()
    sim.traps.hang = None
    sim.traps.slow = 0.02
    begun = time.monotonic()
    sm.list_training_jobs()
    assert time.monotonic() - begun >= 0.02


def test_many_clients_at_once_create_each_name_once(sim: Simulator, sm: Any) -> None:
    def create(number: int) -> bool:
        try:
            sm.create_training_job(**default_request(f"job-{number % 10}"))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceInUse"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(80))) == 10


def test_a_job_is_known_as_soon_as_it_is_created() -> None:
    with Simulator(speed=20) as running:
        client = running.client("sagemaker")
        for number in range(50):
            client.create_training_job(**default_request(f"job-{number}"))
            told = client.describe_training_job(TrainingJobName=f"job-{number}")
            assert told["TrainingJobStatus"] == "InProgress"


def test_ten_thousand_jobs_are_listed_and_searched_quickly(sim: Simulator, sm: Any) -> None:
    sim.add_jobs({"name": f"job-{n}", "created": START - n * 60} for n in range(10_000))
    sim.add_job("churn", created=START - 1000, tags={"mine": "yes"})
    mine = [{"Name": "Tags.mine", "Operator": "Equals", "Value": "yes"}]
    calls: list[Callable[[], Any]] = [
        lambda: sm.list_training_jobs(LastModifiedTimeAfter=START - 300, MaxResults=100),
        lambda: sm.list_training_jobs(MaxResults=100),
        lambda: sm.search(Resource="TrainingJob", SearchExpression={"Filters": mine}),
    ]
    for call in calls:
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            assert call()
            took.append(time.perf_counter() - begun)
        assert min(took) < 0.1
