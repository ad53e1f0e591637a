"""The public functions and the Job handle, with the kernel itself tracking."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import jupyter_sm as sm
from jupyter_sm.notebook import session
from jupyter_sm.store import Store, leases

from kit.wait import wait_for


def test_train_returns_a_job_that_completes(script: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1,2")
    job = sm.train(script, inputs={"train": tmp_path / "data"}, hyperparameters={"epochs": 4})
    assert job.status in ("Submitting", "InProgress")
    assert job.wait(60, progress=False) is job
    assert job.status == "Completed"
    assert [record.text for record in job.logs()][-1].startswith("epoch 4/4 loss: 0.25")
    assert job.request["HyperParameters"]["epochs"] == "4"
    points = job.metrics()
    rows = points if isinstance(points, list) else points.to_dict("records")
    assert [row["value"] for row in rows if row["name"] == "loss"] == [1.0, 0.5, 0.3333, 0.25]
    assert Path(job.view.model_uri.removeprefix("file://")).stat().st_size > 0
    assert leases.is_held(session.desk().store, "local"), "without a server the kernel tracks"


def test_a_job_that_is_accepted_is_so_though_it_can_not_be_tracked_here(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: Store, target: str) -> bool:
        raise store.trouble("read", sqlite3.OperationalError("disk I/O error"))

    with monkeypatch.context() as patch:
        patch.setattr(leases, "is_held", full)
        job = sm.train(script, name="accepted")
    assert job.name == "accepted"
    assert sm.get_job("accepted").wait(60, progress=False).status == "Completed"


def test_waiting_for_a_failed_job_raises_its_explanation(script: Path) -> None:
    job = sm.train(script, hyperparameters={"fail": "no such label"})
    with pytest.raises(sm.ExplainedError) as caught:
        job.wait(60, progress=False)
    assert "ValueError: no such label" in str(caught.value)
    assert job.explanation is not None and job.explanation.category == "user-script-exception"
    assert job.wait(progress=False, check=False).status == "Failed"


def test_a_job_can_be_awaited(script: Path) -> None:
    async def main() -> str:
        return (await sm.train(script)).status

    assert asyncio.run(main()) == "Completed"


def test_an_interrupt_ends_the_waiting_and_not_the_job(script: Path) -> None:
    job = sm.train(script, hyperparameters={"epochs": 200, "pause": 0.1})
    wait_for(lambda: job.view.log_lines)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        job.wait(60, progress=False)
    assert job.status == "InProgress"
    job.stop()
    assert job.wait(60, progress=False).status == "Stopped"


def test_wait_gives_up_after_its_timeout(script: Path) -> None:
    job = sm.train(script, hyperparameters={"epochs": 100, "pause": 0.1})
    with pytest.raises(TimeoutError, match="is still"):
        job.wait(0.3, progress=False)
    job.stop()


def test_logs_can_be_followed_to_the_end(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = sm.train(script, hyperparameters={"epochs": 5, "pause": 0.05})
    job.logs(follow=True)
    assert capsys.readouterr().out.count("epoch") == 5


def test_a_full_request_is_submitted_as_it_is(script: Path) -> None:
    first = sm.train(script)
    first.wait(60, progress=False)
    request = first.request
    request["TrainingJobName"] = "again"
    job = sm.submit({k: v for k, v in request.items() if k != "Tags"})
    assert job.wait(60, progress=False).status == "Completed"
    assert [j.name for j in sm.list_jobs()] == ["again", first.name]


def test_a_name_taken_on_the_target_only_becomes_a_refusal(script: Path, home: Path) -> None:
    """The store was lost, the target was not: Create's refusal is explained on the job."""
    sm.train(script, name="taken").wait(60, progress=False)
    request = sm.get_job("taken").request
    with session.desk().store.write() as db:
        db.execute("DELETE FROM jobs")
    job = sm.submit({k: v for k, v in request.items() if k != "Tags"})
    with pytest.raises(sm.ExplainedError, match="already exists"):
        job.wait(60, progress=False)
    assert job.status == "Rejected"
    assert job.explanation is not None and job.explanation.category == "duplicate-name"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda s: sm.train("/no/such/script.py"), "There is no script"),
        (lambda s: sm.train(s, inputs={"train": "/no/data"}), "There is nothing at '/no/data'"),
        (lambda s: sm.train(s, name="a b"), "not legal"),
        (lambda s: sm.train(s, gpus=3), "gpus"),
        (lambda s: sm.train(s, target="mars"), "no target 'mars'"),
        (lambda s: sm.train(s, hyperparameters={"f": {1, 2}}), "can't be sent"),
        (lambda s: sm.train(s, instance_count=0), "InstanceCount"),
        (lambda s: sm.train(s, dependencies=[s]), "the source has another 'train.py'"),
        (lambda s: sm.train(s, dependencies=str(s)), "dependencies"),
        (lambda s: sm.train(s.parent), "entry_point"),
        (lambda s: sm.submit({"TrainingJobName": "x"}), "RoleArn: is missing"),
        (lambda s: sm.get_job("nobody"), "no job named 'nobody'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(script: Path, make, says: str) -> None:
    with pytest.raises(sm.ExplainedError) as caught:
        make(script)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sm.list_jobs() == []


def test_a_syntax_error_is_said_with_its_line(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("x = 1\ny = = 2\n")
    with pytest.raises(sm.ExplainedError, match=r"broken\.py line 2"):
        sm.train(script)


def test_a_name_already_used_is_said_at_once(script: Path) -> None:
    sm.train(script, name="same")
    with pytest.raises(sm.ExplainedError, match="already exists"):
        sm.train(script, name="same")


def test_the_card_holds_a_key_a_snapshot_and_escaped_text(script: Path) -> None:
    job = sm.train(script, name="card")
    bundle = job._repr_mimebundle_()
    card = bundle["application/vnd.jupyter-sm.job+json"]
    assert (card["target"], card["kind"], card["name"]) == ("local", "training", "card")
    json.dumps(bundle)
    assert "<script" not in bundle["text/html"] and "card" in bundle["text/html"]
    assert bundle["text/plain"].splitlines()[0].endswith("Submitting")
    job.wait(60, progress=False)


def test_the_card_shows_the_jobs_notes(script: Path) -> None:
    job = sm.train(script, instance="ml.m5.huge", name="noted")
    bundle = job._repr_mimebundle_()
    note = "'ml.m5.huge' is not among the"
    assert note in bundle["text/plain"].splitlines()[2]
    assert note.replace("'", "&#x27;") in bundle["text/html"]


def test_html_in_a_failure_is_escaped_in_the_static_card(tmp_path: Path) -> None:
    script = tmp_path / "evil.py"
    script.write_text("raise ValueError('<img src=x onerror=alert(1)>')")
    job = sm.train(script)
    job.wait(60, check=False, progress=False)
    assert "<img" not in job._repr_mimebundle_()["text/html"]


def test_a_server_does_not_wait_for_what_its_trackers_need() -> None:
    code = (
        "import sys, jupyter_sm.server.app; heavy = {'botocore', 'jupyter_sm.logs.parser',"
        " 'jupyter_sm.diagnosis.rules', 'jupyter_sm.tracking.tracker'};"
        " print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, jupyter_sm; heavy = {'boto3', 'botocore', 'tornado', 'pandas', 'ipywidgets',"
        " 'sqlite3', 'IPython', 'jupyter_server'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
