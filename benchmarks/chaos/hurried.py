"""What server and kernels run before all else: AWS's waits made short, as the tests have them."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))


def begin() -> None:
    """From now on, in this process."""
    import pytest

    from jupyter_sm.targets.aws.target import AwsTarget

    from kit.aws_account import QUICK, hurry

    hurry(pytest.MonkeyPatch())
    AwsTarget.log_quiet_seconds = 0.4
    made = AwsTarget.__init__
    AwsTarget.__init__ = functools.partialmethod(made, cadence=QUICK)
