"""Status over every trap of SageMaker: nothing lost, nothing made up, whatever fails on the way."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store, cursors, stops
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.targets.aws import pace

from kit.aws_account import ENDLESS, QUICK, SHORT, TARGET, Account
from kit.simulator import CAPACITY, Scenario
from kit.wait import wait_for


def statuses(account: Account, name: str) -> list[str]:
    return [transition.status for transition in account.known(name).transitions]


def polls(account: Account) -> int:
    return account.sim.count("ListTrainingJobs")


def some_polls(account: Account, count: int = 3) -> None:
    before = polls(account)
    wait_for(lambda: polls(account) >= before + count)


def test_stopping_is_not_the_end(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=ENDLESS)
    account.track()
    wait_for(lambda: account.status("job") == "InProgress")
    sim.stop_job("job")
    wait_for(lambda: account.status("job") == "Stopping")
    some_polls(account)
    assert not account.known("job").is_over and account.known("job").ended_at is None
    sim.clock.advance(200)
    wait_for(lambda: account.status("job") == "Stopped")
    assert account.known("job").is_over and statuses(account, "job")[-2:] == [
        "Stopping",
        "Stopped",
    ]


@pytest.mark.parametrize("status", ["Pending", "Updating", "SomethingNew2027"])
def test_statuses_nobody_knows_pass_through(account: Account, status: str) -> None:
    sim = account.sim
    sim.add_job(
        "job",
        scenario=Scenario(statuses=[("Starting", 5), (status, 100, "Says what"), ("Completed", 0)]),
    )
    account.track()
    wait_for(lambda: account.job("job"))
    sim.clock.advance(10)
    wait_for(lambda: account.known("job").secondary_status == status)
    assert account.known("job").transitions[-1].message == "Says what"
    assert not account.known("job").is_over
    sim.clock.advance(100)
    wait_for(lambda: account.status("job") == "Completed")
    assert statuses(account, "job") == ["Starting", status, "Completed"]


def test_a_spot_interruption_shows_in_the_transitions(account: Account) -> None:
    sim = account.sim
    sim.clock.speed = 100
    course = Scenario(
        starting=3, downloading=2, training=12, interrupted_at=[4], interrupted=3, restarting=3
    )
    sim.add_job("job", scenario=course)
    account.track()
    wait_for(lambda: account.status("job") == "Completed")
    wanted = ["Starting", "Downloading", "Training", "Interrupted", "Restarting"]
    assert statuses(account, "job")[:5] == wanted


def test_capacity_that_is_missing_is_told(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=Scenario(starting=30, capacity_retry=600))
    account.track()
    wait_for(lambda: account.job("job"))
    sim.clock.advance(25)
    wait_for(lambda: account.known("job").transitions[-1].message == CAPACITY)
    assert account.status("job") == "InProgress"


@pytest.mark.parametrize(
    "reason", ["", "AlgorithmError: " + "x" * 3000, "ClientError: \u4e2d\u6587 <b>\n"]
)
def test_failures_of_any_text(account: Account, reason: str) -> None:
    sim = account.sim
    sim.add_job(
        "job", scenario=Scenario(outcome="Failed", failure_reason=reason, fails_in="Starting")
    )
    account.track()
    wait_for(lambda: account.job("job"))
    sim.clock.advance(600)
    wait_for(lambda: account.status("job") == "Failed")
    assert (account.known("job").failure_reason or "") == reason[:1024]
    wait_for(lambda: account.log_is_closed("job"))


def test_a_limit_that_is_over_is_explained(account: Account) -> None:
    account.sim.clock.speed = 100
    account.sim.add_job("job", scenario=Scenario(outcome="Stopped", training=10))
    account.track()
    wait_for(lambda: account.status("job") == "Stopped")
    job = account.known("job")
    assert job.secondary_status == "MaxRuntimeExceeded" and job.explanation is not None


@pytest.mark.parametrize("trap", [{"expired_token": True}, {"clock_off": True}, {"throttle": 1e9}])
def test_a_target_that_refuses_is_not_reachable_and_recovers(
    account: Account, trap: dict[str, Any]
) -> None:
    sim = account.sim
    sim.add_job("job", scenario=ENDLESS)
    account.track()
    wait_for(lambda: account.status("job") == "InProgress")
    for name, value in trap.items():
        setattr(sim.traps, name, value)
    # A throttle passes; a session and a clock are the user's to mend.
    health = "stale" if "throttle" in trap else "waiting"
    wait_for(lambda: account.health().health == health)
    reason = account.health().reason or ""
    words = {"expired_token": "expired", "clock_off": "clock", "throttle": "rate exceeded"}
    assert words[next(iter(trap))] in reason.lower(), reason
    assert "botocore" not in reason and "operation:" not in reason, reason
    assert account.status("job") == "InProgress", "the job is kept as it was"
    sim.stop_job("job")
    sim.clock.advance(300)
    sim.traps.clear()
    wait_for(lambda: account.status("job") == "Stopped")
    wait_for(lambda: account.health().health == "ready")
    assert account.health().reason is None
    wait_for(lambda: account.log_is_closed("job"))
    assert account.shown("job") == account.printed("job")


def test_expired_credentials_name_what_to_run(account: Account) -> None:
    account.track()
    wait_for(lambda: account.health().health == "ready")
    account.sim.traps.expired_token = True
    wait_for(lambda: account.health().health == "waiting")
    assert "aws sso login" in (account.health().reason or "") or "aws " in (
        account.health().reason or ""
    )


@pytest.mark.parametrize(
    "operation", ["ListTrainingJobs", "DescribeTrainingJob", "Search", "StopTrainingJob"]
)
@pytest.mark.parametrize("fault", ["throttle", "server_error", "unreachable"])
def test_a_burst_of_faults_loses_nothing(account: Account, operation: str, fault: str) -> None:
    sim = account.sim
    # Of more than a few, Search tells.
    jobs = 8 if operation == "Search" else 4
    for n in range(jobs):
        sim.add_job(f"job-{n}", scenario=ENDLESS)
    count = itertools.count()
    if fault == "unreachable":
        sim.traps.unreachable = operation
    else:
        sim.traps.throttle = lambda op, now: op == operation and next(count) < 4
    account.track()
    wait_for(lambda: sim.count(operation) > 1 or operation in ("StopTrainingJob",))
    if fault == "unreachable" and operation != "StopTrainingJob":
        sim.traps.clear()
    wait_for(lambda: all(account.status(f"job-{n}") == "InProgress" for n in range(jobs)))
    assert stops.request_stop(account.store, JobKey(TARGET, "training", "job-3"))
    if fault == "unreachable" and operation == "StopTrainingJob":
        wait_for(lambda: sim.count(operation) > 1)
        sim.traps.clear()
    wait_for(lambda: sim.job("job-3").status == "Stopping")
    wait_for(lambda: account.status("job-3") == "Stopping")


def test_a_stop_that_is_refused_for_good_is_given_up(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=ENDLESS)
    sim.traps.denied = "sagemaker:StopTrainingJob"
    account.track()
    wait_for(lambda: account.status("job") == "InProgress")
    stops.request_stop(account.store, JobKey(TARGET, "training", "job"))
    wait_for(lambda: not account.known("job").stop_requested)
    assert account.status("job") == "InProgress"


@pytest.mark.parametrize("lag", ["list_lag", "search_lag"])
def test_what_lists_learn_late_is_not_missed(account: Account, lag: str) -> None:
    sim = account.sim
    setattr(sim.traps, lag, 20.0)
    account.track()
    some_polls(account, 1)
    for n in range(12):
        sim.add_job(f"job-{n}", scenario=Scenario(starting=30, downloading=30, training=30))
    for _ in range(12):
        sim.clock.advance(9)
        some_polls(account, 1)
    wait_for(lambda: all(account.status(f"job-{n}") == "Completed" for n in range(12)))


def test_a_lagging_search_takes_no_status_back(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep over running jobs asks Search, which may still call those running that have ended."""
    sim = account.sim
    seen: list[tuple[str, str]] = []
    real = jobs_table.save_described

    def save(store: Store, key: JobKey, told: Any, **more: Any) -> bool:
        saved = real(store, key, told, **more)
        found = jobs_table.get(store, key)
        assert found is not None
        seen.append((key.name, found.status))
        return saved

    monkeypatch.setattr(jobs_table, "save_described", save)
    for n in range(8):
        sim.add_job(f"long-{n}", scenario=ENDLESS, created=time.time() - 3600)
    for n in range(8):
        sim.add_job(f"short-{n}", scenario=Scenario(starting=5, downloading=5, training=50))
    account.track()
    wait_for(lambda: all(account.status(f"short-{n}") == "InProgress" for n in range(8)))
    sim.traps.search_lag = 70.0
    sim.clock.advance(100)
    wait_for(lambda: all(account.status(f"short-{n}") == "Completed" for n in range(8)))
    sweeps = sim.count("Search")
    wait_for(lambda: sim.count("Search") > sweeps + 2)
    for n in range(8):
        told = [status for name, status in seen if name == f"short-{n}"]
        assert told[told.index("Completed") :] == ["Completed"] * told.count("Completed"), told


def test_a_job_begun_just_before_the_first_use_is_known(account: Account) -> None:
    """Too young for a Search that lags, too old for the first List's overlap."""
    sim = account.sim
    sim.traps.search_lag = 300.0
    sim.add_job("job", scenario=ENDLESS, created=time.time() - 150)
    sim.add_job("ended", scenario=SHORT, created=time.time() - 150)
    account.track()
    wait_for(lambda: account.status("job") == "InProgress", 10)
    wait_for(lambda: account.status("ended") == "Completed", 10)


@pytest.mark.parametrize("may_search", [True, False])
def test_the_jobs_of_before_the_first_use_are_known(account: Account, may_search: bool) -> None:
    sim = account.sim
    now = time.time()
    old = [
        {"name": f"old-{n}", "scenario": SHORT, "created": now - 3600 * (n + 1)} for n in range(230)
    ]
    sim.add_jobs(old)
    sim.add_job("ancient", scenario=SHORT, created=now - 90 * 86_400)
    unlimited = {"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86_400}}
    sim.add_job("running", scenario=ENDLESS, created=now - 3 * 86_400, request=unlimited)
    if not may_search:
        sim.traps.denied = "sagemaker:Search"
    account.track()
    wait_for(lambda: jobs_table.listed(account.store)[1] == 231)
    assert account.status("old-200") == "Completed" and account.status("running") == "InProgress"
    assert account.job("ancient") is None
    wait_for(lambda: cursors.get(account.store, TARGET, "training").history_done)
    described = [
        call.body["TrainingJobName"]
        for call in tuple(sim.calls)
        if call.operation == "DescribeTrainingJob"
    ]
    # Not counting the one that is running, which a sweep looks at whenever its time has come.
    ended = [name for name in described if name != "running"]
    assert len(ended) <= (0 if may_search else 240)


def described(account: Account) -> Counter[str]:
    """How often each job was described."""
    calls = [call for call in tuple(account.sim.calls) if call.operation == "DescribeTrainingJob"]
    return Counter(call.body["TrainingJobName"] for call in calls)


def pace_describe(monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
    real = pace.rate_of
    rates = {"DescribeTrainingJob": rate}
    monkeypatch.setattr(pace, "rate_of", lambda op, region: rates.get(op) or real(op, region))


def just_ended(account: Account, count: int) -> None:
    """Jobs that have ended within the last quarter of an hour, so that Search may not know."""
    now = time.time()
    made = [now - 200 - 600 * n / count for n in range(count)]
    account.sim.add_jobs(
        [{"name": f"job-{n}", "scenario": SHORT, "created": at} for n, at in enumerate(made)]
    )


def test_many_jobs_that_have_just_ended_do_not_wait_to_be_described(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace_describe(monkeypatch, 2.0)
    just_ended(account, 450)
    account.track()
    wait_for(lambda: jobs_table.listed(account.store)[1] == 450, 20)
    assert account.status("job-449") == "Completed"
    assert described(account).total() < 100


def test_none_of_many_jobs_is_described_twice(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace_describe(monkeypatch, 20.0)
    just_ended(account, 60)
    account.track()
    wait_for(lambda: len(described(account)) == 60, 20)
    some_polls(account)
    assert described(account).total() == 60


@pytest.mark.parametrize("failing", ["Search", "ListTrainingJobs"])
def test_a_history_that_breaks_off_is_read_anew(account: Account, failing: str) -> None:
    sim = account.sim
    now = time.time()
    old = [
        {"name": f"old-{n}", "scenario": SHORT, "created": now - 3600 * (n + 1)} for n in range(230)
    ]
    sim.add_jobs(old)
    if failing == "ListTrainingJobs":
        sim.traps.denied = "sagemaker:Search"
    count = itertools.count(1)
    sim.traps.throttle = lambda op, now: op == failing and next(count) == 2
    account.track()
    wait_for(lambda: jobs_table.listed(account.store)[1] == 230, 15)


def test_a_job_that_was_deleted_is_settled(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=SHORT)
    account.track()
    wait_for(lambda: account.status("job") == "InProgress")
    with sim._lock:
        sim.region().delete(sim.region().jobs["job"])
    wait_for(lambda: account.known("job").is_over)
    assert "deleted" in (account.known("job").failure_reason or "")
    assert account.health().health == "ready"


def test_a_deleted_job_that_had_ended_stays_as_it_was(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=SHORT)
    account.track()
    wait_for(lambda: account.job("job"))
    sim.clock.advance(60)
    wait_for(lambda: account.status("job") == "Completed")
    with sim._lock:
        sim.region().delete(sim.region().jobs["job"])
    some_polls(account, 5)
    assert account.status("job") == "Completed"


def test_of_two_servers_one_polls(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=ENDLESS)
    one = account.track()
    wait_for(lambda: account.job("job"))
    others = [account.track() for _ in range(3)]
    since = sim.clock.now()
    some_polls(account, 10)
    took = sim.clock.now() - since
    # One tracker alone polls at most this often.
    assert sim.count("ListTrainingJobs", since) <= took / QUICK.fast + 2
    one.stop()
    some_polls(account, 3)
    sim.stop_job("job")
    sim.clock.advance(200)
    wait_for(lambda: account.status("job") == "Stopped")
    assert all(other.is_alive for other in others)


def test_two_regions_are_two_targets(account: Account) -> None:
    sim = account.sim
    sim.add_job("job", scenario=ENDLESS)
    sim.add_job("job", scenario=SHORT, region="eu-west-1", created=time.time() - 30)
    account.track()
    account.track("default@eu-west-1")
    wait_for(lambda: account.status("job") == "InProgress")
    there = ("default@eu-west-1", "training", "job")
    wait_for(lambda: (job := jobs_table.get(account.store, there)) and job.status == "Completed")
    assert {call.region for call in sim.calls} == {"us-east-1", "eu-west-1"}


def test_one_job_that_may_not_be_described_does_not_hold_up_the_others(account: Account) -> None:
    sim = account.sim
    for n in range(4):
        sim.add_job(f"job-{n}", scenario=ENDLESS)
    first = itertools.count()
    real = sim._operations["sagemaker"]["DescribeTrainingJob"]

    def describe(region: Any, request: dict[str, Any]) -> dict[str, Any]:
        from kit.simulator.errors import ApiError

        if request["TrainingJobName"] == "job-0":
            next(first)
            raise ApiError("AccessDeniedException", "no identity-based policy allows it")
        return real(region, request)

    sim._operations["sagemaker"]["DescribeTrainingJob"] = describe
    account.track()
    wait_for(lambda: all(account.status(f"job-{n}") == "InProgress" for n in (1, 2, 3)))
    wait_for(lambda: account.health().health == "ready")
    assert next(first) > 0


def test_an_errors_words_do_not_count_retries_that_there_are_not(account: Account) -> None:
    with pytest.raises(ClientError) as caught:
        account.target().client("sagemaker").describe_training_job(TrainingJobName="nobody")
    assert "retries" not in str(caught.value)
