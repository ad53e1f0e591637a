"""Submissions of several steps, and what a kind's fault does to the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import KINDS, JobKey, TrainingSpec
from jupyter_sm.jobs.kinds import Step
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.store import Store, submissions, targets, wanted
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.tracking.submitter import Submitter
from jupyter_sm.tracking.tracker import Tracker

from kit.tracking_faults import FaultyTarget, answer_lost, due_now, no_connection
from kit.wait import wait_for

PARTS = ["trio-1", "trio-2", "trio-3"]


def steps_of(request: dict) -> tuple[Step, ...]:
    def step(name: str) -> Step:
        wanted = {"TrainingJobName": name}
        return Step(
            TRAINING.create,
            {**request, **wanted},
            lambda ask: ask(TRAINING.describe, wanted),
            TRAINING.arn_field,
        )

    return tuple(step(f"{request['TrainingJobName']}-{n}") for n in (1, 2, 3))


@pytest.fixture
def target(home: Path) -> FaultyTarget:
    return FaultyTarget(home)


@pytest.fixture
def trio(store: Store, script: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobKey]:
    """A committed submission of three steps."""
    monkeypatch.setitem(KINDS, "trio", replace(TRAINING, kind="trio", steps_of=steps_of))
    view = submit_spec(store, TrainingSpec(str(script)), name="model")
    request = jobs_table.request_of(store, view.key) or {}
    tags = [{**t, "Value": "three"} for t in request["Tags"] if t["Key"].endswith("submission")]
    key = JobKey("local", "trio", "trio")
    submissions.add_submission(
        store,
        key,
        submission_id="three",
        request={**request, "TrainingJobName": "trio", "Tags": tags},
        script="",
    )
    with store.write() as db:
        db.execute("DELETE FROM jobs WHERE name = 'model'")
    return key


def states(store: Store) -> list[str]:
    rows = store.read().execute("SELECT state FROM steps ORDER BY number").fetchall()
    return [row["state"] for row in rows]


def test_the_steps_of_a_submission_are_taken_in_order(store, target, trio) -> None:
    assert Submitter(store, target).run() == [trio]
    assert target.jobs() == PARTS and states(store) == ["done"] * 3
    assert submissions.open_submissions(store, "local") == []


def test_a_submission_goes_on_at_the_step_that_failed(store, target, trio) -> None:
    target.fail("CreateTrainingJob", no_connection(), times=1, name="trio-2")
    assert Submitter(store, target).run() == []
    assert (target.jobs(), states(store)) == (["trio-1"], ["done", "calling", "pending"])
    due_now(store, "trio")
    assert Submitter(store, target).run() == [trio]  # another process, say
    assert target.jobs() == PARTS and target.count("CreateTrainingJob") == 4


def test_a_step_whose_answer_was_lost_is_not_taken_twice(store, target, trio) -> None:
    target.fail("CreateTrainingJob", answer_lost(), times=1, handled=True, name="trio-3")
    assert Submitter(store, target).run() == []
    due_now(store, "trio")
    assert Submitter(store, target).run() == [trio]
    assert target.jobs() == PARTS and target.count("CreateTrainingJob") == 3


def test_a_kind_that_can_not_be_listed_leaves_the_others_alone(
    store, target, script, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(TRAINING, kind="broken", list="ListNoSuchThings")
    monkeypatch.setitem(KINDS, "broken", broken)
    target.kinds = ("broken", "training")
    tracker = Tracker(store, target, Rank.SERVER)
    tracker.start()
    try:
        key = submit_spec(store, TrainingSpec(str(script)), name="well").key
        wait_for(lambda: jobs_table.get(store, key).status == "Completed")
        (row,) = targets.rows(store)
        assert row.health == "ready"
        assert row.reason.startswith("Its broken jobs can't be looked at now: ")
    finally:
        tracker.stop()


def test_a_fault_of_ours_in_one_submission_leaves_the_others_alone(
    store, target, trio, script
) -> None:
    def fault(request: dict) -> tuple[Step, ...]:
        raise KeyError("ours")

    KINDS["trio"] = replace(KINDS["trio"], steps_of=fault)
    key = submit_spec(store, TrainingSpec(str(script)), name="behind").key
    assert Submitter(store, target).run() == [key]


def test_a_kind_that_this_version_does_not_know_holds_up_nothing(store, target, script) -> None:
    strange = JobKey("local", "strange", "job")
    wanted.ask(store, strange)
    with store.write() as db:
        db.execute(
            "INSERT INTO jobs (target, kind, name, status, phase, created_at, modified_at, request,"
            " stop_requested) VALUES ('local', 'strange', 'job', 'InProgress', 'open', 1, 1, '{}', 1)"
        )
    tracker = Tracker(store, target, Rank.SERVER)
    tracker.start()
    try:
        key = submit_spec(store, TrainingSpec(str(script)), name="well").key
        wait_for(lambda: jobs_table.get(store, key).status == "Completed")
        assert wanted.answer(store, strange) == "There is no strange job named 'job' there."
        wait_for(lambda: jobs_table.log_is_read_out(store, key))
    finally:
        tracker.stop()
