"""A secret is seen nowhere, whatever it is of and however deep it lies; what is none is shown."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_sm.shown.secrets import MASK, mask, masked, secrets_of

from kit.planted import Planted, planted

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
KINDS = list(planted())

# How a value with its name is held; what comes out has no name of its own.
INNERMOST: list[Callable[[str, str], Any]] = [
    lambda name, text: {name: text},
    lambda name, text: {name: json.dumps(text)},
    lambda name, text: [{"Key": name, "Value": text}],
    lambda name, text: ["train.py", f"--{name}", text],
    lambda name, text: ["train.py", f"--{name}={text}"],
    lambda name, text: f"--{name} {text} --lr 0.1",
    lambda name, text: f"{name}={text}",
    lambda name, text: f"{name}: {text}",
    lambda name, text: str({name: text}),
    lambda name, text: json.dumps({name: text}),
]
AROUND: list[Callable[[Any], Any]] = [
    lambda value: {"options": value},
    lambda value: [1, value, None],
    lambda value: json.dumps(value),
    lambda value: {"config": json.dumps({"inner": value}), "lr": 0.1},
    lambda value: {"Environment": {"EXTRA": value}},
    lambda value: value if isinstance(value, str) else [value, "x"],
    lambda value: f"it failed with {value} at the end" if isinstance(value, str) else [value],
]


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(
    number=st.integers(0, len(KINDS) - 1),
    seed=st.integers(0, 10_000),
    inner=st.sampled_from(INNERMOST),
    around=st.lists(st.sampled_from(AROUND), max_size=4),
)
def test_a_secret_is_hidden_wherever_it_lies(
    number: int, seed: int, inner: Callable[[str, str], Any], around: list[Callable[[Any], Any]]
) -> None:
    kind = list(planted(seed))[number]
    value: Any = inner(kind.name, kind.text) if kind.name else kind.text
    for wrap in around:
        value = wrap(value)
    seen = json.dumps(masked(value), ensure_ascii=False)
    assert kind.secret not in seen, (kind.kind, value, seen)


def test_quotes_within_quotes_within_quotes_hide_what_is_in_them() -> None:
    inner = json.dumps({"password": json.dumps("x7X56qqLpw81")})
    for text in (inner, json.dumps(inner), json.dumps(json.dumps(inner))):
        assert "x7X56" not in mask(f"it failed with {text} at the end")


def test_there_are_many_kinds() -> None:
    assert len({kind.kind for kind in KINDS}) >= 100


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_secret_is_hidden_in_data_and_in_sentences(kind: Planted) -> None:
    assert kind.secret not in str(masked({kind.name or "note": kind.text}))
    said = f"{kind.name}={kind.text}" if kind.name else kind.text
    assert kind.secret not in mask(f"It failed with {said} and went on")
    known = secrets_of({kind.name or "note": kind.text})
    assert kind.secret not in mask(f"Nothing came of {kind.secret} here.", known)


def test_a_name_that_is_a_secret_is_hidden_and_two_stay_two() -> None:
    one, two = (kind.text for kind in KINDS if kind.kind in ("hugging face", "github classic"))
    seen = masked({one: 1, two: 2, "lr": 3})
    assert sorted(seen.values()) == [1, 2, 3] and one not in seen and two not in seen


def test_the_end_of_a_reason_that_was_cut_within_a_secret_is_hidden() -> None:
    assert mask("it was correct-horse-bat", ["correct-horse-battery"]) == f"it was {MASK}"


@pytest.mark.parametrize("value", ["a", "train", "1234", ""])
def test_values_that_stand_in_any_text_are_not_looked_for(value: str) -> None:
    assert secrets_of({"password": value}) == ()


def test_what_is_masked_is_a_copy() -> None:
    request = {"Environment": {"HF_TOKEN": "abc"}, "Tags": [{"Key": "password", "Value": "x"}]}
    before = json.dumps(request)
    masked(request)
    assert json.dumps(request) == before


def test_what_is_nested_without_end_is_hidden_and_no_error() -> None:
    deep: Any = "hunter2"
    for _ in range(5_000):
        deep = [deep]
    assert "hunter2" not in repr(masked({"a": deep}))
    text = '{"a":' * 500 + '{"password": "hunter2"}' + "}" * 500
    assert "hunter2" not in str(masked({"a": text}))


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWD",
        "HF_TOKEN",
        "hf-token",
        "WANDB_API_KEY",
        "apikey",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "client_secret",
        "PRIVATE_KEY",
        "credentials",
        "AWS_ACCESS_KEY_ID",
        "SSH_PASSPHRASE",
        "pwd",
        "PASS",
        "auth",
    ],
)
def test_a_value_whose_name_says_secret_is_masked(name: str) -> None:
    assert masked({name: "hunter2"}) == {name: MASK}


# What frameworks call their hyperparameters, with values as they are given.
HYPERPARAMETERS: dict[str, Any] = {
    **dict.fromkeys(["epochs", "keys", "lr", "pass_rate", "monkey", "num_keys", "passes"], "5"),
    **dict.fromkeys(["max_tokens", "num_tokens", "max_new_tokens", "tokens_per_batch"], 512),
    **dict.fromkeys(["pad_token_id", "eos_token_id", "image_token_index", "token_dropout"], 2),
    "tokenizer": "bert-base-uncased",
    "tokenizer_name": "meta-llama/Llama-3.1-8B",
    "pad_token": "<|endoftext|>",
    "eos_token": "</s>",
    "unk_token": "[UNK]",
    "mask_token": "[MASK]",
    "bos_token": "<s>",
    "additional_special_tokens": ["<a>", "<b>"],
    "instance_token": "photo of sks dog",
    "placeholder_token": "<cat-toy>",
    "initializer_token": "painting",
    "use_auth_token": True,
    "token": "None",
    "hub_token": "<HUB_TOKEN>",
    "push_to_hub_token": None,
    "hub_model_id": "user/my-model",
    "hub_strategy": "every_save",
    "key_dim": 64,
    "num_key_value_heads": 8,
    "key_padding_mask": "true",
    "label_key": "label",
    "image_key": "jpg",
    "sort_key": "created_at",
    "model_key": "resnet50_v2_224x224",
    "monitor_key": "val/loss",
    "s3_key": "data/train/part-0001.parquet",
    "kms_key_id": "alias/training",
    "author": "somebody",
    "authentication": "iam",
    "auth_type": "oauth2",
    "pass_through": "yes",
    "forward_pass": "checkpointed",
    "bypass": "none",
    "lowpass": "0.5",
    "secret_name": "prod/db",
    "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "password_length": 12,
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/token",
    "PWD": "/opt/ml/code",
    "OLDPWD": "/root",
    "session_id": "run-3",
    "signature": "serving_default",
    "saved_model_signature": "serve",
    "salt": "42",
    "seed": "1234567890123456789012345678901234567890",
    "sha": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "run_id": "550e8400-e29b-41d4-a716-446655440000",
    "checkpoint": "s3://bucket/Users/MyName/Experiments2024/Model1/output",
    "image_uri": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311",
    "model": "sk-learn-random-forest-classifier-with-a-long-name",
    "task": "ask-user-what-it-is-that-they-want-to-know",
    "scheduler": "linear_with_warmup_and_restarts",
    "dataset": "hf_transformers_internal_testing",
    "url": "https://data.example.com/a/b/resolve/main/x.json?download=true",
    "proxy": "http://proxy.example.com:3128/",
    "metric": "token_accuracy=([0-9.]+)",
    "layers": "[(64, 'relu'), (32, 'relu')]",
    "config": '{"model": {"hidden": 64}, "tokens": 5}',
    "master_addr": "algo-1",
    "master_port": "7777",
    "basic": "basic configuration of the model",
}


def test_hyperparameters_are_shown() -> None:
    assert masked(HYPERPARAMETERS) == HYPERPARAMETERS
    for name, value in HYPERPARAMETERS.items():
        for text in (f"--{name} {value}", f"{name}={value}", str({name: value})):
            assert mask(text) == text


@pytest.mark.skipif(not CORPORA.exists(), reason="the corpora are not beside the project")
def test_nothing_of_real_logs_and_errors_is_taken_for_a_secret() -> None:
    lines = [
        line
        for file in sorted(CORPORA.rglob("*"))
        if file.suffix in (".log", ".jsonl", ".txt", ".json")
        for line in file.read_text("utf-8", "replace").splitlines()
    ]
    hidden = [line for line in lines if MASK in mask(line)]
    # Ray tells the world the password of its Redis.
    assert [line for line in hidden if "redis.password=" not in line] == []
    assert len(lines) > 10_000 and len(hidden) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password='two words', x=1", f"password='{MASK}', x=1"),
        ("Server=db;Password=two words;Encrypt=yes", f"Server=db;Password={MASK};Encrypt=yes"),
        ("postgres://u:p@ss/w0rd@h/db", f"postgres://u:{MASK}@h/db"),
        ('"Authorization": "Bearer abc"', f'"Authorization": "{MASK}"'),
        ("Cookie: a=b; c=d", f"Cookie: {MASK}"),
        (r"{\"password\": \"hunter2\"}", rf"{{\"password\": \"{MASK}\"}}"),
        ("Unexpected token: step", "Unexpected token: step"),
        ("argument --password: expected one argument", None),
        ("InvalidTokenError: Token has expired", None),
        ("https://host:443/a@b", None),
        ("docker login --username AWS --password-stdin 123456789012.dkr.ecr", None),
        ("token = os.environ['HF_TOKEN']", None),
    ],
)
def test_only_the_secret_is_hidden(text: str, shown: str | None) -> None:
    assert mask(text) == (text if shown is None else shown)


PIECES = {
    "letters": "a" * 64,
    "names": "token_" * 10,
    "pairs": 'password="' * 6,
    "equals": "a=b;" * 16,
    "options": "--token " * 8,
    "elements": "<a>" * 20,
    "addresses": "a://b:" * 11,
    "keys": "-----BEGIN PRIVATE KEY-----\n" * 2,
    "prefixes": "sk-ghp_hf_xoxb-" * 4,
    "quotes": "token='" * 9,
    "escaped": 'token=\\"' * 8,
    "dots": "eyJa.eyJ" * 8,
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(text: str) -> float:
        begun = time.perf_counter()
        mask(text)
        return time.perf_counter() - begun

    short, long = piece * 50, piece * 400
    before = max(min(seconds(short) for _ in range(3)), 1e-3)
    assert min(seconds(long) for _ in range(2)) / before < 30


def test_every_pattern_is_bounded() -> None:
    from jupyter_sm.shown.formats import FORMS

    for form in FORMS:
        assert not re.search(r"[*+]\)?(?![^\[]*\])|\{\d+,\}", form.expression), form.expression
