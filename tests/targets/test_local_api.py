"""The local target answers as SageMaker does: shapes, error codes, filters, paging."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kit.local_machine import FINAL, Machine, channel, machine_in
from kit.wait import wait_for

ARN = "arn:aws:sagemaker:local:000000000000:training-job/"
MISSING = "Requested resource not found."


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("api"), max_jobs=4) as made:
        yield made


@pytest.fixture(scope="module")
def done(machine: Machine) -> str:
    """A job that has completed."""
    return machine.run("print('hi')", name="done")["TrainingJobName"]


def refused(call: Any, **request: Any) -> dict[str, Any]:
    """The error of a call that must be refused, with its HTTP status."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    return {**answer["Error"], "Status": answer["ResponseMetadata"]["HTTPStatusCode"]}


def test_create_answers_the_arn_and_describe_repeats_the_request(machine: Machine) -> None:
    request = machine.request(
        "pass", name="told", Environment={"A": "1"}, Tags=[{"Key": "team", "Value": "red"}]
    )
    before = time.time()
    assert machine.sagemaker.create_training_job(**request)["TrainingJobArn"] == ARN + "told"
    described = machine.ended("told")
    for member in request.keys() - {"Tags"}:
        assert described[member] == request[member], member
    assert described["TrainingJobArn"] == ARN + "told"
    assert described["SecondaryStatus"] == described["TrainingJobStatus"] == "Completed"
    assert before - 1 < described["CreationTime"].timestamp()
    assert (
        described["CreationTime"]
        <= described["TrainingStartTime"]
        <= described["TrainingEndTime"]
        <= described["LastModifiedTime"]
    )
    tags = machine.sagemaker.list_tags(ResourceArn=ARN + "told")["Tags"]
    assert tags == [{"Key": "team", "Value": "red"}]


def test_transitions_follow_each_other_without_gaps(machine: Machine, done: str) -> None:
    steps = machine.describe(done)["SecondaryStatusTransitions"]
    assert [step["Status"] for step in steps] == [
        "Pending",
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    for step, following in itertools.pairwise(steps):
        assert step["EndTime"] == following["StartTime"]
        assert step["StartTime"] <= step["EndTime"]
    assert "EndTime" in steps[-1]


def test_a_name_already_used_is_resource_in_use(machine: Machine, done: str) -> None:
    error = refused(machine.sagemaker.create_training_job, **machine.request(name=done))
    assert (error["Code"], error["Status"]) == ("ResourceInUse", 400)
    assert ARN + done in error["Message"]


@pytest.mark.parametrize("operation", ["describe", "stop", "delete"])
def test_a_missing_job_is_not_found(machine: Machine, operation: str) -> None:
    call = getattr(machine.sagemaker, f"{operation}_training_job")
    error = refused(call, TrainingJobName="nobody")
    assert (error["Code"], error["Message"]) == ("ValidationException", MISSING)


@pytest.mark.parametrize("name", ["nobody", "..", "../queue", "", "."])
def test_tags_of_a_missing_job_are_not_found(machine: Machine, name: str) -> None:
    error = refused(machine.sagemaker.list_tags, ResourceArn=ARN + name)
    assert error["Code"] == "ValidationException"


def test_stopping_an_ended_job_is_refused(machine: Machine, done: str) -> None:
    error = refused(machine.sagemaker.stop_training_job, TrainingJobName=done)
    assert error["Code"] == "ValidationException"
    assert "Completed" in error["Message"]


def test_a_running_job_cannot_be_deleted_an_ended_one_can_and_frees_its_name(
    machine: Machine,
) -> None:
    name = machine.start("import time; time.sleep(300)", name="deleted")
    error = refused(machine.sagemaker.delete_training_job, TrainingJobName=name)
    assert (error["Code"], machine.status(name)) == ("ResourceInUse", "InProgress")
    machine.stop(name)
    machine.ended(name)
    machine.sagemaker.delete_training_job(TrainingJobName=name)
    assert refused(machine.describe, name=name)["Message"] == MISSING
    assert machine.run("pass", name=name)["TrainingJobStatus"] == "Completed"


def test_an_operation_not_offered_says_so(machine: Machine) -> None:
    error = refused(machine.sagemaker.describe_domain, DomainId="d-1")
    assert (error["Code"], error["Status"]) == ("UnknownOperationException", 400)
    assert "DescribeDomain" in error["Message"]


def test_validation_lists_every_fault_at_once(machine: Machine) -> None:
    request = machine.request(name="bad_name")
    request["RoleArn"] = "nobody-that-is-an-arn-of-a-role"
    request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = 86_400
    request["HyperParameters"]["long"] = "x" * 2501
    request["Tags"] = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    request["OutputDataConfig"]["S3OutputPath"] = "nowhere"
    request["InputDataConfig"] = [channel("a b", "ftp://host/data")]
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    for path in (
        "trainingJobName",
        "roleArn",
        "hyperParameters",
        "tags",
        "outputDataConfig.s3OutputPath",
        "resourceConfig.keepAlivePeriodInSeconds",
        "inputDataConfig.1.member.channelName",
        "inputDataConfig.1.member.dataSource.s3DataSource.s3Uri",
    ):
        assert f"' at '{path}' failed to satisfy constraint: M" in error["Message"], path
    count = int(error["Message"].split()[0])
    assert count == error["Message"].count(" failed to satisfy constraint: ") >= 8


@pytest.mark.parametrize(
    "name", ["../x", "..", ".new-x", "a/b", "a\\b", "a_b", "-a", "a-", "a\n", "a" * 64]
)
def test_a_name_that_is_no_name_is_refused_and_leaves_nothing(machine: Machine, name: str) -> None:
    before = sorted(machine.folder.rglob("*request.json"))
    good = machine.request(name="unused", source=machine.folder)
    error = refused(machine.sagemaker.create_training_job, **{**good, "TrainingJobName": name})
    assert error["Code"] == "ValidationException"
    assert "at 'trainingJobName' failed to satisfy" in error["Message"]
    assert sorted(machine.folder.rglob("*request.json")) == before


def test_the_longest_legal_name_is_taken(machine: Machine) -> None:
    assert machine.run("pass", name="n" * 63)["TrainingJobStatus"] == "Completed"


def test_what_is_no_script_job_is_refused(machine: Machine) -> None:
    request = machine.request()
    del request["HyperParameters"]["sagemaker_program"]
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert "sagemaker_program" in error["Message"]


def test_pipe_mode_is_refused_for_the_job(machine: Machine) -> None:
    request = machine.request()
    request["AlgorithmSpecification"]["TrainingInputMode"] = "Pipe"
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert "Pipe" in error["Message"]


def test_pipe_mode_is_refused_for_one_channel(machine: Machine) -> None:
    request = machine.request(InputDataConfig=[channel("train", machine.folder, InputMode="Pipe")])
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert "Pipe" in error["Message"]


def test_an_s3_input_is_refused_by_channel_and_address(machine: Machine) -> None:
    request = machine.request(InputDataConfig=[channel("train", "s3://bucket/data")])
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert "train" in error["Message"]
    assert "s3://bucket/data" in error["Message"]


def test_an_s3_output_is_refused_and_not_taken_for_a_local_path(machine: Machine) -> None:
    address = f"s3://bucket{machine.folder}/astray"
    request = machine.request(OutputDataConfig={"S3OutputPath": address})
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert address in error["Message"]


def test_an_s3_checkpoint_is_refused_and_not_taken_for_a_local_path(machine: Machine) -> None:
    address = f"s3://bucket{machine.folder}/astray"
    request = machine.request(CheckpointConfig={"S3Uri": address})
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert address in error["Message"]


def test_a_metric_definition_that_is_no_pattern_is_refused_by_name(machine: Machine) -> None:
    request = machine.request(metrics={"broken": "loss: ("})
    error = refused(machine.sagemaker.create_training_job, **request)
    assert error["Code"] == "ValidationException"
    assert "broken" in error["Message"]


def test_of_threads_creating_one_name_exactly_one_wins(machine: Machine) -> None:
    request, codes, start = machine.request(name="threads"), [], threading.Barrier(2)

    def create() -> None:
        start.wait()
        try:
            machine.sagemaker.create_training_job(**request)
            codes.append("created")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    both = [threading.Thread(target=create) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(codes) == ["ResourceInUse", "created"]
    assert machine.ended("threads")["TrainingJobStatus"] == "Completed"


CREATE = """
import json, sys, time
from pathlib import Path
from jupyter_sm.jobs.service_model import service_model
from jupyter_sm.targets.local.api.engine import LocalEngine
from jupyter_sm.targets.local.wire import Request, handle
root, go = map(Path, sys.argv[1:3])
engine, body = LocalEngine(root), sys.stdin.read().encode()
service_model()
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
headers = {"x-amz-target": "SageMaker.CreateTrainingJob"}
answer = handle(engine, Request("POST", "/", headers, body))
print(json.loads(answer.body).get("__type", "created"))
"""


def test_of_processes_creating_one_name_exactly_one_wins(machine: Machine) -> None:
    ran, go = machine.folder / "ran", machine.folder / "go"
    code = f"open({str(ran)!r}, 'a').write('x')"
    body = json.dumps(machine.request(code, name="processes"))
    argv = [sys.executable, "-c", CREATE, str(machine.target.engine.root), str(go)]
    rivals = []
    for _ in range(8):
        rival = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        rival.stdin.write(body)
        rival.stdin.close()
        rivals.append(rival)
    for rival in rivals:
        assert rival.stdout.readline() == "ready\n"
    go.touch()
    codes = []
    for rival in rivals:
        codes.append(rival.stdout.read().strip())
        rival.stdout.close()
        assert rival.wait() == 0
    assert sorted(codes) == ["ResourceInUse"] * 7 + ["created"]
    assert machine.ended("processes")["TrainingJobStatus"] == "Completed"
    assert ran.read_text() == "x"


def test_a_refused_duplicate_never_runs_the_ended_job_again(machine: Machine) -> None:
    ran = machine.folder / "ran-again"
    name = machine.run(f"open({str(ran)!r}, 'a').write('x')")["TrainingJobName"]
    request, over = machine.request(name=name), threading.Event()
    troubles: list[ClientError] = []

    def look() -> None:
        while not over.is_set():
            try:
                machine.sagemaker.list_training_jobs()
            except ClientError as error:
                troubles.append(error)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        codes = {
            refused(machine.sagemaker.create_training_job, **request)["Code"] for _ in range(150)
        }
    finally:
        over.set()
        watcher.join()
    wait_for(lambda: machine.status(name) in FINAL)
    assert (codes, troubles, ran.read_text()) == ({"ResourceInUse"}, [], "x")


def test_an_errors_words_do_not_count_retries_that_there_are_not(machine: Machine) -> None:
    with pytest.raises(ClientError) as caught:
        machine.describe("nobody")
    assert str(caught.value).endswith("operation: Requested resource not found.")
