"""200 submissions at once from 8 processes, while the tracking server is killed 20 times."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.aws_simulated import (
    REGION,
    ROLE,
    client,
    environment,
    folder,
    load,
    moto_server,
    simulators,
)
from benchmarks.figure import Figure
from jupyter_sm.store import JobView, Store, open_store, targets
from jupyter_sm.store import jobs as jobs_table

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from live_server import LiveServer

TARGET = f"default@{REGION}"
PROCESSES, EACH, KILLS = 8, 25, 20
LONGEST = 300.0
TAG = "jupyter-sm:submission"
SETTINGS = f'[defaults]\nrole = "{ROLE}"\ncreate_bucket = true\n'
# One of the 8: what `sm.train` does in a kernel, without a kernel.
SUBMIT = """
import sys
from jupyter_sm.jobs import TrainingSpec
from jupyter_sm.store import open_store
from jupyter_sm.desk.submit import submit_spec
store = open_store()
print("ready", flush=True)
sys.stdin.readline()
for number in range({each}):
    spec = TrainingSpec(sys.argv[1], hyperparameters={{"part": number}})
    submit_spec(store, spec, name=f"job-{{sys.argv[2]}}-{{number}}", target="{target}")
"""


def submitters(script: Path, env: dict[str, str]) -> list[subprocess.Popen[str]]:
    source = SUBMIT.format(each=EACH, target=TARGET)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", source, str(script), str(number)],
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in started:
        process.stdout.readline()
    return started


def created(control: Any) -> int:
    return int(control.calls()["by_operation"].get("CreateTrainingJob", 0))


def rows(store: Store) -> list[JobView]:
    return jobs_table.listed(store, target=TARGET, limit=1000)[0]


async def killing(control: Any, home: Path, env: dict[str, str], store: Store) -> tuple[int, float]:
    """Servers one after the other, each killed amidst its work; the last finishes it."""
    rng = random.Random(3)
    begun, kills = time.monotonic(), 0
    server = LiveServer(home, **env)
    try:
        while time.monotonic() - begun < LONGEST:
            await asyncio.sleep(0.05)
            if kills < KILLS and created(control) >= kills * PROCESSES * EACH // (KILLS + 2) + 2:
                await asyncio.sleep(rng.uniform(0, 0.6))
                server.kill()
                kills += 1
                server = LiveServer(home, **env)
            elif kills == KILLS:
                if all(job.status != "Submitting" for job in rows(store)):
                    break
                await asyncio.sleep(0.5)
    finally:
        server.kill()
    return kills, time.monotonic() - begun


def there(control: Any) -> list[dict[str, Any]]:
    """The jobs on the account, each with its tags."""
    sagemaker = client("sagemaker", control.url, REGION)
    pages = sagemaker.get_paginator("list_training_jobs").paginate(MaxResults=100)
    found = [job for page in pages for job in page["TrainingJobSummaries"]]
    for job in found:
        tags = sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
        job["tag"] = next((t["Value"] for t in tags if t["Key"] == TAG), None)
    return found


def run() -> list[Figure]:
    home = folder()
    data = home / "jupyter_sm"
    store = open_store(data)
    targets.use(store, TARGET)
    (data / "config.toml").write_text(SETTINGS)
    script = home / "train.py"
    script.write_text("print('loss: 0.5')\n")
    with simulators() as [control], moto_server() as endpoints:
        # So that kills fall into calls, too.
        control.traps(slow=0.1)
        control.scenario("*", training="inf", lines_per_second=0.1)
        env = {**endpoints, **environment(control), "JUPYTER_SM_HOME": str(data)}
        started = submitters(script, env)
        for process in started:
            process.stdin.write("\n")
            process.stdin.flush()
        kills, seconds = asyncio.run(killing(control, home, env, store))
        failed = sum(process.wait() != 0 for process in started)
        calls = control.calls()
        control.do("traps", clear=True)
        jobs = there(control)
    wanted = PROCESSES * EACH
    stored = rows(store)
    tags = [job["tag"] for job in jobs]
    doubles = len(tags) - len(set(tags))
    names = {job["TrainingJobName"] for job in jobs}
    lost = wanted - len(
        names & {j.name for j in stored if j.status not in ("Submitting", "Rejected")}
    )
    print(
        f"  {kills} kills, {failed} submitters failed, {len(stored)} rows; {calls}; {load()}",
        file=sys.stderr,
    )
    store.close()
    return [
        Figure(f"jobs of {wanted} submissions, {kills} kills", len(jobs), "", wanted, "higher"),
        Figure("the same: submitted twice", doubles, "", 0),
        Figure("the same: lost, or not known here", lost, "", 0),
        Figure("the same: seconds in all (AWS's limit alone: 100)", seconds, "s"),
    ]
