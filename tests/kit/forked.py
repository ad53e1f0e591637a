"""A forked child of the test's process, as multiprocessing makes one."""

from __future__ import annotations

import os
import signal
import traceback
import warnings
from collections.abc import Callable

from kit.wait import wait_for


def forked(work: Callable[[], str], seconds: float = 60.0) -> str:
    """What some work gives in a forked child; a child that hangs, or fails, fails the test."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads: the matter of these tests.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(write, work().encode())
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    ended: list[int] = []

    def is_over() -> bool:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            ended.append(os.waitstatus_to_exitcode(status))
        return bool(ended)

    try:
        wait_for(is_over, seconds)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        with os.fdopen(read) as pipe:
            told = pipe.read() if ended else ""
    assert ended == [0]
    return told
