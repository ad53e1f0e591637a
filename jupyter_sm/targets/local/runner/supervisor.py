"""The program that takes one job from Starting to its end: `python -m … <job folder>`.

It is started detached, holds the job's lock for as long as it lives, and writes every
state before it acts on it. It imports the standard library and its neighbours only.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

from jupyter_sm.logs.parser import LogParser, Metric
from jupyter_sm.targets.local.disk.layout import FULL, new_transition, place_of
from jupyter_sm.targets.local.runner import artifacts, channels, container, processes, requirements
from jupyter_sm.targets.local.runner.host import Host, LogStream
from jupyter_sm.targets.local.runner.scheduler import Scheduler

_TICK_SECONDS = 0.1
# How long output may go on after the script's own process has ended.
_DRAIN_SECONDS = 2.0
_LONGEST_REASON = 1024
_ERROR_LINE = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b")


class JobFailedError(Exception):
    """The job has failed; the text is its FailureReason."""


class JobStoppedError(Exception):
    """A stop was asked for, or the time limit reached; the text is the secondary status."""


class Supervisor:
    """One job, from Starting to the end."""

    def __init__(self, folder: Path) -> None:
        self.layout, self.job = place_of(folder)
        self.request = self.job.request()
        self.state = self.job.state()
        self.hosts = container.hosts_of(self.request)
        epoch = int(time.time())
        self.streams = {
            host: LogStream(self.job.logs / f"{host}-{epoch}.log") for host in self.hosts
        }
        definitions = self.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self.metrics = (
            LogParser({d["Name"]: d["Regex"] for d in definitions}) if definitions else None
        )
        self.last_metrics: dict[str, Metric] = {}
        self.deadline = float("inf")

    def run(self) -> None:
        """All of it; never raises."""
        try:
            status, secondary, reason = self._run()
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
        self._remove_inputs()
        try:
            self._enter(status, secondary, reason)
        except OSError:
            traceback.print_exc()  # whoever finds the lock free tells of the job's end
        self.job.drop_reserve()

    def _run(self) -> tuple[str, str, str]:
        try:
            self._enter("InProgress", "Starting")
            self._enter("InProgress", "Downloading")
            self._stage()
            self._enter("InProgress", "Training")
            limit = self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
            self.deadline = time.monotonic() + limit if limit else self.deadline
            outcome = self._train()
            self._enter("Stopping" if outcome != "Completed" else "InProgress", "Uploading")
            self._upload()
            return ("Completed" if outcome == "Completed" else "Stopped"), outcome, ""
        except JobStoppedError as stopped:
            return "Stopped", str(stopped), ""
        except (
            JobFailedError,
            channels.ChannelError,
            artifacts.ArtifactError,
            requirements.RequirementsError,
        ) as failed:
            return "Failed", "Failed", str(failed)

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

    def _stage(self) -> None:
        own = container.decoded_hyperparameters(self.request)
        source = channels.local_path(str(own["sagemaker_submit_directory"]))
        submitted = self._submitted()
        for index, host in enumerate(self.hosts):
            base = self.job.host(host)
            container.write_config(self.request, host, base)
            artifacts.unpack_source(source, base / "code")
            modes = container.input_data_config(self.request)
            for channel in self.request.get("InputDataConfig", []):
                mode = modes[channel["ChannelName"]]["TrainingInputMode"]
                into = base / "input" / "data"
                for line in channels.stage(channel, mode, into, index, len(self.hosts), submitted):
                    self._say(line, host)
                self._check_stop()
            self._link_checkpoints(base)

    def _submitted(self) -> float:
        for tag in self.request.get("Tags", []):
            if tag["Key"] == "jupyter-sm:submitted":
                return float(tag["Value"])
        return float(self.state["created"])

    def _link_checkpoints(self, base: Path) -> None:
        config = self.request.get("CheckpointConfig")
        if config:
            kept = channels.local_path(config["S3Uri"])
            kept.mkdir(parents=True, exist_ok=True)
            (base / "checkpoints").symlink_to(kept)

    def _command(self, host: str) -> list[str]:
        base = self.job.host(host)
        own = container.decoded_hyperparameters(self.request)
        program = str(own["sagemaker_program"])
        if not (base / "code" / program).is_file():
            raise JobFailedError(f"ClientError: the source archive holds no {program}.")
        if program.endswith(".sh"):
            return ["/bin/sh", program, *container.arguments(self.request)]
        image = self.request["AlgorithmSpecification"].get("TrainingImage") or ""
        python = str(channels.local_path(image)) if image.startswith("file://") else sys.executable
        if not Path(python).is_file() or not os.access(python, os.X_OK):
            raise JobFailedError(f"ClientError: there is no Python interpreter {python}.")
        wanted = base / "code" / "requirements.txt"
        if wanted.is_file():
            env = container.environment(self.request, host, base, os.environ)
            folder = self.layout.root / "environments"
            kept = requirements.Environments(folder, env, self._say, self._check_stop)
            python = kept.prepare(python, wanted)
        return [python, program, *container.arguments(self.request)]

    def _train(self) -> str:
        commands = {host: self._command(host) for host in self.hosts}
        self._check_stop()
        running: list[Host] = []
        try:
            for name, argv in commands.items():
                running.append(self._start(name, argv))
            self.state["pids"] = [
                {"pid": h.process.pid, "mark": processes.start_mark(h.process.pid)} for h in running
            ]
            self.job.write_state(self.state)
            return self._watch(running)
        finally:
            for host in running:
                host.close()
            processes.end_children()

    def _start(self, host: str, argv: list[str]) -> Host:
        base = self.job.host(host)
        env = container.environment(self.request, host, base, os.environ)
        try:
            return Host(host, argv, env, base / "code", self.streams[host], self._read_line)
        except OSError as error:
            raise JobFailedError(
                f"ClientError: {argv[0]} can't be run: {error.strerror}."
            ) from error

    def _read_line(self, line: str) -> None:
        if self.metrics:
            self.metrics.feed(int(time.time() * 1000), "", line)
            self.last_metrics.update((m.name, m) for m in self.metrics.metrics)
            self.metrics.metrics.clear()

    def _watch(self, running: list[Host]) -> str:
        by_fd = {host.fd: host for host in running}
        outcome, kill_at, drain_until = "Completed", float("inf"), float("inf")
        failed: Host | None = None
        while True:
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
            raise JobFailedError(self._reason(failed))
        return outcome

    def _stop_asked(self) -> str | None:
        if self.job.stop.exists():
            return "Stopped"
        return "MaxRuntimeExceeded" if time.monotonic() > self.deadline else None

    def _check_stop(self) -> None:
        asked = self._stop_asked()
        if asked:
            raise JobStoppedError(asked)

    def _reason(self, host: Host) -> str:
        written = self.job.host(host.name) / "output" / "failure"
        if written.is_file():
            return f"AlgorithmError: {written.read_text('utf-8', 'replace')}"
        code = host.exit_code()
        message = next((line for line in reversed(host.tail) if _ERROR_LINE.match(line)), "")
        if not message and code and code > 128:
            message = f"killed by signal {code - 128}"
        command = " ".join([Path(host.argv[0]).name, *host.argv[1:]])
        where = f" on {host.name}" if len(self.hosts) > 1 else ""
        return (
            f"AlgorithmError: ExecuteUserScriptError:\nExitCode {code}{where}\n"
            f'ErrorMessage "{message[:600]}"\nCommand "{command}"'
        )

    def _upload(self) -> None:
        config = self.request["OutputDataConfig"]
        output = channels.local_path(config["S3OutputPath"]) / self.job.name / "output"
        bases = [self.job.host(host) for host in self.hosts]
        models = [base / "model" for base in bases]
        if config.get("CompressionType") == "NONE":
            model = output / "model"
            done = artifacts.copy_uncompressed(models, model)
        else:
            model = output / "model.tar.gz"
            done = artifacts.pack(models, model)
        artifacts.pack([base / "output" / "data" for base in bases], output / "output.tar.gz")
        if done:
            self.state["model"] = model.as_uri()

    def _remove_inputs(self) -> None:
        # The instance is gone on SageMaker too; here it would only fill the disk.
        for host in self.hosts:
            shutil.rmtree(self.job.host(host) / "input" / "data", ignore_errors=True)


def main() -> None:
    """Run the job, then hand its place to the next one."""
    os.umask(0o077)  # requests, logs and models may hold what is nobody else's business
    supervisor = Supervisor(Path(sys.argv[1]))
    # A stop comes as a marker file; signals to the terminal's group are not for us.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processes.adopt_orphans()
    supervisor.run()
    os.close(processes.LOCK_FD)
    Scheduler(supervisor.layout, supervisor.state["max_jobs"]).dispatch()


if __name__ == "__main__":
    main()
