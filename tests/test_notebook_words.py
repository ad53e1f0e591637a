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
