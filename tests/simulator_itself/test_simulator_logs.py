"""The simulator as CloudWatch Logs: streams, pages, tokens, what is late; over HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kit.simulator import Line, Scenario, Simulator

START = 1_700_000_000.0
GROUP = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
# No waiting: the containers run from the job's creation on.
AT_ONCE: dict[str, Any] = {"starting": 0, "downloading": 0, "uploading": 0}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(start=START, speed=0) as simulator:
        yield simulator


@pytest.fixture
def logs(sim: Simulator) -> Any:
    return sim.client("logs")


def refused(call: Callable[[], object], code: str) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def add(sim: Simulator, name: str, **scenario: Any) -> None:
    sim.add_job(name, scenario=Scenario(**{**AT_ONCE, **scenario}))


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def streams(logs: Any, prefix: str) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = logs.describe_log_streams(**GROUP, logStreamNamePrefix=prefix, **token)
        assert len(answer["logStreams"]) <= 50
        found += [stream["logStreamName"] for stream in answer["logStreams"]]
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


def get(logs: Any, stream: str, **more: Any) -> tuple[list[str], str]:
    """Everything that following forward tokens shows, and the last token."""
    found: list[str] = []
    request = {"logStreamName": stream, "startFromHead": True, **GROUP, **more}
    while True:
        answer = logs.get_log_events(**request)
        found += texts(answer)
        if answer["nextForwardToken"] == request.get("nextToken"):
            return found, answer["nextForwardToken"]
        request["nextToken"] = answer["nextForwardToken"]


def filtered(logs: Any, prefix: str, **more: Any) -> list[dict[str, Any]]:
    """All events of all pages of FilterLogEvents."""
    found: list[dict[str, Any]] = []
    request = {"logStreamNamePrefix": prefix, **GROUP, **more}
    while True:
        answer = logs.filter_log_events(**request)
        found += answer["events"]
        if "nextToken" not in answer:
            return found
        request["nextToken"] = answer["nextToken"]


def test_group_and_streams_appear_with_the_first_container(sim: Simulator, logs: Any) -> None:
    sim.add_job("churn", scenario=Scenario(lines=["hello"]))
    message = refused(lambda: streams(logs, "churn/"), "ResourceNotFoundException")
    assert message == "The specified log group does not exist."
    assert logs.describe_log_groups()["logGroups"] == []
    sim.clock.advance(50)
    assert streams(logs, "churn/") == [f"churn/algo-1-{int(START) + 50}"]
    assert logs.describe_log_groups()["logGroups"][0]["logGroupName"] == GROUP["logGroupName"]
    told = logs.describe_log_streams(**GROUP)["logStreams"][0]
    assert "lastEventTimestamp" not in told
    sim.clock.advance(60)
    told = logs.describe_log_streams(**GROUP, orderBy="LastEventTime")["logStreams"][0]
    assert told["firstEventTimestamp"] == told["lastEventTimestamp"] == (START + 80) * 1000
    assert streams(logs, "other/") == []
    for call in (
        lambda: logs.get_log_events(**GROUP, logStreamName="churn/algo-9-1"),
        lambda: logs.filter_log_events(**GROUP, logStreamNames=["churn/algo-9-1"]),
    ):
        message = refused(call, "ResourceNotFoundException")
        assert message == "The specified log stream does not exist."
    both = {**GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "churn"}
    refused(lambda: logs.describe_log_streams(**both), "InvalidParameterException")
    refused(lambda: logs.describe_log_streams(**GROUP, limit=51), "InvalidParameterException")


def test_lines_come_with_the_clock(sim: Simulator, logs: Any) -> None:
    add(sim, "timed", lines=[(1, "a"), (5, "b"), Line(2, "late", lag=7)], training=20)
    add(sim, "made", lines_per_second=2, line="{n} of {total} on {host}", last_lines=["Oh!"])
    add(sim, "called", lines=lambda host, t: [(n, f"{host}:{n}") for n in range(int(t) + 1)])
    seen = []
    for _ in range(4):
        seen.append([texts({"events": filtered(logs, f"{n}/")}) for n in ("timed", "called")])
        sim.clock.advance(3)
    assert [row[0] for row in seen] == [[], ["a"], ["a", "b"], ["a", "late", "b"]]
    assert [len(row[1]) for row in seen] == [1, 4, 7, 10]
    sim.clock.advance(-12)
    assert texts({"events": filtered(logs, "made/")}) == ["1 of 120 on 1"]
    sim.clock.advance(100)
    made = texts({"events": filtered(logs, "made/")})
    assert (len(made), made[-2:]) == (121, ["120 of 120 on 1", "Oh!"])
    event = filtered(logs, "timed/")[1]
    assert event["timestamp"] == (START + 2) * 1000
    assert event["ingestionTime"] == (START + 9) * 1000


def test_get_pages_forwards_and_backwards(sim: Simulator, logs: Any) -> None:
    add(sim, "big", lines_per_second=500, training=50, line="{n}")
    sim.clock.advance(60)
    (stream,) = streams(logs, "big/")
    found, token = get(logs, stream)
    assert found == [str(n) for n in range(1, 25_001)]
    assert sim.count("GetLogEvents") == 4
    last = logs.get_log_events(**GROUP, logStreamName=stream, limit=3)
    assert texts(last) == ["24998", "24999", "25000"]
    before = logs.get_log_events(
        **GROUP, logStreamName=stream, limit=2, nextToken=last["nextBackwardToken"]
    )
    assert texts(before) == ["24996", "24997"]
    begin, end = int((START + 10) * 1000), int((START + 10.01) * 1000)
    some, _ = get(logs, stream, startTime=begin, endTime=end)
    assert some == ["5001", "5002", "5003", "5004", "5005"]
    sim.clock.advance(86_401)
    for bad in (token, "nonsense"):
        refused(lambda bad=bad: get(logs, stream, nextToken=bad), "InvalidParameterException")


def test_a_page_holds_a_megabyte(sim: Simulator, logs: Any) -> None:
    add(sim, "wide", lines=["x" * 200_000] * 12)
    sim.clock.advance(60)
    (stream,) = streams(logs, "wide/")
    page = logs.get_log_events(**GROUP, logStreamName=stream, startFromHead=True)
    assert len(page["events"]) == 5
    assert len(get(logs, stream)[0]) == len(filtered(logs, "wide/")) == 12


def test_filter_interleaves_hosts_and_gives_stable_ids(sim: Simulator, logs: Any) -> None:
    add(sim, "many", lines_per_second=1, training=10, hosts=64, line="{n} {host}")
    add(sim, "many-2", lines_per_second=1)
    sim.clock.advance(5)
    early = filtered(logs, "many/")
    sim.clock.advance(60)
    assert len(streams(logs, "many/")) == 64
    assert len(streams(logs, "many")) == 65, "a prefix without a slash has other jobs, too"
    events = filtered(logs, "many/", limit=7)
    assert len(events) == len({event["eventId"] for event in events}) == 640
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
    assert {e["eventId"] for e in early} < {e["eventId"] for e in events}
    again = filtered(logs, "many/", startTime=int((START + 9) * 1000))
    assert [event["eventId"] for event in again] == [e["eventId"] for e in events[-64:]]
    two = filtered(logs, "many/", filterPattern='"3 1" -12 -11 -10')
    assert {event["message"] for event in two} == {"3 1"} | {f"3 {n}" for n in range(13, 20)}
    assert {e["message"] for e in filtered(logs, "many-2/", filterPattern="?1.0 ?step")}


def test_a_restart_opens_a_second_stream(sim: Simulator, logs: Any) -> None:
    add(sim, "spot", interrupted_at=[20], lines_per_second=1, line="{n}")
    sim.clock.advance(200)
    first, second = streams(logs, "spot/")
    assert int(second.split("-")[-1]) - int(first.split("-")[-1]) == 50
    assert get(logs, first)[0] == [str(n) for n in range(1, 21)]
    assert len(get(logs, second)[0]) == 60


def test_a_stopped_container_prints_no_more(sim: Simulator, logs: Any) -> None:
    add(sim, "endless", training=math.inf, lines_per_second=1, stopping=5)
    sim.clock.advance(9.5)
    sim.stop_job("endless")
    sim.clock.advance(1000)
    assert len(filtered(logs, "endless/")) == 15


def test_late_lines_are_missed_by_tokens_and_found_by_time(sim: Simulator, logs: Any) -> None:
    add(sim, "churn", lines_per_second=1, training=10, line="{n}")
    sim.traps.late_lines = (30, 4)  # every fourth line, half a minute late
    sim.clock.advance(9.5)
    (stream,) = streams(logs, "churn/")
    seen, token = get(logs, stream)
    assert seen == ["2", "3", "4", "6", "7", "8", "10"]
    assert sim.job("churn").status == "InProgress"
    sim.clock.advance(60)
    assert sim.job("churn").status == "Completed"
    assert get(logs, stream, nextToken=token)[0] == []
    assert len(filtered(logs, "churn/")) == 10
    sim.traps.late_lines = 100.0
    assert filtered(logs, "churn/") == []
    sim.clock.advance(100)
    assert len(filtered(logs, "churn/")) == 10
    sim.traps.late_lines = lambda stream, index: 1000.0 if index == 9 else 0.0
    assert len(filtered(logs, "churn/")) == 9


def test_empty_pages_come_before_data(sim: Simulator, logs: Any) -> None:
    add(sim, "churn", lines_per_second=1, training=10)
    sim.clock.advance(20)
    sim.traps.empty_pages = 3
    page = logs.filter_log_events(**GROUP, logStreamNamePrefix="churn/")
    assert page["events"] == [] and page["nextToken"]
    assert len(filtered(logs, "churn/", limit=4)) == 10
    (stream,) = streams(logs, "churn/")
    assert len(get(logs, stream, limit=4)[0]) == 10
    last = logs.get_log_events(**GROUP, logStreamName=stream)
    for _ in range(3):
        assert last["events"] == []
        token = last["nextBackwardToken"]
        last = logs.get_log_events(**GROUP, logStreamName=stream, nextToken=token)
    assert len(last["events"]) == 10


def test_the_hosts_clock_may_be_off(sim: Simulator, logs: Any) -> None:
    add(sim, "churn", lines_per_second=1, training=10)
    sim.clock.advance(20)
    sim.traps.skew = -300.0
    event = filtered(logs, "churn/")[0]
    assert event["ingestionTime"] - event["timestamp"] == 300_000
    assert filtered(logs, "churn/", startTime=int(START * 1000)) == []


def test_a_hundred_thousand_lines_are_not_all_read_for_the_last(sim: Simulator, logs: Any) -> None:
    add(sim, "big", lines_per_second=1000, training=100)
    sim.clock.advance(200)
    assert len(filtered(logs, "big/", startTime=int((START + 99.9) * 1000))) == 100
