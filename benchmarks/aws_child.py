"""Clients of a simulated account, run by an interpreter of choice: ours, or an SDK's own wait.

`python aws_child.py <plan.json>`; the plan names a mode (`ours`, `v2`, `v3`) and its
children. The library is imported once, then each child is forked: a process and an output
file of its own. Needs nothing but the mode's library, as SDKs run in their environments.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from pathlib import Path


def import_ours() -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import boto3  # noqa: F401

    from jupyter_sm.targets.aws import target  # noqa: F401


def import_v2() -> None:
    import sagemaker  # noqa: F401


def import_v3() -> None:
    import sagemaker.core.resources  # noqa: F401


def run_ours(child: dict) -> None:
    """A tracker on a store of its own, and faces that watch some jobs."""
    from jupyter_sm.jobs import JobKey
    from jupyter_sm.store import jobs as jobs_table
    from jupyter_sm.store import open_store
    from jupyter_sm.store.leases import Rank
    from jupyter_sm.targets import Cadence
    from jupyter_sm.targets.aws.profiles import parse
    from jupyter_sm.targets.aws.target import AwsTarget
    from jupyter_sm.tracking.tracker import Tracker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    store = open_store(Path(child["home"]))
    name = parse(child["target"])
    assert name is not None
    cadence = Cadence(**child.get("cadence", {}))
    target = AwsTarget(name, store.folder, cadence=cadence)
    target.log_quiet_seconds = child.get("quiet", target.log_quiet_seconds)
    Tracker(store, target, Rank.SERVER).start()
    pause = child.get("watch_every", 20.0)
    while True:
        missing = False
        for job in child["watch"]:
            jobs_table.watch(store, JobKey(child["target"], "training", job))
            missing |= jobs_table.get(store, JobKey(child["target"], "training", job)) is None
        time.sleep(min(pause, 0.2) if missing else pause)


def run_v2(child: dict) -> None:
    import sagemaker

    sagemaker.Session().logs_for_job(child["job"], wait=True)
    print("the wait ended")


def run_v3(child: dict) -> None:
    # Without this the SDK shows no line of the container.
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    from sagemaker.core.resources import TrainingJob

    TrainingJob.get(child["job"]).wait(logs=True)
    print("the wait ended")


def hurry(scale: float) -> None:
    """Let this process live so many times as fast: its sleeps, and the time it is told."""
    sleep, now, begun = time.sleep, time.time, time.time()
    time.sleep = lambda seconds: sleep(seconds / scale)
    time.time = lambda: begun + (now() - begun) * scale


def fork(mode: str, child: dict, output: str) -> int:
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.environ.update(child["environment"])
        if child.get("scale"):
            hurry(child["scale"])
        {"ours": run_ours, "v2": run_v2, "v3": run_v3}[mode](child)
        code = 0
    except BaseException as error:  # a wait that dies is a figure
        print(f"the wait died: {type(error).__name__}: {error}")
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    mode = plan["mode"]
    {"ours": import_ours, "v2": import_v2, "v3": import_v3}[mode]()
    print("ready", flush=True)
    sys.stdin.readline()  # so that all begin together
    begun = time.monotonic()
    running = {}
    for child in plan["children"]:
        running[fork(mode, child, child["output"])] = child

    def end(*_: object) -> None:
        for number in running:
            os.kill(number, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while running:
        number, _ = os.waitpid(-1, os.WNOHANG)
        if number:
            running.pop(number, None)
        for number, child in list(running.items()):
            at = child.get("restart_at")
            if at and time.monotonic() - begun >= at:
                child["restart_at"] = None
                os.kill(number, signal.SIGKILL)
                os.waitpid(number, 0)
                del running[number]
                running[fork(mode, child, child["output"] + ".again")] = child
        time.sleep(0.05)


if __name__ == "__main__":
    main()
