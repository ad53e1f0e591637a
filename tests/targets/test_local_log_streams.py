"""Streams of the local target: listing, filtering over several, and what scripts print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kit.local_machine import LOG_GROUP, Machine, machine_in
from kit.wait import wait_for


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("streams")) as made:
        yield made


def filtered(machine: Machine, **request: Any) -> list[dict[str, Any]]:
    found = machine.logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP, **request
    )
    return [event for answer in found for event in answer["events"]]


def streams(machine: Machine, **request: Any) -> list[str]:
    found = machine.logs.get_paginator("describe_log_streams").paginate(
        logGroupName=LOG_GROUP, **request
    )
    return [stream["logStreamName"] for answer in found for stream in answer["logStreams"]]


def test_more_than_fifty_streams_come_in_pages_of_fifty(machine: Machine) -> None:
    made = sorted(
        machine.write_stream("crowd", [(n, str(n))], f"algo-{n + 1}-1700000000") for n in range(120)
    )
    first = machine.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix="crowd/")
    assert len(first["logStreams"]) == 50
    assert streams(machine, logStreamNamePrefix="crowd/") == made
    assert streams(machine, logStreamNamePrefix="crowd/", descending=True) == made[::-1]
    eleven = [name for name in made if "/algo-11" in name]
    assert streams(machine, logStreamNamePrefix="crowd/algo-11") == eleven
    events = filtered(machine, logStreamNamePrefix="crowd/", PaginationConfig={"PageSize": 7})
    assert [event["message"] for event in events] == [str(n) for n in range(120)]


def test_a_stream_tells_its_times(machine: Machine) -> None:
    machine.write_stream("timed", [(1700000001000, "a"), (1700000009000, "b")])
    machine.write_stream("timed", [], "algo-2-1700000000")
    full, empty = machine.logs.describe_log_streams(
        logGroupName=LOG_GROUP, logStreamNamePrefix="timed/"
    )["logStreams"]
    assert full["creationTime"] == empty["creationTime"] == 1700000000000
    assert (full["firstEventTimestamp"], full["lastEventTimestamp"]) == (
        1700000001000,
        1700000009000,
    )
    assert "lastEventTimestamp" not in empty


def test_a_prefix_matches_beginnings_and_nothing_else(machine: Machine) -> None:
    for job in ("pre-a", "pre-ab", "xpre-a"):
        machine.write_stream(job, [(1, job)])
    assert [s.partition("/")[0] for s in streams(machine, logStreamNamePrefix="pre-a")] == [
        "pre-a",
        "pre-ab",
    ]
    assert [s.partition("/")[0] for s in streams(machine, logStreamNamePrefix="pre-a/")] == [
        "pre-a"
    ]
    assert streams(machine, logStreamNamePrefix="pre_-a") == []
    assert streams(machine, logStreamNamePrefix="*pre") == []


def test_a_prefix_and_the_order_of_last_events_do_not_go_together(machine: Machine) -> None:
    with pytest.raises(ClientError) as caught:
        streams(machine, logStreamNamePrefix="x", orderBy="LastEventTime")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_what_a_deletion_left_behind_is_not_listed(machine: Machine) -> None:
    machine.write_stream(".gone-1-old", [(1, "old")])
    assert [name for name in streams(machine) if "gone" in name] == []


def test_several_streams_are_filtered_in_the_order_of_time(machine: Machine) -> None:
    machine.write_stream("merged", [(1, "a1"), (4, "a4")], "algo-1-1700000000")
    machine.write_stream("merged", [(2, "b2"), (3, "b3"), (5, "b5")], "algo-2-1700000000")
    for size in (1, 2, 3, 100):
        events = filtered(
            machine, logStreamNamePrefix="merged/", PaginationConfig={"PageSize": size}
        )
        assert [event["message"] for event in events] == ["a1", "b2", "b3", "a4", "b5"]
    two = filtered(machine, logStreamNames=["merged/algo-2-1700000000"])
    assert [event["message"] for event in two] == ["b2", "b3", "b5"]
    assert {event["logStreamName"] for event in two} == {"merged/algo-2-1700000000"}
    middle = filtered(machine, logStreamNamePrefix="merged/", startTime=2, endTime=4)
    assert [event["message"] for event in middle] == ["b2", "b3", "a4"]


def test_a_pattern_keeps_events_with_all_its_terms(machine: Machine) -> None:
    said = ["loss 1 ok", "loss 2 bad", "a bad thing", 'say "hi"', "not ok loss"]
    machine.write_stream("pattern", list(enumerate(said)))

    def kept(pattern: str) -> list[str]:
        events = filtered(machine, logStreamNamePrefix="pattern/", filterPattern=pattern)
        return [event["message"] for event in events]

    assert kept("loss") == ["loss 1 ok", "loss 2 bad", "not ok loss"]
    assert kept("loss bad") == ["loss 2 bad"]
    assert kept('"ok loss"') == ["not ok loss"]
    assert kept("absent") == []
    assert kept("") == said


def test_events_of_different_jobs_never_share_an_id(machine: Machine) -> None:
    for job in ("twin-1", "twin-2"):
        machine.write_stream(job, [(1, "same"), (1, "same")])
    ids = [event["eventId"] for event in filtered(machine, logStreamNamePrefix="twin-")]
    assert len(ids) == len(set(ids)) == 4


def test_the_id_of_an_event_stays_the_same(machine: Machine) -> None:
    machine.write_stream("steady", [(n, "x") for n in range(5)])
    whole = [e["eventId"] for e in filtered(machine, logStreamNamePrefix="steady/")]
    paged = filtered(machine, logStreamNamePrefix="steady/", PaginationConfig={"PageSize": 2})
    assert [e["eventId"] for e in paged] == whole


ODD_OUTPUT = r"""
import os, sys
out = sys.stdout.buffer
out.write(b"bad \xff\xfe utf-8\n")
out.write(b"nul \x00 byte\n")
out.write("snow \u2603 and \U0001f600\n".encode())
out.write(b"\n")
out.write(b"x" * 1_000_000 + b"\n")
out.write(b"line\r\n")
out.flush()
os.write(2, b"from stderr\n")
out.write(b"no end")
"""


def test_whatever_bytes_a_script_prints_are_kept(machine: Machine) -> None:
    name = machine.run(ODD_OUTPUT)["TrainingJobName"]
    lines = machine.lines(name)
    assert lines[:4] == ["bad �� utf-8", "nul \0 byte", "snow ☃ and 😀", ""]
    long = [line for line in lines if line.startswith("x")]
    assert "".join(long) == "x" * 1_000_000
    assert max(map(len, long)) <= 262_144
    assert [line.rstrip("\r") for line in lines[-3:]] == ["line", "from stderr", "no end"]


def test_a_very_long_line_is_not_cut_within_a_character(machine: Machine) -> None:
    name = machine.run("print('€' * 400_000)")["TrainingJobName"]
    assert "".join(machine.lines(name)) == "€" * 400_000


PROGRESS = """
import sys, time
from pathlib import Path
go = Path(sys.argv[-1])
n = 0
while not go.exists():
    n += 1
    sys.stdout.write(f"\\rstep {n}")
    sys.stdout.flush()
    time.sleep(0.1)
print("\\rdone")
"""


def test_a_progress_bar_shows_before_its_line_ends(machine: Machine, tmp_path: Path) -> None:
    go = tmp_path / "go"
    name = machine.start(PROGRESS, hyperparameters={"go": str(go)})
    wait_for(lambda: any("step" in line for line in machine.lines(name)))
    assert machine.status(name) == "InProgress"
    go.touch()
    machine.ended(name)
    assert machine.lines(name)[-1].endswith("done")


def test_a_running_script_can_be_read_as_it_prints(machine: Machine, tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = (
        "import sys, time; from pathlib import Path; print('before')\n"
        "while not Path(sys.argv[-1]).exists(): time.sleep(0.02)\n"
        "print('after')"
    )
    name = machine.start(code, hyperparameters={"go": str(go)})
    hint = machine.target.log_hint("training", name)
    wait_for(lambda: machine.lines(name) == ["before"])
    assert machine.target.log_hint("training", name) != hint
    go.touch()
    machine.ended(name)
    assert machine.lines(name) == ["before", "after"]
