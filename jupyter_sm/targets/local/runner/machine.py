"""What a job gets of the machine that it runs on: some variables, and a Python.

For all kinds; what a kind's container adds stands in the kind's own modules.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_sm.targets.local.runner import own_python, requirements
from jupyter_sm.targets.local.runner.work import JobFailedError, Work
from jupyter_sm.targets.paths import path_of

# What a script needs of the machine it runs on: its language and threads, ways to the network,
# and the caches of what it downloads. All else of the user's environment, such as Jupyter's
# tokens, stays out of the job.
_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"),
        *("XDG_CACHE_HOME", "TORCH_HOME", "KERAS_HOME", "TRANSFORMERS_CACHE", "TFHUB_CACHE_DIR"),
        *("SENTENCE_TRANSFORMERS_HOME", "NLTK_DATA", "MPLCONFIGDIR", "TIKTOKEN_CACHE_DIR"),
        *("NUMBA_CACHE_DIR", "TRITON_CACHE_DIR"),
    }
)
_PASSED_ON_PREFIXES = (
    *("LC_", "AWS_", "CONDA_", "CUDA_", "OMP_", "MKL_", "OPENBLAS_"),
    *("PIP_", "UV_", "SSL_", "HF_"),
)


def passed_on(machine: Mapping[str, str]) -> dict[str, str]:
    """The variables of the machine that every job gets."""
    passed = {key: value for key, value in machine.items() if _is_passed_on(key)}
    region = machine.get("AWS_REGION") or machine.get("AWS_DEFAULT_REGION")
    # What SageMaker's containers have is known here where the environment tells it.
    return {
        **passed,
        **(dict.fromkeys(("AWS_REGION", "SAGEMAKER_REGION"), region) if region else {}),
    }


def _says_where(key: str) -> bool:
    """Whether a variable says where Python looks for packages, or pip puts them."""
    return key.startswith("PYTHON") or key in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER")


def _is_passed_on(key: str) -> bool:
    if _says_where(key):
        return False
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


@dataclass(frozen=True)
class Python:
    """A host's Python: the program, the interpreter that it stands for, and the variables to find it."""

    program: str
    interpreter: str
    env: dict[str, str]

    def told(self, argv: Sequence[str]) -> list[str]:
        """A command as users know it: with the interpreter that they named."""
        return [self.interpreter if word == self.program else word for word in argv]


def python_for(
    work: Work,
    host: str,
    interpreter: str,
    env: Mapping[str, str],
    *,
    requirements_of: Path | None = None,
    is_package: bool = False,
) -> Python:
    """A host's own Python, which sees what `interpreter` sees and takes what the job installs.

    With `requirements_of`, the folder of the code, it also has what that requires.
    """
    start = functools.partial(work.views.start, host)
    # What is kept is for all jobs, whatever this one's variables say of Python's paths.
    plain = {key: value for key, value in env.items() if not _says_where(key)}
    installer = requirements.Installer(start, plain, work.say, work.check_stop)
    environments = requirements.Environments(work.root, installer)
    folder, beside = work.job.hosts / host / "python", Path(interpreter).parent
    code = requirements_of
    try:
        if code is not None and (is_package or (code / "requirements.txt").is_file()):
            seen = work.opt_ml(host) / "code"
            kept = environments.prepare(interpreter, code, seen, package=is_package)
        else:
            kept = environments.base(interpreter)
    except requirements.NoEnvironmentError as error:
        work.say(f"packages that this job installs stay in your Python: {error}.", host)
        own_python.named(folder / "bin", interpreter)
        env = own_python.first_on_path(env, [folder / "bin", beside])
        return Python(interpreter, interpreter, env)
    program = own_python.over(kept, folder)
    own = [folder / "bin", kept / "bin", kept / "scripts"]
    env = own_python.first_on_path(env, [*own, beside])
    return Python(str(program), interpreter, {**env, "VIRTUAL_ENV": os.fspath(folder)})
