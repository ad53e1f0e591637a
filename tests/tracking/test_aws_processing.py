"""Processing jobs of an AWS account: seen, logged, explained, submitted and stopped."""

from __future__ import annotations

from typing import Any

from jupyter_sm.desk.submit import submit_request
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import JobView, stops
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.logs.pages import LogPages

from kit.aws_account import ENDLESS, SHORT, TARGET, Account
from kit.simulator import Scenario
from kit.simulator.processing import default_request
from kit.wait import wait_for

FAILING = Scenario(
    starting=1,
    downloading=1,
    training=4,
    uploading=1,
    outcome="Failed",
    failure_reason="AlgorithmError: See job logs for more information",
    lines=["reading rows"],
    last_lines=["Traceback (most recent call last):", "ValueError: no column 'label'"],
)


def key(name: str) -> JobKey:
    return JobKey(TARGET, "processing", name)


def job(account: Account, name: str) -> JobView | None:
    return jobs_table.get(account.store, key(name))


def status(account: Account, name: str) -> str:
    found = job(account, name)
    return found.status if found else ""


def request(name: str, **members: Any) -> dict[str, Any]:
    role = "arn:aws:iam::123456789012:role/SimulatedRole"
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/processing:latest"
    return {**default_request(name, role, image), **members}


def test_jobs_that_others_started_are_seen_past_ones_too(account: Account) -> None:
    now = account.sim.clock.now()
    account.sim.add_job("past", kind="processing", scenario=SHORT, created=now - 9 * 86_400)
    account.sim.add_job("now", kind="processing", scenario=ENDLESS)
    account.sim.add_job("now", scenario=ENDLESS)  # a training job of the same name
    account.track()
    wait_for(lambda: status(account, "past") == "Completed")
    wait_for(lambda: status(account, "now") == "InProgress")
    wait_for(lambda: account.status("now") == "InProgress")
    # Search does not know the kind: its past is read by List.
    assert account.sim.count("ListProcessingJobs") > 0


def test_a_failed_job_is_logged_and_explained_by_its_traceback(account: Account) -> None:
    account.sim.clock.speed = 20
    account.sim.add_job("bad", kind="processing", scenario=FAILING)
    account.track()
    wait_for(lambda: job(account, "bad"))
    jobs_table.watch(account.store, key("bad"))
    wait_for(lambda: "no column 'label'" in str(job(account, "bad").explanation))
    texts = [record.text for record in LogPages(account.store).page(key("bad")).records]
    assert texts[0] == "reading rows"


def test_a_request_is_submitted_once_and_stopped(account: Account) -> None:
    account.sim.scenario("mine", ENDLESS)
    account.track()
    submit_request(account.store, request("mine"), kind="processing", target=TARGET)
    wait_for(lambda: status(account, "mine") == "InProgress")
    assert account.sim.count("CreateProcessingJob") == 1
    account.sim.clock.speed = 60
    assert stops.request_stop(account.store, key("mine"))
    wait_for(lambda: status(account, "mine") == "Stopped")


def test_a_folder_of_this_machine_is_staged_as_input(account: Account) -> None:
    folder = account.store.folder.parent / "rows"
    folder.mkdir()
    (folder / "rows.csv").write_text("1\n")
    where = {
        "S3Uri": folder.as_uri(),
        "LocalPath": "/opt/ml/processing/input/rows",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    account.sim.scenario("staged", ENDLESS)
    account.track()
    given = request("staged", ProcessingInputs=[{"InputName": "rows", "S3Input": where}])
    submit_request(account.store, given, kind="processing", target=TARGET)
    wait_for(lambda: status(account, "staged") == "InProgress")
    sent = account.sim.job("staged", kind="processing").request["ProcessingInputs"][0]
    uri = sent["S3Input"]["S3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    assert account.contents(bucket) == {f"{prefix}rows.csv"}
