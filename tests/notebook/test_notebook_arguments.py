"""Whatever the public functions are called with, they answer in their own words, or do as told."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jupyter_sm as sm
from jupyter_sm.notebook import session
from jupyter_sm.notebook.job import Job
from jupyter_sm.notebook.line_commands import COMMANDS
from jupyter_sm.notebook.magics import sm as magic
from jupyter_sm.tracking import service

ODD: list[Any] = [
    3,
    -1,
    10**30,
    2.5,
    float("nan"),
    float("inf"),
    True,
    None,
    "",
    "zz",
    "nul\0",
    "half \udc80",
    "x" * 5_000,
    "~nobody-of-that-name/x",
    b"bytes",
    [],
    ["half \udc80"],
    [3],
    {},
    {3: 4},
    {"": ""},
    {"a=b": "c"},
    {"nul\0": "nul\0"},
    {"a": "half \udc80"},
    {"a": object()},
    object(),
    len,
    (n for n in "ab"),
]
# Nothing takes these, whatever the parameter.
NEVER = (b"bytes", ODD[-2])


class Unwritable:
    """Even what can't be shown is told of."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


# What each is called with otherwise.
BASES: dict[str, dict[str, Any]] = {
    "train": {"script": "train.py"},
    "submit": {"request": {}},
    "track": {"name": "one"},
    "get_job": {"name": "one"},
    "list_jobs": {},
    "list_targets": {},
    "add_target": {"name": "zz"},
    "remove_target": {"name": "zz"},
    "defaults": {},
    "client": {"service": "zz"},
    "wait_all": {"jobs": []},
    "as_completed": {"jobs": []},
    "compare": {"jobs": []},
    "explain": {"error": "x"},
    "Job.logs": {},
    "Job.wait": {"check": False},
    "Job.again": {},
    "Job.code": {},
    "Job.diff": {"other": None},
    "Job.model": {},
}
OPTIONS = [name for name in inspect.signature(sm.TrainingSpec).parameters if name != "script"]


def parameters(name: str) -> list[str]:
    owner, _, method = name.rpartition(".")
    function = getattr(Job if owner else sm, method)
    named = [
        one.name
        for one in inspect.signature(function).parameters.values()
        if one.name != "self" and one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    return list(dict.fromkeys([*named, *(OPTIONS if name in ("train", "Job.again") else ())]))


CALLS = [(name, parameter) for name in BASES for parameter in parameters(name)]


@pytest.fixture
def call(
    home: Path, tmp_path: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Call a function. Nobody tracks, so what is accepted stays submitted and nothing runs."""
    monkeypatch.chdir(script.parent)
    monkeypatch.setattr(service, "ensure_tracked", lambda *_: None)
    monkeypatch.setattr("jupyter_sm.desk.desk._LOOK_UP_SECONDS", 0)
    job = sm.train(script, name="one")
    with session.desk().store.write() as db:
        db.execute(
            "UPDATE jobs SET status = 'Completed', phase = 'ended', log_closed = 1, ended_at = 1"
        )

    def call(name: str, /, **arguments: Any) -> Any:
        owner, _, method = name.rpartition(".")
        result = getattr(job if owner else sm, method)(**arguments)
        return list(itertools.islice(result, 3)) if inspect.isgenerator(result) else result

    return call


def test_every_public_function_is_looked_at() -> None:
    functions = {name for name in sm.__all__ if inspect.isfunction(getattr(sm, name))}
    assert functions == {name for name in BASES if "." not in name}


@pytest.mark.parametrize(("name", "parameter"), CALLS)
def test_odd_arguments_are_told_of_in_a_sentence(
    call: Callable[..., Any], name: str, parameter: str
) -> None:
    takes_anything = (name, parameter) in [("explain", "error")]
    for odd in [*ODD, Unwritable()]:
        try:
            call(name, **{**BASES[name], parameter: odd})
        except sm.ExplainedError as error:
            told = error.explanation
            assert told.what_happened and told.title != "Error not recognised", (odd, told)
            assert "Traceback" not in told.what_happened
            str(error).encode()  # it can be shown
            if odd in NEVER and not takes_anything:
                assert parameter in told.what_happened, (odd, told)
        else:
            assert takes_anything or odd not in NEVER, odd


@pytest.mark.parametrize("name", [name for name in BASES if name != "explain"])
def test_arguments_that_there_are_not_are_told_of(call: Callable[..., Any], name: str) -> None:
    with pytest.raises(sm.ExplainedError, match="instace"):
        call(name, **BASES[name], instace="ml.m5.large")


LINES = [
    "",
    "one",
    "one two three",
    "--zz",
    "-n 0",
    "--name",
    "--target",
    "--target=",
    "--target zz@nowhere",
    "-p a",
    "-p =",
    "--=",
    "-",
    "--",
    "--input x=",
    "--instance-count two",
    "--max-runtime 1e99",
    "one --change zz",
    "train.py --input x=",
    "train.py --lr nan --lr 3",
    "'half",
    "\udc80",
    "nul\0",
    "~nobody-of-that-name/x",
    "x" * 5_000,
]


@pytest.mark.parametrize("command", ["", "zz", "\udc80", *COMMANDS])
def test_odd_lines_are_told_of_in_a_sentence(call: Callable[..., Any], command: str) -> None:
    for words in LINES:
        try:
            str(magic(f"{command} {words}")).encode("utf-8", "strict")
        except sm.ExplainedError as error:
            told = error.explanation
            assert told.what_happened and told.title != "Error not recognised", (words, told)
            assert "\n" not in told.what_happened and "Traceback" not in told.what_happened
            str(error).encode()


@pytest.mark.parametrize("body", ["", " \n ", "print('\udc80')", "print('nul\0')"])
def test_cells_that_are_no_script_are_told_of(call: Callable[..., Any], body: str) -> None:
    with pytest.raises(sm.ExplainedError, match=r"The cell (is empty|holds characters)"):
        magic("train", body)
