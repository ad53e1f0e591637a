"""Jobs asked for by name, and events from a queue: what is wrong with one holds up nothing else."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

import jupyter_sm as sm
from jupyter_sm.desk import desk
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store import wanted
from jupyter_sm.targets.aws import target as aws_target
from jupyter_sm.tracking import events

from kit.aws_account import ENDLESS, QUICK, SHORT, TARGET, Account
from kit.wait import wait_for


def test_a_job_of_another_tool_gets_a_handle(account: Account) -> None:
    account.sim.add_job(
        "theirs",
        scenario=ENDLESS,
        created=time.time() - 90 * 86_400,
        request={
            "HyperParameters": {"epochs": "3", "api_key": "hunter2"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86_400 * 10},
        },
    )
    account.track()
    job = sm.track("theirs", target=TARGET)
    assert (job.name, job.status) == ("theirs", "InProgress")
    assert job.request["HyperParameters"] == {"epochs": "3", "api_key": "••••••"}
    assert "hunter2" not in repr(job)
    job.logs()
    wait_for(lambda: account.shown("theirs"))
    assert sm.get_job("theirs").key == job.key


def test_a_missing_job_is_told(account: Account) -> None:
    account.track()
    with pytest.raises(ExplainedError, match="There is no training job named 'none'"):
        sm.track("none", target=TARGET)
    account.sim.add_job("none", scenario=ENDLESS)
    assert sm.track("none", target=TARGET).status == "InProgress"


def test_without_a_server_the_kernel_looks_itself(account: Account) -> None:
    account.sim.add_job("theirs", scenario=ENDLESS)
    assert sm.track("theirs", target=TARGET).status == "InProgress"
    assert "theirs" in repr(sm.list_jobs(target=TARGET))


@pytest.mark.parametrize("name", ["", "a b!", "x" * 64, "-a", "a\nb", "\u4e2d", "a/b"])
def test_a_name_that_no_job_can_have_is_told_and_harms_nothing(account: Account, name: str) -> None:
    account.sim.add_job("job", scenario=ENDLESS)
    account.track()
    with pytest.raises(ExplainedError) as told:
        sm.track(name, target=TARGET)
    assert "Parameter validation failed" not in str(told.value)
    assert account.health().health not in ("stale", "waiting")
    wait_for(lambda: account.status("job") == "InProgress")


def test_a_target_that_can_not_be_asked_says_why(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_LOOK_UP_SECONDS", 1.0)
    account.sim.add_job("theirs", scenario=ENDLESS)
    account.sim.traps.expired_token = True
    account.track()
    with pytest.raises(ExplainedError, match="expired"):
        sm.track("theirs", target=TARGET)
    account.sim.traps.clear()
    # What was asked for is looked up once that is possible.
    wait_for(
        lambda: wanted.answer(account.store, JobKey(TARGET, "training", "theirs")) == wanted.FOUND
    )


@pytest.mark.parametrize("target", ["nowhere@us-east-1", "default@", "default@nowhere", "", "x"])
def test_a_target_that_is_none_is_told(account: Account, target: str) -> None:
    with pytest.raises(ExplainedError):
        sm.track("job", target=target)


def test_a_denied_look_up_says_which_right_is_missing(account: Account) -> None:
    account.sim.add_job("theirs", scenario=ENDLESS)
    account.sim.traps.denied = "sagemaker:Describe*"
    account.track()
    with pytest.raises(ExplainedError, match="DescribeTrainingJob"):
        sm.track("theirs", target=TARGET)


def event(name: Any, status: str = "Completed") -> str:
    return json.dumps(
        {
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Training Job State Change",
            "detail": {"TrainingJobName": name, "TrainingJobStatus": status},
        }
    )


@pytest.fixture
def queue(account: Account, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(events, "_LONG_POLL_SECONDS", 1)
    url = account.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    account.settings(queue_url=url)
    return str(url)


def left(account: Account, queue: str) -> int:
    answer = account.client("sqs").get_queue_attributes(
        QueueUrl=queue,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    return sum(int(value) for value in answer["Attributes"].values())


BAD = [
    "",
    " ",
    "no json",
    "[]",
    "null",
    "{}",
    "1e999",
    '{"detail": []}',
    '{"detail": {"TrainingJobName": 3}}',
    "[" * 100_000,
    event(""),
    event("a b!"),
    event("x" * 500),
    event("\u4e2d"),
    event("not-there"),
]


def test_events_replace_polling(account: Account, queue: str) -> None:
    sim, sqs = account.sim, account.client("sqs")
    for body in filter(None, BAD):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    tracker = account.track()
    wait_for(lambda: "training" in tracker._poller._pushed and not left(account, queue))
    sim.add_job("job", scenario=SHORT)
    sqs.send_message(QueueUrl=queue, MessageBody=event("job"))
    wait_for(lambda: account.status("job") == "InProgress")
    time.sleep(1.1)  # the interval is thought over once a second
    lists = sim.count("ListTrainingJobs")
    sim.clock.advance(60)
    sqs.send_message(QueueUrl=queue, MessageBody=event("job"))
    wait_for(lambda: account.status("job") == "Completed")
    assert sim.count("ListTrainingJobs") == lists
    assert account.health().health == "ready"
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == account.printed("job")


@pytest.mark.parametrize("body", [event(""), event("a b!"), event("x" * 500)])
def test_one_bad_event_harms_nothing(account: Account, queue: str, body: str) -> None:
    account.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    account.track()
    wait_for(lambda: not left(account, queue))
    account.sim.add_job("job", scenario=ENDLESS)
    account.client("sqs").send_message(QueueUrl=queue, MessageBody=event("job"))
    wait_for(lambda: account.status("job") == "InProgress", 10)
    wait_for(lambda: account.health().health == "ready", 10)


def test_events_of_one_kind_do_not_slow_another(account: Account, queue: str) -> None:
    tracker = account.track()
    account.client("sqs").send_message(QueueUrl=queue, MessageBody=event("not-there"))
    wait_for(lambda: "training" in tracker._poller._pushed)
    account.sim.add_job("prepare", kind="processing", scenario=ENDLESS)
    key = JobKey(TARGET, "processing", "prepare")
    wait_for(lambda: jobs_table.get(account.store, key))


def test_a_queue_that_is_missing_leaves_polling_as_it_was(account: Account, queue: str) -> None:
    account.settings(queue_url=queue + "-none")
    account.sim.add_job("job", scenario=SHORT)
    account.track()
    wait_for(lambda: account.job("job"))
    account.sim.clock.advance(60)
    wait_for(lambda: account.status("job") == "Completed")


def test_a_tracker_that_waits_for_events_ends_soon(
    account: Account, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setattr(events, "_LONG_POLL_SECONDS", 15)
    monkeypatch.setattr(aws_target, "_READ_SECONDS", 20)
    waits = threading.Event()
    real = events.Listener.receive

    def receive(self: events.Listener, url: str) -> None:
        waits.set()
        real(self, url)

    monkeypatch.setattr(events.Listener, "receive", receive)
    tracker = account.track(cadence=QUICK)
    assert waits.wait(20)
    time.sleep(0.5)
    begun = time.monotonic()
    tracker.stop()
    assert time.monotonic() - begun < 5


def test_a_target_that_was_stale_is_ready_again_though_events_come(
    account: Account, queue: str
) -> None:
    tracker = account.track()
    account.client("sqs").send_message(QueueUrl=queue, MessageBody=event("not-there"))
    wait_for(lambda: "training" in tracker._poller._pushed)
    time.sleep(1.2)
    account.sim.add_job("job", scenario=ENDLESS)
    account.sim.traps.expired_token = True
    account.client("sqs").send_message(QueueUrl=queue, MessageBody=event("job"))
    wait_for(lambda: account.health().health == "waiting")
    account.sim.traps.clear()
    wait_for(lambda: account.status("job") == "InProgress")
    wait_for(lambda: account.health().health == "ready", 5)
