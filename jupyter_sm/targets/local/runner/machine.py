"""What a job gets of the machine that it runs on: some variables, and a Python.

For all kinds; what a kind's container adds stands in the kind's own modules.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from jupyter_sm.targets.local.runner import requirements
from jupyter_sm.targets.local.runner.work import JobFailedError, Work
from jupyter_sm.targets.paths import path_of

# What a script needs of the machine it runs on: its language and threads, ways to the network,
# and the caches of what it downloads. All else of the user's environment, such as Jupyter's
# tokens, stays out of the job.
_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "XDG_CACHE_HOME", "TORCH_HOME", "KERAS_HOME"),
    }
)
_PASSED_ON_PREFIXES = (
    *("LC_", "AWS_", "CONDA_", "CUDA_", "OMP_", "MKL_", "OPENBLAS_"),
    *("PIP_", "UV_", "SSL_", "HF_"),
)


def passed_on(machine: Mapping[str, str]) -> dict[str, str]:
    """The variables of the machine that every job gets."""
    return {key: value for key, value in machine.items() if _is_passed_on(key)}


def _is_passed_on(key: str) -> bool:
    # Of a proxy's variables programs read the small ones, the capital ones, or both.
    whole = key.upper() if key.endswith("_proxy") else key
    return whole in _PASSED_ON or key.startswith(_PASSED_ON_PREFIXES)


def is_interpreter(image: str) -> bool:
    """Whether an image's field names a path of this machine."""
    return image.startswith(("file://", "/"))


def interpreter(image: str) -> str:
    """The Python that an image's field names by its path, else our own.

    Raises JobFailedError where there is none.
    """
    python = str(path_of(image)) if is_interpreter(image) else sys.executable
    if not Path(python).is_file():
        raise JobFailedError(f"ClientError: there is no Python interpreter {python}.")
    if not os.access(python, os.X_OK):
        raise JobFailedError(
            f"ClientError: {python} is no Python interpreter: it is not executable."
        )
    return python


def with_interpreter(work: Work, python: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which `python` and the programs beside it are the job's."""
    folder = Path(python).parent
    folders = [folder]
    if not _is_same(folder / "python", python):
        folders.insert(0, _named_python(work.job.path / "bin", python))
    return _first_on_path(env, folders)


def with_environment(env: Mapping[str, str], environment: Path) -> dict[str, str]:
    """The same, of an environment that was made for the job's requirements.

    Programs that the job's interpreter brings along find its packages too.
    """
    sites = [str(site) for site in environment.glob("lib/python*/site-packages")]
    path = [part for part in (env.get("PYTHONPATH"), *sites) if part]
    first = _first_on_path(env, [environment / "bin"])
    return {**first, "PYTHONPATH": os.pathsep.join(path)}


def environment_for(
    work: Work, host: str, python: str, env: Mapping[str, str], *, package: bool
) -> Path | None:
    """An environment that has what the job's code requires; None where it requires nothing."""
    code = work.job.host(host) / "code"
    if not package and not (code / "requirements.txt").is_file():
        return None
    start = functools.partial(work.views.start, host)
    installer = requirements.Installer(start, env, work.say, work.check_stop)
    environments = requirements.Environments(work.root / "environments", installer)
    return environments.prepare(python, code, work.opt_ml(host) / "code", package=package)


def _is_same(path: Path, python: str) -> bool:
    try:
        return path.samefile(python)
    except OSError:
        return False


def _named_python(folder: Path, python: str) -> Path:
    """A folder in which an interpreter of any name is `python` and `python3`."""
    folder.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        # No link: an interpreter that was started by one would not know its environment.
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.quote(python)} "$@"\n')
        (folder / name).chmod(0o700)
    return folder


def _first_on_path(env: Mapping[str, str], folders: Sequence[Path]) -> dict[str, str]:
    path = [*map(os.fspath, folders), env.get("PATH", os.defpath)]
    return {**env, "PATH": os.pathsep.join(path)}
