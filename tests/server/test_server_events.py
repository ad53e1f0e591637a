"""Events and the app's life: changes are told over the event bus, and stopping is clean."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.server.feed import CHANGE_SCHEMA
from jupyter_sm.store import leases, open_store

from kit.wait import wait_for


@pytest.fixture
def jp_server_config(home: Path) -> Config:
    return Config({"ServerApp": {"jpserver_extensions": {"jupyter_sm": True}}})


async def test_a_job_submitted_by_another_process_is_told_as_events(
    jp_serverapp, home: Path, script: Path
) -> None:
    seen: list[dict] = []

    async def listen(logger, schema_id, data):
        seen.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=CHANGE_SCHEMA, listener=listen)
    kernel = open_store(home)
    submit_spec(kernel, TrainingSpec(str(script)), name="told")
    for _ in range(300):
        await asyncio.sleep(0.05)
        if {"job", "log"} <= {event["topic"] for event in seen if event["name"] == "told"}:
            break
    kernel.close()
    assert {"job", "log"} <= {event["topic"] for event in seen if event["name"] == "told"}
    numbers = [event["seq"] for event in seen]
    assert numbers == sorted(set(numbers))
    # Each event names the one before, which is how a listener sees that it lost one.
    assert [event["previous"] for event in seen[1:]] == numbers[:-1]


async def test_stopping_the_server_ends_threads_and_lets_go_of_the_lease(
    jp_serverapp, home: Path
) -> None:
    store = open_store(home)
    for _ in range(200):
        if leases.is_held(store, "local"):
            break
        await asyncio.sleep(0.05)
    assert leases.is_held(store, "local")
    apps = jp_serverapp.extension_manager.extension_apps["jupyter_sm"]
    for app in list(apps):
        await app.stop_extension()
    assert not leases.is_held(store, "local")
    # Who waits for events is not waited for, and ends by itself.
    wait_for(lambda: not any(t.name.startswith("jupyter_sm") for t in threading.enumerate()))
    store.close()


async def test_who_asks_while_the_server_ends_is_told_so(jp_serverapp, jp_fetch) -> None:
    [extension] = jp_serverapp.extension_manager.extension_apps["jupyter_sm"]
    await extension.stop_extension()
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("jupyter-sm", "api", "changes")
    assert caught.value.code == 503
    assert json.loads(caught.value.response.body)["message"] == "This server is ending."
