"""A requirements.txt beside the script: installed once, apart from the user's environment."""

from __future__ import annotations

import importlib.util
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.local_machine import Machine, machine_in
from kit.wait import wait_for

USE = "import tiny_local, sys; print(tiny_local.WORD, sys.prefix)"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("requirements"), max_jobs=2) as made:
        yield made


def wheel(folder: Path, word: str) -> Path:
    """A wheel of one module, made by hand so that nothing is built or fetched."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny_local-1.0-py3-none-any.whl"
    info = "tiny_local-1.0.dist-info"
    files = {
        "tiny_local.py": f"WORD = {word!r}\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-local\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, content)
    return path


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
    word, prefix = machine.lines(name)[-1].split(" ", 1)
    assert word == "installed"
    assert Path(prefix).is_relative_to(machine.target.engine.root)
    assert importlib.util.find_spec("tiny_local") is None

    second = machine.run(USE + "\nimport botocore", files=files)
    assert second["TrainingJobStatus"] == "Completed", second.get("FailureReason")
    assert machine.lines(second["TrainingJobName"]) == [f"installed {prefix}"]


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
    assert reason.startswith("ClientError: installing requirements.txt failed")
    assert "no-such-package-anywhere" in reason
    assert "ran" not in machine.lines(described["TrainingJobName"])
    # What failed is not taken for ready the next time.
    again = machine.run("print('ran')", files=files)
    assert again["FailureReason"] == reason


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
