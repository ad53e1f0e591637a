"""No answer is larger than a browser bears: lists of many jobs, logs of very long lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from traitlets.config import Config

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import Store
from jupyter_sm.store.submissions import add_submission

from kit.stored_log import Log, line

JOBS = 300
MOST = 5_000_000


@pytest.fixture
def jp_server_config(home: Path, store: Store) -> Config:
    """A server on a store with wordy jobs, of which the first has a log of long lines."""
    log = Log(store)
    log.add(*(line(f"{n} " + "x" * 250_000) for n in range(40)))
    for number in range(JOBS):
        add_submission(
            store,
            # On a target that nobody looks after.
            JobKey("nobody@nowhere-1", "training", f"job-{number}"),
            submission_id=str(number),
            request={},
            script="",
            notes=["y" * 1_000] * 20,
        )
    return Config(
        {
            "ServerApp": {"jpserver_extensions": {"jupyter_sm": True}},
            "SageMakerApp": {"home": str(home)},
        }
    )


async def test_a_list_of_wordy_jobs_comes_in_parts(jp_fetch) -> None:
    seen: list[str] = []
    while len(seen) < JOBS + 1:
        params = {"limit": "1000", "offset": str(len(seen))}
        response = await jp_fetch("jupyter-sm", "api", "jobs", params=params)
        assert len(response.body) < MOST
        answer = json.loads(response.body)
        assert answer["total"] == JOBS + 1 and answer["jobs"]
        seen += [job["name"] for job in answer["jobs"]]
    assert len(set(seen)) == JOBS + 1 and len(answer["jobs"]) < JOBS


@pytest.mark.parametrize("route", ["logs", "logs/rows"])
async def test_a_page_of_long_lines_is_small(jp_fetch, route: str) -> None:
    parts = ["jupyter-sm", "api", "jobs", "local", "training", "logged", *route.split("/")]
    response = await jp_fetch(*parts, params={"limit": "5000"})
    assert len(response.body) < 1_500_000


async def test_the_download_has_all_of_it(jp_fetch) -> None:
    parts = ["jupyter-sm", "api", "jobs", "local", "training", "logged", "log"]
    response = await jp_fetch(*parts)
    assert [len(row) for row in response.body.decode().split("\n")[:-1]] == [
        250_000 + len(f"{n} ") for n in range(40)
    ]
