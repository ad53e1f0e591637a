"""The simulator as SageMaker: life of a job, lists, search, refusals; over HTTP with boto3."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import kit.simulator
from kit.simulator import CAPACITY, ROLE, Control, Scenario, Simulator, default_request

START = 1_700_000_000.0


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def sm(sim: Simulator) -> Any:
    return sim.client("sagemaker")


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def refused(call: Callable[[], object], code: str) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def course(sim: Simulator, sm: Any, name: str) -> list[str]:
    """The secondary statuses that Describe shows in the end."""
    sim.clock.advance(100_000)
    told = sm.describe_training_job(TrainingJobName=name)["SecondaryStatusTransitions"]
    return [row["Status"] for row in told]


def names(answer: dict[str, Any]) -> list[str]:
    return [row["TrainingJobName"] for row in answer["TrainingJobSummaries"]]


def test_a_job_lives_and_completes(sim: Simulator, sm: Any) -> None:
    sim.scenario("*", Scenario(metrics={"loss": 0.5}))
    request = {**default_request("churn"), "HyperParameters": {"epochs": "3"}}
    arn = sm.create_training_job(**request)["TrainingJobArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:training-job/churn"
    seen = []
    for _ in range(13):
        told = sm.describe_training_job(TrainingJobName="churn")
        if told["SecondaryStatus"] not in seen:
            seen.append(told["SecondaryStatus"])
        sim.clock.advance(10)
    assert seen == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert told["TrainingJobStatus"] == "Completed"
    assert told["HyperParameters"] == {"epochs": "3"}
    assert told["CreationTime"] == at(START)
    assert told["TrainingStartTime"] == at(START + 30)
    assert told["TrainingEndTime"] == told["LastModifiedTime"] == at(START + 120)
    assert told["TrainingTimeInSeconds"] == told["BillableTimeInSeconds"] == 90
    assert told["FinalMetricDataList"][0]["Value"] == 0.5
    model = "s3://simulated-bucket/output/churn/output/model.tar.gz"
    assert told["ModelArtifacts"] == {"S3ModelArtifacts": model}
    assert "FailureReason" not in told
    assert [r["Status"] for r in told["SecondaryStatusTransitions"]] == seen
    assert told["SecondaryStatusTransitions"][0]["EndTime"] == at(START + 30)


@pytest.mark.parametrize("where", ["Starting", "Downloading", "Training"])
def test_a_job_fails_where_it_is_told_to(sim: Simulator, sm: Any, where: str) -> None:
    sim.scenario(
        "bad-*", Scenario(outcome="Failed", fails_in=where, failure_reason="x" * 2000, metrics={})
    )
    sm.create_training_job(**default_request("bad-1"))
    passed = course(sim, sm, "bad-1")
    told = sm.describe_training_job(TrainingJobName="bad-1")
    assert told["TrainingJobStatus"] == passed[-1] == "Failed"
    assert passed[-2] == ("Uploading" if where == "Training" else where)
    assert told["FailureReason"] == "x" * 1024
    assert "ModelArtifacts" not in told


def test_a_name_is_used_once_and_in_each_region_and_account(sim: Simulator, sm: Any) -> None:
    sm.create_training_job(**default_request("churn"))
    message = refused(lambda: sm.create_training_job(**default_request("churn")), "ResourceInUse")
    assert message.endswith("(arn:aws:sagemaker:us-east-1:123456789012:training-job/churn)")
    other = {**default_request("churn"), "AlgorithmSpecification": {"TrainingInputMode": "File"}}
    other["AlgorithmSpecification"]["AlgorithmName"] = "arn"
    sim.client("sagemaker", "eu-west-1").create_training_job(**other)
    assert sim.job("churn", region="eu-west-1").status == "InProgress"
    sim.accounts["simulated"] = "999999999999"
    assert names(sm.list_training_jobs()) == []


def test_stopping_takes_time_and_is_refused_at_the_end(sim: Simulator, sm: Any) -> None:
    sim.scenario("*", Scenario(training=math.inf, stopping=500))
    sm.create_training_job(**default_request("churn"))
    sim.clock.advance(3600)
    sm.stop_training_job(TrainingJobName="churn")
    sim.clock.advance(119)
    assert (sim.job("churn").status, sim.job("churn").secondary) == ("Stopping", "Stopping")
    sm.stop_training_job(TrainingJobName="churn")
    refused(lambda: sm.delete_training_job(TrainingJobName="churn"), "ResourceInUse")
    sim.clock.advance(1)
    assert sim.job("churn").status == "Stopped"
    message = refused(lambda: sm.stop_training_job(TrainingJobName="churn"), "ValidationException")
    assert message.endswith("in status Stopped.")
    sm.delete_training_job(TrainingJobName="churn")
    message = refused(
        lambda: sm.describe_training_job(TrainingJobName="churn"), "ValidationException"
    )
    assert message == "Requested resource not found."


def test_interruptions_retries_limits_and_unknown_statuses(sim: Simulator, sm: Any) -> None:
    sim.scenario("spot", Scenario(interrupted_at=[20]))
    sim.scenario("busy", Scenario(capacity_retry=60))
    sim.scenario("odd", Scenario(unknown_status=("Defragmenting", 5)))
    sim.scenario("long", Scenario(training=math.inf))
    sim.scenario("told", Scenario(statuses=[("Pending", 5), ("Training", 5), ("Completed", 0)]))
    for name in ("spot", "busy", "odd", "long", "told"):
        sm.create_training_job(**default_request(name))
    sim.clock.advance(25)
    told = sm.describe_training_job(TrainingJobName="busy")["SecondaryStatusTransitions"]
    assert [row["StatusMessage"] for row in told] == [CAPACITY]
    spot = course(sim, sm, "spot")
    assert spot[1:6] == ["Downloading", "Training", "Interrupted", "Restarting", "Downloading"]
    assert course(sim, sm, "odd")[2] == "Defragmenting"
    assert course(sim, sm, "long")[-3:] == ["Stopping", "Uploading", "MaxRuntimeExceeded"]
    assert sim.job("long").status == "Stopped"
    assert course(sim, sm, "told") == ["Pending", "Training", "Completed"]


def raw(sim: Simulator, region: str = "us-east-1") -> Any:
    """A client that sends whatever it is given."""
    return sim.client("sagemaker", region, parameter_validation=False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"TrainingJobName": "a_b"},
            "'trainingJobName' failed to satisfy constraint: Member must s",
        ),
        ({"TrainingJobName": "a" * 64}, "must have length less than or equal to 63"),
        ({"RoleArn": "my-role-which-is-no-arn"}, "regular expression pattern: arn:aws"),
        ({"RoleArn": None}, "Value null at 'roleArn'"),
        ({"HyperParameters": {str(n): "" for n in range(101)}}, "less than or equal to 100"),
        ({"HyperParameters": {"a": "b" * 2501}}, "Map value must satisfy constraint: [Member"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "greater than or equal to 1"),
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
        ({"ResourceConfig": {"InstanceType": "ml.t2.medium", "VolumeSizeInGB": 1}}, "enum value"),
        ({"ResourceConfig": None}, "Value null at 'resourceConfig'"),
        ({"OutputDataConfig": {}, "RoleArn": None}, "2 validation errors detected: "),
        ({"Tags": [{"Key": "a", "Value": "!^"}]}, "'tags.1.member.value'"),
    ],
)
def test_what_breaks_the_model_is_refused(
    sim: Simulator, change: dict[str, Any], told: str
) -> None:
    request = {**default_request("churn"), **change}
    request = {name: value for name, value in request.items() if value is not None}
    message = refused(lambda: raw(sim).create_training_job(**request), "ValidationException")
    assert told in message
    assert "churn" not in sim.region().jobs


def test_regions_roles_quotas_and_types(sim: Simulator, sm: Any) -> None:
    request = default_request("churn")
    abroad = sim.client("sagemaker", "us-west-2")
    message = refused(lambda: abroad.create_training_job(**request), "ValidationException")
    assert "us-west-2" in message and "us-east-1" in message
    sim.buckets["simulated-bucket"] = "eu-west-1"
    message = refused(lambda: sm.create_training_job(**request), "ValidationException")
    assert "The bucket is in this region: eu-west-1" in message
    sim.buckets.clear()
    sim.unassumable_roles.add(ROLE)
    message = refused(lambda: sm.create_training_job(**request), "ValidationException")
    assert message.startswith(f"Could not assume role {ROLE}")
    sim.unassumable_roles.clear()
    sim.quota["ml.m5.large"] = 1
    sm.create_training_job(**request)
    more = default_request("more")
    message = refused(lambda: sm.create_training_job(**more), "ResourceLimitExceeded")
    assert "current utilization of 1 Instances" in message
    long = {**more, "StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86400 + 1}}
    message = refused(lambda: sm.create_training_job(**long), "ResourceLimitExceeded")
    assert "'Longest run time for a training job' is 2419200 Seconds" in message
    sim.newer_values.add("ml.z9.huge")
    more["ResourceConfig"]["InstanceType"] = "ml.z9.huge"
    sm.create_training_job(**more)
    assert sim.job("more").status == "InProgress"


def test_unknown_operations_and_unsigned_calls(sim: Simulator, sm: Any) -> None:
    refused(sm.list_models, "UnknownOperationException")
    for call, member in (
        (sm.list_processing_jobs, "ProcessingJobSummaries"),
        (sm.list_transform_jobs, "TransformJobSummaries"),
        (sm.list_hyper_parameter_tuning_jobs, "HyperParameterTuningJobSummaries"),
    ):
        assert call()[member] == []
    sim.unknown_keys.add("simulated")
    refused(sm.list_training_jobs, "UnrecognizedClientException")
    assert sim.calls[-1].error == "UnrecognizedClientException"


def test_a_list_pages_while_jobs_are_added(sim: Simulator, sm: Any) -> None:
    sim.add_jobs([{"name": f"job-{n:03d}", "created": START - 1000 + n} for n in range(250)])
    first = sm.list_training_jobs(MaxResults=100)
    sim.add_job("new")
    second = sm.list_training_jobs(MaxResults=100, NextToken=first["NextToken"])
    third = sm.list_training_jobs(MaxResults=100, NextToken=second["NextToken"])
    assert "NextToken" not in third
    listed = names(first) + names(second) + names(third)
    assert listed == [f"job-{n:03d}" for n in reversed(range(250))]
    assert len(names(sm.list_training_jobs())) == 10
    refused(lambda: sm.list_training_jobs(NextToken="nonsense"), "ValidationException")
    assert set(third["TrainingJobSummaries"][0]) >= {"CreationTime", "SecondaryStatus"}


def test_lists_are_filtered_and_sorted(sim: Simulator, sm: Any) -> None:
    sim.add_job("old", created=START - 5000)
    sim.add_job("Bad", created=START - 4000, scenario=Scenario(outcome="Failed"))
    sim.add_job("run", created=START - 10, scenario=Scenario(training=math.inf))
    sim.clock.advance(5)
    by = lambda **wanted: names(sm.list_training_jobs(**wanted))  # noqa: E731
    assert by() == ["run", "Bad", "old"]
    assert by(SortOrder="Ascending") == ["old", "Bad", "run"]
    assert by(SortBy="Name") == ["Bad", "old", "run"]
    assert by(SortBy="Status", SortOrder="Descending") == ["run", "Bad", "old"]
    assert by(NameContains="ba") == ["Bad"]
    assert by(LastModifiedTimeAfter=at(START - 20)) == ["run"]
    assert by(LastModifiedTimeBefore=at(START - 3000)) == ["Bad", "old"]
    assert by(CreationTimeAfter=at(START - 4500), CreationTimeBefore=at(START - 20)) == ["Bad"]
    assert by(StatusEquals="Failed") == ["Bad"]
    page = sm.list_training_jobs(StatusEquals="Failed", MaxResults=1)
    assert page["TrainingJobSummaries"] == [] and page["NextToken"]
    for order in ("Name", "Status", "CreationTime"):
        found, token = [], {}
        while True:
            page = sm.list_training_jobs(SortBy=order, MaxResults=1, **token)
            found += names(page)
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert sorted(found) == ["Bad", "old", "run"]


def search(sm: Any, *filters: tuple[str, str, str], **more: Any) -> list[str]:
    found: list[str] = []
    told = [dict(zip(("Name", "Operator", "Value"), one, strict=False)) for one in filters]
    request = {"Resource": "TrainingJob", "SearchExpression": {"Filters": told}, **more}
    if not told:
        del request["SearchExpression"]
    while True:
        answer = sm.search(**request)
        found += [row["TrainingJob"]["TrainingJobName"] for row in answer["Results"]]
        if "NextToken" not in answer:
            return found
        request["NextToken"] = answer["NextToken"]


def test_search_filters_and_gives_whole_records(sim: Simulator, sm: Any) -> None:
    sim.add_job("old", created=START - 5000, tags={"team": "a"})
    sim.add_job("bad", created=START - 4000, scenario=Scenario(outcome="Failed"))
    sim.add_job("run", created=START - 10, tags={"team": "b", "x": "y"})
    assert search(sm) == search(sm, MaxResults=1) == ["run", "bad", "old"]
    assert search(sm, SortOrder="Ascending", MaxResults=2) == ["old", "bad", "run"]
    assert search(sm, ("Tags.team", "Equals", "b")) == ["run"]
    assert search(sm, ("Tags.team", "In", "a, b"), MaxResults=1) == ["run", "old"]
    assert search(sm, ("Tags.team", "Exists")) == ["run", "old"]
    assert search(sm, ("Tags.team", "NotExists")) == ["bad"]
    assert search(sm, ("TrainingJobName", "Contains", "a")) == ["bad"]
    assert search(sm, ("TrainingJobStatus", "NotEquals", "Failed")) == ["run", "old"]
    recent = at(START - 4500).isoformat()
    assert search(sm, ("CreationTime", "GreaterThan", recent)) == ["run", "bad"]
    changed = at(sim.job("old").modified).isoformat()
    assert search(sm, ("LastModifiedTime", "GreaterThan", changed)) == ["run", "bad"]
    assert search(sm, ("LastModifiedTime", "GreaterThanOrEqualTo", changed), MaxResults=1) == [
        "run",
        "bad",
        "old",
    ]
    assert search(sm, ("LastModifiedTime", "LessThanOrEqualTo", changed)) == ["old"]
    assert search(sm, ("ResourceConfig.InstanceCount", "LessThan", "2"), SortBy="CreationTime")
    assert search(sm, SortBy="TrainingJobName", SortOrder="Ascending") == ["bad", "old", "run"]
    either = {
        "Operator": "Or",
        "SubExpressions": [
            {"Filters": [{"Name": "TrainingJobName", "Operator": "Equals", "Value": name}]}
            for name in ("old", "bad")
        ],
    }
    answer = sm.search(Resource="TrainingJob", SearchExpression=either)["Results"]
    assert [row["TrainingJob"]["TrainingJobName"] for row in answer] == ["bad", "old"]
    assert answer[0]["TrainingJob"]["FailureReason"]
    assert answer[1]["TrainingJob"]["Tags"] == [{"Key": "team", "Value": "a"}]
    wrong = ("CreationTime", "GreaterThan", "yesterday")
    refused(lambda: search(sm, wrong), "ValidationException")


def test_tags_are_added_listed_and_deleted(sim: Simulator, sm: Any) -> None:
    sim.add_job("churn", tags={"a": "1"})
    arn = sim.job("churn").arn
    sm.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sm.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    many = [{"Key": str(n), "Value": ""} for n in range(50)]
    refused(lambda: sm.add_tags(ResourceArn=arn, Tags=many), "ValidationException")


def test_calls_are_counted(sim: Simulator, sm: Any) -> None:
    sm.list_training_jobs(NameContains="x")
    sim.clock.advance(60)
    sm.list_training_jobs()
    refused(lambda: sm.describe_training_job(TrainingJobName="x"), "ValidationException")
    assert (sim.count(), sim.count("List*"), sim.count("List*", since=START + 1)) == (3, 2, 1)
    assert sim.calls[0].body == {"NameContains": "x"}
    assert sim.calls[0].service == "sagemaker"
    sim.reset()
    assert sim.count() == 0


def test_the_environment_is_all_that_boto3_needs(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sim.environment("eu-west-1").items():
        monkeypatch.setenv(name, value)
    quick = Config(retries={"total_max_attempts": 1})
    assert (
        boto3.client("sagemaker", config=quick).list_training_jobs()["TrainingJobSummaries"] == []
    )
    message = refused(
        lambda: boto3.client("logs", config=quick).describe_log_streams(logGroupName="x"),
        "ResourceNotFoundException",
    )
    assert message == "The specified log group does not exist."
    assert [call.region for call in sim.calls] == ["eu-west-1", "eu-west-1"]


def test_a_simulator_of_its_own_is_driven_from_outside() -> None:
    program = Path(kit.simulator.__file__).parent
    running = subprocess.Popen(
        [sys.executable, os.fspath(program), "--speed", "0"], stdout=subprocess.PIPE, text=True
    )
    with running:
        try:
            assert running.stdout is not None
            drive(running.stdout.readline().strip())
        finally:
            running.kill()


def drive(url: str) -> None:
    control = Control(url)
    control.scenario("slow-*", training="inf", lines=["a", [5, "b"]])
    control.add_jobs(3, "slow", tags={"a": "b"}, created=1000.0, gap=2.0)
    control.add_jobs(1, "own", scenario={"training": 1})
    control.traps(throttle=["List*", 1, 1], late_lines=[5, 2])
    control.do("settings", quota={"ml.m5.large": 0})
    control.advance(3600)
    assert control.job("own-0")["TrainingJobStatus"] == "Completed"
    assert control.job("slow-2")["SecondaryStatus"] == "MaxRuntimeExceeded"
    control.add_jobs(1, "late", scenario={"training": "inf", "stopping": 30})
    control.advance(100)
    control.stop_job("late-0")
    assert control.job("late-0")["TrainingJobStatus"] == "Stopping"
    control.speed(2)
    assert control.do("clock")["speed"] == 2
    assert control.calls(full=True, clear=True)["calls"] == []
    with pytest.raises(ValueError, match="There is no trap nonsense"):
        control.traps(nonsense=1)
    assert control.do("environment")["AWS_ENDPOINT_URL_SAGEMAKER"] == url
    control.reset()
