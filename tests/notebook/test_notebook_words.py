"""How a job that is being staged is put into words."""

from __future__ import annotations

import pytest

from jupyter_sm.desk import words
from jupyter_sm.store import JobView


def a_view(*, status: str, stop_requested: bool) -> JobView:
    """A training job in this status."""
    return JobView(
        target="local",
        kind="training",
        name="digits",
        parent="",
        submission_id=None,
        status=status,
        secondary_status="Training",
        phase="ended" if status == "Completed" else "open",
        created_at=0.0,
        modified_at=0.0,
        started_at=None,
        ended_at=None,
        instance_type="ml.m5.large",
        instance_count=1,
        script="train.py",
        failure_reason=None,
        explanation=None,
        billable_seconds=None,
        model_uri=None,
        metric=None,
        progress=None,
        stop_requested=stop_requested,
        log_lines=0,
        log_note=None,
        notes=[],
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (12_897_485, "12.3 MiB"),
        (3 << 40, "3072.0 GiB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "10 s"),
        (38, "40 s"),
        (56, "1 m"),
        (200, "3 m"),
        (4830, "1 h 20 m"),
        (90_000, "25 h 0 m"),
    ],
)
def test_a_time_to_come_is_no_more_exact_than_it_can_be(seconds: float, said: str) -> None:
    assert words.about(seconds) == said


@pytest.mark.parametrize(
    ("status", "is_asked", "said"),
    [
        ("InProgress", True, "Stopping"),
        ("Submitting", True, "Stopping"),
        ("Stopping", False, "Stopping"),
        ("InProgress", False, "Training"),
        ("Completed", True, "Completed"),
    ],
)
def test_a_job_that_is_asked_to_stop_says_so(status: str, is_asked: bool, said: str) -> None:
    assert words.state(a_view(status=status, stop_requested=is_asked)) == said
