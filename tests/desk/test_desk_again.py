"""Running a job again: the same request under a fresh name, larger where it was too small."""

from __future__ import annotations

from pathlib import Path

import pytest

import jupyter_sm as sm
from jupyter_sm.jobs.instances import next_larger
from jupyter_sm.jobs.kinds.training import TRAINING
from jupyter_sm.notebook import session
from jupyter_sm.store import jobs as jobs_table


def raw_request(job: sm.Job) -> dict:
    return jobs_table.request_of(session.desk().store, job.key) or {}


def test_the_same_request_runs_under_a_fresh_name(script: Path) -> None:
    first = sm.train(script, environment={"API_TOKEN": "tok-1"}, tags={"team": "vision"})
    second = first.again()
    assert second.name != first.name and second.name.startswith("train-")
    before, after = raw_request(first), raw_request(second)
    assert after["Environment"] == {"API_TOKEN": "tok-1"}, "secrets run again unmasked"
    assert after["HyperParameters"]["sagemaker_job_name"] == f'"{second.name}"'
    assert after["ResourceConfig"] == before["ResourceConfig"]
    assert {"Key": "team", "Value": "vision"} in after["Tags"]
    ours = [tag["Value"] for tag in after["Tags"] if tag["Key"] == "jupyter-sm:submission"]
    assert ours == [second.view.submission_id] != [first.view.submission_id]
    assert second.wait(60, progress=False).status == "Completed"


@pytest.mark.parametrize(
    ("change", "place", "value"),
    [
        ("larger-instance", ("ResourceConfig", "InstanceType"), "ml.m5.xlarge"),
        ("more-disk", ("ResourceConfig", "VolumeSizeInGB"), 60),
        ("longer-runtime", ("StoppingCondition", "MaxRuntimeInSeconds"), 1200),
    ],
)
def test_what_was_too_small_is_made_larger(script: Path, change, place, value) -> None:
    job = sm.train(script, max_runtime=600).again(change)
    member, field = place
    assert raw_request(job)[member][field] == value


def test_what_can_not_be_made_larger_is_said(script: Path) -> None:
    job = sm.train(script, instance="ml.m5.24xlarge")
    with pytest.raises(sm.ExplainedError, match=r"no larger instance type than ml\.m5\.24xlarge"):
        job.again("larger-instance")
    with pytest.raises(sm.ExplainedError, match="no change 'faster'"):
        job.again("faster")
    assert len(sm.list_jobs()) == 1


def test_the_next_larger_type_is_of_the_same_family() -> None:
    assert next_larger("ml.m5.large", TRAINING) == "ml.m5.xlarge"
    assert next_larger("ml.g5.xlarge", TRAINING) == "ml.g5.2xlarge"
    assert next_larger("ml.p4d.24xlarge", TRAINING) is None
    assert next_larger("whatever", TRAINING) is None
