"""A server under which the store is deleted: it says so, and mixes nothing."""

from __future__ import annotations

import json
import urllib.error
from pathlib import Path

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import open_store

from kit.real_server import RealServer
from kit.wait import wait_for

API = "jupyter-sm/api"


def refusal(server: RealServer, path: str) -> str | None:
    """What the server says instead of an answer."""
    try:
        server.get(f"{API}/{path}")
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["message"]
    return None


def names(server: RealServer) -> list[str]:
    return [job["name"] for job in server.get(f"{API}/jobs")["jobs"]]


def test_a_store_that_is_deleted_under_a_server(home: Path, script: Path) -> None:
    path = home / "store.sqlite3"
    with RealServer(home) as server:
        wait_for(server.is_up, 60)
        store = open_store(home)
        submit_spec(store, TrainingSpec(str(script)), name="trains")
        wait_for(
            lambda: server.get(f"{API}/jobs/local/training/trains")["status"] == "Completed", 60
        )
        store.close()
        path.unlink()
        said = f"The job store {path} was deleted while it was in use. Put it back, or restart"
        for asked in ("jobs", "targets", "changes?since=0", "jobs/local/training/trains"):
            assert (refusal(server, asked) or "").startswith(said), asked
        assert not path.exists()
        # Another process begins another store; the server leaves it alone.
        fresh = open_store(home)
        wait_for(lambda: "was replaced by another file" in (refusal(server, "jobs") or ""))
        assert fresh.read().execute("SELECT COUNT(*) FROM leases").fetchone()[0] == 0
        fresh.close()
        log = (home / "server.log").read_text()
        assert log.count("was deleted while it was in use") == 1
    with RealServer(home) as server:
        wait_for(server.is_up, 60)
        wait_for(lambda: names(server) == ["trains"], 60)
