"""Targets that come into use and are taken away again, and those that can't be opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_sm.desk import Desk
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store, changes, cursors, submissions, targets, wanted
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.store.targets import _CHUNK
from jupyter_sm.tracking import service
from jupyter_sm.tracking.tracker import Tracker

from kit.aws_account import ENDLESS, TARGET, Account
from kit.known import add_job, training_request
from kit.tracking_faults import FaultyTarget
from kit.wait import wait_for

OTHER = "team@eu-west-1"


def names(store: Store) -> list[str]:
    return sorted(view.name for view in jobs_table.listed(store)[0])


def test_a_target_goes_with_all_that_is_known_of_its_jobs(store: Store) -> None:
    for n in range(2 * _CHUNK + 1):
        add_job(store, JobKey(TARGET, "training", f"theirs-{n}"))
    add_job(store, JobKey(OTHER, "training", "other"))
    cursors.advance(store, TARGET, "training", 100.0)
    cursors.mark_history_done(store, TARGET, "training")
    wanted.ask(store, JobKey(TARGET, "training", "asked-for"))
    seq = changes.last(store)
    Desk(store).remove(TARGET)
    assert names(store) == ["other"]
    assert [row.name for row in targets.rows(store)] == [OTHER]
    assert wanted.pending(store, TARGET) == []
    # One thing to tell of, however many jobs there were.
    told = changes.since(store, seq).changes
    assert [(one.topic, one.target) for one in told] == [("target", TARGET)]
    # Used again, it is looked at as for the first time.
    targets.use(store, TARGET)
    assert cursors.get(store, TARGET, "training") == cursors.Cursor(0, False)


def test_what_would_be_lost_is_not_removed(store: Store) -> None:
    key = JobKey(TARGET, "training", "mine")
    submissions.add_submission(
        store, key, submission_id="x", request=training_request("mine"), script=""
    )
    with pytest.raises(ExplainedError, match="does not have the job mine yet") as caught:
        Desk(store).remove(TARGET)
    assert caught.value.status == 409 and names(store) == ["mine"]
    for name, status in (("local", 400), (OTHER, 404), ("", 404)):
        with pytest.raises(ExplainedError) as caught:
            Desk(store).remove(name)
        assert caught.value.status == status


def test_whoever_tracks_a_target_that_is_removed_ends(account: Account) -> None:
    account.sim.add_job("theirs", scenario=ENDLESS)
    tracking = account.track()
    wait_for(lambda: account.status("theirs") == "InProgress")
    Desk(account.store).remove(TARGET)
    wait_for(lambda: not tracking.is_alive)
    assert names(account.store) == [] and not targets.is_used(account.store, TARGET)
    account.track()
    wait_for(lambda: account.status("theirs") == "InProgress")


def test_a_server_tracks_a_target_again_that_was_removed(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_LOOK_SECONDS", 0.05)
    account.sim.add_job("theirs", scenario=ENDLESS)
    desk = Desk(account.store)
    desk.use(TARGET)
    desk.serve()
    try:
        wait_for(lambda: account.status("theirs") == "InProgress")
        desk.remove(TARGET)
        wait_for(lambda: not desk._serving._trackers[TARGET].is_alive)
        desk.use(TARGET)
        wait_for(lambda: account.status("theirs") == "InProgress")
    finally:
        desk.stop_serving()


def test_a_profile_that_is_gone_breaks_no_other_target(
    store: Store, script: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.fspath(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.fspath(tmp_path / "none"))
    add_job(store, JobKey(OTHER, "training", "theirs"))
    desk = Desk(store)
    desk.track_all()
    trouble = desk.trouble(OTHER)
    assert trouble is not None and trouble.health == "waiting"
    assert "There is no AWS profile 'team'" in (trouble.reason or "")
    assert [view.name for view in desk.catch_up()] == [OTHER]
    with pytest.raises(ExplainedError, match="There is no AWS profile 'team'"):
        desk.client("sagemaker", OTHER)
    desk.remove(OTHER)
    with pytest.raises(ExplainedError, match="There is no AWS profile 'team'"):
        desk.ensure_tracked(OTHER)


def test_a_local_target_that_was_never_open_says_once_why_it_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("JUPYTER_SM_MAX_JOBS", "-1")
    tracking = service.TrackingService(store, Rank.SERVER)
    for _ in range(3):
        tracking.keep_tracked("local")
    assert len(caplog.records) == 1
    (view,) = (one for one in Desk(store).targets() if one.name == "local")
    assert view.health == "waiting" and "JUPYTER_SM_MAX_JOBS" in (view.reason or "")


def test_what_waits_for_an_answer_is_not_waited_for(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = FaultyTarget(home)
    answer = target.hold("ListTrainingJobs")
    tracking = Tracker(store, target, Rank.SERVER)
    tracking.start()
    try:
        wait_for(lambda: target.count("ListTrainingJobs"))
        tracking.stop(0.2)
        poller = tracking._threads[1]
        assert poller.is_alive() and poller.daemon
    finally:
        answer.set()
    wait_for(lambda: not poller.is_alive() and not tracking.is_alive)


def test_what_waits_is_sent_as_soon_as_the_target_answers(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the next attempt, which may be a minute away."""
    monkeypatch.setattr("jupyter_sm.tracking.submitter._LONGEST_WAIT", 3600.0)
    account.sim.traps.expired_token = True
    account.submit("mine")
    with account.store.write() as db:
        db.execute("UPDATE submissions SET attempts = 7")
    account.track()
    wait_for(lambda: account.known("mine").transitions[-1].message)
    row = account.store.read().execute("SELECT next_attempt_at FROM submissions").fetchone()
    wait_for(lambda: account.health().health == "waiting")
    assert row[0] > 0
    account.sim.traps.clear()
    wait_for(lambda: account.status("mine") == "InProgress")


def test_a_command_waits_less_for_who_did_not_answer_before(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen last is shown, and what comes later comes to the store all the same."""
    target = FaultyTarget(home)
    answer = target.hold("ListTrainingJobs")
    monkeypatch.setattr(service, "open_target", lambda name, folder: target)
    desk = Desk(store)
    (trouble,) = desk.catch_up(seconds=0.2)
    assert trouble.health == "stale" and "has not answered" in (trouble.reason or "")
    answer.set()
    wait_for(lambda: desk.trouble("local") is None)
    assert desk.catch_up() == []
