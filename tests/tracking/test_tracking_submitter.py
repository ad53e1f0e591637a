"""The submitter at a target that loses answers, throttles and refuses: one job, or a reason."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.jobs.differences import SUBMISSION_TAG
from jupyter_sm.store import JobView, Store, stops, submissions
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.tracking.submitter import Submitter

from kit.tracking_faults import (
    FaultyTarget,
    answer_lost,
    api_error,
    create_directly,
    due_now,
    no_connection,
    set_state,
    state_of,
)

NAME = "sent"


@pytest.fixture
def target(home: Path) -> FaultyTarget:
    return FaultyTarget(home)


@pytest.fixture
def submitter(store: Store, target: FaultyTarget) -> Submitter:
    return Submitter(store, target)


@pytest.fixture
def submitted(store: Store, script: Path) -> str:
    """A committed submission; its id."""
    view = submit_spec(store, TrainingSpec(str(script)), name=NAME)
    assert view.submission_id is not None
    return view.submission_id


def view(store: Store, name: str = NAME) -> JobView:
    found = jobs_table.get(store, JobKey("local", "training", name))
    assert found is not None
    return found


def waits(store: Store, name: str = NAME) -> float:
    return state_of(store, name)[2] - time.time()


def tags(target: FaultyTarget, name: str = NAME) -> dict[str, str]:
    client = target.real.client("sagemaker")
    arn = client.describe_training_job(TrainingJobName=name)["TrainingJobArn"]
    return {t["Key"]: t["Value"] for t in client.list_tags(ResourceArn=arn)["Tags"]}


def test_a_submission_becomes_one_tagged_job(store, target, submitter, submitted) -> None:
    submitter.run()
    assert state_of(store, NAME)[:2] == ("accepted", 1)
    assert tags(target)[SUBMISSION_TAG] == submitted
    assert submissions.open_submissions(store, "local") == []
    assert target.jobs() == [NAME] and target.count("CreateTrainingJob") == 1
    # Describe is for doubt only: a Create that succeeded costs no second call.
    assert set(target.calls) - {"ListTags", "DescribeTrainingJob"} == {"CreateTrainingJob"}


def test_a_job_whose_answer_was_lost_is_adopted(store, target, submitter, submitted) -> None:
    target.fail("CreateTrainingJob", answer_lost(), times=1, handled=True)
    submitter.run()
    assert target.jobs() == [NAME]
    state, attempts, _ = state_of(store, NAME)
    assert (state, attempts) == ("calling", 1) and waits(store) > 0
    submitter.run()  # not before its time
    assert target.calls.count("DescribeTrainingJob") == 0
    due_now(store, NAME)
    submitter.run()
    assert state_of(store, NAME)[0] == "accepted"
    assert target.jobs() == [NAME] and target.count("CreateTrainingJob") == 1
    assert view(store).status == "Submitting", "what the job is doing, the tracker tells"


def test_what_never_arrived_is_tried_again(store, target, submitter, submitted) -> None:
    target.fail("CreateTrainingJob", no_connection(), times=2)
    for _ in range(3):
        submitter.run()
        due_now(store, NAME)
    assert state_of(store, NAME)[:2] == ("accepted", 3)
    assert target.jobs() == [NAME] and target.count("CreateTrainingJob") == 3
    assert tags(target)[SUBMISSION_TAG] == submitted


@pytest.mark.parametrize(
    "error",
    [
        api_error("ThrottlingException"),
        api_error("TooManyRequestsException", 429),
        api_error("InternalFailure", 500),
        api_error("ServiceUnavailable", 503),
        no_connection(),
    ],
    ids=lambda error: type(error).__name__ + str(error)[-60:],
)
def test_what_passes_is_waited_for_longer_each_time(
    store, target, submitter, submitted, error: Exception
) -> None:
    target.fail("CreateTrainingJob", error)
    waited = []
    for _ in range(10):
        submitter.run()
        waited.append(waits(store))
        due_now(store, NAME)
    assert waited[0] <= 1 and max(waited) <= 60
    growing = [seconds for seconds in waited if seconds < 59]
    assert len(growing) >= 3
    for earlier, later in itertools.pairwise(growing):
        assert later > 1.5 * earlier
    assert view(store).status == "Submitting" and view(store).explanation is None
    target.heal()
    submitter.run()
    assert state_of(store, NAME)[0] == "accepted" and target.jobs() == [NAME]


@pytest.mark.parametrize("attempts", [100, 1_100, 100_000])
def test_a_target_away_for_days_is_still_waited_for(
    store, target, submitter, submitted, attempts: int
) -> None:
    set_state(store, NAME, "calling", attempts)
    target.fail("CreateTrainingJob", no_connection())
    submitter.run()
    assert 50 < waits(store) <= 60


def test_another_s_job_of_the_same_name_is_a_refusal(
    store, target, submitter, submitted, script
) -> None:
    create_directly(target, store, script, NAME)
    submitter.run()
    assert state_of(store, NAME)[0] == "rejected"
    job = view(store)
    assert (job.status, job.is_over) == ("Rejected", True)
    assert job.explanation is not None and job.explanation.category == "duplicate-name"
    assert NAME in job.explanation.what_happened and job.explanation.fixes
    assert job.failure_reason and [t.status for t in job.transitions] == ["Submitting", "Rejected"]
    assert SUBMISSION_TAG not in tags(target)
    assert submissions.open_submissions(store, "local") == []


def test_after_a_crash_before_create_the_job_is_created(
    store, target, submitter, submitted
) -> None:
    set_state(store, NAME, "calling")
    submitter.run()
    assert state_of(store, NAME)[:2] == ("accepted", 2)
    assert tags(target)[SUBMISSION_TAG] == submitted


def test_after_a_crash_behind_create_the_job_is_adopted(
    store, target, submitter, submitted
) -> None:
    submitter.run()
    set_state(store, NAME, "calling")
    submitter.run()
    assert state_of(store, NAME)[:2] == ("accepted", 1)
    assert target.count("CreateTrainingJob") == 1 and target.jobs() == [NAME]


def test_after_a_crash_another_s_job_is_not_adopted(
    store, target, submitter, submitted, script
) -> None:
    create_directly(target, store, script, NAME)
    target.calls.clear()
    set_state(store, NAME, "calling")
    submitter.run()
    assert state_of(store, NAME)[0] == "rejected"
    assert view(store).status == "Rejected"
    assert view(store).explanation.category == "duplicate-name"
    assert target.count("CreateTrainingJob") == 0


def test_a_job_stopped_while_it_is_submitted_is_never_created(
    store, target, submitter, submitted
) -> None:
    assert stops.request_stop(store, JobKey("local", "training", NAME))
    submitter.run()
    job = view(store)
    assert (job.status, job.is_over) == ("Stopped", True)
    assert job.ended_at is not None and job.explanation is None and job.failure_reason is None
    assert target.jobs() == [] and target.count("CreateTrainingJob") == 0
    assert submissions.open_submissions(store, "local") == []


def test_a_stop_after_a_lost_answer_stops_the_job_that_is_there(
    store, target, submitter, submitted
) -> None:
    """The outcome of Create was unknown when the stop was asked for: adopt, then stop."""
    target.fail("CreateTrainingJob", answer_lost(), times=1, handled=True)
    submitter.run()
    assert stops.request_stop(store, JobKey("local", "training", NAME))
    due_now(store, NAME)
    submitter.run()
    assert state_of(store, NAME)[0] == "accepted"
    assert stops.to_stop(store, "local") == [JobKey("local", "training", NAME)]


def test_a_stop_after_a_create_that_never_arrived_creates_nothing(
    store, target, submitter, submitted
) -> None:
    target.fail("CreateTrainingJob", no_connection(), times=1)
    submitter.run()
    stops.request_stop(store, JobKey("local", "training", NAME))
    due_now(store, NAME)
    submitter.run()
    assert view(store).status == "Stopped" and target.jobs() == []


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"TrainingJobName": "odd", "NoSuchMember": 1}, "NoSuchMember"),
        ({"TrainingJobName": "odd"}, "RoleArn"),
    ],
)
def test_a_request_that_botocore_refuses_is_rejected(
    store, target, submitter, request_: dict, says: str
) -> None:
    """Such as one that an older jupyter_sm, with another service model, let pass."""
    submissions.add_submission(
        store,
        JobKey("local", "training", "odd"),
        submission_id="odd",
        request=request_,
        script="",
    )
    submitter.run()
    assert state_of(store, "odd")[0] == "rejected"
    assert view(store, "odd").status == "Rejected"
    assert says in view(store, "odd").failure_reason
    assert view(store, "odd").explanation is not None
    assert target.count("CreateTrainingJob") == 0


def test_what_the_target_refuses_is_rejected_with_its_reason(
    store, target, submitter, submitted
) -> None:
    target.fail("CreateTrainingJob", api_error("AccessDeniedException", message="not you"))
    submitter.run()
    job = view(store)
    assert job.status == "Rejected" and "not you" in job.failure_reason
    assert job.explanation is not None
    submitter.run()
    assert target.count("CreateTrainingJob") == 1


@pytest.mark.parametrize("operation", ["DescribeTrainingJob", "ListTags"])
@pytest.mark.parametrize("error", [api_error("ThrottlingException"), no_connection()])
def test_doubt_that_can_not_be_settled_now_holds_up_no_other_submission(
    store, target, submitter, submitted, script, operation: str, error: Exception
) -> None:
    submit_spec(store, TrainingSpec(str(script)), name="other")
    target.fail("CreateTrainingJob", answer_lost(), times=1, handled=True, name=NAME)
    submitter.run()
    due_now(store, NAME)
    submit_spec(store, TrainingSpec(str(script)), name="third")
    target.fail(operation, error, name=NAME)
    submitter.run()
    assert state_of(store, NAME)[0] == "calling" and waits(store) > 0
    assert state_of(store, "other")[0] == state_of(store, "third")[0] == "accepted"
    target.heal()
    due_now(store, NAME)
    submitter.run()
    assert state_of(store, NAME)[0] == "accepted"
    assert target.jobs() == ["other", NAME, "third"] and target.count("CreateTrainingJob") == 3


def test_oldest_first(store, target, submitter, script) -> None:
    for name in ("one", "two", "three"):
        submit_spec(store, TrainingSpec(str(script)), name=name)
    submitter.run()
    client = target.real.client("sagemaker")
    times = [client.describe_training_job(TrainingJobName=n) for n in ("one", "two", "three")]
    assert [t["CreationTime"] for t in times] == sorted(t["CreationTime"] for t in times)
