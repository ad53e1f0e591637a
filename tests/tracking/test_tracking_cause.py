"""A failed job's cause is looked for in its log: the exception, and the user's own line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import jupyter_sm as sm

from kit.local_machine import views_in


def explained(tmp_path: Path, code: str, **options):
    script = tmp_path / "train.py"
    script.write_text(code)
    job = sm.train(script, **options)
    job.wait(60, check=False, progress=False)
    assert job.explanation is not None
    return job.explanation


def test_the_users_own_line_is_named(tmp_path: Path) -> None:
    code = "import json\n\ndef load():\n    return json.loads('{')\n\nload()\n"
    found = explained(tmp_path, code)
    assert found.category == "user-script-exception"
    assert "JSONDecodeError" in found.what_happened
    assert "train.py line 4" in found.what_happened
    assert found.actions[0] == {"kind": "show-log", "line": 0}


def test_a_failure_file_that_says_little_is_filled_in_from_the_log(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nPath('../output').mkdir(exist_ok=True)\n"
        "Path('../output/failure').write_text('exit code: 1')\nraise ValueError('labels are missing')\n"
    )
    found = explained(tmp_path, code)
    assert "ValueError: labels are missing in train.py line 4" in found.what_happened


def test_a_missing_package_keeps_its_own_explanation(tmp_path: Path) -> None:
    found = explained(tmp_path, "import no_such_package\n")
    assert found.category == "missing-dependency"
    assert "no_such_package" in found.what_happened
    assert found.entities["place"] == "train.py line 1"


def test_of_two_instances_the_one_that_failed_is_named(tmp_path: Path) -> None:
    code = (
        "import os, time\nif os.environ['SM_CURRENT_HOST'] == 'algo-2':\n    raise KeyError('rank')\n"
        "time.sleep(30)\n"
    )
    found = explained(tmp_path, code, instance_count=2)
    assert "KeyError: 'rank' in train.py line 3" in found.what_happened


def test_an_argument_that_the_script_does_not_know_is_named(tmp_path: Path) -> None:
    code = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--epochs')\np.parse_args()\n"
    found = explained(tmp_path, code, hyperparameters={"lr": 0.1})
    assert found.category == "script-arguments"
    assert "unrecognized arguments: --lr 0.1" in found.what_happened
    assert found.actions[0]["kind"] == "show-log"


def test_what_a_shell_said_last_is_told(tmp_path: Path) -> None:
    script = tmp_path / "train.sh"
    script.write_text("set -e\necho start\ncp /no/such/file here\n")
    job = sm.train(script)
    job.wait(60, check=False, progress=False)
    assert job.explanation is not None
    assert "/no/such/file" in job.explanation.what_happened


@pytest.mark.parametrize(
    "code",
    [
        "#!/usr/bin/env bash\r\necho hi\r\n",
        "#!/bin/bash\r\necho hi\r\n",
        "echo hi\r\nset -e\r\n",
        "#!/bin/bash\necho hi\r\nset -e\r\nif true; then\r\n  echo x\r\nfi\r\n",
        "#!/bin/bash\ncd .\r\nexit\r\n",
    ],
)
def test_a_script_with_windows_line_ends_is_told_as_one(tmp_path: Path, code: str) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(code.encode())
    job = sm.train(script)
    job.wait(60, check=False, progress=False)
    assert job.explanation is not None
    assert "Windows line ends" in str(job.explanation)
    assert "dos2unix" in job.explanation.fixes[0]


def test_words_before_an_exit_are_told(tmp_path: Path) -> None:
    code = "import sys\nprint('the table holds 0 rows', file=sys.stderr)\nsys.exit(3)\n"
    found = explained(tmp_path, code)
    assert "the table holds 0 rows" in found.what_happened
    assert "3" in found.what_happened


def test_the_reason_that_a_script_gave_itself_is_what_happened(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nPath('../output').mkdir(exist_ok=True)\n"
        "Path('../output/failure').write_text('my own reason: the labels are all one class')\n"
        "raise SystemExit(1)\n"
    )
    found = explained(tmp_path, code)
    assert found.what_happened == "my own reason: the labels are all one class."


def test_a_crash_in_native_code_is_told_as_one(tmp_path: Path) -> None:
    code = "import faulthandler, os, signal\nfaulthandler.enable()\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    found = explained(tmp_path, code)
    assert found.category == "native-crash"
    assert "segmentation fault" in found.title.lower()


def test_a_requirement_that_there_is_not_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--no-index\nno-such-package-of-anyone==9.9\n")
    (tmp_path / "train.py").write_text("pass\n")
    job = sm.train(tmp_path, entry_point="train.py")
    job.wait(60, check=False, progress=False)
    found = job.explanation
    assert found is not None and found.category == "missing-dependency"
    assert "no-such-package-of-anyone==9.9" in str(found)
    assert "name it in" not in str(found)


def test_a_job_without_a_connection_is_told_of_its_own_network(tmp_path: Path) -> None:
    code = "import urllib.request\nurllib.request.urlopen('https://nowhere.invalid/x')\n"
    found = explained(tmp_path, code)
    assert found.category == "network" and found.title == "No connection from the job"
    assert "NAT gateway" in found.fixes[0] and "EnableNetworkIsolation" in found.fixes[1]


@pytest.mark.parametrize("tie", ["", " from error"])
def test_of_chained_errors_the_place_is_the_last_ones(tmp_path: Path, tie: str) -> None:
    code = (
        "class Bad(Exception): pass\ndef load():\n    return {}['a']\n\n"
        f"try:\n    load()\nexcept KeyError as error:\n    raise Bad('no labels'){tie}\n"
    )
    found = explained(tmp_path, code)
    said = "KeyError: 'a', which led to Bad: no labels in train.py line 8."
    assert found.what_happened == said
    assert found.entities["place"] == "train.py line 8"


@pytest.mark.parametrize(
    ("shell", "title", "says"),
    [
        ("python3 -c \"raise ValueError('bad rows')\"", "The script raised an error", "bad rows"),
        ("no-such-command", "The script failed", "no-such-command: command not found"),
        ("echo too few > /opt/ml/output/failure; exit 3", "The script failed", "too few."),
    ],
)
def test_why_a_processing_job_failed_is_told(
    home: Path, tmp_path: Path, shell: str, title: str, says: str
) -> None:
    views_in(tmp_path)
    request = {
        "ProcessingJobName": "fails",
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            }
        },
        "AppSpecification": {
            "ImageUri": Path(sys.executable).as_uri(),
            "ContainerEntrypoint": ["/bin/bash", "-c", shell],
        },
        "RoleArn": "arn:aws:iam::000000000000:role/local",
    }
    job = sm.submit(request, kind="processing").wait(60, check=False, progress=False)
    assert job.explanation.title == title
    assert says in job.explanation.what_happened


def test_a_warning_in_the_log_does_not_hide_the_scripts_own_reason(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; Path('../output/failure').write_text('too few rows')\n"
        "print('ERROR: ld.so: object /x.so from LD_PRELOAD cannot be preloaded: ignored.')\n"
        "raise SystemExit(1)"
    )
    assert "too few rows" in explained(tmp_path, code).what_happened


def test_an_exit_without_a_word_on_one_of_two_hosts_is_told_as_that(tmp_path: Path) -> None:
    code = "import os, time\nif os.environ['SM_CURRENT_HOST'] == 'algo-2': raise SystemExit(3)\ntime.sleep(9)"
    found = explained(tmp_path, code, instance_count=2)
    assert found.title == "The script failed without a reason"
    assert "exit code 3" in found.what_happened
