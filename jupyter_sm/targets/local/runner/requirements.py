"""requirements.txt beside the script: installed into an environment of its own, kept by content.

The user's own environment stays untouched. The new one sees what is installed there, so
only what is missing is fetched.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from jupyter_sm.targets.local.disk import locks
from jupyter_sm.targets.local.runner import processes

_SITES = "import json, sys; print(json.dumps([p for p in sys.path if p.endswith('-packages')]))"
_TICK_SECONDS = 0.2


class RequirementsError(Exception):
    """Packages that can't be installed; the text is the FailureReason."""


class Environments:
    """The environments kept below one folder.

    `say` takes each line of output; `check_stop` is called several times a second and
    raises to end the work.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        say: Callable[[str], None],
        check_stop: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._env = dict(env)
        self._say = say
        self._check_stop = check_stop

    def prepare(self, python: str, requirements: Path) -> str:
        """The interpreter of an environment that has the requirements; made once per content."""
        self._folder.mkdir(exist_ok=True)
        folder = self._folder / _key(python, requirements)
        inner = folder / "bin" / "python"
        while (lock := locks.try_lock(self._folder / "lock")) is None:
            self._check_stop()
            time.sleep(_TICK_SECONDS)
        try:
            if not (folder / "ready").exists():
                self._say(f"installing {requirements.name} into {folder}")
                self._make(python, requirements, folder, inner)
                (folder / "ready").touch()
        finally:
            os.close(lock)
        return str(inner)

    def _make(self, python: str, requirements: Path, folder: Path, inner: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        code = requirements.parent
        self._run([python, "-m", "venv", "--without-pip", str(folder)], code)
        sites = subprocess.run([python, "-c", _SITES], capture_output=True, text=True, check=True)
        for site in folder.glob("lib/python*/site-packages"):
            (site / "inherited.pth").write_text("\n".join(json.loads(sites.stdout)))
        install = [python, "-m", "pip", "--python", str(inner), "install", "--no-input"]
        options = ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(requirements)]
        self._run(install + options, code)

    def _run(self, argv: list[str], folder: Path) -> None:
        process = processes.start(argv, self._env, folder)
        with process:
            try:
                last = self._read(process)
            except BaseException:
                processes.signal_group(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise RequirementsError(
                "ClientError: installing requirements.txt failed "
                f"(exit code {process.returncode}): {last}"
            )

    def _read(self, process: subprocess.Popen[bytes]) -> str:
        """Say what the process prints; its last line."""
        last = "no output"
        output = process.stdout
        while output is not None:
            self._check_stop()
            if not select.select([output], [], [], _TICK_SECONDS)[0]:
                continue
            data = os.read(output.fileno(), 65_536)
            if not data:
                break
            for line in data.decode("utf-8", "replace").splitlines():
                self._say(line)
                last = line.strip() or last
        return last


def _key(python: str, requirements: Path) -> str:
    digest = hashlib.sha256(python.encode() + b"\0" + requirements.read_bytes())
    # A requirement may be a package that travels beside the script.
    code = requirements.parent
    for package in sorted([*code.rglob("*.whl"), *code.rglob("*.tar.gz")]):
        digest.update(package.read_bytes())
    return digest.hexdigest()[:16]
