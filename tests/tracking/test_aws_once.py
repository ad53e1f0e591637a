"""Each submission becomes one job at SageMaker: whatever is lost, refused or killed on the way."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store, open_store, stops
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.targets.aws import target as aws_target

from kit.aws_account import ENDLESS, TARGET, Account, account_in
from kit.aws_gate import Gate
from kit.real_server import KILL
from kit.simulator import ROLE
from kit.simulator.errors import ApiError
from kit.wait import wait_for

SUBMISSION = "jupyter-sm:submission"


@pytest.fixture
def account(home: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account_in(home, store, monkeypatch) as made:
        made.sim.scenario("*", ENDLESS)
        yield made


def submission(account: Account, name: str) -> tuple[str, str]:
    """Id and state of a job's submission."""
    row = account.store.read().execute(
        "SELECT s.id, s.state FROM submissions s JOIN jobs j ON j.id = s.job_id WHERE j.name = ?",
        (name,),
    )
    found = row.fetchone()
    return found["id"], found["state"]


def assert_once(account: Account, *names: str) -> None:
    """Each of these submissions became exactly one job, and there is no other."""
    for name in names:
        wait_for(lambda name=name: account.status(name) == "InProgress")
        # The list may know the job before Describe was asked whose it is.
        wait_for(lambda name=name: submission(account, name)[1] == "accepted")
        assert account.there(name).tags[SUBMISSION] == submission(account, name)[0]
    assert account.jobs() == sorted(names)
    _, total = jobs_table.listed(account.store)
    assert total == len(names)
    done = [
        call.body["TrainingJobName"]
        for call in account.sim.calls
        if call.operation == "CreateTrainingJob" and call.error is None
    ]
    # One that was answered by closing the connection did nothing, and stands there too.
    assert set(done) == set(names)


@pytest.mark.parametrize("answer", ["close", 500, 503])
@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_answer_is_asked_after(account: Account, answer: str | int, times: int) -> None:
    sim = account.sim
    sim.traps.accepted_answer = answer
    sim.traps.accepted_but_timed_out = times
    account.track()
    names = [f"job-{n}" for n in range(times)]
    for name in names:
        account.submit(name)
    assert_once(account, *names)
    assert sim.count("CreateTrainingJob") == times, "a job that is there is not created again"


def test_a_create_that_is_done_late_is_found(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked after, the job is not there yet; it comes while it is created again."""
    monkeypatch.setattr(aws_target, "_READ_SECONDS", 0.3)
    account.sim.traps.hang = ("CreateTrainingJob", 0.8)
    account.track()
    account.submit("job")
    wait_for(lambda: account.created("job"))
    monkeypatch.setattr(aws_target, "_READ_SECONDS", 3)
    account.sim.traps.clear()
    assert_once(account, "job")


def test_a_lost_answer_while_nobody_can_be_asked(account: Account) -> None:
    """Lost, and then neither Describe nor ListTags is answered for a while."""
    sim = account.sim
    count = itertools.count()
    sim.traps.accepted_but_timed_out = 1
    asked = ("DescribeTrainingJob", "ListTags")
    sim.traps.throttle = lambda op, now: op in asked and next(count) % 5 < 3
    account.track()
    account.submit("job")
    assert_once(account, "job")
    assert sim.count("CreateTrainingJob") == 1


@pytest.mark.parametrize("fault", ["throttle", "unreachable", "credentials"])
def test_what_was_not_taken_is_sent_again(account: Account, fault: str) -> None:
    sim, first = account.sim, itertools.count()
    account.track()
    wait_for(lambda: account.health().health == "ready")
    if fault == "throttle":
        sim.traps.throttle = lambda op, now: op == "CreateTrainingJob" and next(first) < 4
    elif fault == "unreachable":
        sim.traps.unreachable = "CreateTrainingJob"
    else:
        sim.traps.expired_token = True
    account.submit("job")
    if fault != "throttle":
        tried = "CreateTrainingJob" if fault == "unreachable" else "*"
        before = sim.count(tried)
        wait_for(lambda: sim.count(tried) > before + 1)
        assert account.jobs() == [] and account.status("job") == "Submitting"
        sim.traps.clear()
    assert_once(account, "job")


def test_a_refusal_is_final_and_explained(account: Account) -> None:
    sim = account.sim
    sim.quota["ml.m5.large"] = 0
    account.track()
    account.submit("job", instance="ml.m5.large")
    wait_for(lambda: account.status("job") == "Rejected")
    job = account.known("job")
    assert job.explanation is not None and "ml.m5.large" in (job.failure_reason or "")
    sim.quota.clear()
    calls = sim.count("CreateTrainingJob")
    lists = sim.count("ListTrainingJobs")
    wait_for(lambda: sim.count("ListTrainingJobs") > lists + 3)
    assert sim.count("CreateTrainingJob") == calls == 1


UPLOADS = "jupyter_sm.targets.aws.uploads"
SUBMISSIONS = "jupyter_sm.store.submissions"
SUBMITTER = "jupyter_sm.tracking.submitter"
STEPS = [
    (SUBMITTER, "Submitter", "_begin_staging", "before"),
    (UPLOADS, "Uploads", "run", "before"),
    (UPLOADS, "Uploads", "run", "after"),
    (SUBMISSIONS, "", "mark_staged", "before"),
    (SUBMISSIONS, "", "mark_staged", "after"),
    (SUBMISSIONS, "", "mark_calling", "after"),
    (SUBMITTER, "", "call", "after"),
    (SUBMISSIONS, "", "mark_done", "after"),
    ("jupyter_sm.store.jobs", "", "save_described", "before"),
]


@pytest.mark.parametrize(("module", "owner", "function", "when"), STEPS)
def test_a_kill_at_any_step_loses_and_doubles_nothing(
    account: Account, module: str, owner: str, function: str, when: str
) -> None:
    account.submit("job")
    kill = KILL.format(module=module, owner=owner, function=function, when=when)
    doomed = account.process("track", kill)
    assert doomed.wait(30) == -signal.SIGKILL
    created = function in ("call", "mark_done", "save_described")
    assert account.created("job") == created
    account.track()
    assert_once(account, "job")
    assert account.sim.count("CreateTrainingJob") == 1
    assert sum("sourcedir" in key for key in account.contents()) == 1


def theirs(account: Account, name: str, **options: Any) -> None:
    """A job of this name that another tool started."""
    account.sim.add_job(name, scenario=ENDLESS, tags={"owner": "somebody"}, **options)


def assert_untouched(account: Account, name: str) -> None:
    there = account.there(name)
    assert there.status == "InProgress" and there.tags == {"owner": "somebody"}
    asked = [account.sim.count(name) for name in ("StopTrainingJob", "AddTags", "DeleteTags")]
    assert asked == [0, 0, 0]


def test_a_name_of_somebody_else_s_job_is_refused(account: Account) -> None:
    account.submit("job")
    theirs(account, "job")
    account.track()
    wait_for(lambda: account.status("job") == "Rejected")
    job = account.known("job")
    assert job.explanation is not None and "already" in job.explanation.sentence
    assert "Error" not in job.explanation.sentence
    # Their job changes, and ours stays what it is.
    account.sim.clock.advance(30)
    lists = account.sim.count("ListTrainingJobs")
    wait_for(lambda: account.sim.count("ListTrainingJobs") > lists + 3)
    assert account.known("job").status == "Rejected"
    assert_untouched(account, "job")
    assert account.sim.count("CreateTrainingJob") == 1


def test_while_files_are_staged_a_job_of_the_same_name_is_not_taken_for_ours(
    account: Account, s3: Gate
) -> None:
    s3.is_open.clear()
    account.submit("job")
    theirs(account, "job")
    account.track()
    lists = account.sim.count("ListTrainingJobs")
    wait_for(lambda: account.sim.count("ListTrainingJobs") > lists + 5)
    assert account.status("job") == "Submitting"
    stops.request_stop(account.store, JobKey(TARGET, "training", "job"))
    s3.is_open.set()
    wait_for(lambda: account.status("job") == "Stopped")
    assert_untouched(account, "job")


def test_two_stores_with_one_name_make_one_job(account: Account, tmp_path: Path) -> None:
    """The requests are equal but for the tag, which says whose the job is."""
    other_store = open_store(tmp_path / "other")
    other = Account(account.sim, other_store)
    try:
        other.settings(role=ROLE, create_bucket=True)
        account.submit("job")
        other.submit("job")
        account.track()
        assert_once(account, "job")
        other.track()
        wait_for(lambda: other.status("job") == "Rejected")
        assert account.status("job") == "InProgress"
        assert account.sim.count("StopTrainingJob") == 0
    finally:
        other.stop()
        other_store.close()


def test_without_the_right_to_read_tags_an_equal_request_is_ours(account: Account) -> None:
    account.sim.traps.denied = "sagemaker:ListTags"
    account.sim.traps.accepted_but_timed_out = 1
    account.track()
    account.submit("job", hyperparameters={"epochs": 3}, environment={"A": "b"})
    assert_once(account, "job")
    assert account.sim.count("CreateTrainingJob") == 1


@pytest.mark.parametrize("answer", ["close", 500])
def test_without_the_right_to_read_tags_another_s_request_is_not(
    account: Account, answer: str | int
) -> None:
    """Create is answered by nothing, and meanwhile the name is somebody else's."""
    sim = account.sim
    sim.traps.denied = "sagemaker:ListTags"

    def create(region: Any, request: dict[str, Any]) -> dict[str, Any]:
        if not account.created("job"):
            theirs(account, "job")
            raise ApiError("InternalFailure", "The service met an internal failure.", 500)
        return real(region, request)

    real = sim._operations["sagemaker"]["CreateTrainingJob"]
    sim._operations["sagemaker"]["CreateTrainingJob"] = create
    account.track()
    account.submit("job")
    wait_for(lambda: account.status("job") == "Rejected")
    assert account.known("job").explanation is not None
    there = account.there("job")
    assert there.status == "InProgress" and there.tags == {"owner": "somebody"}
    assert sim.count("StopTrainingJob") == 0


def test_many_at_once_while_the_tracker_changes(account: Account) -> None:
    """Four processes submit ten each; of the trackers one is killed and one ends in between."""
    account.script()
    account.sim.traps.accepted_but_timed_out = 4
    first = account.process("track")
    submitting = [account.process("submit", f"job-{n}", "10") for n in range(4)]
    wait_for(lambda: len(account.jobs()) >= 5)
    first.kill()
    first.wait()
    second = account.track()
    wait_for(lambda: len(account.jobs()) >= 15)
    second.stop()
    account.track()
    assert [process.wait(30) for process in submitting] == [0] * 4
    assert_once(account, *(f"job-{n}-{m}" for n in range(4) for m in range(10)))
