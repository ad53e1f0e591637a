"""A Studio space's idle rule, asked of Studio's own monitor: looking is no use, a local job is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_sm.desk import space
from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import Store, jobs, stops
from jupyter_sm.targets.settings import SettingsError, keeps_space_alive

from kit.real_server import RealServer
from kit.wait import wait_for

MONITORED = """
c.ServerApp.jpserver_extensions["jupyter_activity_monitor_extension"] = True
c.ServerApp.jpserver_extensions["jupyter_server_terminals"] = True
"""
ENDLESS = "import time\nwhile True:\n    print('still here', flush=True)\n    time.sleep(0.05)\n"


@pytest.fixture(autouse=True)
def timestamp() -> Iterator[None]:
    """Studio's file for the time of the last activity, which is the machine's."""
    space._FILE.unlink(missing_ok=True)
    yield
    space._FILE.unlink(missing_ok=True)


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.py"
    path.write_text(ENDLESS)
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
    home: Path, store: Store, endless: Path
) -> None:
    (home / "config.toml").write_text("[space]\nkeep_alive = false\n")
    with RealServer(home, config=MONITORED) as server:
        wait_for(server.is_up, 90)
        before = last_active(server)
        key = submit_spec(store, TrainingSpec(str(endless)), name="endless").key
        wait_for(lambda: jobs.get(store, key).log_lines > 20)
        look(server)
        assert last_active(server) == before
        assert not space._FILE.exists()
        stops.request_stop(store, key)
        wait_for(lambda: jobs.get(store, key).is_over)
        look(server)
        assert last_active(server) == before


def test_a_local_job_keeps_its_space_in_use(home: Path, store: Store, endless: Path) -> None:
    with RealServer(home, config=MONITORED) as server:
        wait_for(server.is_up, 90)
        before = last_active(server)
        key = submit_spec(store, TrainingSpec(str(endless)), name="endless").key
        wait_for(lambda: last_active(server) > before)
        stops.request_stop(store, key)
        wait_for(lambda: jobs.get(store, key).is_over)


def test_it_is_told_once_a_minute_and_only_while_a_job_runs(
    store: Store, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = space.Space(store)
    mine.tell()
    assert not space._FILE.exists(), "nothing runs"
    submit_spec(store, TrainingSpec(str(script)), name="runs")
    mine.tell()
    space._FILE.unlink()
    mine.tell()
    assert not space._FILE.exists(), "told a moment ago"
    monkeypatch.setattr(space, "_EACH_SECONDS", 0.0)
    mine.tell()
    assert space._FILE.exists()


def test_a_setting_that_is_no_answer_is_refused_in_a_sentence(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[space]\nkeep_alive = 'perhaps'\n")
    with pytest.raises(SettingsError, match="must be true or false"):
        keeps_space_alive(home)
