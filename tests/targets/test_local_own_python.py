"""A job's own Python: what a job installs is its own, and gone with it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.local.runner import own_python, processes, requirements
from jupyter_sm.targets.local.runner.views import SWITCH

from kit.local_machine import Machine, machine_in
from kit.packages import wheel

PIP = "--no-index --quiet --disable-pip-version-check --root-user-action=ignore"
BY_THE_MODULE = f"""
import subprocess, sys
subprocess.run([sys.executable, "-m", "pip", "install", *"{PIP}".split(), %r], check=True)
import tiny_local
print(tiny_local.WORD, tiny_local.__file__)
subprocess.run(["tiny-say"], check=True)
"""
BY_NAME = f"pip install {PIP} %s && python -c 'import tiny_local as t; print(t.WORD, t.__file__)'"


@pytest.fixture(scope="module", params=["a-view-of-its-own", "no-view"])
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "no-view":
            patch.setenv(SWITCH, "0")
        with machine_in(tmp_path_factory.mktemp("own"), max_jobs=2) as made:
            yield made


def ran(machine: Machine, *args: Any, **job: Any) -> list[str]:
    described = machine.run(*args, **job)
    name = described["TrainingJobName"]
    lines = machine.lines(name)
    assert described["TrainingJobStatus"] == "Completed", (described, lines)
    assert not machine.job_folder(name).joinpath("hosts").exists()
    return [line for line in lines if not line.startswith("jupyter_sm:")]


def test_what_a_script_installs_is_the_jobs_own(machine: Machine, tmp_path: Path) -> None:
    path = wheel(tmp_path, "own")
    imported, said = ran(machine, BY_THE_MODULE % str(path))
    word, place = imported.split(" ", 1)
    assert (word, said) == ("own", "said own")
    assert Path(place).is_relative_to(machine.target.engine.root / "jobs")
    assert not Path(place).exists()
    assert importlib.util.find_spec("tiny_local") is None
    # Nor has the next job it.
    absent = (
        "import importlib.util as u; print(u.find_spec('tiny_local'), u.find_spec('boto3') is None)"
    )
    assert ran(machine, absent) == ["None False"]


def test_what_a_shell_script_installs_is_the_jobs_own(machine: Machine, tmp_path: Path) -> None:
    (line,) = ran(machine, BY_NAME % wheel(tmp_path, "shell"), program="run.sh")
    assert line.startswith(f"shell {machine.target.engine.root}/jobs/")


def test_what_a_containers_command_installs_is_the_jobs_own(
    machine: Machine, tmp_path: Path
) -> None:
    request = machine.request()
    request["HyperParameters"] = {}
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["/bin/sh", "-c"]
    command = BY_NAME % wheel(tmp_path, "command")
    request["AlgorithmSpecification"]["ContainerArguments"] = [command]
    machine.sagemaker.create_training_job(**request)
    machine.ended(request["TrainingJobName"])
    (line,) = machine.lines(request["TrainingJobName"])
    assert line.startswith(f"command {machine.target.engine.root}/jobs/")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a program that runs a Python file, as torchrun does."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    program = folder / "bin" / "run-it"
    program.write_text(
        f"#!{folder}/bin/python\nimport subprocess, sys\n"
        "subprocess.run([sys.executable, *sys.argv[1:]], check=True)\n"
    )
    program.chmod(0o755)
    return folder


def with_image(machine: Machine, other: Path, **request: Any) -> list[str]:
    """What a job printed that ran by a virtual environment's Python, which stays as it was."""
    made = machine.request(**request)
    made["AlgorithmSpecification"]["TrainingImage"] = (other / "bin" / "python").as_uri()
    machine.sagemaker.create_training_job(**made)
    described = machine.ended(made["TrainingJobName"])
    lines = machine.lines(made["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", lines
    assert not list(other.glob("lib/*/site-packages/tiny*"))
    return lines


@pytest.mark.parametrize("pip", ["pip", "pip3", f"pip3.{sys.version_info[1]}", "python3 -m pip"])
def test_every_name_of_pip_is_the_jobs(
    machine: Machine, other: Path, tmp_path: Path, pip: str
) -> None:
    code = BY_NAME.replace("pip install", f"{pip} install") % wheel(tmp_path, "named")
    (line,) = with_image(machine, other, code=code, program="run.sh")
    assert line.startswith("named ")


def test_programs_beside_the_interpreter_run_by_the_jobs_python(
    machine: Machine, other: Path, tmp_path: Path
) -> None:
    code = (
        f"run-it -m pip install {PIP} {wheel(tmp_path, 'beside')}\n"
        "run-it -c 'import tiny_local as t; print(t.WORD)'"
    )
    assert with_image(machine, other, code=code, program="run.sh") == ["beside"]


@pytest.mark.parametrize("program", ["python", "pip"])
def test_a_command_that_names_the_interpreters_own_place_is_the_jobs(
    machine: Machine, other: Path, tmp_path: Path, program: str
) -> None:
    request = machine.request(HyperParameters={})
    words = ["-m", "pip"] if program == "python" else []
    request["AlgorithmSpecification"] |= {
        "TrainingImage": (other / "bin" / "python").as_uri(),
        "ContainerEntrypoint": [str(other / "bin" / program), *words],
        "ContainerArguments": ["install", *PIP.split(), str(wheel(tmp_path, "direct"))],
    }
    machine.sagemaker.create_training_job(**request)
    assert machine.ended(request["TrainingJobName"])["TrainingJobStatus"] == "Completed"
    assert not list(other.glob("lib/*/site-packages/tiny*"))


def test_what_one_job_says_of_paths_is_not_kept_for_others(
    machine: Machine, other: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "extra.py").write_text("")
    find = "import importlib.util as u; print(u.find_spec('extra') is not None)"
    (tmp_path / "fresh").symlink_to(other)
    fresh = tmp_path / "fresh"  # of which nothing is kept yet
    paths = {"PYTHONPATH": str(site), "PIP_TARGET": str(tmp_path / "target")}
    assert with_image(machine, fresh, code=find, Environment=paths) == ["True"]
    assert with_image(machine, fresh, code=find) == ["False"]
    files = {"requirements.txt": f"--no-index\n{wheel(tmp_path, 'kept')}\n"}
    use = "import tiny_local; print(tiny_local.WORD)"
    for environment in (paths, {}):
        lines = with_image(machine, fresh, code=use, files=files, Environment=environment)
        assert lines[-1] == "kept"


def test_a_python_without_pip_gets_one_for_its_jobs(machine: Machine, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    code = BY_NAME % wheel(tmp_path, "bare")
    (line,) = with_image(machine, bare, code=code, program="run.sh")
    assert line.startswith("bare ")
    assert not list(bare.glob("lib/*/site-packages/pip"))


def test_an_environment_that_was_made_anew_is_looked_at_anew(
    machine: Machine, tmp_path: Path
) -> None:
    folder = tmp_path / "venv"
    make = [sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder)]
    find = "import sys; print(any(p.startswith(sys.base_prefix) and p.endswith('-packages') for p in sys.path))"
    for more, seen in ([], "False"), (["--system-site-packages"], "True"):
        subprocess.run([*make, *more], check=True)
        assert with_image(machine, folder, code=find) == [seen]


def test_a_kept_environment_is_not_changed_by_a_job(machine: Machine, tmp_path: Path) -> None:
    required, newer = wheel(tmp_path / "a", "required"), wheel(tmp_path / "b", "newer")
    files = {"requirements.txt": f"--no-index\n{required}\n"}
    change = f"--force-reinstall {newer}"
    (changed,) = ran(
        machine,
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-m', 'pip', 'install', *'{PIP} {change}'.split()],"
        " check=True)\nimport tiny_local; print(tiny_local.WORD)",
        files=files,
    )
    assert changed == "newer"
    assert ran(machine, "import tiny_local; print(tiny_local.WORD)", files=files) == ["required"]


def test_a_shell_script_is_told_that_requirements_are_its_own_business(
    machine: Machine, tmp_path: Path
) -> None:
    name = machine.run(
        "true", program="run.sh", files={"requirements.txt": str(wheel(tmp_path, "x"))}
    )["TrainingJobName"]
    (note,) = machine.lines(name)
    assert "requirements.txt is not installed for run.sh" in note and "pip install -r" in note


def test_the_command_is_told_with_the_interpreter_that_was_named(machine: Machine) -> None:
    reason = machine.run("raise SystemExit(3)")["FailureReason"]
    assert f'Command "{sys.executable} -- train.py"' in reason


def test_an_interpreter_that_makes_no_environment_is_told(tmp_path: Path) -> None:
    # As Debian's Python is without its package for environments.
    broken = tmp_path / "lib" / "venv"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise SystemExit('no ensurepip here')")
    installer = requirements.Installer(
        processes.start,
        {**os.environ, "PYTHONPATH": str(broken.parent)},
        lambda _: None,
        lambda: None,
    )
    environments = requirements.Environments(tmp_path, installer)
    with pytest.raises(requirements.NoEnvironmentError, match="no ensurepip here"):
        environments.base(sys.executable)
    assert not list(tmp_path.glob("*/*/ready"))


def test_links_to_the_interpreter_lead_there_from_anywhere(tmp_path: Path) -> None:
    installer = requirements.Installer(processes.start, os.environ, lambda _: None, lambda: None)
    kept = requirements.Environments(tmp_path, installer).base(sys.executable)
    python = own_python.over(kept, tmp_path / "own")
    assert python.resolve() == Path(sys.executable).resolve()
    assert shutil.which("pip", path=str(python.parent)) == str(python.with_name("pip"))
