"""A server as it stands in a Studio space: a base_url, and an empty token."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from jupyter_sm.desk.submit import submit_spec
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import Store

from kit.real_server import RealServer
from kit.wait import wait_for

SPACE = """
c.ServerApp.base_url = "/jupyterlab/default"
c.IdentityProvider.token = ""
"""


def test_a_space_s_server_tracks_and_answers_below_its_address(
    home: Path, store: Store, script: Path
) -> None:
    with RealServer(home, config=SPACE) as server:
        address = f"http://127.0.0.1:{server.port}/jupyterlab/default/jupyter-sm/api"

        def state(name: str) -> str | None:
            try:
                with urllib.request.urlopen(f"{address}/jobs", timeout=10) as answer:
                    jobs = json.loads(answer.read())["jobs"]
            except OSError:
                return None
            return next((job["status"] for job in jobs if job["name"] == name), None)

        submit_spec(store, TrainingSpec(str(script)), name="trains")
        wait_for(lambda: state("trains") == "Completed", 60)
