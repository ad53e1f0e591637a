"""A kernel with the magics, one a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.kernel import Kernel, kernel_in


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with kernel_in(tmp_path_factory.mktemp("kernel")) as kernel:
        assert kernel.text("%load_ext jupyter_sm") == ""
        yield kernel
