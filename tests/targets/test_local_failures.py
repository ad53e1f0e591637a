"""A failed job's FailureReason against AWS's own toolkit, which makes it on SageMaker."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.diagnosis import explain

from kit.local_machine import Machine, machine_in, source_archive

ORACLE = Path(__file__).parents[2] / "build" / "oracle" / "bin" / "python"
# What the toolkit's `train` program does with an error, with the message that it writes.
RUN = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from sagemaker_training import entry_point, environment, errors
env = environment.Environment()
try:
    entry_point.run(
        sys.argv[1], env.user_entry_point, env.to_cmd_args(), env.to_env_vars(), capture_error=True
    )
    told = None
except errors.ClientError as error:
    told = str(error)
print(json.dumps([told]))
"""
CHAINED = """
try:
    {}["a"]
except KeyError:
    raise ValueError("second")
"""
DEEP = "def one(n):\n    return one(n - 1) if n else 1 / 0\none(5)"
SCRIPTS: dict[str, dict[str, Any]] = {
    "an exception": {"code": "raise ValueError('no such column: é')"},
    "a bare exception": {"code": "raise Exception('boom')"},
    "two exceptions": {"code": CHAINED},
    "an exception that repeats its lines": {"code": DEEP},
    "an exit code": {"code": "import sys; sys.exit(42)"},
    "an exit code below 0": {"code": "import sys; sys.exit(-1)"},
    "words at the exit": {"code": "import sys; sys.exit('lost')"},
    "a syntax error": {"code": "def"},
    "a missing module": {"code": "import no_such_module"},
    "a kill": {"code": "import os; os.kill(os.getpid(), 9)"},
    "a crash": {"code": "import os; os.kill(os.getpid(), 11)"},
    "a shell's exit code": {"code": "exit 3", "program": "run.sh"},
    "a shell's own words": {"code": "no-such-program", "program": "run.sh"},
    "a kill in a shell": {"code": "/bin/sh -c 'kill -9 $$'; exit $?", "program": "run.sh"},
    "bash": {
        "code": "#!/bin/bash\nset -euo pipefail\nfalse | true",
        "program": "run.sh",
    },
    "another program": {"code": "#!/usr/bin/env python3\nraise KeyError('x')", "program": "train"},
    "hyperparameters": {
        "code": "raise OSError(5, 'x')",
        "hyperparameters": {"name": "it's two", "n": 1},
    },
    "hyperparameters of a shell": {
        "code": 'echo "RuntimeError: $2" >&2; exit 1',
        "program": "run.sh",
        "hyperparameters": {"name": "it's two", "list": [1, "a b"]},
    },
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("failures"), max_jobs=2) as made:
        yield made


def failed(machine: Machine, **job: Any) -> str:
    """The reason of a job that is run by the toolkit's Python and must fail."""
    request = machine.request(job.pop("code"), **job)
    request["AlgorithmSpecification"]["TrainingImage"] = ORACLE.as_uri()
    machine.sagemaker.create_training_job(**request)
    described = machine.ended(request["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Failed"
    return str(described["FailureReason"])


def told(folder: Path, code: str, program: str = "train.py", **job: Any) -> str | None:
    """What the toolkit says of the same job, in the folder as its /opt/ml."""
    source = source_archive(folder / "source.tar.gz", {program: code, **job.get("files", {})})
    own = {"sagemaker_program": program, **job.get("hyperparameters", {})}
    config = folder / "opt" / "ml" / "input" / "config"
    config.mkdir(parents=True)
    for name, content in (
        ("hyperparameters", {key: json.dumps(value) for key, value in own.items()}),
        ("inputdataconfig", {}),
        ("resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"]}),
    ):
        (config / f"{name}.json").write_text(json.dumps(content))
    env = {
        "PATH": f"{ORACLE.parent}:{os.environ['PATH']}",
        "SAGEMAKER_BASE_DIR": str(folder / "opt" / "ml"),
        "SM_STUDIO_LOCAL_MODE": "true",  # it would wait for the hosts' names
        "LANG": "C.UTF-8",
    }
    argv = [ORACLE, "-W", "ignore", "-c", RUN, source]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (message,) = json.loads(done.stdout.splitlines()[-1])
    return message


@pytest.mark.parametrize("job", SCRIPTS.values(), ids=SCRIPTS)
def test_a_scripts_failure_is_told_in_the_toolkits_words(
    machine: Machine, tmp_path: Path, job: dict[str, Any]
) -> None:
    theirs = told(tmp_path, **job)
    assert theirs is not None
    ours = failed(machine, **job).replace("/opt/ml/", f"{tmp_path}/opt/ml/")
    assert with_text(ours) == with_text(f"AlgorithmError: {theirs}, exit code: 1")


def with_text(reason: str) -> list[str]:
    """The lines that say something: the toolkit strips what each read of the script's
    output happens to bring, so that which empty lines stay is chance."""
    return [line.strip() for line in reason.splitlines() if line.strip()]


def test_packages_that_cannot_be_installed_are_told_in_the_toolkits_words(
    machine: Machine, tmp_path: Path
) -> None:
    job = {"code": "", "files": {"requirements.txt": "--no-index\nno-such-package-anywhere\n"}}
    theirs = told(tmp_path, **job)
    ours = failed(machine, **job)
    last = "ERROR: No matching distribution found for no-such-package-anywhere"
    assert theirs is not None
    # The toolkit has no words for it, pip has.
    assert 'ErrorMessage ""' in theirs
    expected = theirs.replace('ErrorMessage ""', f'ErrorMessage "{last}"')
    assert ours == f"AlgorithmError: {expected}, exit code: 1"
    assert explain(ours).category == "missing-dependency"


def test_an_exception_of_the_users_own_is_told(machine: Machine) -> None:
    code = "class EarlyExit(BaseException): pass\nraise EarlyExit('row 7')"
    assert 'ErrorMessage "EarlyExit: row 7"' in failed(machine, code=code)


def test_a_long_message_leaves_room_for_the_exit_code(machine: Machine) -> None:
    reason = failed(machine, code="raise ValueError('é' * 5000)")
    assert len(reason) == 1024
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:")
    assert reason.endswith("é, exit code: 1")


@pytest.mark.parametrize(
    ("code", "program", "category"),
    [
        ("raise ValueError('unlucky')", "train.py", "user-script-exception"),
        ("raise Exception('boom')", "train.py", "user-script-exception"),
        ("import os; os.kill(os.getpid(), 9)", "train.py", "out-of-memory-host"),
        ("/bin/sh -c 'kill -9 $$'; exit $?", "run.sh", "out-of-memory-host"),
        ("import no_such_module", "train.py", "missing-dependency"),
    ],
)
def test_a_reason_in_these_words_is_explained(
    machine: Machine, code: str, program: str, category: str
) -> None:
    assert explain(failed(machine, code=code, program=program)).category == category
