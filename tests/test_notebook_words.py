"""How a job that is being staged is put into words."""

from __future__ import annotations

import pytest

from jupyter_sm.notebook import words


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
