"""The file of a log stream: how an event stands there, and reading on from any position.

It holds one JSON array `[timestamp_ms, message]` a line, so a byte offset is a position.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 65_536

Event = tuple[int, int, str]  # offset, timestamp in ms, message


def event_line(timestamp_ms: int, message: str) -> bytes:
    """One event as its file holds it."""
    return (
        json.dumps([timestamp_ms, message], ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    )


def read_forward(path: Path, offset: int) -> Iterator[Event]:
    """Complete events from a byte offset on; a line still being written is left for later."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            timestamp, message = json.loads(line)
            yield offset, timestamp, message
            offset += len(line)


def complete_size(path: Path) -> int:
    """The file's size without a line that is still being written."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _BLOCK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0


def is_boundary(path: Path, offset: int) -> bool:
    """Whether an event begins (or the log ends) at a byte offset."""
    if offset == 0:
        return True
    with path.open("rb") as file:
        file.seek(offset - 1)
        return file.read(1) == b"\n"


def read_backward(path: Path, offset: int) -> Iterator[Event]:
    """Events before a byte offset at which an event begins, the last one first."""
    with path.open("rb") as file:
        rest = b""
        while offset > 0:
            size = min(_BLOCK, offset)
            file.seek(offset - size)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines.pop(0)
            position = offset - size + len(rest) + 1
            offset -= size
            starts = []
            for line in lines:
                starts.append((position, line))
                position += len(line) + 1
            for start, line in reversed(starts):
                if line:
                    timestamp, message = json.loads(line)
                    yield start, timestamp, message
        if rest:
            timestamp, message = json.loads(rest)
            yield 0, timestamp, message
