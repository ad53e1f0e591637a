"""What we leave on the disk is tidied by whoever tracks, and told on the job."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.store import JobView, Store, jobs
from jupyter_sm.store.leases import Rank
from jupyter_sm.targets import open_target
from jupyter_sm.targets.paths import path_of
from jupyter_sm.tracking import tidying as tidying_module
from jupyter_sm.tracking.tidying import Tidying
from jupyter_sm.tracking.tracker import Tracker

from kit.wait import wait_for


def job(store: Store, name: str) -> JobView:
    found = jobs.get(store, JobKey("local", "training", name))
    assert found is not None
    return found


def test_a_job_tells_that_its_folder_went(store: Store, script: Path) -> None:
    (store.folder / "config.toml").write_text("[local]\nlimit_jobs = 1\n")
    tracker = Tracker(store, open_target("local", store.folder), Rank.SERVER)
    for name in ("one", "two"):
        submit_spec(store, TrainingSpec(str(script)), name=name)
        wait_for(lambda name=name: tracker.tick() or job(store, name).status == "Completed")
    tidying = Tidying(store, lambda: [tracker])
    tidying.tidy()
    (note,) = [note for note in job(store, "one").notes if "limit_jobs" in note]
    assert note.startswith("The job's folder on this machine was removed")
    assert job(store, "one").status == "Completed"
    assert not [note for note in job(store, "two").notes if "limit_jobs" in note]
    tidying.tidy()
    assert job(store, "one").notes.count(note) == 1
    tracker.stop()


def archive(store: Store, name: str) -> Path:
    """Where a job's source is packed."""
    request = jobs.request_of(store, JobKey("local", "training", name)) or {}
    return path_of(json.loads(request["HyperParameters"]["sagemaker_submit_directory"]))


def test_sources_go_that_no_job_needs_any_more(store: Store, tmp_path: Path) -> None:
    (store.folder / "config.toml").write_text("[store]\nsources_limit_mb = 1\n")
    cell = store.folder / "cells" / "0123456789abcdef" / "train.py"
    cell.parent.mkdir(parents=True)
    cell.touch()
    for name in ("needed", "old", "new"):
        path = tmp_path / f"{name}.py"
        path.write_text(f"x = {os.urandom(600_000).hex()!r}\n")
        submit_spec(store, TrainingSpec(str(path)), name=name)
    with store.write() as db:
        db.execute("UPDATE jobs SET phase = 'ended' WHERE name != 'needed'")
    for file in (cell, archive(store, "old"), archive(store, "needed")):
        os.utime(file, (1_000_000, 1_000_000))
    Tidying(store, list).tidy()
    assert [archive(store, name).exists() for name in ("needed", "old", "new")] == [
        True,
        False,
        True,
    ]
    assert not cell.exists()
    # Packed again, it counts as new.
    os.utime(archive(store, "new"), (1_000_000, 1_000_000))
    submit_spec(store, TrainingSpec(str(tmp_path / "new.py")), name="again")
    Tidying(store, list).tidy()
    assert archive(store, "again") == archive(store, "new") and archive(store, "new").exists()


def test_settings_that_are_wrong_are_told_once(
    store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying_module, "_EVERY_SECONDS", 0.01)
    (store.folder / "config.toml").write_text("[local]\nlimit_gb = -1\n")
    tracker = Tracker(store, open_target("local", store.folder), Rank.SERVER)
    assert tracker._may_go_on()  # it has the lease
    looks: list[Tracker] = []
    tidying = Tidying(store, lambda: looks.append(tracker) or [tracker])
    tidying.begin()
    wait_for(lambda: len(looks) > 3)
    tidying.end(time.monotonic() + 10)
    assert len([r for r in caplog.records if "limit_gb in [local]" in r.message]) == 1
    tracker.stop()
