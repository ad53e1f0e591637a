"""Every sentence by which the local target says why a job failed is explained.

The sentences are read off the source, so that a new one without a rule fails here.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_sm
from jupyter_sm.diagnosis import explain

from kit.local_machine import Machine, machine_in

PACKAGE = Path(jupyter_sm.__file__).parent
WALK = PACKAGE / "targets" / "walk.py"
SOURCES = [*sorted((PACKAGE / "targets" / "local" / "runner").glob("*.py")), WALK]
ERRORS = {"JobFailedError", "ChannelError", "ArtifactError", "RequirementsError"}
HEAD = "ClientError: Data download failed: "
# By what makes a sentence: what goes before it.
HEADS = {**dict.fromkeys(ERRORS, ""), "_failed": HEAD, "WalkError": HEAD}
# What stands for an expression within a sentence; a path for all others.
VALUES = {
    "fault": ["it is not executable", "there is no such program"],
    "kind": ["a pipe", "a device", "a socket", "no file"],
    "reason": ["a loop", "and there is nothing there"],
    "error.strerror": ["Permission denied", "Input/output error"],
    "error.strerror or error": ["Permission denied", "No such file or directory", "Bad address"],
    "os.strerror(errno.EACCES)": ["Permission denied"],
    "self.place.phrase": ["input of channel 'train'", "input 'rows'"],
    "place.phrase": ["input of channel 'train'", "input 'rows'"],
    "name": ["sagemaker_mpi_num_processes"],
    "given!r": ["'many'"],
    "MPI": ["sagemaker_mpi_enabled"],
    "TORCHRUN": ["sagemaker_torch_distributed_enabled"],
    "program": ["run.sh"],
    "said.splitlines()[-1]": ["no output"],
    "error": ["[Errno 13] Permission denied: '/data/x'", "not a gzip file"],
    "error.what": ["/data/x is a pipe, which can't be taken along."],
    "self._work.views.refusal": ["only Linux has mount namespaces"],
}
# Whose text is no sentence of ours, or is made of one that stands here itself.
OTHERS = {
    "self.steps.reason(failed)",
    "failure.algorithm_error(text)",
    "str(error).rstrip('.')",
    "f'ClientError: Data download failed: {what}.'",
}


def sentences() -> Iterator[str]:
    for file in SOURCES:
        tree = ast.parse(file.read_text())
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and (of := ast.unparse(call.func)) in HEADS:
                text, *remedies = call.args
                # A sentence may have a name.
                text = named.get(text.id, text) if isinstance(text, ast.Name) else text
                if ast.unparse(text) not in OTHERS:
                    yield from (
                        " ".join((f"{HEADS[of]}{said}", *more))
                        for said, *more in itertools.product(*map(filled, (text, *remedies)))
                    )


def filled(text: ast.expr) -> Iterator[str]:
    assert isinstance(text, (ast.JoinedStr, ast.Constant)), f"is it ours? {ast.unparse(text)}"
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    for chosen in itertools.product(*map(values, parts)):
        yield "".join(chosen)


def values(part: ast.expr) -> list[str]:
    if isinstance(part, ast.Constant):
        return [str(part.value)]
    assert isinstance(part, ast.FormattedValue)
    shown = ast.unparse(part.value) + ("!r" if part.conversion == ord("r") else "")
    return VALUES.get(shown) or ["'/data/x'" if shown.endswith("!r") else "/data/x"]


SENTENCES = sorted(set(sentences()))


def test_the_sentences_are_found() -> None:
    told = " ".join(SENTENCES)
    for words in ("no mpirun", "is a pipe", "there is nothing at", "no such program", "no file in"):
        assert words in told


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_of_ours_is_explained(sentence: str) -> None:
    found = explain(sentence)
    assert found.confidence > 0.9, found.title
    assert found.fixes
    # None of these is about an endpoint, an image of Docker's or the network.
    assert found.category in {
        "disk-full",
        "image-invalid",
        "input-channel",
        "invalid-hyperparameter",
        "invalid-parameter",
        "local-file-not-found",
        "missing-dependency",
    }
    assert "The image is" not in found.title or "Python" in found.title


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine_in(tmp_path_factory.mktemp("reasons"), max_jobs=2) as made:
        yield made


def test_an_image_that_is_no_python_is_told_apart(machine: Machine, tmp_path: Path) -> None:
    plain = tmp_path / "python"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o600)
    for image, said in ((tmp_path / "none", "there is no Python"), (plain, "it is not executable")):
        request = machine.request("")
        request["AlgorithmSpecification"]["TrainingImage"] = image.as_uri()
        machine.sagemaker.create_training_job(**request)
        reason = machine.ended(request["TrainingJobName"])["FailureReason"]
        assert said in reason
        assert explain(reason).title == "The image is no Python of this machine"
