"""Expressions of others: whatever they are, they end, and find what they find."""

from __future__ import annotations

import os
import signal

import pytest

from jupyter_sm import expressions
from jupyter_sm.expressions import Found, faults_of, search
from jupyter_sm.logs import LogParser

from kit.forked import forked
from kit.hostile import HOSTILE, LETTERS


@pytest.mark.parametrize(("expression", "text"), HOSTILE)
def test_an_expression_that_runs_away_is_ended(expression: str, text: str) -> None:
    hostile, honest = search([expression, r"(\w)\W*\Z"], [text])
    assert hostile.fault.startswith("takes too long")
    assert not hostile.captured
    assert honest == Found({0: text.rstrip("!, ")[-1]})


@pytest.mark.parametrize(
    ("expression", "captured"),
    [
        (r"loss=([\d.]+)", {0: "0.5", 2: "0.25"}),
        (r"loss=[\d.]+", {}),
        (r"(?i)LOSS=([\d.]+)", {0: "0.5", 2: "0.25"}),
        (r"(?i:LOSS)=([\d.]+)", {0: "0.5", 2: "0.25"}),
        (r"(?x) loss = ([\d.]+)  # the loss", {0: "0.5", 2: "0.25"}),
        (r"(?:a|b)cc(?: )=(\d+)", {1: "7"}),
        (r"ac{2} =(\d)", {1: "7"}),
        (r"(?<=acc =)(\d+)", {1: "7"}),
        (r"größe (\S+)", {3: "\ud800"}),
        (r"(?<!x)(loss|acc)", {0: "loss", 1: "acc", 2: "loss"}),
        (r"(nothing)?", {}),
    ],
)
def test_all_texts_are_searched(expression: str, captured: dict[int, str]) -> None:
    texts = ["loss=0.5", "acc =7", "step 3 loss=0.25", "größe \ud800", ""]
    assert search([expression], texts) == [Found(captured)]


def test_an_expression_that_is_slow_on_odd_lines_only_is_kept() -> None:
    odd = "[12] train-loss: 0.5 " * 95
    (found,) = search([r".*\[[0-9]+\].*#011validation-error:(\S+)"], [odd] * 1_000 + ["[1] #011"])
    assert found == Found()


@pytest.mark.parametrize("expression", ["(", "[", "*", "(?P<a", "\\", "(" * 5_000 + ")" * 5_000])
def test_what_can_not_be_read_is_told(expression: str) -> None:
    fault, none = faults_of([expression, "a"])
    assert fault.startswith("can't be read (")
    assert not none


def test_a_process_that_somebody_else_ended_is_no_fault_of_the_expression() -> None:
    search(["(a)"], ["a"])
    process = expressions._worker._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert search(["(a)"], ["a"]) == [Found({0: "a"})]


def test_a_forked_child_searches_with_a_process_of_its_own() -> None:
    search(["(a)"], ["a"])
    assert forked(lambda: search(["(b)"], ["b"])[0].captured[0]) == "b"
    assert search(["(c)"], ["c"]) == [Found({0: "c"})]


def test_a_log_goes_on_without_the_definitions_that_run_away() -> None:
    definitions = {"bad": r"(a+)+$", "good": r"loss=([\d.]+)", "broken": "("}
    parser = LogParser(definitions)
    lines = [f"{LETTERS} loss=0.{n}" for n in range(6)]
    with parser.foreseen(lines[:3]):
        for line in lines[:3]:
            parser.feed(0, "algo-1", line)
    for line in lines[3:]:
        parser.feed(0, "algo-1", line)
    assert [(m.name, m.value) for m in parser.metrics] == [("good", n / 10) for n in range(6)]
    bad, broken = parser.faults
    assert "'bad'" in bad and "takes too long" in bad
    assert "'broken'" in broken and "can't be read" in broken
