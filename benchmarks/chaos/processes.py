"""The processes of a run: supervisors, scripts, and whatever is left (Linux: reads /proc)."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_SUPERVISOR = b"jupyter_sm.targets.local.runner.supervisor"
_MARK = b"SAGEMAKER_LOCAL_JOB="


class Found(NamedTuple):
    """A process of a local job."""

    pid: int
    job: str


def supervisors(home: Path) -> list[Found]:
    """Both processes of each supervisor below a folder."""
    found = []
    for pid, command, _ in _all():
        words = command.split(b"\0")
        if _SUPERVISOR in words and os.fsencode(home) in command:
            found.append(Found(pid, Path(os.fsdecode(words[-2])).name))
    return found


def scripts(home: Path) -> list[Found]:
    """What supervisors below a folder have started."""
    found = []
    for pid, command, variables in _all():
        marks = [one for one in variables.split(b"\0") if one.startswith(_MARK)]
        if marks and os.fsencode(home) in marks[0] and _SUPERVISOR not in command:
            found.append(Found(pid, Path(os.fsdecode(marks[0])).name))
    return found


def left(folder: Path) -> list[str]:
    """The commands of processes, other than this one, that have to do with a folder."""
    name = os.fsencode(folder)
    return [
        f"{pid} {os.fsdecode(command.replace(bytes(1), b' '))}"
        for pid, command, variables in _all()
        if pid != os.getpid() and (name in command or name in variables)
    ]


def _all() -> list[tuple[int, bytes, bytes]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                found.append((int(entry.name), command, (entry / "environ").read_bytes()))
    return found


def kill(pid: int) -> bool:
    """SIGKILL; whether there was such a process."""
    return _signal(pid, signal.SIGKILL)


def pause(pid: int, seconds: float, later: Callable[[float, Callable[[], object]], None]) -> bool:
    """SIGSTOP, and SIGCONT `later`; whether there was such a process."""
    if not _signal(pid, signal.SIGSTOP):
        return False
    later(seconds, lambda: _signal(pid, signal.SIGCONT))
    return True


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


class Later:
    """Things to do after some seconds; `wait` waits for all of them."""

    def __init__(self) -> None:
        self._timers: list[threading.Timer] = []

    def __call__(self, seconds: float, work: Callable[[], object]) -> None:
        self._timers = [timer for timer in self._timers if timer.is_alive()]
        timer = threading.Timer(seconds, work)
        self._timers.append(timer)
        timer.start()

    def wait(self) -> None:
        """Until all is done."""
        for timer in self._timers:
            timer.join()
