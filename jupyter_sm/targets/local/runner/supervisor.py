"""The program that takes one job from Starting to its end: `python -m … <job folder>`.

It is started detached, holds the job's lock for as long as it lives, and writes every
state before it acts on it. What differs from kind to kind stands in the kind's own module;
here a job has a kind's row, commands and an end.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_sm.jobs.kinds import kind_named
from jupyter_sm.targets.local.disk.layout import FULL, new_transition, place_of
from jupyter_sm.targets.local.runner import processes
from jupyter_sm.targets.local.runner.artifacts import ArtifactError
from jupyter_sm.targets.local.runner.channels import ChannelError
from jupyter_sm.targets.local.runner.host import Host, LogStream
from jupyter_sm.targets.local.runner.kinds import steps_of
from jupyter_sm.targets.local.runner.network import Network
from jupyter_sm.targets.local.runner.requirements import RequirementsError
from jupyter_sm.targets.local.runner.scheduler import Scheduler
from jupyter_sm.targets.local.runner.views import Views
from jupyter_sm.targets.local.runner.work import (
    Command,
    JobFailedError,
    JobStoppedError,
    Work,
    host_names,
)

if TYPE_CHECKING:
    from jupyter_sm.logs.parser import LogParser, Metric

_TICK_SECONDS = 0.1
# How long output may go on after the script's own process has ended.
_DRAIN_SECONDS = 2.0
_LONGEST_REASON = 1024


class _FolderGoneError(Exception):
    """Somebody removed the job's folder: nothing of it is to be left."""


class Supervisor:
    """One job, from Starting to the end."""

    def __init__(self, folder: Path) -> None:
        self.layout, self.job = place_of(folder)
        self.request = self.job.request()
        self.state = self.job.state()
        kind = kind_named(self.job.kind)
        self.hosts = host_names(kind.machines(self.request))
        epoch = int(time.time())
        self.streams = {
            host: LogStream(self.job.logs / f"{host}-{epoch}.log") for host in self.hosts
        }
        definitions = kind.metric_definitions(self.request)
        self.metrics = _parser(definitions) if definitions else None
        self.last_metrics: dict[str, Metric] = {}
        self.deadline = float("inf")
        # Whether the hosts' folders hold what could not be brought to where it should be.
        self.is_unsaved = False
        network = Network(self.layout.root, self.hosts)
        self.views = Views(self.job, network)
        self.steps = steps_of(
            Work(
                kind=kind,
                job=self.job,
                root=self.layout.root,
                request=self.request,
                state=self.state,
                hosts=self.hosts,
                network=network,
                views=self.views,
                say=self._say,
                check_stop=self._check_stop,
            )
        )

    def run(self) -> None:
        """All of it; never raises."""
        try:
            status, secondary, reason = self._run()
        except _FolderGoneError:
            status = secondary = "Stopped"
            reason = ""
        except OSError as error:
            full = error.errno in FULL
            kind = "ClientError" if full else "InternalServerError"
            reason = f"{kind}: {error.strerror}: '{error.filename or self.job.path}'."
            status = secondary = "Failed"
        except Exception:  # noqa: BLE001 - whatever happens, the job must come to an end
            traceback.print_exc()
            status = secondary = "Failed"
            last = traceback.format_exc().strip().splitlines()[-1]
            reason = f"InternalServerError: the local target failed: {last}"
        lost = sum(stream.lost_events for stream in self.streams.values())
        if lost:
            told = f" No space left on device: {lost} log lines could not be written to '{self.job.logs}'."
            reason = reason[: _LONGEST_REASON - len(told)] + told
        for stream in self.streams.values():
            stream.close()
        self.steps.clear()
        if not self.is_unsaved:  # the instances are gone on SageMaker too
            shutil.rmtree(self.job.hosts, ignore_errors=True)
        if processes.is_lock_gone():
            # What was made of the folder since is no job's.
            if not (self.job.path / "request.json").exists():
                shutil.rmtree(self.job.path, ignore_errors=True)
            return
        try:
            self._enter(status, secondary, reason)
        except OSError:
            traceback.print_exc()  # whoever finds the lock free tells of the job's end
        self.job.drop_reserve()

    def _run(self) -> tuple[str, str, str]:
        try:
            self._enter("InProgress", "Starting")
            self._enter("InProgress", "Downloading")
            # From TrainingStartTime on, as SageMaker counts.
            limit = self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
            self.deadline = time.monotonic() + limit if limit else self.deadline
            self.steps.lay_out()
            self._enter("InProgress", self.steps.working)
            self.is_unsaved = True
            try:
                outcome = self._work()
            except JobFailedError:
                self._upload_failed()
                raise
            self._enter("Stopping" if outcome != "Completed" else "InProgress", "Uploading")
            self._upload()
            return ("Completed" if outcome == "Completed" else "Stopped"), outcome, ""
        except JobStoppedError as stopped:  # before there was anything to save
            self.is_unsaved = False
            return "Stopped", str(stopped), ""
        except (
            JobFailedError,
            ChannelError,
            ArtifactError,
            RequirementsError,
        ) as failed:
            return "Failed", "Failed", str(failed)

    def _upload(self) -> None:
        self.steps.upload()
        self.is_unsaved = False

    def _upload_failed(self) -> None:
        """Keep what a job made before it failed; the failure itself stays the reason."""
        if not self.steps.uploads_failed:
            self.is_unsaved = False
            return
        self._enter("InProgress", "Uploading")
        try:
            self._upload()
        except (ArtifactError, OSError) as error:
            self._say(f"what the job had made could not be uploaded: {error}")

    def _enter(self, status: str, secondary: str, reason: str = "") -> None:
        final = status in ("Completed", "Failed", "Stopped")
        new_transition(self.state, secondary)
        self.state["status"] = status
        at = self.state["transitions"][-1]["start"]
        if secondary == "Downloading":
            self.state["training_start"] = at
        if final:
            self.state["transitions"][-1]["end"] = self.state["training_end"] = at
            self.state["final_metrics"] = [
                {"MetricName": m.name, "Value": m.value, "Timestamp": m.timestamp_ms / 1000}
                for m in list(self.last_metrics.values())[:40]
            ]
        if reason:
            self.state["failure"] = reason[:_LONGEST_REASON]
        self.job.write_state(self.state)

    def _say(self, text: str, host: str | None = None) -> None:
        self.streams[host or self.hosts[0]].write([f"jupyter_sm: {text}"])

    def _work(self) -> str:
        commands = [(host, self.steps.command(host)) for host in self.hosts]
        self._check_stop()
        running: list[Host] = []
        try:
            for name, command in commands:
                if command is not None:
                    running.append(self._start(name, command))
            self.state["pids"] = [
                {"pid": h.process.pid, "mark": processes.start_mark(h.process.pid)} for h in running
            ]
            self.job.write_state(self.state)
            return self._watch(running)
        finally:
            for host in running:
                host.close()
            processes.end_children()

    def _start(self, host: str, command: Command) -> Host:
        try:
            process = self.views.start(
                host, command.argv, command.env, command.folder, command.mounts
            )
        except OSError as error:
            raise JobFailedError(
                f"ClientError: {command.argv[0]} can't be run: {error.strerror or error}."
            ) from error
        return Host(host, command.argv, process, self.streams[host], self._read_lines)

    def _read_lines(self, lines: Sequence[str]) -> None:
        if not self.metrics:
            return
        now = int(time.time() * 1000)
        with self.metrics.foreseen(lines):
            for line in lines:
                self.metrics.feed(now, "", line)
        self.last_metrics.update((m.name, m) for m in self.metrics.metrics)
        self.metrics.metrics.clear()

    def _watch(self, running: list[Host]) -> str:
        by_fd = {host.fd: host for host in running}
        outcome, kill_at, drain_until = "Completed", float("inf"), float("inf")
        failed: Host | None = None
        while True:
            self._check_folder()
            for fd in select.select(list(by_fd), [], [], _TICK_SECONDS)[0] if by_fd else ():
                if not by_fd[fd].pump():
                    del by_fd[fd]
            now = time.monotonic()
            codes = [host.exit_code() for host in running]
            if outcome == "Completed" and failed is None:
                asked = self._stop_asked()
                failed = next((h for h, c in zip(running, codes, strict=True) if c), None)
                if failed is None and asked and None in codes:
                    outcome = asked
                    self._enter("Stopping", "Stopping")
                if asked or failed:
                    kill_at = now + (self.state["grace"] if asked else min(10, self.state["grace"]))
                    for host in running:
                        host.end()
            if now > kill_at:
                kill_at = float("inf")
                for host in running:
                    host.end(signal.SIGKILL)
            if None not in codes:
                drain_until = min(drain_until, now + _DRAIN_SECONDS)
                if not by_fd or now > drain_until:
                    break
            elif not by_fd:
                time.sleep(_TICK_SECONDS)
        for host in by_fd.values():
            host.pump()
        if failed and outcome == "Completed":
            raise JobFailedError(self.steps.reason(failed))
        return outcome

    def _stop_asked(self) -> str | None:
        if self.job.stop.exists():
            return "Stopped"
        return "MaxRuntimeExceeded" if time.monotonic() > self.deadline else None

    def _check_folder(self) -> None:
        if processes.is_lock_gone():
            raise _FolderGoneError

    def _check_stop(self) -> None:
        self._check_folder()
        asked = self._stop_asked()
        if asked:
            raise JobStoppedError(asked)


def _parser(definitions: Mapping[str, str]) -> LogParser:
    from jupyter_sm.logs.parser import LogParser  # takes as long to load as all the rest

    return LogParser(definitions)


def main() -> None:
    """Run the job, then hand its place to the next one."""
    os.umask(0o077)  # requests, logs and models may hold what is nobody else's business
    # A stop comes as a marker file; signals to the terminal's group are not for us.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = Path(sys.argv[1])
    layout, job = place_of(folder)
    max_jobs = job.state()["max_jobs"]
    processes.guarded(lambda: Supervisor(folder).run())
    os.close(processes.LOCK_FD)
    Scheduler(layout, max_jobs).dispatch()


if __name__ == "__main__":
    main()
