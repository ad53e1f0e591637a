"""The command line as a process: what it printed, how it ended, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


class Ended:
    """A command that ended; whatever it did, it showed no traceback."""

    def __init__(self, argv: list[str], done: subprocess.CompletedProcess[bytes]) -> None:
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "backslashreplace")
        self.err = done.stderr.decode("utf-8", "backslashreplace")
        # A script's own traceback is its output; ours would stand in stderr.
        shown = self.err if "--wait" in argv or "logs" in argv else self.out + self.err
        assert "Traceback" not in shown, f"{argv}: {self.out}{self.err}"

    def json(self) -> Any:
        return json.loads(self.out)


def sm(
    *argv: str | os.PathLike[str],
    text: str | bytes = b"",
    cwd: str | os.PathLike[str] | None = None,
    **env: str,
) -> Ended:
    command = [sys.executable, "-m", "jupyter_sm.cli", *map(os.fspath, argv)]
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(
        command,
        input=data,
        capture_output=True,
        timeout=60,
        cwd=cwd,
        env={**os.environ, **env},
    )
    return Ended(command, done)
