"""The catalogue is well-formed and quick on any text; secrets leave no explanation."""

from __future__ import annotations

import re
import string
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_sm.diagnosis import explain, mask_secrets
from jupyter_sm.diagnosis.entities import NAMES
from jupyter_sm.diagnosis.explaining import _Entities
from jupyter_sm.diagnosis.matching import Text, needs_of
from jupyter_sm.diagnosis.parts import parts_of
from jupyter_sm.diagnosis.rules import PARTS, VOICES, Rule, catalog

RULES = catalog()


def name_of(rule: Rule) -> str:
    return f"{rule.category}-{rule.rank}"


COMMAND = re.compile(r": (aws|docker|pip|tar|sudo) .{3,200}$")


def texts(rule: Rule) -> list[str]:
    return [text for text in (rule.title, rule.what, rule.cause, *rule.fixes) if text]


def test_the_rules_of_the_highest_rank_come_first() -> None:
    order = [rule.rank for rule in RULES]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_is_complete(rule: Rule) -> None:
    asks = (rule.codes, rule.patterns, rule.types, rule.operations, rule.voices)
    assert any(asks), "a rule that asks for nothing would match everything"
    assert rule.part in PARTS
    assert set(rule.voices) <= set(VOICES)
    assert rule.category == rule.category.lower()
    assert " " not in rule.category
    assert rule.category != "not-recognised"
    assert 0 <= rule.rank <= 100
    assert rule.title
    assert not rule.title.endswith(".")
    assert not rule.what or rule.what.endswith((".", "{detail}"))
    assert rule.fixes
    # A fix that ends with a command has no full stop, which would be typed too.
    assert all(fix.endswith(".") or COMMAND.search(fix) for fix in rule.fixes)
    assert rule.source, "where is it known from?"


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rules_texts_can_be_filled_in_with_nothing_known(rule: Rule) -> None:
    for text in texts(rule):
        filled = text.format_map(_Entities())
        assert filled
        assert "!" not in filled, "no exclamation marks"
        assert "please" not in filled.lower()


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_only_asks_for_what_its_patterns_or_the_job_can_give(rule: Rule) -> None:
    asked = {field for text in texts(rule) for _, field, _, _ in string.Formatter().parse(text)}
    given = {group for pattern in rule.patterns for group in pattern.regex.groupindex}
    of_the_job = {"name", "script", "channel", "channels", "target", "operation", "place"}
    of_the_job |= {"packages"}
    of_the_wrappers = {
        "endpoint_name",
        "side",
        "status",
        "model",
        "field",
        "wanted",
        "kind",
        "given",
    }
    of_the_wrappers |= {"exit_code", "signal", "error", "job", "line", "nearest"}
    # What a rule asks for in [brackets] is left out where it is not known.
    assert asked - {None} <= given | of_the_job | of_the_wrappers | NAMES


PATTERNS = sorted({pattern.regex.pattern for rule in RULES for pattern in rule.patterns})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_a_pattern_matches_holds_what_it_needs(pattern: str) -> None:
    # Within the test: of a test with very many parameters Hypothesis chains the settings.
    @settings(max_examples=5, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(re.compile(pattern, re.ASCII)))
    def holds(text: str) -> None:
        assert Text(text).holds(needs_of(pattern))

    holds()


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_with_patterns_does_not_match_an_empty_text(rule: Rule) -> None:
    assert rule.match(parts_of("")) is None


SECRETS = [
    ("password=hunter2", "hunter2"),
    ("passwd: hunter2", "hunter2"),
    ("api_key = abc123", "abc123"),
    ("APIKEY:abc123", "abc123"),
    ("token=abc123, other", "abc123"),
    ("secret_key: abc123;", "abc123"),
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    ("ASIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    # where secrets stand in truth: variables with a prefix, JSON, dicts, headers, addresses
    ("HF_TOKEN=hf_abc123", "hf_abc123"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "wJalrXUtnFEMI"),
    ("db_password: hunter2", "hunter2"),
    ('{"password": "hunter2"}', "hunter2"),
    ("{'api_key': 'abc123'}", "abc123"),
    ("password='two words'", "words"),
    ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
    ("postgres://user:hunter2@host/db", "hunter2"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_masked(text: str, secret: str) -> None:
    shown = mask_secrets(f"before {text} after")
    assert secret not in shown
    assert shown.startswith("before ")


@pytest.mark.parametrize(
    "text",
    ["epoch 3 loss: 0.3", "no password given", "a=b", "AKIA"],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("arn:aws:iam::123456789012:role/R", "arn:aws:iam::········9012:role/R"),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x",
            "········9012.dkr.ecr.eu-west-1.amazonaws.com/x",
        ),
        (
            "Endpoint e of account 123456789012 not found",
            "Endpoint e of account ········9012 not found",
        ),
    ],
)
def test_an_account_id_is_masked_but_for_its_end(text: str, shown: str) -> None:
    assert mask_secrets(text) == shown


ERRORS = [
    "password=hunter2 was refused",
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "ValueError: password=hunter2"',
    "AlgorithmError: password=hunter2",
    "InternalServerError: password=hunter2",
    "OSError: No space left on device: '/data/password=hunter2'",
]


@pytest.mark.parametrize("text", ERRORS)
def test_no_part_of_an_explanation_shows_a_secret(text: str) -> None:
    assert "hunter2" not in str(explain(text).as_dict())


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


HOSTILE = {
    "letters": "a" * 64,
    "quotes": "\"'" * 32,
    "open-message": 'ErrorMessage "' * 5,
    "disk": "No space left on device " * 3,
    "disk-quote": "No space left on device'" * 3,
    "tokens": "token-" * 11,
    "passwords": "password_" * 7,
    "key-ids": "AKIA" * 16,
    "spaces": "token" + " " * 59,
    "modules": "ModuleNotFoundError: No module named '" * 2,
    "braces": "{" * 64,
    "lines": "\n" * 64,
    "addresses": "a://b:" * 11,
    "frames": '  File "/a/b.py", line 3, in f\n    g()\n' * 2,
    "tracebacks": "Traceback (most recent call last):\nE: x\n" * 2,
    "flat": 'Traceback (most recent call last) File "a", line 1, in f ' * 2,
    "ranks": "[1,0]<stderr>:(A pid=1) " * 3,
    "causes": "Caused by: a.b.CException: d\n\tat e.f(G)\n" * 2,
    "calls": "An error occurred (A) when calling the B operation: ",
    "rows": "validation error for A\nb\n  Cc [type=d, input_value=",
    "boxes": "│ Error: a\n│ \n",
    "reasons": "Failed. Reason: AlgorithmError: ",
    "escapes": "\\" * 8 + "n" + "\\" * 8 + '"',
    "services": "(Service: A; Status Code: 400; " * 2,
    "waits": "error invalid value file prefix " * 2,
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    # Eight times the text: about 8 when linear, 64 when quadratic.
    short, long = piece * 100, piece * 800
    before = max(min(seconds(lambda: explain(short)) for _ in range(3)), 1e-3)
    growth = seconds(lambda: explain(long)) / before
    assert growth < 30, f"8 times the text takes {growth:.0f} times as long"
