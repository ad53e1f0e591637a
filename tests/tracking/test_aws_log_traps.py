"""Logs over every trap of CloudWatch: each line exactly once, whatever happens on the way."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store
from jupyter_sm.store.logs.pages import LogPages

from kit.aws_account import ENDLESS, SHORT, TARGET, Account, account_in
from kit.simulator import Line, Scenario
from kit.wait import wait_for

SPEED = 100.0
BASE: dict[str, Any] = {"starting": 3, "downloading": 2, "training": 15, "uploading": 3}


@pytest.fixture
def account(home: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account_in(home, store, monkeypatch) as made:
        made.sim.clock.speed = SPEED
        made.quiet = 0.35
        yield made


def scenario(**changes: Any) -> Scenario:
    return Scenario(**{**BASE, "lines_per_second": 4, "line": "host {host} step {n}", **changes})


def every(n: int, *operations: str) -> Callable[[str, float], bool]:
    """A throttle of every n-th call of each of these operations, or of each there is."""
    counts: Counter[str] = Counter()

    def throttled(operation: str, now: float) -> bool:
        counts[operation] += 1
        return (not operations or operation in operations) and counts[operation] % n == 0

    return throttled


def first(n: int, operation: str) -> Callable[[str, float], bool]:
    """A throttle of the first n calls of an operation."""
    count = itertools.count()
    return lambda op, now: op == operation and next(count) < n


# Lines that come out of order: later lines first, some only after the job has ended.
UNORDERED = [Line(n / 4, f"line {n}", lag=(0, 9, 3)[n % 3]) for n in range(60)]
AFTER_THE_END = [Line(n / 4, f"line {n}", lag=12 if n >= 50 else 0) for n in range(60)]
PROGRESS = [Line(n, f"\r{n * 10:3d}%|{'#' * n:<10}| {n}/10 [00:0{n}<00:01]") for n in range(10)]
SCRIPTS = ["<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>", "\x1b[31mred\x1b[0m"]
ODD = ["", " ", "\t", "\u202eright to left", "nul \x00 in it", "\U0001f680" * 500, "x" * 200_000]

TRAPS: dict[str, tuple[Scenario, dict[str, Any]]] = {
    "none": (scenario(), {}),
    "every third line is 10 s late": (scenario(), {"late_lines": (10.0, 3)}),
    "every seventh line is 90 s late": (
        scenario(training=200, lines_per_second=1),
        {"late_lines": (90.0, 7)},
    ),
    "all lines come after the end": (scenario(ingestion_lag=20), {}),
    "the last lines come after the end": (scenario(lines=AFTER_THE_END), {}),
    "older times after newer ones": (scenario(lines=UNORDERED), {}),
    "empty pages": (scenario(), {"empty_pages": 3}),
    "interrupted twice": (scenario(interrupted_at=[5, 7]), {}),
    "interrupted, late and with empty pages": (
        scenario(interrupted_at=[5]),
        {"empty_pages": 2, "late_lines": (8.0, 2)},
    ),
    "64 streams": (scenario(hosts=64, lines_per_second=1), {}),
    "the stream comes late": (scenario(stream_delay=8), {}),
    "many lines": (scenario(training=12, lines_per_second=1200), {}),
    "a burst of one moment": (scenario(lines=[(3.0, f"{n}") for n in range(5000)]), {}),
    "host clock behind": (scenario(), {"skew": -7200.0}),
    "host clock ahead": (scenario(), {"skew": 7200.0}),
    "every second log call throttled": (scenario(), {"throttle": every(2, "FilterLogEvents")}),
    "every third call throttled": (scenario(), {"throttle": every(3)}),
    "everything throttled for a while": (scenario(), {"throttle": 12.0}),
    "token expired for a while": (scenario(), {"expired_token": 12.0}),
    "some calls fail": (scenario(), {"server_errors": 6}),
    "no rights for a while": (scenario(), {"no_logs_rights": True}),
    "lists lag": (scenario(), {"list_lag": 10.0}),
    "repeated lines": (scenario(lines=[Line(n / 4, "the same") for n in range(40)]), {}),
    "script-looking text": (scenario(lines=SCRIPTS), {}),
    "odd text": (scenario(lines=ODD), {}),
    "a traceback at the end": (
        scenario(
            outcome="Failed", last_lines=["Traceback (most recent call last):", "ValueError: x"]
        ),
        {},
    ),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_line_is_there_exactly_once(account: Account, trap: str) -> None:
    sim = account.sim
    course, switches = TRAPS[trap]
    for name, value in switches.items():
        setattr(sim.traps, name, value)
    sim.add_job("job", scenario=course)
    account.track()
    account.watch("job")
    if "no_logs_rights" in switches:
        wait_for(lambda: account.known("job").log_note)
        sim.traps.clear()
    printed = account.printed("job")
    wait_for(lambda: account.shown("job").total() >= printed.total())
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == printed
    assert account.known("job").log_note is None


def test_of_a_progress_bar_the_last_state_of_each_event_is_kept(account: Account) -> None:
    redrawn = "\r 10%|#         | 1/10\r 20%|##        | 2/10\r 30%|###       | 3/10"
    account.sim.add_job(
        "job", scenario=scenario(lines=[Line(1, redrawn), Line(2, "\r   "), *PROGRESS])
    )
    account.track()
    account.watch("job")
    wait_for(lambda: account.status("job") == "Completed" and account.log_is_closed("job"))
    shown = account.shown("job")
    assert shown.total() == 11 and not any("\r" in text for text in shown)
    assert shown[" 30%|###       | 3/10"] == 1
    progress = account.known("job").progress
    assert progress is not None and (progress.current, progress.total) == (9, 10)


def test_a_line_that_comes_much_later_than_the_end_of_a_watched_job(account: Account) -> None:
    """Quiet begins anew with each line that still comes."""
    lines = [Line(1, "early"), *(Line(14, f"late {n}", lag=10 + 15 * n) for n in range(4))]
    account.sim.add_job("job", scenario=scenario(lines=lines))
    account.track()
    account.watch("job")
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == account.printed("job")


def test_two_jobs_whose_names_begin_alike_keep_their_own_logs(account: Account) -> None:
    for name in ("job", "job-2", "job-22"):
        account.sim.add_job(name, scenario=scenario(line=f"{name} {{n}}"))
    account.track()
    for name in ("job", "job-2", "job-22"):
        account.watch(name)
    for name in ("job", "job-2", "job-22"):
        wait_for(lambda name=name: account.log_is_closed(name))
        assert account.shown(name) == account.printed(name)


def test_a_log_goes_on_with_another_tracker(account: Account) -> None:
    account.sim.add_job("job", scenario=scenario(training=60, interrupted_at=[10]))
    for count in (10, 60, 120):
        one = account.track()
        account.watch("job")
        wait_for(lambda count=count: account.shown("job").total() >= count)
        one.stop()
    account.track()
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == account.printed("job")


def test_a_page_token_that_grew_old_is_given_up(account: Account) -> None:
    """The target was away for a day and more, in the middle of a log of many pages."""
    sim = account.sim
    sim.add_job("job", scenario=scenario(lines=[(n / 4000, f"{n}") for n in range(45_000)]))
    sim.clock.advance(60)
    pages = itertools.count()
    sim.traps.throttle = lambda op, now: op == "FilterLogEvents" and next(pages) > 0
    account.track()
    account.watch("job")
    wait_for(lambda: account.shown("job"))
    wait_for(lambda: sim.count("FilterLogEvents") > 2)
    sim.clock.advance(25 * 3600)
    sim.traps.clear()
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == account.printed("job")


def test_without_the_right_to_read_logs_the_status_goes_on(account: Account) -> None:
    sim = account.sim
    sim.traps.no_logs_rights = True
    sim.add_job("job", scenario=scenario())
    account.track()
    account.watch("job")
    wait_for(lambda: account.known("job").log_note)
    note = account.known("job").log_note
    assert note is not None and "no right" in note and "logs:FilterLogEvents" in note
    wait_for(lambda: account.status("job") == "Completed")
    assert account.health().health == "ready" and account.known("job").log_note == note
    wait_for(lambda: account.log_is_closed("job"))
    # Whoever looks at it once the right is there sees the log.
    sim.traps.clear()
    account.store.read().execute("UPDATE jobs SET watched_until = 0")
    account.watch("job")
    wait_for(lambda: account.shown("job") == account.printed("job"))
    wait_for(lambda: account.known("job").log_note is None)


def test_one_failing_call_does_not_hold_up_a_log(account: Account) -> None:
    """Only a missing right is worth a long wait: it does not pass by itself."""
    from jupyter_sm.tracking import event_tailer

    pytest.MonkeyPatch().setattr(event_tailer, "_DENIED_SECONDS", 3600.0)
    sim = account.sim
    sim.clock.speed = 1
    sim.add_job("job", scenario=ENDLESS)
    account.track()
    account.watch("job")
    wait_for(lambda: account.shown("job"))
    sim.traps.unreachable = "FilterLogEvents"
    before = sim.count("FilterLogEvents")
    wait_for(lambda: sim.count("FilterLogEvents") > before)
    time.sleep(0.2)
    sim.traps.clear()
    sim.clock.advance(30)
    wait_for(lambda: account.shown("job").total() > 30, 10)


def test_the_log_of_a_job_that_nobody_watches_comes_when_it_ends(account: Account) -> None:
    sim = account.sim
    sim.clock.speed = 1  # of a job that was over before it was known, the log waits to be asked for
    sim.add_job("job", scenario=SHORT)
    account.track()
    wait_for(lambda: account.job("job"))
    sim.clock.advance(60)
    wait_for(lambda: account.status("job") == "Completed")
    assert all(call.time >= sim.job("job").ends for call in sim.calls if call.service == "logs")
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == account.printed("job")


def test_a_running_job_that_nobody_watches_costs_no_log_calls(account: Account) -> None:
    sim = account.sim
    for n in range(3):
        sim.add_job(f"job-{n}", scenario=ENDLESS)
    account.track()
    account.watch("job-1")
    wait_for(lambda: account.shown("job-1").total() > 20)
    asked = {
        call.body["logStreamNamePrefix"]
        for call in sim.calls
        if call.operation == "FilterLogEvents"
    }
    assert asked == {"job-1/"}
    assert not account.shown("job-0") and not account.shown("job-2")


def test_an_old_job_is_read_only_when_somebody_looks(account: Account) -> None:
    sim = account.sim
    sim.add_job("old", scenario=SHORT, created=time.time() - 86_400)
    account.track()
    wait_for(lambda: account.status("old") == "Completed")
    polls = sim.count("ListTrainingJobs")
    wait_for(lambda: sim.count("ListTrainingJobs") > polls + 2)
    assert sim.count("FilterLogEvents") == 0
    account.watch("old")
    wait_for(lambda: account.log_is_closed("old"))
    assert account.shown("old") == account.printed("old")
    page = LogPages(account.store).page(JobKey(TARGET, "training", "old"), limit=1)
    assert page.records[0].stream.startswith("algo-1-")
