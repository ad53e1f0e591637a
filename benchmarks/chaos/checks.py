"""What must hold once all is over: nothing lost, doubled, stuck, left, no line wrong, no traceback."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.aws_simulated import REGION, client
from benchmarks.chaos import cell
from benchmarks.chaos.world import AWS_LINES, LINES, World
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import JobView, Store, jobs
from jupyter_sm.store.logs.pages import LogPages
from jupyter_sm.targets.local import LocalTarget

LOCAL, AWS = cell.TARGETS
_AGAIN = re.compile(r"No space left|ENOSPC|disk is full")
CHECKS = ("lost", "doubled", "stuck", "left", "wrong", "tracebacks")


@dataclass
class There:
    """A job as its target has it: what it printed, and how it stands."""

    status: str
    reason: str
    serial: str
    lines: list[str]


@dataclass
class Findings:
    """Sentences of what does not hold, by check; and how many jobs were looked at."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    ends: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether all holds."""
        return not any(getattr(self, name) for name in CHECKS)


def ledger(world: World) -> list[dict[str, str]]:
    """What the submitters were told, each line of it."""
    rows = []
    for path in (world.folder / "ledger").iterdir():
        if path.suffix != ".log":
            lines = path.read_text().splitlines()
            # The last line of one that was killed may be cut.
            rows += [json.loads(line) for line in lines if line.endswith("}")]
    return rows


def on_the_machine(world: World) -> dict[str, There]:
    """The local target's jobs, by its own account."""
    target = LocalTarget(world.home / "local")
    sagemaker, logs = target.client("sagemaker"), target.client("logs")
    found = {}
    for page in sagemaker.get_paginator("list_training_jobs").paginate(MaxResults=100):
        for row in page["TrainingJobSummaries"]:
            name = row["TrainingJobName"]
            job = sagemaker.describe_training_job(TrainingJobName=name)
            found[name] = _there(job, _local_lines(logs, name))
    return found


def _local_lines(logs: Any, name: str) -> list[str]:
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
    lines: list[str] = []
    for stream in streams["logStreams"]:
        token: dict[str, str] = {}
        while True:
            page = logs.get_log_events(
                logGroupName=group,
                logStreamName=stream["logStreamName"],
                startFromHead=True,
                **token,
            )
            lines += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token.get("nextToken"):
                break
            token = {"nextToken": page["nextForwardToken"]}
    return lines


def names_on_the_account(world: World) -> set[str]:
    """The names of the jobs that the simulator has."""
    sagemaker = client("sagemaker", world.control.url, REGION)
    pages = sagemaker.get_paginator("list_training_jobs").paginate(MaxResults=100)
    return {row["TrainingJobName"] for page in pages for row in page["TrainingJobSummaries"]}


def on_the_account(world: World) -> dict[str, There]:
    """The account's jobs, by the simulator's own account."""
    sagemaker = client("sagemaker", world.control.url, REGION)
    lines = [f"line {n} of {AWS_LINES}" for n in range(1, AWS_LINES + 1)]
    return {
        name: _there(sagemaker.describe_training_job(TrainingJobName=name), lines)
        for name in names_on_the_account(world)
    }


def _there(job: dict[str, Any], lines: list[str]) -> There:
    serial = job["Environment"]["SERIAL"]
    return There(job["TrainingJobStatus"], job.get("FailureReason", ""), serial, lines)


def look(world: World, store: Store) -> Findings:
    """All checks but those of what the server leaves."""
    found = Findings()
    there = {LOCAL: on_the_machine(world), AWS: on_the_account(world)}
    here: dict[str, dict[str, JobView]] = {target: {} for target in cell.TARGETS}
    for job in listed(store):
        here[job.target][job.name] = job
    rows = ledger(world)
    _check_told(world, rows, here, there, found)
    _check_once(world, rows, there, found)
    pages = LogPages(store)
    for target in cell.TARGETS:
        found.ends[target] = Counter(one.status for one in there[target].values())
        for name, one in there[target].items():
            job_here = here[target].get(name)
            if job_here is None:
                found.lost.append(f"{name} runs on {target}, and the store does not know it")
            else:
                _check_end(world, job_here, one, found)
                _check_log(store, pages, job_here, one, found)
    return found


def listed(store: Store) -> Iterable[JobView]:
    start, total = 0, 1
    while start < total:
        page, total = jobs.listed(store, limit=500, offset=start)
        yield from page
        start += 500


def _check_told(
    world: World,
    rows: list[dict[str, str]],
    here: dict[str, dict[str, JobView]],
    there: dict[str, dict[str, There]],
    found: Findings,
) -> None:
    """Every job that its submitter was told is accepted is here, and is or was there."""
    for row in rows:
        if "bare" in row:
            found.tracebacks.append(f"{row['serial']} was answered by {row['bare']}")
        if "name" not in row or row["serial"] in world.unsent:
            continue
        job = here[row["target"]].get(row["name"])
        if row["name"] not in there[row["target"]]:
            state = f"{job.status}: {job.failure_reason}" if job else "not known"
            found.lost.append(f"{row['name']} was accepted, {row['target']} lacks it; {state}")
        elif job is None:
            found.lost.append(f"{row['name']} was accepted, and the store does not know it")


def _check_once(
    world: World,
    rows: list[dict[str, str]],
    there: dict[str, dict[str, There]],
    found: Findings,
) -> None:
    """No submission has made two jobs, no job ran twice, and none that was refused runs."""
    names = defaultdict(list)
    for jobs_there in there.values():
        for name, one in jobs_there.items():
            names[one.serial].append(name)
    found.doubled += [f"{serial}: {some}" for serial, some in names.items() if len(some) > 1]
    ran = world.folder / "ran.txt"
    counts = Counter(ran.read_text().split() if ran.exists() else ())
    found.doubled += [f"{serial} ran {n} times" for serial, n in counts.items() if n > 1]
    for row in rows:
        if "refused" in row and row["serial"] in names:
            what = f"{names[row['serial']]}, of which its submitter was told: {row['refused']}"
            found.doubled.append(what)


def _check_end(world: World, here: JobView, there: There, found: Findings) -> None:
    """It is over, here as there, and only what was struck has failed."""
    if not here.is_over or here.status != there.status:
        found.stuck.append(f"{here.name} is {here.status} here, {there.status} there")
    elif here.status != "Completed":
        is_explained = here.name in world.struck or _AGAIN.search(there.reason)
        if here.target == AWS or not is_explained:
            found.wrong.append(f"{here.name} was not struck and is {here.status}: {there.reason}")


def _check_log(store: Store, pages: LogPages, here: JobView, there: There, found: Findings) -> None:
    """The store's log is the target's; what the script printed is there once, in order."""
    key = JobKey(here.target, here.kind, here.name)
    lines: list[str] = []
    text, start = pages.printed(key, 0, states=False)
    while text:
        lines += text.removesuffix("\n").split("\n")
        text, start = pages.printed(key, start, states=False)
    printed = "\n".join(there.lines).split("\n") if there.lines else []
    if lines != printed:
        found.wrong.append(f"{here.name} ({here.target}): {_difference(lines, printed)}")
    if here.target == LOCAL:
        own = [line for line in printed if line.startswith(f"{there.serial} line ")]
        whole = [f"{there.serial} line {n} of {LINES}" for n in range(1, LINES + 1)]
        cut = here.status != "Completed"
        told = any(_AGAIN.search(line) for line in [there.reason, *printed])
        if own != (whole[: len(own)] if cut else whole) and not told:
            found.wrong.append(f"{here.name} printed otherwise: {_difference(own, whole)}")


def _difference(lines: list[str], printed: list[str]) -> str:
    twice = [line for line, count in Counter(lines).items() if count > 1]
    missing = [line for line in printed if line not in lines]
    more = [line for line in lines if line not in printed]
    return (
        f"{len(lines)} lines here, {len(printed)} there; twice {twice[:3]}, missing {missing[:3]}, "
        f"more {more[:3]}"
    )


def look_behind(world: World, found: Findings, left: list[str]) -> None:
    """What the servers have logged, and the processes that are left."""
    found.left += left
    logs = [*(world.folder / "servers").glob("*/server.log")]
    logs += [*(world.folder / "ledger").glob("*.log")]
    logs += [*(world.home / "local" / "jobs" / "training").glob("*/supervisor.log")]
    for path in sorted(logs):
        text = path.read_text(errors="replace")
        at = text.find("Traceback (most recent call last)")
        if at >= 0:
            found.tracebacks.append(f"{path}: {text[at : at + 3000]}")


def report(found: Findings, world: World) -> None:
    """All findings, into the folder."""
    with (world.folder / "findings.txt").open("w") as file:
        for name in CHECKS:
            for sentence in getattr(found, name):
                file.write(f"{name}: {sentence}\n")
    if not found.is_good:
        print(f"  see {world.folder / 'findings.txt'}", file=sys.stderr)
