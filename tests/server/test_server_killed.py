"""A server killed at any step of a submission neither loses nor doubles a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import JobKey, TrainingSpec
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store import open_store
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.targets import open_target

from kit.real_server import KILL, RealServer
from kit.wait import wait_for

# Says in a file that it ran, so that a second run of the same job can't hide.
SCRIPT = """
import os, time
with open(os.environ["RAN"], "a") as file:
    file.write("once\\n")
for n in range(40):
    print(f"line {n}", flush=True)
    time.sleep(0.02)
"""

TABLE = "jupyter_sm.store.submissions"
ENGINE = "jupyter_sm.targets.local.api.jobs"
SCHEDULER = "jupyter_sm.targets.local.runner.scheduler"
STEPS = [
    (TABLE, "", "mark_calling", "before"),
    (TABLE, "", "mark_calling", "after"),
    (ENGINE, "Jobs", "create", "before"),
    (ENGINE, "Layout", "touch", "before"),  # the job's folder stands, nothing else is done
    (SCHEDULER, "processes", "spawn_detached", "before"),
    (SCHEDULER, "processes", "spawn_detached", "after"),
    (TABLE, "", "mark_done", "before"),
    (TABLE, "", "mark_done", "after"),
    ("jupyter_sm.store.jobs", "", "save_described", "before"),
    ("jupyter_sm.store.jobs", "", "save_described", "after"),
    ("jupyter_sm.store.logs.streams", "", "append", "before"),
    ("jupyter_sm.store.logs.streams", "", "append", "after"),
    ("jupyter_sm.store.logs.streams", "", "close", "before"),
]


@pytest.mark.parametrize(("module", "owner", "function", "when"), STEPS)
def test_a_kill_loses_and_doubles_nothing(
    tmp_path: Path, home: Path, module: str, owner: str, function: str, when: str
) -> None:
    script = tmp_path / "once.py"
    script.write_text(SCRIPT)
    ran = tmp_path / "ran.txt"
    store = open_store(home)
    kill = KILL.format(module=module, owner=owner, function=function, when=when)
    with RealServer(home, config=kill) as doomed:
        spec = TrainingSpec(str(script), environment={"RAN": str(ran)})
        name = submit_spec(store, spec).name
        doomed.wait_until_killed()
    with RealServer(home):
        wait_for(lambda: jobs_table.find(store, name)[0].is_over)
        wait_for(lambda: LogPages(store).page(JobKey("local", "training", name)).total >= 40)
    jobs, total = jobs_table.listed(store)
    assert total == 1
    # A spawn cut off by the kill took the supervisor's start along with it or not; either
    # way the job ran at most once and came to its end.
    assert jobs[0].status == "Completed", jobs[0].failure_reason
    assert ran.read_text() == "once\n"
    engine = open_target("local", home).client("sagemaker")
    assert len(engine.list_training_jobs()["TrainingJobSummaries"]) == 1
    page = LogPages(store).page(JobKey("local", "training", name))
    assert [record.text for record in page.records] == [f"line {n}" for n in range(40)]
    store.close()


def test_a_job_outlives_its_server_and_the_next_one_has_its_whole_log(
    tmp_path: Path, home: Path
) -> None:
    script = tmp_path / "long.py"
    script.write_text(SCRIPT.replace("range(40)", "range(150)"))
    store = open_store(home)
    key = JobKey("local", "training", "outlives")
    with RealServer(home) as first:
        spec = TrainingSpec(str(script), environment={"RAN": str(tmp_path / "ran.txt")})
        submit_spec(store, spec, name="outlives")
        wait_for(lambda: LogPages(store).page(key).total > 10)
        first.kill()
        with RealServer(home, port=first.port) as second:
            wait_for(second.is_up)
            wait_for(
                lambda: (
                    second.get("jupyter-sm/api/jobs/local/training/outlives")["phase"] == "ended"
                )
            )
            wait_for(lambda: LogPages(store).page(key).total >= 150)
    page = LogPages(store).page(key)
    assert [record.text for record in page.records] == [f"line {n}" for n in range(150)]
    store.close()


def test_two_servers_on_one_store_make_one_poller(tmp_path: Path, home: Path) -> None:
    script = tmp_path / "once.py"
    script.write_text(SCRIPT)
    store = open_store(home)
    with RealServer(home) as one, RealServer(home) as two:
        wait_for(one.is_up)
        wait_for(two.is_up)
        names = [
            submit_spec(
                store, TrainingSpec(str(script), environment={"RAN": str(tmp_path / "r")})
            ).name
            for _ in range(6)
        ]
        wait_for(lambda: all(job.is_over for job in jobs_table.listed(store)[0]), 60)
        wait_for(lambda: all(job.log_lines == 40 for job in jobs_table.listed(store)[0]))
        holders = store.read().execute("SELECT COUNT(*) FROM leases").fetchone()[0]
        assert holders == 1
        assert (
            two.get("jupyter-sm/api/jobs")["total"] == one.get("jupyter-sm/api/jobs")["total"] == 6
        )
    assert (tmp_path / "r").read_text() == "once\n" * 6
    assert len(set(names)) == 6
    store.close()


def test_a_server_ends_cleanly_on_a_signal(home: Path) -> None:
    server = RealServer(home)
    wait_for(server.is_up)
    assert server.stop() == 0
    log = (home / "server.log").read_text()
    assert "Traceback" not in log
    store = open_store(home)
    assert store.read().execute("SELECT COUNT(*) FROM leases").fetchone()[0] == 0
    store.close()
