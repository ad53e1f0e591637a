"""A requirements.txt beside the script: installed once, apart from the user's environment."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_sm.targets.local.runner import processes, requirements
from jupyter_sm.targets.local.runner.requirement_files import RequirementFiles

from kit.local_machine import Machine, machine_in, views_in
from kit.packages import wheel
from kit.wait import wait_for

USE = "import tiny_local; print(tiny_local.WORD, tiny_local.__file__)"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("requirements"), max_jobs=2) as made:
        yield made


def notes(machine: Machine, name: str) -> list[str]:
    return [line for line in machine.lines(name) if line.startswith("jupyter_sm:")]


def test_packages_are_installed_once_and_the_users_own_stay_seen(
    machine: Machine, tmp_path: Path
) -> None:
    files = {"requirements.txt": f"--no-index\n{wheel(tmp_path, 'installed')}\n"}
    first = machine.run(USE, files=files)
    assert first["TrainingJobStatus"] == "Completed", first.get("FailureReason")
    name = first["TrainingJobName"]
    assert any("installing requirements.txt" in note for note in notes(machine, name))
    word, place = machine.lines(name)[-1].split(" ", 1)
    assert word == "installed"
    assert Path(place).is_relative_to(machine.target.engine.root)
    assert importlib.util.find_spec("tiny_local") is None

    second = machine.run(USE + "\nimport botocore", files=files)
    assert second["TrainingJobStatus"] == "Completed", second.get("FailureReason")
    assert machine.lines(second["TrainingJobName"]) == [f"installed {place}"]


def test_a_wheel_in_the_source_is_found_beside_the_requirements(
    machine: Machine, tmp_path: Path
) -> None:
    path = wheel(tmp_path, "beside")
    files = {
        "requirements.txt": f"--no-index\n./wheels/{path.name}\n",
        f"wheels/{path.name}": path.read_bytes(),
    }
    described = machine.run(USE, files=files)
    assert described["TrainingJobStatus"] == "Completed", described["FailureReason"]
    assert machine.lines(described["TrainingJobName"])[-1].startswith("beside ")


def test_packages_that_cannot_be_installed_fail_the_job_with_pips_words(machine: Machine) -> None:
    files = {"requirements.txt": "--no-index\nno-such-package-anywhere==1.0\n"}
    described = machine.run("print('ran')", files=files)
    assert described["TrainingJobStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith("AlgorithmError: InstallRequirementsError:\nExitCode 1\n")
    assert "no-such-package-anywhere" in reason
    assert "ran" not in machine.lines(described["TrainingJobName"])
    # What failed is not taken for ready the next time.
    again = machine.run("print('ran')", files=files)
    assert again["FailureReason"] == reason


def test_a_line_without_end_of_an_installer_comes_in_pieces(tmp_path: Path) -> None:
    said: list[str] = []
    installer = requirements.Installer(processes.start, {}, said.append, lambda: None)
    code, tail = installer.run([sys.executable, "-c", "print('x' * 1_000_000)"], tmp_path)
    assert (code, "".join(said), tail) == (0, "x" * 1_000_000, said)
    assert max(map(len, said)) <= 262_144


def test_a_stop_is_heard_while_packages_are_being_installed(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        options = f"--index-url {index}\nslow-package\n"
        name = machine.start("print('ran')", files={"requirements.txt": options})
        silent.settimeout(30)
        connection, _ = silent.accept()  # pip waits now
        with connection:
            machine.stop(name)
            wait_for(lambda: machine.status(name) == "Stopped", 8)
    assert machine.lines(name)[-1] != "ran"


# Builds a package of one module with nothing but Python, so that nothing is fetched.
BACKEND = """
import pathlib, zipfile
INFO = "tiny_local-1.0.dist-info"
def build(folder, files):
    path = pathlib.Path(folder, "tiny_local-1.0-py3-none-any.whl")
    files[f"{INFO}/METADATA"] = "Metadata-Version: 2.1\\nName: tiny-local\\nVersion: 1.0\\n"
    files[f"{INFO}/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[f"{INFO}/RECORD"] = "".join(f"{name},,\\n" for name in files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path.name
def build_wheel(folder, *_):
    return build(folder, {"tiny_local.py": pathlib.Path("tiny_local.py").read_text()})
def build_editable(folder, *_):
    return build(folder, {"tiny.pth": str(pathlib.Path.cwd())})
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def package(word: str, below: str = "") -> dict[str, str]:
    """The files of a package that pip builds offline."""
    files = {"backend.py": BACKEND, "pyproject.toml": PROJECT, "tiny_local.py": f"WORD = {word!r}"}
    return {f"{below}{name}": text for name, text in files.items()}


def ran(machine: Machine, code: str = USE, **job: Any) -> list[str]:
    """What a job printed that must complete, without our own lines."""
    described = machine.run(code, **job)
    name = described["TrainingJobName"]
    assert described["TrainingJobStatus"] == "Completed", (described, machine.lines(name))
    return [line for line in machine.lines(name) if not line.startswith("jupyter_sm:")]


def installed(machine: Machine) -> int:
    return len(list((machine.target.engine.root / "environments").glob("*/ready")))


def test_an_environment_is_made_anew_where_a_file_that_it_includes_changes(
    machine: Machine, tmp_path: Path
) -> None:
    files = {"requirements.txt": "--no-index\n-r deep/base.txt\n", "deep/more.txt": ""}
    for word in ("first", "second"):
        path = wheel(tmp_path / word, word)
        files["deep/base.txt"] = f"-r more.txt\n{path}\n"
        assert ran(machine, files=files)[0].startswith(word)
    known = installed(machine)
    assert ran(machine, files=files)[0].startswith("second")
    assert installed(machine) == known


@pytest.mark.parametrize("line", ["./pkg", "./pkg[extra] ; python_version > '3'", "-e ./pkg"])
def test_an_environment_is_made_anew_where_a_local_package_changes(
    machine: Machine, line: str
) -> None:
    for word in ("first", "second"):
        files = {"requirements.txt": f"{line}\n", **package(word, "pkg/")}
        assert ran(machine, files=files)[0].startswith(word)


def test_an_editable_package_is_kept_for_the_next_job(machine: Machine, tmp_path: Path) -> None:
    views_in(tmp_path / "tried")
    files = {"requirements.txt": "-e ./pkg\n", **package("edited", "pkg/")}
    first = ran(machine, files=files)
    known = installed(machine)
    assert ran(machine, files=files) == first
    assert installed(machine) == known


def digest(folder: Path) -> bytes:
    return RequirementFiles(folder / "requirements.txt").digest()


@pytest.mark.parametrize(
    "line",
    [
        "-r other",
        "-rother",
        "--requirement=other",
        "-c other",
        "--constraint other  # why",
        "-e other/",
        "--editable=./other",
        "./other",
        "tiny @ file://{folder}/other",
        "other/ ; python_version > '3'",
        "other.whl",
        "-f ./other",
        "--find-links \\\n  ./other",
    ],
)
def test_everything_that_a_requirements_file_names_counts(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"numpy>=1\n{line.format(folder=tmp_path)}\n")
    is_file = "-r" in line or "-c" in line or line.endswith(".whl")
    other = tmp_path / ("other.whl" if line.endswith(".whl") else "other")
    if not is_file:
        other.mkdir()
        (other / "deep").mkdir()
        (other / "build").mkdir()
        other = other / "deep" / "file"
    elif "constraint" not in line and "-f" not in line:
        assert digest(tmp_path)  # what is not there is pip's to tell
    other.write_text("one")
    before = digest(tmp_path)
    assert digest(tmp_path) == before
    (tmp_path / "unnamed").write_text("other")
    if not is_file:
        (other.parents[1] / "build" / "left").write_text("by a build")
    assert digest(tmp_path) == before
    other.write_text("two")
    assert digest(tmp_path) != before


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r other.txt\nhttps://host/x.whl\n-e git+ssh://h/x")
    (tmp_path / "other.txt").write_text("-r requirements.txt\n")
    assert not RequirementFiles(tmp_path / "requirements.txt").is_editable


def test_an_interpreter_without_pip_gets_its_requirements(machine: Machine, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    request = machine.request(
        USE, files={"requirements.txt": f"--no-index\n{wheel(tmp_path, 'bare')}\n"}
    )
    request["AlgorithmSpecification"]["TrainingImage"] = (bare / "bin" / "python").as_uri()
    machine.sagemaker.create_training_job(**request)
    described = machine.ended(request["TrainingJobName"])
    assert described["TrainingJobStatus"] == "Completed", described
    assert machine.lines(request["TrainingJobName"])[-1].startswith("bare ")


def test_where_no_pip_is_to_be_had_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(requirements.RequirementsError, match=r"neither /x/python nor .* has pip"):
        requirements._pip("/x/python", "21.0")


def test_programs_that_were_installed_come_first_on_path(machine: Machine, tmp_path: Path) -> None:
    path = wheel(tmp_path, "first")
    code = """
import subprocess
subprocess.run(["tiny-say"], check=True)
subprocess.run(["python", "-c", "import tiny_local; print(tiny_local.WORD, tiny_local.__file__)"], check=True)
"""
    files = {"requirements.txt": f"--no-index\n{path}\n"}
    lines = ran(machine, code, files=files)
    prefix = machine.target.engine.root / "environments"
    assert lines[0] == "said first"
    assert lines[1].startswith(f"first {prefix}")


def test_a_package_is_installed_and_run_by_its_module(machine: Machine, tmp_path: Path) -> None:
    path = wheel(tmp_path, "required")
    files = {
        "setup.py": "",
        "backend.py": BACKEND.replace("tiny_local", "other").replace("tiny-local", "other"),
        "pyproject.toml": PROJECT,
        "other.py": "WORD = 'built'",
        "requirements.txt": f"--no-index\n{path}\n",
    }
    code = (
        "import tiny_local, other; from importlib.metadata import version\n"
        "print(tiny_local.WORD, __name__, version('other'))"
    )
    assert ran(machine, code, files=files, hyperparameters={"n": 1}) == ["required __main__ 1.0"]
    files["backend.py"] = "def build_wheel(*_): raise RuntimeError('not today')"
    reason = machine.run(code, files=files)["FailureReason"]
    assert reason.startswith("AlgorithmError: InstallModuleError:\nExitCode 1\n")
    assert "RuntimeError: not today" in reason
    assert "-m pip install . -r requirements.txt" in reason
