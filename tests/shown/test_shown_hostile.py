"""What others wrote is text in every face: no terminal, notebook, spreadsheet or reader obeys it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert import HTMLExporter, MarkdownExporter

import jupyter_sm as sm
from jupyter_sm.cli.results import _cell
from jupyter_sm.desk import words
from jupyter_sm.diagnosis import explain
from jupyter_sm.diagnosis.actions import fill
from jupyter_sm.jobs import KINDS as KINDS_OF_JOBS
from jupyter_sm.jobs import Origin
from jupyter_sm.jobs.code import code_of
from jupyter_sm.shown.controls import coloured, line, plain
from jupyter_sm.targets import artifacts
from jupyter_sm.targets.artifacts import Artifact

from kit import faces
from kit.command import sm as command

# The clipboard, a link, a wiped screen, a title, a bell, 8-bit controls, turned writing, a tag.
TERMINAL = (
    "\x1b]52;c;ZXZpbCEh\x07\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\\x1b[2J\x1b]0;root\x07"
    "\x07\x9b31m\x9d8;;x\x9c\u202egpj.exe\u2066\x7f\x08\x1b[201~\x1bP1;1|x\x1b\\"
)
HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>&lt;"
MARKDOWN = "[click](javascript:alert(1)) **bold**"
FORMULA = "=HYPERLINK(1)"
HOSTILE = f"{TERMINAL}{HTML}{MARKDOWN}"

# What no output to a terminal may hold, but for colours where they are wanted.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
COLOURS = re.compile(r"\x1b\[[\d;]*m")

DIES = f"""
import os, pathlib
hostile = {HOSTILE!r}
print("\\x1b[31mred\\x1b[0m " + hostile)
print("loss: 0.5")
print(f"epoch 1 {{hostile}}: 0.25")
raise ValueError(hostile)
"""


@pytest.fixture
def job(tmp_path: Path) -> sm.Job:
    """One that has ended badly; all that it could say is hostile."""
    script = tmp_path / "dies.py"
    script.write_text(DIES)
    return sm.train(
        script,
        name="hostile",
        hyperparameters={"note": HOSTILE, "<script>alert(1)</script>": FORMULA, TERMINAL: 1},
        environment={"NOTE": HOSTILE},
        metrics={FORMULA: "loss: ([0-9.]+)"},
    ).wait(120, check=False, progress=False)


def test_no_face_obeys_what_a_job_says(job: sm.Job, script: Path, tmp_path: Path) -> None:
    other = sm.train(script, name="other").wait(120, progress=False)
    assert "click" in str(job.explanation)
    for face, text in (
        *faces.of_handle(job, other),
        *faces.of_magics(job, other),
        *faces.of_commands("hostile", "other", tmp_path / "exported"),
    ):
        if face in ("view", "request", "bundle"):
            continue  # data, which programs read
        # An error's title is red.
        seen = COLOURS.sub("", text) if face == "error" else text
        assert not CONTROLS.search(seen), (face, CONTROLS.search(seen), text)
    log = command("logs", "hostile")
    assert not CONTROLS.search(log.out) and "red click" in log.out
    shown = COLOURS.sub("", repr(job.logs()))
    assert not CONTROLS.search(shown) and HTML in shown


def test_a_notebook_and_what_it_is_converted_to_hold_text_only(job: sm.Job) -> None:
    data = job._repr_mimebundle_()
    assert "<script" not in data["text/html"] and "<img" not in data["text/html"]
    outputs = [
        nbformat.v4.new_output("execute_result", data, execution_count=1),
        nbformat.v4.new_output(
            "execute_result", {"text/plain": repr(job.logs())}, execution_count=2
        ),
        nbformat.v4.new_output(
            "execute_result", {"text/plain": str(job.explanation)}, execution_count=3
        ),
        nbformat.v4.new_output("stream", name="stdout", text=repr(job.logs())),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("job", outputs=outputs)])
    html, _ = HTMLExporter().from_notebook_node(notebook)
    body = html[html.index("<main") :]
    assert "<script>alert" not in body and "onerror=" not in re.sub(r"&lt;.*?&gt;", "", body)
    assert 'href="javascript:' not in body
    text, _ = MarkdownExporter().from_notebook_node(notebook)
    # What is no code block is HTML of ours, escaped.
    loose = "\n".join(row for row in text.split("\n") if not row.startswith("    "))
    assert "<script" not in loose and "](javascript" not in loose.replace("\\", "")


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "  =1", "＝1", "＠x", "\r=1", "\n=1"]
)
def test_a_name_is_no_formula_in_a_spreadsheet(name: str) -> None:
    assert _cell(name) == f"'{name}"
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerow([_cell(f"a;{name}"), 1.5])
    assert text.getvalue().startswith('"a;')


@given(st.text())
def test_a_plain_text_controls_nothing(text: str) -> None:
    for seen in (plain(text), COLOURS.sub("", coloured(text)), line(text)):
        assert not CONTROLS.search(seen)
    assert "\n" not in line(text) and plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("a\x1b]8;;https://evil\x1b\\b\x1b]8;;\x07c", "abc"),
        ("\x1b]52;c;YQ==\x07x", "x"),
        ("\x1b]0;never ended\nnext", "\nnext"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("a\rb\x08\x00", "a␍b␈␀"),
        ("a\u202eb\u2069", "a⟨U+202E⟩b⟨U+2069⟩"),
        ("שלום ‌مرحبا 👩‍💻", "שלום ‌مرحبا 👩‍💻"),
    ],
)
def test_what_is_left_of_a_text(text: str, seen: str) -> None:
    assert plain(text) == seen


def test_colours_stay_where_they_are_wanted_and_end_with_the_text() -> None:
    assert coloured("\x1b[31mred") == "\x1b[31mred\x1b[0m"
    assert coloured("\x1b[8mhidden\x1b[0m") == "hidden\x1b[0m"
    assert coloured("a\x1b[2Jb") == "ab"


def test_cells_stay_in_their_columns() -> None:
    table = words.columns([("NAME", "X"), ("a\nb\x1b[2J", "1"), ("c", "2")])
    assert [row.split() for row in table.split("\n")] == [
        ["NAME", "X"],
        ["a", "b", "1"],
        ["c", "2"],
    ]


def test_code_is_pasted_as_it_looks() -> None:
    request = {"TrainingJobName": "j", "Environment": {"NOTE": f"{TERMINAL}\n\"'\\"}}
    code = code_of(KINDS_OF_JOBS["training"], request, "local", "boto3", Origin())
    assert not CONTROLS.search(code)
    scope: dict[str, dict[str, dict[str, str]]] = {}
    exec(
        code.partition("\n\n")[2]
        .partition("request = ")[2]
        .join(("request = ", ""))
        .partition("\nanswer")[0],
        scope,
    )
    assert scope["request"]["Environment"] == request["Environment"]


def test_a_command_and_an_address_that_are_copied_hold_no_more_than_they_seem_to() -> None:
    (login,) = fill(["log-in"], {"profile": "x; rm -rf ~"})
    assert login["command"] == "aws sso login --profile 'x; rm -rf ~'"
    (page,) = fill(["open-quota-page"], {"region": "evil.example/#"})
    assert page["url"].startswith("https://us-east-1.console.aws.amazon.com/")
    explanation = explain(f"ValueError: {HOSTILE}")
    assert not CONTROLS.search(str(explanation.as_dict()).replace("\\n", ""))


def test_a_file_is_fetched_under_the_name_it_is_shown_with(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("x")
    odd = Artifact("a\x1b[2Jb\u202ec", 1, (tmp_path / "source").as_uri())
    fetched = artifacts.fetch(lambda: None, odd, tmp_path / "here", lambda count: None)
    assert fetched.name == "ab⟨U+202E⟩c" and fetched.read_text() == "x"
