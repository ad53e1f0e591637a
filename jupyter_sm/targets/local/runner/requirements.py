"""Environments over the interpreters that run jobs, kept by content: see what these have, and add to it.

The user's own environment stays untouched. Of a requirements.txt beside the script only what is
missing there is fetched, once for all jobs that require the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_sm.targets.local.disk import locks
from jupyter_sm.targets.local.disk.room import size_of
from jupyter_sm.targets.local.runner import failure, own_python, processes
from jupyter_sm.targets.local.runner.host import lines_of
from jupyter_sm.targets.local.runner.requirement_files import RequirementFiles

# Asked of an interpreter: where its packages lie, and which pip it has.
_ASK = """
import json, sys
try:
    from importlib.metadata import version
    pip = version("pip")
except Exception:
    pip = ""
paths = [p for p in sys.path if p.endswith("-packages")]
import site
if site.ENABLE_USER_SITE and site.getusersitepackages() not in paths:
    paths.append(site.getusersitepackages())
print(json.dumps([paths, pip]))
"""
# The first pip that installs for another interpreter.
_PIP = (22, 3)
_TICK_SECONDS = 0.2
_ASK_SECONDS = 60.0
_TAIL_LINES = 40


class RequirementsError(Exception):
    """Packages that can't be installed; the text is the FailureReason."""


class NoEnvironmentError(Exception):
    """No environment can be made over an interpreter; the text says why."""


@dataclass(frozen=True)
class Installer:
    """How commands are run that install: like a host's, in its view and its environment.

    `say` takes each line of output; `check_stop` is called several times a second and
    raises to end the work.
    """

    start: Callable[[Sequence[str], Mapping[str, str], Path], subprocess.Popen[bytes]]
    env: Mapping[str, str]
    say: Callable[[str], None]
    check_stop: Callable[[], None]

    def run(self, argv: Sequence[str], folder: Path) -> tuple[int, list[str]]:
        """Run a command to its end: its exit code, and the last lines of its output."""
        process = self.start(argv, self.env, folder)
        with process:
            try:
                lines = self._read(process)
            except BaseException:
                processes.signal_group(process.pid, signal.SIGKILL)
                raise
        return process.returncode, lines

    def _read(self, process: subprocess.Popen[bytes]) -> list[str]:
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        begun, output = b"", process.stdout
        while output is not None:
            self.check_stop()
            if not select.select([output], [], [], _TICK_SECONDS)[0]:
                continue
            data = os.read(output.fileno(), 65_536)
            lines, begun = lines_of(begun + data)
            for line in [*lines, *([begun] if begun and not data else [])]:
                self.say(line.decode("utf-8", "replace"))
                tail.append(line.decode("utf-8", "replace"))
            if not data:
                break
        return list(tail)


class Environments:
    """The environments kept below a target's folder."""

    def __init__(self, root: Path, installer: Installer) -> None:
        self._root = root
        self._installer = installer

    def base(self, python: str) -> Path:
        """The folder of an environment that has what the interpreter has, and no more.

        Raises NoEnvironmentError where none can be made, RequirementsError where it is no Python.
        """
        if own_python.is_script(python):
            raise NoEnvironmentError(f"{python} is a script that starts another one")
        # Small, and one an interpreter: nothing that room has to be made of (`room.py`).
        folder = self._root / "interpreters" / _key(python, [])
        return self._kept(python, folder, lambda: self._make(python, folder))

    def prepare(self, python: str, code: Path, seen: Path, *, package: bool = False) -> Path:
        """The folder of an environment that has what the code requires; made once per content.

        `seen` is what a host calls `code`. A package is installed with its requirements.
        """
        wanted = code / "requirements.txt"
        options, what = (["."], ["the package"]) if package else ([], [])
        if wanted.is_file():
            options, what = [*options, "-r", wanted.name], [*what, wanted.name]
        files = RequirementFiles(wanted, self._installer.check_stop)
        if package:
            files.add_package(code)
        place = [os.fspath(seen)] if files.is_editable else []
        key = _key(python, [*options, *place], files.digest())
        folder = self._root / "environments" / key

        def make() -> None:
            self._installer.say(f"installing {' and '.join(what)} into {folder}")
            try:
                pip = _pip(python, self._make(python, folder))
            except NoEnvironmentError as error:
                raise RequirementsError(
                    f"ClientError: requirements.txt can't be installed: {error}."
                ) from None
            self._install(pip, python, options, folder, seen)
            own_python.adapt_scripts(folder / "bin", folder / "bin")

        return self._kept(python, folder, make)

    def _kept(self, python: str, folder: Path, make: Callable[[], object]) -> Path:
        folder.parent.mkdir(exist_ok=True)
        while (lock := locks.try_lock(folder.with_suffix(".lock"))) is None:
            self._installer.check_stop()
            time.sleep(_TICK_SECONDS)
        try:
            ready = folder / "ready"
            if not ready.exists():
                shutil.rmtree(folder, ignore_errors=True)
                try:
                    make()
                except BaseException:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
                ready.write_text(str(size_of(folder)))
            # Used now, and until this process ends (`room.py`).
            os.utime(ready)
            locks.share(ready)
        finally:
            os.close(lock)
        own_python.adapt_scripts(Path(python).parent, folder / "scripts")
        return folder

    def _make(self, python: str, folder: Path) -> str:
        """Make an environment that sees what the interpreter sees; the version of its pip."""
        sites, pip = self._ask(python)
        make = [python, "-m", "venv", str(folder)]
        # One that has no pip may still be able to bring its own.
        code, lines = self._installer.run(make, folder.parent) if not pip else (1, [])
        if code:
            code, lines = self._installer.run([*make, "--without-pip"], folder.parent)
        if code:
            why = _last(lines).rstrip(".") or "no output"
            raise NoEnvironmentError(f"{python} makes no environment: {why}")
        for site in own_python.sites(folder):
            own_python.inherit(site, sites)
        return pip

    def _install(
        self, pip: list[str], python: str, options: list[str], folder: Path, seen: Path
    ) -> None:
        inner = folder / "bin" / "python"
        install = [*pip, "--python", str(inner), "install", "--no-input"]
        quiet = ["--disable-pip-version-check", "--progress-bar", "off"]
        code, lines = self._installer.run([*install, *quiet, *options], seen)
        if code:
            error = "InstallModuleError" if "." in options else "InstallRequirementsError"
            told = [python, "-m", "pip", "install", *options]
            text = failure.called_process_error(error, code, lines, told, otherwise=_last(lines))
            raise RequirementsError(failure.algorithm_error(text))

    def _ask(self, python: str) -> tuple[list[str], str]:
        said = "no output"
        try:
            asked = subprocess.run(
                [python, "-c", _ASK],
                capture_output=True,
                text=True,
                env=dict(self._installer.env),
                timeout=_ASK_SECONDS,
            )
            said = asked.stderr.strip() or said
            sites, pip = json.loads(asked.stdout.splitlines()[-1])
        except OSError as error:
            raise RequirementsError(
                f"ClientError: {python} can't be run: {error.strerror}."
            ) from None
        except (subprocess.TimeoutExpired, ValueError, IndexError):
            raise RequirementsError(
                f"ClientError: {python} does not run as a Python interpreter: {said.splitlines()[-1]}"
            ) from None
        return sites, pip


def _last(lines: Sequence[str]) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _pip(python: str, version: str) -> list[str]:
    """A pip that can install for another interpreter: the interpreter's own, else ours."""
    if _is_enough(version):
        return [python, "-m", "pip"]
    import importlib.metadata  # takes as long to load as many a supervisor's other modules

    try:
        ours = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        ours = ""
    if _is_enough(ours):
        return [sys.executable, "-m", "pip"]
    raise RequirementsError(
        f"ClientError: requirements.txt can't be installed: neither {python} nor {sys.executable} "
        f"has pip {'.'.join(map(str, _PIP))} or newer; run `{python} -m ensurepip --upgrade`."
    )


def _is_enough(version: str) -> bool:
    numbers = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
    return tuple(numbers) >= _PIP


def _key(python: str, options: Sequence[str], contents: bytes = b"") -> str:
    interpreter = os.stat(python)  # noqa: PTH116 - the file that links lead to
    parts = [python, str(interpreter.st_size), str(interpreter.st_mtime_ns), *options]
    # A virtual environment that was made anew has the very same interpreter.
    with contextlib.suppress(OSError):
        contents += Path(python).parents[1].joinpath("pyvenv.cfg").read_bytes()
    return hashlib.sha256("\0".join(parts).encode() + contents).hexdigest()[:16]
