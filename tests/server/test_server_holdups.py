"""What is slow or odd holds up nothing else: on a real server, with real jobs."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from traitlets.config import Config

from kit.hostile import HOSTILE

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
