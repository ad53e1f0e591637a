"""CloudWatch Logs' reading operations over the local target's streams."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_sm.targets.local.disk.log_files import event_line

from kit.local_machine import LOG_GROUP, Machine, machine_in

MEGABYTE = 1_000_000
numbers = itertools.count()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("logs")) as made:
        yield made


@pytest.fixture
def ten(machine: Machine) -> str:
    """A stream of the messages "0" to "9" at 1000 to 10000 ms."""
    return machine.write_stream(
        f"ten-{next(numbers)}", [(1000 * (n + 1), str(n)) for n in range(10)]
    )


def page(machine: Machine, stream: str, **request: Any) -> dict[str, Any]:
    return machine.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, **request)


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def pages(machine: Machine, stream: str, *, forward: bool, **request: Any) -> list[list[str]]:
    """Every page of a stream up to its end, until the same token comes back."""
    key = "nextForwardToken" if forward else "nextBackwardToken"
    answer = page(machine, stream, startFromHead=forward, **request)
    read = [texts(answer)]
    while True:
        token = answer[key]
        answer = page(machine, stream, nextToken=token, **request)
        if answer[key] == token:
            assert texts(answer) == []
            return [messages for messages in read if messages]
        read.append(texts(answer))


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"]


def filtered(machine: Machine, **request: Any) -> list[dict[str, Any]]:
    found = machine.logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP, **request
    )
    return [event for answer in found for event in answer["events"]]


def test_paging_forward_from_the_head_gives_every_event_once(machine: Machine, ten: str) -> None:
    assert pages(machine, ten, forward=True, limit=4) == [
        ["0", "1", "2", "3"],
        ["4", "5", "6", "7"],
        ["8", "9"],
    ]


def test_paging_backward_starts_at_the_newest(machine: Machine, ten: str) -> None:
    assert pages(machine, ten, forward=False, limit=4) == [
        ["6", "7", "8", "9"],
        ["2", "3", "4", "5"],
        ["0", "1"],
    ]


def test_each_token_continues_from_where_its_page_ended(machine: Machine, ten: str) -> None:
    middle = page(machine, ten, limit=4)
    assert texts(page(machine, ten, nextToken=middle["nextForwardToken"])) == []
    older = page(machine, ten, nextToken=middle["nextBackwardToken"], limit=3)
    assert texts(older) == ["3", "4", "5"]
    assert texts(page(machine, ten, nextToken=older["nextForwardToken"], limit=2)) == ["6", "7"]


def test_a_growing_stream_gives_what_came_since(machine: Machine, ten: str) -> None:
    end = page(machine, ten, startFromHead=True)["nextForwardToken"]
    for more in ("ten", "eleven"):
        with machine_file(machine, ten).open("ab") as file:
            file.write(event_line(11_000, more))
        answer = page(machine, ten, nextToken=end)
        assert texts(answer) == [more]
        end = answer["nextForwardToken"]
    assert page(machine, ten, nextToken=end)["nextForwardToken"] == end


def machine_file(machine: Machine, stream: str) -> Any:
    job, _, name = stream.partition("/")
    return machine.job_folder(job) / "logs" / f"{name}.log"


@pytest.mark.parametrize("written", [b"[", b'[1000, "hal', b'[11000, "whole"]'])
def test_an_event_still_being_written_is_left_for_later(
    machine: Machine, ten: str, written: bytes
) -> None:
    file = machine_file(machine, ten)
    whole = file.read_bytes()
    file.write_bytes(whole + written)
    everything = [str(n) for n in range(10)]
    forward = page(machine, ten, startFromHead=True)
    newest = page(machine, ten)
    assert texts(forward) == texts(newest) == everything
    described = machine.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=ten)[
        "logStreams"
    ]
    assert described[0]["lastEventTimestamp"] == 10_000
    assert len(filtered(machine, logStreamNames=[ten])) == 10
    file.write_bytes(whole + event_line(11_000, "whole"))
    assert texts(page(machine, ten, nextToken=forward["nextForwardToken"])) == ["whole"]
    assert texts(page(machine, ten, nextToken=newest["nextForwardToken"])) == ["whole"]


def test_start_is_within_and_end_is_not(machine: Machine, ten: str) -> None:
    answer = page(machine, ten, startFromHead=True, startTime=3000, endTime=6000)
    assert texts(answer) == ["2", "3", "4"]
    assert answer["events"][0]["timestamp"] == 3000
    assert texts(page(machine, ten, startTime=20_000)) == []


def test_times_hold_on_every_page(machine: Machine, ten: str) -> None:
    read = pages(machine, ten, forward=True, startTime=3000, endTime=9000, limit=4)
    assert read == [["2", "3", "4", "5"], ["6", "7"]]


def test_a_page_holds_at_most_a_megabyte_and_ten_thousand_events(machine: Machine) -> None:
    big = machine.write_stream("big", [(n, "x" * 200_000) for n in range(12)])
    sizes = [sum(map(len, messages)) for messages in pages(machine, big, forward=True)]
    assert (sum(sizes), max(sizes) <= MEGABYTE, len(sizes)) == (2_400_000, True, 3)
    sizes = [sum(map(len, messages)) for messages in pages(machine, big, forward=False)]
    assert (sum(sizes), max(sizes) <= MEGABYTE) == (2_400_000, True)
    many = machine.write_stream("many", [(n, "") for n in range(10_001)])
    assert [len(messages) for messages in pages(machine, many, forward=True)] == [10_000, 1]


def test_an_event_beyond_a_page_still_comes_alone(machine: Machine) -> None:
    stream = machine.write_stream("huge", [(1, "a"), (2, "b" * 1_500_000), (3, "c")])
    read = pages(machine, stream, forward=True)
    assert [message[0] for messages in read for message in messages] == ["a", "b", "c"]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    messages=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=30),
    limit=st.integers(1, 12),
)
def test_any_messages_page_forward_exactly_and_backward_by_pages(
    machine: Machine, messages: list[str], limit: int
) -> None:
    stream = machine.write_stream("any", [(n, text) for n, text in enumerate(messages)])
    forward = pages(machine, stream, forward=True, limit=limit)
    assert [text for read in forward for text in read] == messages
    assert all(len(read) == limit for read in forward[:-1])
    backward = pages(machine, stream, forward=False, limit=limit)
    assert [text for read in reversed(backward) for text in read] == messages
    assert all(len(read) == limit for read in backward[:-1])
    events = filtered(machine, logStreamNames=[stream], PaginationConfig={"PageSize": limit})
    assert [event["message"] for event in events] == messages
    assert len({event["eventId"] for event in events}) == len(messages)


@pytest.mark.parametrize(
    "token",
    ["x", "f/", "b/", "f/x", "f/-1", "f/²", "b/٣", "f/3", "b/3", "z/0", "f/0/0"],
)
def test_a_token_never_given_is_an_invalid_parameter(
    machine: Machine, ten: str, token: str
) -> None:
    call = machine.logs.get_log_events
    code = refusal(call, logGroupName=LOG_GROUP, logStreamName=ten, nextToken=token)
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("operation", ["describe_log_streams", "filter_log_events"])
@pytest.mark.parametrize("token", ["garbage", "é", "AAAA", "W10="])
def test_a_page_token_that_is_no_object_is_an_invalid_parameter(
    machine: Machine, ten: str, operation: str, token: str
) -> None:
    call = getattr(machine.logs, operation)
    assert refusal(call, logGroupName=LOG_GROUP, nextToken=token) == "InvalidParameterException"


@pytest.mark.parametrize("content", ["{}", '{"at": "x"}', '{"at": -5}', '{"at": null}'])
def test_a_stream_listing_token_never_given_is_an_invalid_parameter(
    machine: Machine, ten: str, content: str
) -> None:
    token = base64.urlsafe_b64encode(content.encode()).decode()
    call = machine.logs.describe_log_streams
    assert refusal(call, logGroupName=LOG_GROUP, nextToken=token) == "InvalidParameterException"


@pytest.mark.parametrize("place", ["3", "-4", '"x"', "null", "[]"])
def test_a_filter_token_that_points_astray_is_an_invalid_parameter(
    machine: Machine, ten: str, place: str
) -> None:
    token = base64.urlsafe_b64encode(f'{{"{ten}": {place}}}'.encode()).decode()
    code = refusal(
        machine.logs.filter_log_events,
        logGroupName=LOG_GROUP,
        logStreamNames=[ten],
        nextToken=token,
    )
    assert code == "InvalidParameterException"


@pytest.mark.parametrize("operation", ["describe_log_streams", "filter_log_events"])
def test_an_unknown_group_is_not_found(machine: Machine, operation: str) -> None:
    call = getattr(machine.logs, operation)
    assert refusal(call, logGroupName="/aws/other") == "ResourceNotFoundException"


def test_an_unknown_group_of_a_stream_is_not_found(machine: Machine, ten: str) -> None:
    call = machine.logs.get_log_events
    code = refusal(call, logGroupName="/aws/other", logStreamName=ten)
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "stream",
    [
        "nobody/algo-1-1",
        "no-slash",
        "../jobs/ten-0/algo-1-1700000000",
        "ten-0/../../ten-0/logs/algo-1-1700000000",
        "/etc/passwd",
        "a\0b/algo-1-1",
        "n" * 300 + "/algo-1-1",
        "ten-0/" + "n" * 300,
    ],
)
def test_an_unknown_stream_is_not_found(machine: Machine, stream: str) -> None:
    for call, request in (
        (machine.logs.get_log_events, {"logStreamName": stream}),
        (machine.logs.filter_log_events, {"logStreamNames": [stream]}),
    ):
        code = refusal(call, logGroupName=LOG_GROUP, **request)
        assert code == "ResourceNotFoundException"


@pytest.mark.parametrize("prefix", ["nobody", "nobody/algo", "a\0b/x", "n" * 400 + "/x", "../x/y"])
def test_a_prefix_of_nothing_finds_nothing(machine: Machine, prefix: str) -> None:
    answer = machine.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=prefix)
    assert answer["logStreams"] == []
    assert filtered(machine, logStreamNamePrefix=prefix) == []
