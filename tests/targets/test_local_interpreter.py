"""The Python that runs a job of the local target, and what of the machine the job gets with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.jobs.spec import Placement
from jupyter_sm.store import Store, jobs
from jupyter_sm.targets.local.runner.machine import passed_on

from kit.local_machine import Machine, machine_in

# A shell script that looks for Python, and for a program beside it, by their names.
LOOK = """#!/bin/bash
set -euo pipefail
python -c 'import only_there; print(only_there.__file__)'
python3 -c 'import only_there; print(only_there.__file__)'
beside-python || true
[[ $0 == ./run.sh ]] && echo "$1 $2"
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("interpreter"), max_jobs=2) as made:
        yield made


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that is not the one that submits, with a program of its own."""
    folder = tmp_path_factory.mktemp("other") / "my env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    program = folder / "bin" / "beside-python"
    program.write_text("#!/bin/sh\necho beside\n")
    program.chmod(0o755)
    module_of(folder).write_text("")
    return folder


def module_of(folder: Path) -> Path:
    """A module that only the other environment has."""
    (site,) = folder.glob("lib/*/site-packages")
    return site / "only_there.py"


def printed(machine: Machine, python: Path, **job: object) -> list[str]:
    request = machine.request(LOOK, program="run.sh", hyperparameters={"n": "two words"})
    request["AlgorithmSpecification"]["TrainingImage"] = python.as_uri()
    machine.sagemaker.create_training_job(**request)
    described = machine.ended(request["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", described
    return machine.lines(request["TrainingJobName"])


def test_a_shell_script_finds_the_jobs_python_and_its_programs(
    machine: Machine, other: Path
) -> None:
    lines = printed(machine, other / "bin" / "python")
    assert lines == [str(module_of(other))] * 2 + ["beside", "-n two words"]


def test_a_shell_script_finds_a_python_of_another_name(machine: Machine, other: Path) -> None:
    named = other / "bin" / "it's mine"
    named.write_text(f'#!/bin/sh\nexec "{other}/bin/python" "$@"\n')
    named.chmod(0o755)
    note, *lines = printed(machine, named)
    assert note.startswith("jupyter_sm: packages that this job installs stay in your Python")
    assert lines == [str(module_of(other))] * 2 + ["beside", "-n two words"]


def placed(machine: Machine, **spec: Any) -> Placement:
    target = machine.target
    return target.place(TrainingSpec("train.py", **spec), "job", Path("/sources/s.tar.gz"))


def test_an_image_may_be_a_python_by_its_path(
    machine: Machine, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = other / "bin" / "python"
    monkeypatch.chdir(other)
    for image in (str(python), str(other), "./bin/python", "bin/python", python.as_uri()):
        place = placed(machine, image=image)
        assert (place.image, place.notes) == (python.as_uri(), ())
    lines = printed(machine, python)
    assert lines[0] == str(module_of(other))


def test_without_an_image_the_python_that_submits_runs_the_script(machine: Machine) -> None:
    assert placed(machine).image == Path(sys.executable).as_uri()


@pytest.mark.parametrize("image", ["/no/such/python", "~/no-such", "file:///etc", "./x"])
def test_a_python_that_there_is_not_is_refused_before_the_submit(
    store: Store, script: Path, image: str
) -> None:
    with pytest.raises(ExplainedError, match="no Python interpreter at /"):
        submit_spec(store, TrainingSpec(str(script), image=image))
    assert not jobs.listed(store)[0]


def test_an_image_that_there_is_not_is_refused_before_the_submit(
    store: Store, script: Path
) -> None:
    with pytest.raises(ExplainedError, match=r"no image 'pytorhc'.*pytorch"):
        submit_spec(store, TrainingSpec(str(script), image="pytorhc:2.5"))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("tensorflow:2.16", ["Python 3.10", "tensorflow 2.16.2"]),
        ("123.dkr.ecr.eu-west-1.amazonaws.com/mine-py399:1-py399", ["Python 3.99"]),
        ("sklearn:1.2-1", ["scikit-learn 1.2, not"]),
    ],
)
def test_a_note_says_what_runs_in_the_place_of_an_image(
    store: Store, script: Path, image: str, words: list[str]
) -> None:
    if sys.version_info[:2] == (3, 10):
        words = [word for word in words if word != "Python 3.10"]
    (note,) = submit_spec(store, TrainingSpec(str(script), image=image)).notes
    assert note.startswith(f"{image} is no image for this machine: Python 3.")
    assert sys.executable in note
    assert all(word in note for word in words)


def test_a_requests_image_that_cannot_be_run_is_told_in_the_log(machine: Machine) -> None:
    request = machine.request("print('ran')")
    request["AlgorithmSpecification"]["TrainingImage"] = "123.dkr.ecr.eu-west-1.x/mine:1"
    machine.sagemaker.create_training_job(**request)
    machine.ended(request["TrainingJobName"])
    note, ran = machine.lines(request["TrainingJobName"])
    assert note.startswith("jupyter_sm: 123.dkr.ecr.eu-west-1.x/mine:1 can't be run here")
    assert ran == "ran"


def test_ways_to_the_network_and_caches_are_passed_on_and_secrets_are_not() -> None:
    kept = {
        **dict.fromkeys(("HTTP_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "all_proxy"), "p"),
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), "ca"),
        **dict.fromkeys(("HF_HOME", "HF_HUB_OFFLINE", "TORCH_HOME", "XDG_CACHE_HOME"), "c"),
        **dict.fromkeys(("TRANSFORMERS_CACHE", "NLTK_DATA", "MPLCONFIGDIR"), "c"),
        **dict.fromkeys(("NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"), "ca"),
        **dict.fromkeys(("UV_INDEX_URL", "PIP_INDEX_URL", "PATH", "LC_ALL"), "x"),
    }
    lost = dict.fromkeys(("JUPYTER_TOKEN", "SECRET", "my_proxy", "path", "VIRTUAL_ENV"), "no")
    assert passed_on({**kept, **lost}) == kept


@pytest.mark.parametrize(
    ("machine", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({}, None),
    ],
)
def test_the_region_is_named_as_in_a_container(machine: dict[str, str], region: str | None) -> None:
    passed = passed_on(machine)
    assert (passed.get("AWS_REGION"), passed.get("SAGEMAKER_REGION")) == (region, region)
