"""Secrets of more than a hundred kinds, planted wherever a job has room for one, are seen nowhere."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jupyter_sm as sm
from jupyter_sm.shown.secrets import MASK
from jupyter_sm.store import open_store

from kit import faces
from kit.command import sm as command
from kit.planted import Planted, planted
from kit.real_server import RealServer
from kit.wait import wait_for

KINDS = [kind for kind in planted(7) if "\n" not in kind.text]
# A script that tells by a digest what reached it, and dies of what it was given.
DIES = """
import argparse, hashlib, json, os, sys
parser = argparse.ArgumentParser()
options, rest = parser.parse_known_args()
given = json.loads(os.environ["SM_HPS"])
given = json.dumps({k: v for k, v in given.items() if k.startswith("config")}, sort_keys=True)
print("hyperparameters", hashlib.sha256(given.encode()).hexdigest())
mine = sorted((k, v) for k, v in os.environ.items() if k.startswith(("NOTE_", "NAMED_")))
print("environment", hashlib.sha256(json.dumps(mine).encode()).hexdigest())
print("loss: 0.5 " + os.environ["METRIC"] + ": 0.25")
raise ValueError("no way in with " + os.environ["REASON"])
"""


def nested(kinds: list[Planted]) -> dict[str, Any]:
    """Each at a depth of its own: in dictionaries, lists, and JSON within texts."""
    config: dict[str, Any] = {}
    for number, kind in enumerate(kinds):
        value: Any = {kind.name: kind.text} if kind.name else kind.text
        for depth in range(number % 4):
            value = [value, depth] if depth % 2 else {"inner": value}
        if number % 5 == 0:
            value = json.dumps({"text": value})
        config[f"option{number}"] = value
    return config


def environment(kinds: list[Planted]) -> dict[str, str]:
    """Under the kinds' own names where they have some."""
    found = {}
    for number, kind in enumerate(kinds):
        name = f"NAMED_{kind.name}" if kind.name else f"NOTE_{number}"
        found[re.sub(r"\W", "_", name)] = kind.text
    return found


def by_digest(pairs: Any) -> str:
    return hashlib.sha256(json.dumps(pairs, sort_keys=isinstance(pairs, dict)).encode()).hexdigest()


def of_rest(server: RealServer, job: sm.Job) -> Iterator[tuple[str, str]]:
    one = f"jupyter-sm/api/jobs/local/{job.key.kind}/{job.name}"
    paths = ["jupyter-sm/api/jobs", "jupyter-sm/api/targets", "jupyter-sm/api/changes"]
    for path in (*paths, one, f"{one}/request", f"{one}/metrics"):
        yield path, json.dumps(server.get(path), ensure_ascii=False)


def of_ours(home: Path, caplog: pytest.LogCaptureFixture) -> Iterator[tuple[str, str]]:
    """Our own logs, and what the store keeps to be shown."""
    yield "the kernel's log", caplog.text
    yield "the server's log", (home / "server.log").read_text()
    for file in (home / "local").rglob("supervisor.log"):
        yield str(file), file.read_text()
    with sqlite3.connect(home / "store.sqlite3") as db:
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM jobs"):
            shown = {name: row[name] for name in row.keys() if name != "request"}  # noqa: SIM118
            yield f"the row of {row['name']}", json.dumps(shown, ensure_ascii=False)
        for table in ("changes", "targets", "series", "wanted"):
            rows = [tuple(row) for row in db.execute(f"SELECT * FROM {table}")]
            yield f"the table {table}", json.dumps(rows, ensure_ascii=False)


def assert_hidden(found: Iterator[tuple[str, str]], secrets: dict[str, str]) -> int:
    seen = 0
    for face, text in found:
        seen += 1
        told = [kind for kind, secret in secrets.items() if secret in text]
        assert not told, f"{face} shows {told}: {text[:2000]}"
    return seen


def test_no_face_file_or_log_of_ours_shows_a_secret(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(KINDS) >= 60
    caplog.set_level(logging.DEBUG, logger="jupyter_sm")
    secrets = {kind.kind: kind.secret for kind in KINDS}
    script = tmp_path / "dies.py"
    script.write_text(DIES)
    parts = [KINDS[at : at + 8] for at in range(0, len(KINDS), 8)]
    hyperparameters = {f"config{n}": nested(part) for n, part in enumerate(parts)}
    bare = {kind.kind: kind.secret for kind in KINDS if not kind.name}
    with RealServer(home) as server:
        wait_for(server.is_up, 60)
        jobs = []
        # Of the reason a thousand characters are kept, so several jobs die.
        for number, part in enumerate((KINDS[:12], KINDS[60:75], KINDS[-30:-15], KINDS[-15:])):
            variables = environment(KINDS[number * 30 : number * 30 + 30])
            jobs.append(
                sm.train(
                    script,
                    name=f"dies-{number}",
                    hyperparameters={**hyperparameters, bare["hugging face"]: "as a name"},
                    environment={
                        **variables,
                        "METRIC": bare["github classic"],
                        "REASON": " and ".join(kind.secret for kind in part)[:500],
                    },
                    tags={"password": secrets["named token"], "note": bare["slack bot"]},
                    metrics={bare["npm"]: "loss: ([0-9.]+)"},
                    output=str(tmp_path / "out" / bare["gitlab"]),
                )
            )
        for number, job in enumerate(jobs):
            job.wait(120, check=False, progress=False)
            assert job.status == "Failed"
            lines = "\n".join(record.text for record in job.logs())
            # What runs has all of it as it was written.
            assert by_digest(hyperparameters) in lines, lines
            variables = environment(KINDS[number * 30 : number * 30 + 30])
            assert by_digest(sorted(map(list, variables.items()))) in lines
        count = 0
        for number, job in enumerate(jobs):
            other = jobs[number - 1]
            count += assert_hidden(faces.of_handle(job, other), secrets)
            count += assert_hidden(of_rest(server, job), secrets)
        assert MASK in repr(jobs[0].explanation)
        count += assert_hidden(faces.of_magics(jobs[0], jobs[1]), secrets)
        exported = tmp_path / "exported"
        count += assert_hidden(faces.of_commands("dies-0", "dies-1", exported), secrets)
        count += assert_hidden(of_ours(home, caplog), secrets)
    assert count > 60


def request_with(words: list[str], name: str) -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "AppSpecification": {
            "ImageUri": Path(sys.executable).as_uri(),
            "ContainerEntrypoint": [
                sys.executable,
                "-c",
                "import sys; sys.exit(' '.join(sys.argv))",
            ],
            "ContainerArguments": words,
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            }
        },
        "RoleArn": "arn:aws:iam::000000000000:role/local",
    }


def test_secrets_among_the_words_of_a_command_are_hidden(home: Path, tmp_path: Path) -> None:
    kinds = [kind for kind in KINDS if len(kind.text) <= 200]
    words: list[str] = []
    for number, kind in enumerate(kinds[:40]):
        words += [f"--{kind.name or f'note{number}'}", kind.text]
    secrets = {kind.kind: kind.secret for kind in kinds[:40]}
    for kind in kinds[40:58]:
        words.append(f"--{kind.name or 'note'}={kind.text}")
        secrets[kind.kind] = kind.secret
    jobs = [
        sm.submit(request_with(words, name), kind="processing").wait(
            120, check=False, progress=False
        )
        for name in ("one", "two")
    ]
    assert_hidden(faces.of_handle(*jobs), secrets)
    assert_hidden(faces.of_commands("one", "two", tmp_path / "exported"), secrets)
    kept = open_store(home)
    stored = kept.read().execute("SELECT request FROM jobs WHERE name = 'one'").fetchone()
    kept.close()
    assert all(
        secret in json.loads(stored["request"])["AppSpecification"]["ContainerArguments"]
        for secret in (kinds[0].text,)
    )


def test_a_refusal_repeats_no_secret(script: Path, home: Path) -> None:
    password = "correct/horse+battery!9" + "x" * 600
    refused: list[Any] = [
        lambda: sm.train(script, environment={"DB_PASSWORD": password}),
        lambda: sm.train(script, environment={"DB_PASSWORD": [password]}),
        lambda: sm.train(script, hyperparameters={"password": {password}}),
        lambda: sm.train(script, tags={"password": password, "note": "a<b"}),
        lambda: sm.submit({"TrainingJobName": "x", "Environment": {"DB_PASSWORD": password}}),
    ]
    for attempt in refused:
        with pytest.raises(sm.ExplainedError) as caught:
            attempt()
        told = f"{caught.value}{caught.value.explanation.as_dict()}"
        assert password[:20] not in told, told
    token = next(kind.text for kind in KINDS if kind.kind == "github classic")
    done = command("train", script, f"--api-key={token}")
    assert done.code == 2 and token not in done.out + done.err


def test_a_name_that_holds_a_secret_is_refused(script: Path) -> None:
    key = next(kind.text for kind in KINDS if kind.kind == "aws key id")
    with pytest.raises(
        sm.ExplainedError, match="The job name has a key or a token in it"
    ) as caught:
        sm.train(script, name=f"job-{key}")
    assert key not in str(caught.value.explanation.as_dict())


def test_what_is_masked_is_not_sent(script: Path) -> None:
    job = sm.train(script, name="first", hyperparameters={"api_key": "hunter2-hunter2"})
    request = {**job.request, "TrainingJobName": "second"}
    with pytest.raises(sm.ExplainedError, match=r"HyperParameters.api_key: is masked"):
        sm.submit(request)
    code = job.code()
    assert code.startswith(f"# {MASK}: a secret that is not shown")
    compile(code, "pasted", "exec")
    again = job.again()
    kept = open_store(Path(os.environ["JUPYTER_SM_HOME"]))
    row = kept.read().execute("SELECT request FROM jobs WHERE name = ?", (again.name,)).fetchone()
    kept.close()
    assert json.loads(row["request"])["HyperParameters"]["api_key"] == '"hunter2-hunter2"'


def test_two_secrets_that_differ_are_a_difference(script: Path) -> None:
    one, other = (
        sm.train(script, environment={"DB_PASSWORD": password})
        for password in ("hunter-1", "hunter-2")
    )
    rows = {row.path: (row.one, row.other) for row in one.diff(other)}
    assert rows["Environment.DB_PASSWORD"] == (MASK, MASK)


def test_our_loggers_hide_secrets_in_messages_and_tracebacks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from jupyter_sm.shown.logger import logger_of

    log = logger_of("jupyter_sm.of_a_test")
    log.warning("The answer was %s", "password=hunter2 \x1b]52;c;YQ==\x07")
    try:
        raise ValueError("postgres://u:hunter2@db")
    except ValueError:
        log.exception("A fault of ours")
    assert "hunter2" not in caplog.text and "\x1b" not in caplog.text
    assert "The answer was password=" in caplog.text and "ValueError: postgres://u:" in caplog.text
