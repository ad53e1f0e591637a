"""Waits that end early say so in one line; the jobs run on."""

from __future__ import annotations

import pytest

from kit.kernel import Kernel


@pytest.fixture(scope="module")
def long(running: Kernel) -> str:
    running.run("%%sm train --name long\nimport time\nprint('begun', flush=True)\ntime.sleep(600)")
    running.run("import jupyter_sm as sm\njob = sm.get_job('long')")
    yield "long"
    running.run("job.stop()")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("job.wait(0.2, progress=False)", "long is still"),
        ("sm.wait_all([job], timeout=0.2)", "Not over after 0.2 s: long"),
        ("list(sm.as_completed([job], timeout=0.2))", "Not over after 0.2 s: long"),
    ],
)
def test_a_wait_that_takes_too_long_is_told_in_a_line(
    running: Kernel, long: str, cell: str, says: str
) -> None:
    (error,) = running.run(cell)
    assert error["ename"] == "WaitTimeoutError"
    (line,) = error["traceback"]
    assert says in line and ("runs on" in line or "goes on" in line)


# As the button does, once the wait has begun.
INTERRUPT = (
    "import os, signal, threading\n"
    "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
)


@pytest.mark.parametrize(
    "cell", ["job.wait(progress=False)", "sm.wait_all([job])", "job.logs(follow=True)"]
)
def test_a_wait_that_is_interrupted_is_told_in_a_line(
    running: Kernel, long: str, cell: str
) -> None:
    error = running.run(INTERRUPT + cell)[-1]
    assert error["ename"] == "WaitInterrupted"
    assert error["traceback"] == ["Interrupted; long runs on."]
    assert "InProgress" in running.text("print(job.status)")
