"""A job's own Python: what the job installs stays in it, and goes with the job.

On SageMaker a job may change its container as it likes, and many scripts begin with `pip install`.
Here an environment lies over the one that the job's interpreter has: it sees all that is
there, what is installed goes into the new one, and nothing of it is left for the next job.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

# By any of these names a shell script calls it.
_PYTHONS = ("python", "python3")
_PIPS = ("pip", "pip3")
# A script's first line, or what stands there for a path that is too long for one (distlib).
_HEAD = re.compile(
    rb"#!(?P<python>[^ \n]*python[\d.]*)[^\n]*\n"
    rb"|#!/bin/sh\n'''exec' \"?(?P<long>[^\"\n]*python[\d.]*)\"? [^\n]*\n' '''\n"
)
_LONGEST_SCRIPT = 100_000


def is_script(python: str) -> bool:
    """Whether an interpreter is a script that starts one, as pyenv's are: it can't be laid over."""
    with Path(python).open("rb") as file:
        return file.read(2) == b"#!"


def over(kept: Path, folder: Path) -> Path:
    """Lay an environment in `folder` over the one that is kept in another; its Python."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    shutil.copyfile(kept / "pyvenv.cfg", folder / "pyvenv.cfg")
    for link in (kept / "bin").glob("python*"):
        (programs / link.name).symlink_to(link.resolve() if _is_foreign(link) else link.readlink())
    for site in sites(kept):
        here = folder / site.relative_to(kept)
        here.mkdir(parents=True)
        inherit(here, [os.fspath(site)])
    if (kept / "lib64").is_symlink():
        (folder / "lib64").symlink_to("lib")
    python = programs / "python"
    versions = [site.parent.name.removeprefix("python") for site in sites(kept)]
    for name in (*_PIPS, *(f"pip{version}" for version in versions)):
        _program(programs / name, [os.fspath(python), "-m", "pip"])
    return python


def adapt_scripts(programs: Path, into: Path) -> None:
    """Make Python scripts of a folder, such as torchrun, run by the `python` that PATH has first.

    By their own first line they would run without the packages of the job. What is adapted lies
    in a folder of its own, made anew where the programs have changed, or in their own folder.
    """
    stamp = into / ".stamp"
    changed = str(programs.stat().st_mtime_ns)
    if programs != into and stamp.is_file() and stamp.read_text() == changed:
        return
    into.mkdir(exist_ok=True)
    for entry in list(os.scandir(programs)):
        script = _by_python_of(programs, entry)
        if script is not None:
            part = into / f".{entry.name}.{os.getpid()}"
            part.write_bytes(script)
            part.chmod(0o700)
            part.replace(into / entry.name)
    stamp.write_text(changed)


def _by_python_of(programs: Path, entry: os.DirEntry[str]) -> bytes | None:
    """A script that begins with a Python of this folder, with the line that finds one on PATH."""
    if entry.name in (*_PYTHONS, *_PIPS) or not entry.is_file():
        return None
    if entry.stat().st_size > _LONGEST_SCRIPT or not os.access(entry.path, os.X_OK | os.R_OK):
        return None
    content = Path(entry.path).read_bytes()
    head = _HEAD.match(content)
    if head is None or not (head["python"] or head["long"]).startswith(
        os.fsencode(programs) + b"/"
    ):
        return None
    return b"#!/usr/bin/env python\n" + content[head.end() :]


def named(folder: Path, python: str) -> None:
    """Make an interpreter of any name `python` and `python3` to those who have `folder` on PATH."""
    folder.mkdir(parents=True)
    for name in _PYTHONS:
        # No link: an interpreter that was started by one would not know its environment.
        _program(folder / name, [python])


def first_on_path(env: Mapping[str, str], folders: Sequence[Path]) -> dict[str, str]:
    """The variables, with programs looked for in these folders first."""
    path = [*map(os.fspath, folders), env.get("PATH", os.defpath)]
    return {**env, "PATH": os.pathsep.join(path)}


def sites(environment: Path) -> list[Path]:
    """Where an environment has its packages."""
    return list(environment.glob("lib/*/site-packages"))


def inherit(site: Path, others: Sequence[str]) -> None:
    """Let those who look for packages in a folder look in others next."""
    # As the interpreter itself reads them, with the .pth files that lie there.
    lines = [f"import site; site.addsitedir({other!r})" for other in others]
    (site / "inherited.pth").write_text("\n".join(lines))


def _is_foreign(link: Path) -> bool:
    return not link.is_symlink() or link.readlink().is_absolute()


def _program(path: Path, words: Sequence[str]) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    path.chmod(0o700)
