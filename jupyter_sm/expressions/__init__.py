"""Regular expressions that others wrote: searched in a process that can be killed.

Within a process nothing ends an expression that runs away, and it may hold the interpreter for
as long. Whether one does can't be read off it. So another process searches, for as much
processor time as an expression is due, and then the system ends it: a busy machine makes no
expression look slow.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_sm import forks

# An honest expression is through with a line in microseconds, with an odd line in milliseconds.
_SECONDS = 0.25
_SECONDS_A_TEXT = 0.000_25
_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Found:
    """What an expression's group 1 captured, by the text's place among those searched.

    `fault`: what is wrong with the expression, a sentence without its subject.
    """

    captured: dict[int, str] = field(default_factory=dict)
    fault: str = ""


def search(expressions: Sequence[str], texts: Sequence[str]) -> list[Found]:
    """Search all texts with each expression. Raises OSError if no process can be started."""
    with _worker.lock:
        return [_worker.search(expression, texts) for expression in expressions]


def faults_of(expressions: Sequence[str]) -> list[str]:
    """What is wrong with each expression, before it is searched for; empty where it can be read."""
    if not expressions:
        return []
    # Not behind logs that are being searched: whoever asks here is waiting.
    worker = _Worker()
    try:
        return [worker.search(expression, []).fault for expression in expressions]
    finally:
        worker.end()


class _Worker:
    """The process: started when it is first needed, and again when it was ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._sent: Sequence[str] | None = None

    def search(self, expression: str, texts: Sequence[str]) -> Found:
        seconds = _SECONDS + _SECONDS_A_TEXT * len(texts)
        for _ in range(2):  # a process that somebody else ended was not this expression's fault
            answer = self._ask(expression, texts, seconds)
            if answer:
                told = json.loads(answer)
                return Found(fault=told) if isinstance(told, str) else Found(dict(told))
            if self.end() == -signal.SIGPROF:
                break
        return Found(fault="takes too long, as repetition within repetition such as (a+)+ does")

    def _ask(self, expression: str, texts: Sequence[str], seconds: float) -> bytes:
        """The process's answer; nothing if it ended."""
        if self._process is None:
            self._process = _started()
            self._sent = None
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("The process that searches is not connected.")
        try:
            if self._sent is not texts:
                stdin.write(_line({"texts": list(texts)}))
                self._sent = texts
            stdin.write(_line({"expression": expression, "seconds": seconds}))
            stdin.flush()
            return stdout.readline()
        except BrokenPipeError:
            return b""

    def end(self) -> int:
        """End the process; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        with contextlib.suppress(BrokenPipeError), process:
            pass
        return process.returncode

    def forget(self) -> None:
        """In a forked child: leave the parent's process, pipes and lock to the parent."""
        process, self._process = self._process, None
        self.lock = threading.Lock()
        if process is not None and process.stdin is not None and process.stdout is not None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for pipe in (process.stdin, process.stdout):
                os.dup2(nowhere, pipe.fileno())
            os.close(nowhere)
            process.returncode = 0  # it is no child of ours


def _line(asked: dict[str, Any]) -> bytes:
    return json.dumps(asked).encode() + b"\n"


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # Neither our modules nor the user's are needed there: it starts in a moment.
        [sys.executable, "-I", "-S", os.fspath(_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


_worker = _Worker()
atexit.register(_worker.end)
forks.in_child(_worker.forget)
