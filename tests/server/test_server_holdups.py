"""What is slow or odd holds up nothing else: on a real server, with real jobs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from traitlets.config import Config

from jupyter_sm.desk import drafts
from jupyter_sm.store.logs import search
from jupyter_sm.targets.local.runner import processes

from kit.hostile import HOSTILE, LETTERS

API = ("jupyter-sm", "api")


@pytest.fixture
def jp_server_config(home: Path) -> Config:
    return Config(
        {
            "ServerApp": {"jpserver_extensions": {"jupyter_sm": True}},
            "SageMakerApp": {"home": str(home)},
        }
    )


@pytest.fixture(autouse=True)
def started(jp_serverapp, jp_asyncio_loop):
    """What a server does once its event loop runs; pytest-jupyter leaves it out."""
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.start_all_extensions())


@pytest.fixture
def ask(jp_fetch):
    async def ask(path: str, body: object = None, **params: object):
        more = {"method": "POST", "body": json.dumps(body)} if body is not None else {}
        response = await jp_fetch(*API, *path.split("/"), params=params, **more)
        return json.loads(response.body)

    return ask


async def until(condition, seconds: float = 60.0):
    """What the condition gives once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = await condition()
        if value:
            return value
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition}")


async def test_definitions_that_run_away_hold_nothing_up(ask, tmp_path: Path) -> None:
    texts = sorted({text for _, text in HOSTILE})
    script = tmp_path / "train.py"
    script.write_text("".join(f"print({text!r})\n" for text in texts) + "print('loss=0.5')\n")
    metrics = {f"bad{n}": expression for n, (expression, _) in enumerate(HOSTILE[:39])}
    spec = {"script": str(script), "metrics": {**metrics, "loss": r"loss=(0\.\d)$"}}
    job = await ask("jobs", {"spec": spec})

    async def noted():
        now = await ask(f"jobs/local/training/{job['name']}")
        return now if len(now["notes"]) >= len(metrics) else None

    now = await until(noted)
    assert sum("takes too long" in note for note in now["notes"]) == len(metrics)

    async def over():
        now = await ask(f"jobs/local/training/{job['name']}")
        return now["phase"] == "ended" and now["metric"]

    assert (await until(over))["name"] == "loss"


class Visitor:
    """Somebody who asks, and may go away before the answer comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def asks(cls, app: Any, path: str, headers: dict[str, str]) -> Visitor:
        reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
        lines = [f"GET {app.base_url}{path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        return cls(reader, writer)

    @property
    def is_answered(self) -> bool:
        return bool(self._reader._buffer)  # type: ignore[attr-defined]

    async def leave(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def searchers() -> list[int]:
    """The processes that search for this one."""
    found = []
    for pid in processes._children():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"store.logs.search" in command:
            found.append(pid)
    return found


LONG = "import time; time.sleep(600)"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_searches_hold_up_nothing_and_end_with_who_asked(
    ask, http_server_port, jp_serverapp, jp_auth_header, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("JUPYTER_SM_STOP_GRACE", "0.5")
    monkeypatch.setattr(search, "_REGEX_SECONDS", 600)
    script = tmp_path / "train.py"
    script.write_text(f"print({LETTERS!r})")
    name = (await ask("jobs", {"spec": {"script": str(script)}}))["name"]
    job = f"jobs/local/training/{name}"

    async def printed():
        return (await ask(f"{job}/logs"))["total"] == 1

    await until(printed)
    query = urlencode({"query": "(a+)+$", "regex": 1})
    path = f"{'/'.join(API)}/{job}/logs/hits?{query}".lstrip("/")
    visitors = [await Visitor.asks(jp_serverapp, path, jp_auth_header) for _ in range(12)]
    try:
        await until_true(lambda: len(searchers()) == 8)
        # They leave the machine to others, wholly once they have taken long.
        await until_true(lambda: {os.getpriority(os.PRIO_PROCESS, n) for n in searchers()} == {19})
        # All threads for searches are busy, and some searches wait.
        script.write_text(LONG)
        other = (await ask("jobs", {"spec": {"script": str(script)}}))["name"]

        async def runs():
            return (await ask(f"jobs/local/training/{other}"))["secondary_status"] == "Training"

        await until(runs)
        assert (await ask(f"{job}/logs/rows"))["total"] == 1
        await ask(f"jobs/local/training/{other}/stop", {})

        async def stopped():
            return (await ask(f"jobs/local/training/{other}"))["status"] == "Stopped"

        await until(stopped)
        assert not any(visitor.is_answered for visitor in visitors)
    finally:
        for visitor in visitors:
            await visitor.leave()
    await until_true(lambda: not searchers())


async def until_true(condition) -> None:
    async def look():
        return condition()

    await until(look)


async def test_submissions_that_take_long_hold_up_no_other_request(
    ask, script: Path, monkeypatch
) -> None:
    go_on = threading.Event()
    packing: list[int] = []
    real = drafts.pack_source

    def pack(*args, **kwargs):
        packing.append(1)
        go_on.wait(60)
        return real(*args, **kwargs)

    monkeypatch.setattr(drafts, "pack_source", pack)
    slow = [
        asyncio.ensure_future(ask("jobs", {"spec": {"script": str(script)}, "name": f"slow-{n}"}))
        for n in range(6)
    ]
    await until_true(lambda: len(packing) == 6)
    for _ in range(5):
        assert (await ask("jobs"))["jobs"] == []
        assert (await ask("targets"))["targets"]
    assert not any(task.done() for task in slow)
    go_on.set()
    await asyncio.gather(*slow)
    assert len((await ask("jobs"))["jobs"]) == 6
