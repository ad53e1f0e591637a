"""Processing jobs of an AWS account: seen, logged, explained, submitted and stopped."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_sm.desk import Desk
from jupyter_sm.desk.submit import submit_request
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import JobView, stops
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.logs.pages import LogPages

from kit.aws_account import ENDLESS, SHORT, TARGET, Account
from kit.simulator import ROLE, Scenario
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
    last_lines=[
        "Traceback (most recent call last):",
        '  File "/opt/ml/processing/input/code/prepare.py", line 3, in <module>',
        "    rows['label']",
        "ValueError: no column 'label'",
    ],
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


def test_a_kind_that_may_not_be_listed_is_told_of_and_leaves_the_others_alone(
    account: Account,
) -> None:
    account.sim.traps.denied = "ListProcessingJobs"
    account.sim.add_job("train", scenario=ENDLESS)
    account.track()
    wait_for(lambda: account.status("train") == "InProgress")
    wait_for(lambda: "ListProcessingJobs is not allowed" in (account.health().reason or ""))
    assert account.health().health == "ready"
    account.sim.traps.clear()
    account.sim.add_job("prepare", kind="processing", scenario=ENDLESS)
    wait_for(lambda: status(account, "prepare") == "InProgress")
    wait_for(lambda: account.health().reason is None)


def test_a_stop_that_is_not_allowed_is_noted_on_the_job(account: Account) -> None:
    account.sim.traps.denied = "StopProcessingJob"
    account.sim.add_job("prepare", kind="processing", scenario=ENDLESS)
    account.track()
    wait_for(lambda: job(account, "prepare"))
    assert stops.request_stop(account.store, key("prepare"))
    wait_for(lambda: not job(account, "prepare").stop_requested)
    (note,) = job(account, "prepare").notes
    assert note.startswith("It was not stopped: ")
    assert status(account, "prepare") == "InProgress"


def test_a_job_that_needs_no_bucket_asks_for_none(account: Account) -> None:
    account.settings(role=ROLE)
    account.sim.scenario("plain", ENDLESS)
    account.track()
    submit_request(account.store, request("plain"), kind="processing", target=TARGET)
    wait_for(lambda: status(account, "plain") == "InProgress")


def test_an_output_on_this_machine_is_refused_at_once(account: Account) -> None:
    where = {
        "S3Uri": "file:///tmp/out",
        "LocalPath": "/opt/ml/processing/o",
        "S3UploadMode": "EndOfJob",
    }
    outputs = {"Outputs": [{"OutputName": "o", "S3Output": where}]}
    with pytest.raises(ExplainedError, match="The output 'o' must be an s3:// address"):
        submit_request(
            account.store,
            request("out", ProcessingOutputConfig=outputs),
            kind="processing",
            target=TARGET,
        )


def test_a_request_kept_in_part_by_an_earlier_version_is_asked_for_anew(account: Account) -> None:
    whole = request("old", Environment={"A": "1"})
    account.sim.add_job("old", kind="processing", scenario=SHORT, request=whole)
    account.sim.clock.speed = 20
    account.track()
    wait_for(lambda: status(account, "old") == "Completed")
    with account.store.write() as db:
        db.execute("UPDATE jobs SET request = '{}', request_is_whole = 0")
    again = Desk(account.store).again(key("old"))
    made = jobs_table.request_of(account.store, again.key)
    assert made["Environment"] == {"A": "1"} and made["AppSpecification"]
    assert again.notes == ["The tags of old were not copied."]
