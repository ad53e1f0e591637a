"""Every face offers every field of a spec; what was typed reaches the script as it was typed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from jupyter_sm import cli
from jupyter_sm.jobs import KINDS, TrainingSpec, hyperparameter_text
from jupyter_sm.jobs.options import JobOptions, about, add_options, given, typed
from jupyter_sm.notebook import magics
from jupyter_sm.server.openapi import document
from jupyter_sm.server.routes import ROUTES
from jupyter_sm.targets.local.runner import container

# Each option of a training job, with a value that is not its default.
OPTIONS: dict[str, tuple[list[str], Any]] = {
    "script": (["train.py"], "train.py"),
    "entry_point": (["--entry-point", "main.py"], "main.py"),
    "dependencies": (["--dependency", "lib/", "--dependency=util.py"], ["lib/", "util.py"]),
    "inputs": (
        ["--input", "a=data/", "--input=b=s3://b/k?x=y"],
        {"a": "data/", "b": "s3://b/k?x=y"},
    ),
    "hyperparameters": (
        ["-p", "epochs=3", "--hyperparameter", "instance=a=b", "-p", "empty="],
        {"epochs": 3, "instance": "a=b", "empty": ""},
    ),
    "instance": (["--instance", "ml.c5.xlarge"], "ml.c5.xlarge"),
    "instance_count": (["--instance-count", "2"], 2),
    "image": (["--image", "pytorch:2.5"], "pytorch:2.5"),
    "role": (["--role", "Training"], "Training"),
    "output": (["--output", "s3://b/out"], "s3://b/out"),
    "max_runtime": (["--max-runtime", "60"], 60),
    "spot": (["--spot"], True),
    "max_wait": (["--max-wait", "90"], 90),
    "volume_gb": (["--volume-gb", "50"], 50),
    "tags": (
        ["--tag", "team=vision", "--tag", "version=1.10"],
        {"team": "vision", "version": "1.10"},
    ),
    "environment": (["--env", "SEED=1"], {"SEED": "1"}),
    "checkpoint": (["--checkpoint", "ckpt/"], "ckpt/"),
    "metrics": (["--metric", "loss=loss=([0-9.]+)"], {"loss": "loss=([0-9.]+)"}),
    "input_mode": (["--input-mode", "FastFile"], "FastFile"),
    "distribution": (["--distribution", "torchrun"], "torchrun"),
    "subnets": (["--subnet", "subnet-1", "--subnet", "subnet-2"], ["subnet-1", "subnet-2"]),
    "security_group_ids": (["--security-group-id", "sg-1"], ["sg-1"]),
    "volume_kms_key": (["--volume-kms-key", "alias/a"], "alias/a"),
    "output_kms_key": (["--output-kms-key", "alias/b"], "alias/b"),
    "bucket": (["--bucket", "team"], "team"),
    "create_bucket": (["--create-bucket"], True),
    "follow_links": (["--follow-links"], True),
}


def parser_of(*specs: type[Any]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="x", allow_abbrev=False)
    for spec in specs:
        add_options(parser, spec)
    return parser


def test_every_field_has_an_option_that_sets_it() -> None:
    assert list(OPTIONS) == [one.name for one in fields(TrainingSpec)]
    words = [word for given_words, _ in OPTIONS.values() for word in given_words]
    options = parser_of(JobOptions, TrainingSpec).parse_args([*words, "--name", "n"])
    assert given(options, TrainingSpec) == {name: value for name, (_, value) in OPTIONS.items()}
    assert given(options, JobOptions) == {"name": "n"}
    assert TrainingSpec(**given(options, TrainingSpec)).faults() == []


def test_what_is_not_given_is_left_to_the_spec() -> None:
    options = parser_of(JobOptions, TrainingSpec).parse_args(["train.py"])
    assert given(options, TrainingSpec) == {"script": "train.py"}
    assert given(options, JobOptions) == {}


def squeezed(text: str) -> str:
    """Without spaces, since argparse breaks lines where they are too long."""
    return "".join(text.split())


def help_of(face: str, capsys: pytest.CaptureFixture[str]) -> str:
    if face == "magic":
        assert magics.sm("train --help", "pass") is None
    else:
        with pytest.raises(SystemExit) as ended:
            cli.main(["train", "--help"])
        assert ended.value.code == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


@pytest.mark.parametrize("face", ["magic", "command line"])
def test_magic_and_command_line_offer_every_field_in_the_specs_words(
    face: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = squeezed(help_of(face, capsys))
    for one in (*fields(JobOptions), *fields(TrainingSpec)):
        if (face, one.name) == ("magic", "script"):
            continue  # the cell is the script
        assert squeezed(one.metadata["help"]) in shown
        assert one.name == "script" or OPTIONS.get(one.name, [[f"--{one.name}"]])[0][0] in shown
    for default in ("local", "ml.m5.large", "86400", "30", "File"):
        assert f"(default:{default})" in shown


def test_openapi_describes_every_field_in_the_specs_words() -> None:
    found = document(ROUTES)
    spec = found["components"]["schemas"]["TrainingSpec"]["properties"]
    body = found["paths"]["/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for shown, of in ((spec, TrainingSpec), (body["properties"], JobOptions)):
        for one in fields(of):
            assert shown[one.name]["description"] == one.metadata["help"]
    assert "default" not in spec["script"]
    bare = TrainingSpec("train.py")
    for name in list(spec)[1:]:
        assert spec[name]["default"] == getattr(bare, name)


def test_every_kinds_spec_says_what_its_fields_are() -> None:
    for spec in [row.spec for row in KINDS.values() if row.spec]:
        for one in fields(spec):
            assert one.metadata["help"] and not one.metadata["help"].endswith("."), one.name


@dataclass(frozen=True)
class _Sample:
    """A spec of another kind."""

    code: str = field(metadata=about("what runs, at 100 %"))
    rate: float | None = field(default=None, metadata=about("a rate", "-r", metavar="RATE"))
    limits: Mapping[str, str] = field(default_factory=dict, metadata=about("limits"))


def test_any_spec_has_its_options_made(capsys: pytest.CaptureFixture[str]) -> None:
    parser = parser_of(_Sample)
    options = parser.parse_args(["run.py", "-r", "0.5", "--limits", "a=1"])
    assert given(options, _Sample) == {"code": "run.py", "rate": 0.5, "limits": {"a": "1"}}
    parser.print_help()
    shown = capsys.readouterr().out
    assert "what runs, at 100 %" in shown and "-r RATE" in shown
    assert "--limits NAME=VALUE" in shown and "limits; can be repeated" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--input", "data"], "argument --input: 'data' is not NAME=PATH"),
        (["--input", "=data"], "argument --input: '=data' is not NAME=PATH"),
        (["--metric", "loss"], "argument --metric: 'loss' is not NAME=REGEX"),
        (["-p", "a=1", "-p", "a=2"], "argument -p/--hyperparameter: a is given twice"),
        (["--max-runtime", "long"], "argument --max-runtime: invalid int value: 'long'"),
    ],
)
def test_an_option_that_can_not_be_read_is_named(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser_of(TrainingSpec).parse_args(["train.py", *words])
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0.1", 0.1),
        ("1e-05", 1e-05),
        ("1.10", "1.10"),
        ("1e-3", "1e-3"),
        ("1E5", "1E5"),
        ("007", "007"),
        ("+1", "+1"),
        (" 1", " 1"),
        ("1_000", "1_000"),
        ("9" * 5000, "9" * 5000),
        ("1e999", "1e999"),
        ("nan", "nan"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("true", "true"),
        ("null", "null"),
        ('"quoted"', '"quoted"'),
        ("[64, 32]", "[64, 32]"),
        ("[" * 100_000, "[" * 100_000),
        ("", ""),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_number_is_one_only_where_it_is_written_as_it_was_typed(text: str, value: Any) -> None:
    found = typed(text)
    assert (found, type(found)) == (value, type(value))


@given_by(
    st.text()
    | st.integers().map(str)
    | st.floats().map(str)
    | st.decimals(allow_nan=False).map(str)
    | st.from_regex(r"\A[-+]?[0-9]{1,4}\.[0-9]{0,4}(e[-+]?[0-9]{1,3})?\Z")
)
def test_what_was_typed_reaches_the_script_as_it_was_typed(text: str) -> None:
    request = {"HyperParameters": {"value": hyperparameter_text(typed(text))}}
    assert container.arguments(request) == ["--value", text]
