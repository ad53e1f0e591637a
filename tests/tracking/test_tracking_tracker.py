"""The tracker: the store follows the target, whatever others do there and whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.desk.targets import shown as targets_shown
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.logs import LogParser
from jupyter_sm.store import JobView, Store, changes, leases, stops, wanted
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.leases import Rank
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.tracking import service
from jupyter_sm.tracking import tracker as tracker_module
from jupyter_sm.tracking.service import ensure_tracked
from jupyter_sm.tracking.tracker import Tracker

from kit.tracking_faults import FaultyTarget, api_error, create_directly, no_connection
from kit.wait import wait_for

LONG = "import time; time.sleep(600)"


@pytest.fixture
def target(home: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyTarget:
    monkeypatch.setenv("JUPYTER_SM_STOP_GRACE", "0.5")
    monkeypatch.setenv("JUPYTER_SM_MAX_JOBS", "4")
    monkeypatch.setattr(tracker_module, "_BACK_OFF_SECONDS", (0.1,))
    return FaultyTarget(home)


@pytest.fixture
def tracker(store: Store, target: FaultyTarget) -> Iterator[Tracker]:
    made = Tracker(store, target, Rank.SERVER)
    made.start()
    yield made
    target.heal()
    for job in jobs_table.listed(store)[0]:
        stops.request_stop(store, JobKey("local", job.kind, job.name))
    wait_for(lambda: not stops.to_stop(store, "local"))
    made.stop()


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.py"
    path.write_text(LONG)
    return path


def job(store: Store, name: str) -> JobView | None:
    return jobs_table.get(store, JobKey("local", "training", name))


def status(store: Store, name: str) -> str | None:
    found = job(store, name)
    return found.status if found else None


def health(store: Store) -> tuple[str, str | None]:
    (view,) = targets_shown(store)
    return view.health, view.reason


def test_jobs_that_others_created_appear_by_themselves(store, target, tracker, script) -> None:
    create_directly(target, store, script, "others", hyperparameters={"epochs": 2})
    wait_for(lambda: status(store, "others") == "Completed")
    found = job(store, "others")
    assert (found.submission_id, found.script) == (None, "train.py")
    assert found.instance_type == "ml.m5.large"
    assert [t.status for t in found.transitions][-1] == "Completed"
    assert "Submitting" not in [t.status for t in found.transitions]
    wait_for(lambda: LogPages(store).page(JobKey("local", "training", "others")).total == 2)
    request = jobs_table.request_of(store, JobKey("local", "training", "others"))
    assert request["HyperParameters"]["epochs"] == "2"
    assert ("job", "others") in {(c.topic, c.name) for c in changes.since(store, 0).changes}


def test_more_jobs_than_a_page_of_the_list_appear(store, target, script, monkeypatch) -> None:
    real = target.real.client("sagemaker").list_training_jobs
    monkeypatch.setattr(
        target.real.client("sagemaker"),
        "list_training_jobs",
        lambda **request: real(**{**request, "MaxResults": 2}),
    )
    for n in range(5):
        create_directly(target, store, script, f"many-{n}")
    Tracker(store, target, Rank.SERVER).tick()
    assert {v.name for v in jobs_table.listed(store)[0]} == {f"many-{n}" for n in range(5)}


def test_a_long_list_delays_no_submission_and_no_stop(store, target, tracker, long) -> None:
    wait_for(lambda: health(store) == ("ready", None))
    go_on = target.hold("ListTrainingJobs")
    asked = target.count("ListTrainingJobs")
    wait_for(lambda: target.count("ListTrainingJobs") > asked)
    submit_spec(store, TrainingSpec(str(long)), name="meanwhile")
    wait_for(lambda: "meanwhile" in target.jobs())
    wait_for(lambda: stops.request_stop(store, JobKey("local", "training", "meanwhile")))
    wait_for(lambda: target.count("StopTrainingJob") == 1)
    create_directly(target, store, long, "of-others")
    wanted.ask(store, JobKey("local", "training", "of-others"))
    wait_for(lambda: job(store, "of-others"))
    go_on.set()
    wait_for(lambda: status(store, "meanwhile") == "Stopped")


def test_stops_do_not_wait_for_all_submissions(store, target, long) -> None:
    """Paced calls of one kind leave time for those of another."""
    create_directly(target, store, long, "running")
    made = Tracker(store, target, Rank.SERVER)
    made.tick()
    for n in range(3):
        submit_spec(store, TrainingSpec(str(long)), name=f"waiting-{n}")
    stops.request_stop(store, JobKey("local", "training", "running"))
    target.calls.clear()
    made.act()
    called = [one for one in target.calls if one in ("CreateTrainingJob", "StopTrainingJob")]
    assert called == ["StopTrainingJob", *["CreateTrainingJob"] * 3]
    for n in range(3):
        stops.request_stop(store, JobKey("local", "training", f"waiting-{n}"))
    while made.act():
        pass
    assert target.count("StopTrainingJob") == 4


def test_a_log_that_fails_keeps_no_other_from_being_read(
    store, target, tracker, script, tmp_path, monkeypatch
) -> None:
    real = LogParser.feed

    def feed(self: LogParser, timestamp_ms: int, stream: str, message: str) -> Any:
        if "odd" in message:
            raise RecursionError("too deep")
        return real(self, timestamp_ms, stream, message)

    monkeypatch.setattr(LogParser, "feed", feed)
    (tmp_path / "odd.py").write_text("print('odd')")
    submit_spec(store, TrainingSpec(str(tmp_path / "odd.py")), name="a-odd")
    submit_spec(store, TrainingSpec(str(script)), name="z-even")
    wait_for(lambda: job(store, "a-odd").log_note)
    assert "jupyter_sm failed (RecursionError: too deep)" in job(store, "a-odd").log_note
    key = JobKey("local", "training", "z-even")
    wait_for(lambda: LogPages(store).page(key).total == 3)
    wait_for(lambda: status(store, "a-odd") == "Completed")
    # Once it can be read, all of it is there, and nothing is told any more.
    monkeypatch.setattr(LogParser, "feed", real)
    tracker._tailer._aside._until = dict.fromkeys(tracker._tailer._aside._until, 0.0)
    wait_for(lambda: job(store, "a-odd").log_note is None)
    assert LogPages(store).page(JobKey("local", "training", "a-odd")).records[0].text == "odd"


def test_an_unreachable_target_is_stale_with_its_reason_and_recovers(
    store, target, tracker, long, script
) -> None:
    submit_spec(store, TrainingSpec(str(long)), name="running")
    wait_for(lambda: job(store, "running").secondary_status == "Training")
    wait_for(lambda: health(store) == ("ready", None))
    seq = changes.last(store)
    target.fail("*", no_connection())
    wait_for(lambda: health(store)[0] == "stale")
    assert "http://local.invalid" in health(store)[1] and "\n" not in health(store)[1]
    assert status(store, "running") == "InProgress", "no news is no news"
    assert "target" in {c.topic for c in changes.since(store, seq).changes}
    submit_spec(store, TrainingSpec(str(script)), name="meanwhile")
    wait_for(lambda: target.count("CreateTrainingJob") >= 1)
    target.heal()
    wait_for(lambda: health(store) == ("ready", None))
    assert status(store, "running") == "InProgress"
    wait_for(lambda: status(store, "meanwhile") == "Completed", 60)
    assert tracker.is_alive


def test_words_the_model_does_not_know_pass_through(store, target, tracker, long, monkeypatch):
    client = target.real.client("sagemaker")
    real = client.describe_training_job

    def describe(**request: Any) -> dict[str, Any]:
        answer = real(**request)
        return {**answer, "TrainingJobStatus": "Pondering", "SecondaryStatus": "DeepThought"}

    monkeypatch.setattr(client, "describe_training_job", describe)
    create_directly(target, store, long, "odd")
    wait_for(lambda: status(store, "odd") == "Pondering")
    found = job(store, "odd")
    assert (found.secondary_status, found.is_over, found.ended_at) == ("DeepThought", False, None)
    assert health(store)[0] == "ready"


def test_a_job_deleted_between_list_and_describe_does_no_harm(
    store, target, tracker, script, monkeypatch
) -> None:
    client = target.real.client("sagemaker")
    real = client.list_training_jobs

    def list_then_delete(**request: Any) -> dict[str, Any]:
        answer = real(**request)
        for row in answer["TrainingJobSummaries"]:
            if row["TrainingJobName"] == "gone" and row["TrainingJobStatus"] == "Completed":
                client.delete_training_job(TrainingJobName="gone")
        return answer

    monkeypatch.setattr(client, "list_training_jobs", list_then_delete)
    create_directly(target, store, script, "gone")
    wait_for(lambda: "gone" not in target.jobs())
    create_directly(target, store, script, "stays")
    wait_for(lambda: status(store, "stays") == "Completed")
    assert health(store) == ("ready", None)


def test_a_job_that_left_no_model_says_so_in_a_note(store, target, tracker, tmp_path) -> None:
    (tmp_path / "train.py").write_text("print('no model')")
    create_directly(target, store, tmp_path / "train.py", "empty")
    wait_for(lambda: status(store, "empty") == "Completed", 30)
    assert ["left no model" in note for note in job(store, "empty").notes] == [True]


def test_a_job_with_a_model_has_no_such_note(store, target, tracker, script) -> None:
    create_directly(target, store, script, "full")
    wait_for(lambda: status(store, "full") == "Completed", 30)
    assert job(store, "full").notes == []


def test_a_stop_is_passed_on(store, target, tracker, long) -> None:
    submit_spec(store, TrainingSpec(str(long)), name="stopped")
    wait_for(lambda: job(store, "stopped").secondary_status == "Training")
    assert stops.request_stop(store, JobKey("local", "training", "stopped"))
    assert job(store, "stopped").stop_requested
    assert not stops.request_stop(store, JobKey("local", "training", "stopped"))
    wait_for(lambda: status(store, "stopped") == "Stopped")
    assert not job(store, "stopped").stop_requested
    assert target.count("StopTrainingJob") == 1
    assert not stops.request_stop(store, JobKey("local", "training", "stopped"))


def test_what_was_not_sent_is_withdrawn_meanwhile(store, target, script, monkeypatch) -> None:
    monkeypatch.setattr(tracker_module, "_BACK_OFF_SECONDS", (600,))
    monkeypatch.setattr(tracker_module, "_ASK_SECONDS", 0.05)
    target.fail("*", no_connection())
    wanted.ask(store, JobKey("local", "training", "theirs"))
    submit_spec(store, TrainingSpec(str(script)), name="mine")
    tracker = Tracker(store, target, Rank.SERVER)
    tracker.start()
    wait_for(lambda: target.count("DescribeTrainingJob"))
    assert stops.request_stop(store, JobKey("local", "training", "mine"))
    wait_for(lambda: status(store, "mine") == "Stopped")
    tracker.stop()
    assert target.count("CreateTrainingJob") == 0


def test_a_stop_for_a_job_that_is_gone_is_dropped(store, target, tracker, long) -> None:
    target.fail("StopTrainingJob", api_error("ValidationException", message="not found"))
    create_directly(target, store, long, "ended")
    wait_for(lambda: status(store, "ended") == "InProgress")
    stops.request_stop(store, JobKey("local", "training", "ended"))
    wait_for(lambda: not job(store, "ended").stop_requested)
    assert health(store)[0] == "ready"


def test_a_stop_that_is_refused_does_not_keep_other_jobs_from_being_tracked(
    store, target, tracker, long, script
) -> None:
    create_directly(target, store, long, "protected")
    wait_for(lambda: status(store, "protected") == "InProgress")
    target.fail("StopTrainingJob", api_error("AccessDeniedException", message="you may not stop"))
    stops.request_stop(store, JobKey("local", "training", "protected"))
    wait_for(lambda: target.count("StopTrainingJob"))
    create_directly(target, store, script, "another")
    wait_for(lambda: status(store, "another") == "Completed", 10)


def test_a_log_that_can_not_be_read_does_not_keep_other_jobs_from_being_tracked(
    store, target, tracker, script
) -> None:
    target.fail("GetLogEvents", api_error("InvalidParameterException"), name="unreadable/")
    create_directly(target, store, script, "unreadable")
    create_directly(target, store, script, "readable")
    wait_for(lambda: status(store, "unreadable") == "Completed", 10)
    wait_for(lambda: LogPages(store).page(JobKey("local", "training", "readable")).total == 3, 10)


def test_a_refused_submission_stays_refused_when_the_other_s_job_moves_on(
    store, target, script, tmp_path
) -> None:
    """The name was another's: what becomes of that job is not what became of ours."""
    go = tmp_path / "go"
    waiting = tmp_path / "waiting.py"
    waiting.write_text(
        "import sys, time, pathlib\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)\n"
    )
    ours = submit_spec(store, TrainingSpec(str(script)), name="taken")
    create_directly(target, store, waiting, "taken")
    made = Tracker(store, target, Rank.SERVER)
    made.tick()
    go.touch()
    client = target.real.client("sagemaker")
    wait_for(
        lambda: (
            client.describe_training_job(TrainingJobName="taken")["TrainingJobStatus"]
            == "Completed"
        )
    )
    made.tick()
    found = job(store, "taken")
    assert found.submission_id == ours.submission_id
    assert (found.status, found.is_over) == ("Rejected", True)
    assert found.explanation is not None and found.explanation.category == "duplicate-name"


def test_output_that_is_no_utf8_is_read_all_the_same(store, target, tracker, tmp_path) -> None:
    script = tmp_path / "bytes.py"
    script.write_text(
        "import os, sys\n"
        "sys.stdout.buffer.write(b'latin: gr\\xfc\\xdfe\\nhalf: \\xed\\xa0\\xbd\\nnul: \\0\\nok\\n')\n"
        "sys.stdout.flush()\n"
        "open(os.environ['SM_OUTPUT_DIR'] + '/failure', 'wb').write(b'why: \\xff\\xed\\xa0\\xbd')\n"
        "sys.exit(1)\n"
    )
    submit_spec(store, TrainingSpec(str(script)), name="bytes")
    wait_for(lambda: status(store, "bytes") == "Failed", 20)
    key = JobKey("local", "training", "bytes")
    wait_for(lambda: "ok" in [r.text for r in LogPages(store).page(key).records], 20)
    assert "why:" in job(store, "bytes").failure_reason
    assert health(store)[0] == "ready"


def test_a_store_that_can_not_be_written_for_a_while_does_not_end_the_tracker(
    store, target, tracker, script
) -> None:
    wait_for(lambda: leases.is_held(store, "local"))
    with store.write() as db:
        db.execute("ALTER TABLE leases RENAME TO leases_away")
        db.execute("ALTER TABLE targets RENAME TO targets_away")
        db.execute("ALTER TABLE jobs RENAME TO jobs_away")
    create_directly(target, store, script, "later")
    wait_for(lambda: target.jobs() == ["later"])
    threading.Event().wait(0.5)
    with store.write() as db:
        for table in ("leases", "targets", "jobs"):
            db.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
    wait_for(lambda: status(store, "later") == "Completed")
    assert tracker.is_alive


def test_an_untracked_target_says_so(store, target) -> None:
    assert health(store)[0] == "untracked"
    made = Tracker(store, target, Rank.SERVER)
    made.start()
    wait_for(lambda: health(store)[0] == "ready")
    made.stop()
    assert health(store)[0] == "untracked" and not made.is_alive


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "jupyter_sm tracker local"]


def test_ensure_tracked_starts_one_tracker_only(store, home, script) -> None:
    start = threading.Barrier(8)

    def ensure() -> None:
        start.wait()
        ensure_tracked(store, "local")

    asking = [threading.Thread(target=ensure) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(threads()) == 1 and len(service._in_kernel) == 1
    wait_for(lambda: leases.is_held(store, "local"))
    ensure_tracked(store, "local")
    assert len(threads()) == 1
    submit_spec(store, TrainingSpec(str(script)), name="tracked")
    wait_for(lambda: status(store, "tracked") == "Completed")


def test_ensure_tracked_starts_none_while_a_server_tracks(store, tracked) -> None:
    wait_for(lambda: leases.is_held(store, "local"))
    ensure_tracked(store, "local")
    assert len(threads()) == 1 and not service._in_kernel


def test_ensure_tracked_starts_another_when_its_own_ended(store) -> None:
    ensure_tracked(store, "local")
    (first,) = service._in_kernel.values()
    first.stop()
    assert threads() == []
    ensure_tracked(store, "local")
    assert len(threads()) == 1
