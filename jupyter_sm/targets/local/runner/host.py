"""One host of a job: the script's process, and its output on the way into a log stream."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_sm.targets.local.disk.layout import FULL
from jupyter_sm.targets.local.disk.log_files import event_line
from jupyter_sm.targets.local.runner import processes

_READ_BYTES = 262_144
# CloudWatch Logs takes events of up to 256 KiB; longer lines become several.
_LONGEST_EVENT = 262_144
_TAIL_LINES = 60
# Of each as much as a reason can hold.
_TAIL_CHARACTERS = 1024
_READS = 16
_GAP = "jupyter_sm: No space left on device: {} lines of the log are missing here."


class LogStream:
    """Appends events to a stream's file, whole lines only, even when the disk fills up.

    What found no room is told of before the next event, in one write with it: so the log has no
    gap that it does not tell of, whenever this process is killed.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._missing = 0
        self.lost_events = 0

    def write(self, messages: Sequence[str]) -> None:
        """Append messages with the time of now."""
        now = int(time.time() * 1000)
        told = [_GAP.format(self._missing)] if self._missing else []
        if self._append(b"".join(event_line(now, message) for message in [*told, *messages])):
            self._missing = 0
        else:
            self._missing += len(messages)
            self.lost_events += len(messages)

    def _append(self, data: bytes) -> bool:
        """All of it, or nothing where there is no room."""
        size = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            if error.errno not in FULL:
                raise
            os.ftruncate(self._fd, size)
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class Host:
    """A running script. `fd` becomes readable when it printed; `pump` takes that to the log."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        process: subprocess.Popen[bytes],
        stream: LogStream,
        on_lines: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self.name = name
        self.argv = argv
        self.tail: list[str] = []
        self._stream = stream
        self._on_lines = on_lines
        self._buffer = b""
        self._drawn_at = 0.0
        self.process = process
        if self.process.stdout is None:
            raise RuntimeError("The script's output is not connected.")
        self.fd = self.process.stdout.fileno()
        os.set_blocking(self.fd, False)

    def pump(self) -> bool:
        """Take some of what the script printed to the log; False once its output has ended.

        Some, as a script that prints without pause would else hold the supervisor for ever.
        """
        for _ in range(_READS):
            try:
                data = os.read(self.fd, _READ_BYTES)
            except BlockingIOError:
                self._flush_drawn()
                return True
            if not data:
                if self._buffer:
                    self._emit([self._buffer])
                    self._buffer = b""
                return False
            lines, self._buffer = lines_of(self._buffer + data)
            if lines:
                self._emit(lines)
        return True

    def exit_code(self) -> int | None:
        """The exit code as a shell has it (128 + signal), None while the script runs."""
        code = self.process.poll()
        return 128 - code if code is not None and code < 0 else code

    def end(self, number: int = signal.SIGTERM) -> None:
        """Signal the script and all it started."""
        processes.signal_group(self.process.pid, number)

    def close(self) -> None:
        """End what is left of the script's group, and release its output."""
        self.end(signal.SIGKILL)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process.wait()

    def _flush_drawn(self) -> None:
        # A progress bar draws over its line with carriage returns and may not end the
        # line for an hour; what it has drawn so far is shown once a second.
        now = time.monotonic()
        if b"\r" in self._buffer and now - self._drawn_at >= 1:
            drawn, _, self._buffer = self._buffer.rpartition(b"\r")
            self._drawn_at = now
            if drawn.strip(b"\r"):
                self._emit([drawn])

    def _emit(self, lines: Sequence[bytes]) -> None:
        messages = [line.decode("utf-8", "replace") for line in lines]
        self._stream.write(messages)
        last = messages[-_TAIL_LINES:]
        self.tail = [*self.tail, *(message[:_TAIL_CHARACTERS] for message in last)][-_TAIL_LINES:]
        if self._on_lines:
            self._on_lines(messages)


def lines_of(printed: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines of what was printed, and the line that has only begun.

    A line that is longer than an event may be is cut, so what has begun is never longer.
    """
    *whole, begun = printed.split(b"\n")
    lines = [piece for line in whole for piece in _cut(line)]
    *pieces, begun = _cut(begun)
    return lines + pieces, begun


def _cut(line: bytes) -> list[bytes]:
    pieces = []
    while len(line) > _LONGEST_EVENT:
        pieces.append(_whole_characters(line[:_LONGEST_EVENT]))
        line = line[len(pieces[-1]) :]
    return [*pieces, line]


def _whole_characters(data: bytes) -> bytes:
    """`data` without the beginning of a UTF-8 character that is cut off at its end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0b1100_0000 == 0b1100_0000:  # a character's first byte: is it all there?
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if length > back else data
        if byte < 0x80:
            break
    return data
