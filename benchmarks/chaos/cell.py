"""The cell that a kernel runs: it submits job after job, and writes down what it was told."""

from __future__ import annotations

import itertools
import json
import random
import time
import traceback
from pathlib import Path

from benchmarks.chaos import hurried

TARGETS = ("local", "default@us-east-1")
PAUSE = 0.1


def environment(folder: Path, serial: str) -> dict[str, str]:
    """A job's variables, by which its script says who it is and that it ran."""
    return {"SERIAL": serial, "RAN": str(folder / "ran.txt")}


def next_target(folder: Path, rng: random.Random) -> str | None:
    """Where the next job may go: not where enough are on their way."""
    free = [name for name in TARGETS if not (folder / f"hold {name}").exists()]
    return rng.choice(free) if free else None


def submit(number: int, folder: Path) -> None:
    """Until told to stop. `number` is the kernel's, of which no two have the same."""
    hurried.begin()
    import jupyter_sm as sm

    rng = random.Random(number)
    scripts = sorted((folder / "scripts").iterdir())
    with (folder / "ledger" / f"kernel-{number}").open("a", buffering=1) as ledger:

        def note(**row: str) -> None:
            ledger.write(json.dumps(row) + "\n")

        for count in itertools.count():
            if (folder / "stop").exists():
                return
            time.sleep(PAUSE)
            target = next_target(folder, rng)
            if target is None:
                continue
            serial = f"{number}-{count}"
            told = environment(folder, serial)
            try:
                job = sm.train(rng.choice(scripts), environment=told, target=target)
            except sm.ExplainedError as error:
                note(serial=serial, refused=str(error))
            except Exception:  # what a user must never see
                note(serial=serial, bare=traceback.format_exc())
            else:
                note(serial=serial, target=target, name=job.name)
