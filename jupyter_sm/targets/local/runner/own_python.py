"""A job's own Python: what the job installs stays in it, and goes with the job.

On SageMaker a job may change its container as it likes, and many scripts begin with `pip install`.
Here an environment lies over the one that the job's interpreter has: it sees all that is
there, what is installed goes into the new one, and nothing of it is left for the next job.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

# By any of these names a shell script calls it.
_PYTHONS = ("python", "python3")
_PIPS = ("pip", "pip3")


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
    python = str(programs / "python")
    for name in _PIPS:
        _program(programs / name, [python, "-m", "pip"])
    return Path(python)


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


def with_packages(env: Mapping[str, str], environments: Sequence[Path]) -> dict[str, str]:
    """The variables, with which programs of other environments find the packages of these too."""
    found = [os.fspath(site) for environment in environments for site in sites(environment)]
    path = [part for part in (env.get("PYTHONPATH"), *found) if part]
    return {**env, "PYTHONPATH": os.pathsep.join(path)}


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
