"""A Studio space's idle rule, asked of Studio's own monitor: looking is no use, a local job is."""

from __future__ import annotations

from inspect import signature
from pathlib import Path

import pytest

from jupyter_sm.desk import space
from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import Store, jobs, stops
from jupyter_sm.targets.settings import SettingsError, keeps_space_alive

from kit.real_server import RealServer
from kit.wait import wait_for

FILE = space._FILE

# The monitor's file is the whole machine's, where others run tests too; here each test has its own.
MONITORED = """
c.ServerApp.jpserver_extensions["jupyter_activity_monitor_extension"] = True
c.ServerApp.jpserver_extensions["jupyter_server_terminals"] = True
from pathlib import Path
from jupyter_activity_monitor_extension.idle_status_detector import LocalFileActiveTimestampChecker
from jupyter_sm.desk import space
space._FILE = Path("{file}")
LocalFileActiveTimestampChecker.read_last_active_timestamp.__defaults__ = ("{file}",)
"""
LONG = "import time\nfor _ in range(2_000):\n    print('here', flush=True)\n    time.sleep(0.05)\n"


@pytest.fixture(autouse=True)
def timestamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file for the time of the last activity."""
    path = tmp_path / "last-active"
    monkeypatch.setattr(space, "_FILE", path)
    return path


@pytest.mark.filterwarnings("ignore:@json_errors is deprecated:DeprecationWarning")
def test_the_file_is_the_monitor_s() -> None:
    from jupyter_activity_monitor_extension.idle_status_detector import (
        LocalFileActiveTimestampChecker,
    )

    told = signature(LocalFileActiveTimestampChecker.read_last_active_timestamp)
    assert Path(told.parameters["path"].default) == FILE


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.py"
    path.write_text(LONG)
    return path


def last_active(server: RealServer) -> str:
    return server.get("api/idle")["lastActiveTimestamp"]


def look(server: RealServer) -> None:
    """All that a panel, a card and an open job ask again and again."""
    job = "jupyter-sm/api/jobs/local/training/endless"
    for path in ("jupyter-sm/api/targets", "jupyter-sm/api/jobs", job, f"{job}/logs"):
        server.get(path)
    server.get("jupyter-sm/api/changes?since=0")


def test_looking_at_a_job_does_not_move_the_last_activity(
    home: Path, store: Store, endless: Path, timestamp: Path
) -> None:
    (home / "config.toml").write_text("[space]\nkeep_alive = false\n")
    with RealServer(home, config=MONITORED.format(file=timestamp)) as server:
        wait_for(server.is_up, 90)
        before = last_active(server)
        key = submit_spec(store, TrainingSpec(str(endless)), name="endless").key
        wait_for(lambda: jobs.get(store, key).log_lines > 20)
        look(server)
        assert last_active(server) == before
        assert not timestamp.exists()
        stops.request_stop(store, key)
        wait_for(lambda: jobs.get(store, key).is_over)
        look(server)
        assert last_active(server) == before


def test_a_local_job_keeps_its_space_in_use(
    home: Path, store: Store, endless: Path, timestamp: Path
) -> None:
    with RealServer(home, config=MONITORED.format(file=timestamp)) as server:
        wait_for(server.is_up, 90)
        before = last_active(server)
        key = submit_spec(store, TrainingSpec(str(endless)), name="endless").key
        wait_for(lambda: last_active(server) > before)
        stops.request_stop(store, key)
        wait_for(lambda: jobs.get(store, key).is_over)


def test_it_is_told_once_a_minute_and_only_while_a_job_runs(
    store: Store, script: Path, timestamp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = space.Space(store)
    mine.tell()
    assert not timestamp.exists(), "nothing runs"
    submit_spec(store, TrainingSpec(str(script)), name="runs")
    mine.tell()
    timestamp.unlink()
    mine.tell()
    assert not timestamp.exists(), "told a moment ago"
    monkeypatch.setattr(space, "_EACH_SECONDS", 0.0)
    mine.tell()
    assert timestamp.exists()


def test_a_setting_that_is_no_answer_is_refused_in_a_sentence(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[space]\nkeep_alive = 'perhaps'\n")
    with pytest.raises(SettingsError, match="must be true or false"):
        keeps_space_alive(home)
