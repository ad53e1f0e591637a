"""Install the built wheel beside what a host has, and see that it works and moves nothing.

    python scripts/hosts.py [NAME ...]

`hosts.toml` holds the hosts. For each: an environment with its pins and the tests' tools; the
wheel by pip; no other package moved, `pip check` clean, the frontend extension OK; the Python
tests that touch boto3 and Jupyter, and a job trained in a browser.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10: pip brings its own
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
UV = BUILD / "uv" / "bin" / "uv"


class HostError(Exception):
    """What should hold on a host does not."""


def run(argv: list[str | Path], **options: object) -> None:
    """A step whose output is shown."""
    if subprocess.run([os.fspath(word) for word in argv], **options).returncode:
        raise HostError(f"{' '.join(map(str, argv[:4]))} … failed")


def said(argv: list[str | Path]) -> str:
    """What a program says, on both channels."""
    done = subprocess.run(
        [os.fspath(word) for word in argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise HostError(f"{' '.join(map(str, argv[:4]))} … failed:\n{done.stdout}")
    return done.stdout


def interpreter(version: str) -> Path | None:
    """A Python of that version that runs, from PATH or pyenv."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [shutil.which(f"python{version}"), *sorted(root.glob(f"{version}.*/bin/python"))]
    for path in filter(None, candidates):
        # pyenv's shims are there for versions that are not chosen, and refuse.
        if subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            return Path(path)
    return None


class Host:
    """One row of hosts.toml, and its environment."""

    def __init__(self, name: str, row: dict, tools: list[str], tests: list[str]) -> None:
        self.name = name
        self.row = row
        self.requirements = [*row["pins"], *tools]
        self.tests = row.get("tests", tests)
        self.folder = BUILD / "hosts" / name
        self.bin = self.folder / "bin"

    def check(self) -> None:
        self.make()
        before = self.frozen()
        (wheel,) = (BUILD / "dist").glob("*.whl")
        run([self.bin / "python", "-m", "pip", "install", "-q", wheel])
        moved = {line for line in self.frozen() ^ before if not re.match("jupyter[-_]sm\\b", line)}
        if moved:
            raise HostError(f"The install moved other packages: {', '.join(sorted(moved))}")
        print("  no other package moved;", said([self.bin / "pip", "check"]).strip())
        listed = said([self.bin / "jupyter", "labextension", "list"])
        (ours,) = (line for line in listed.splitlines() if "jupyter_sm v" in line)
        print(" ", " ".join(ours.split()), flush=True)
        if "OK" not in ours or "enabled" not in ours:
            raise HostError(f"The frontend extension does not fit:\n{listed}")
        env = {**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        # Not `python -m pytest`, which would import the source tree beside the wheel.
        run([self.bin / "pytest", "-q", *self.tests], cwd=ROOT, env=env)
        browser = ["-g", self.row["browser"]] if "browser" in self.row else []
        playwright = ROOT / "ui-tests" / "node_modules" / ".bin" / "playwright"
        config = ["-c", "playwright-hosts.config.js"]
        run([playwright, "test", *config, *browser], cwd=ROOT / "ui-tests", env=env)

    def make(self) -> None:
        """The environment as it is before us; kept for as long as its pins stay the same."""
        stamp = self.folder / "requirements.txt"
        wanted = "\n".join(self.requirements) + "\n"
        if stamp.exists() and stamp.read_text() == wanted:
            run([self.bin / "python", "-m", "pip", "uninstall", "-q", "-y", "jupyter_sm"])
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
            version = self.row["python"]
            python = interpreter(version)
            if python is None:
                print(f"  Python {version} is not to be had here; another one runs instead.")
            run([UV, "venv", "-q", "--python", python or sys.executable, self.folder])
            install = [UV, "pip", "install", "-q", "--compile-bytecode", "--python"]
            run([*install, self.bin / "python", *self.requirements])
            stamp.write_text(wanted)
        print(" ", said([self.bin / "python", "--version"]).strip(), "·", *self.row["pins"][:3])

    def frozen(self) -> set[str]:
        """What is installed."""
        return set(said([self.bin / "python", "-m", "pip", "freeze", "--all"]).splitlines())


def main(names: list[str]) -> int:
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    sets = table["sets"]
    unknown = [name for name in names if name not in sets]
    if unknown:
        sys.exit(f"There is no host {unknown[0]!r}; known are {', '.join(sets)}.")
    failed = []
    for name in names or sets:
        print(f"{name}:", flush=True)
        begun = time.monotonic()
        try:
            Host(name, sets[name], table["tools"], table["tests"]).check()
        except HostError as error:
            print(f"  ✖ {error}", flush=True)
            failed.append(name)
        else:
            print(f"  ✔ {name} in {time.monotonic() - begun:.0f} s", flush=True)
    if failed:
        print(f"It does not hold on: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
