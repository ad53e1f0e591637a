"""A processing job as it runs: its inputs in their folders, its command, its outputs copied out.

A container of SageMaker's has `/opt/ml/processing` (LocalPath of each input and output) and
`/opt/ml/config`. Where hosts have no /opt/ml of their own, the command's words and the variables
that name these are told where they lie.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from jupyter_sm.jobs.kinds.places import Place
from jupyter_sm.targets.local.runner import (
    artifacts,
    channels,
    container_command,
    differences,
    failure,
    machine,
)
from jupyter_sm.targets.local.runner.host import Host
from jupyter_sm.targets.local.runner.views import OPT_ML, Mount
from jupyter_sm.targets.local.runner.work import Command, Work
from jupyter_sm.targets.paths import path_of


class Run:
    """The steps of a processing job."""

    working = "Processing"
    uploads_failed = False

    def __init__(self, work: Work) -> None:
        self._work = work
        self._job = work.job
        self._request = work.request
        self._hosts = work.hosts
        self._mounts: dict[str, dict[str, Mount]] = {host: {} for host in work.hosts}
        self._places = list(work.kind.places(work.request))

    def lay_out(self) -> None:
        """Each host's configuration, inputs and folders for outputs."""
        for index, host in enumerate(self._hosts):
            base = self._job.host(host)
            self._write_config(base, host)
            for place in self._of("input"):
                given = self._row(place)
                is_shared = given.get("S3DataDistributionType") == "ShardedByS3Key"
                found = channels.Input.at(place, self._request, self._work.check_stop)
                part = found.share(index, len(self._hosts)) if is_shared else found
                folder = _inside(base, given["LocalPath"])
                for line in (
                    *part.changed_since(self._work.submitted_at),
                    *part.copy_to(folder, self._work.check_stop),
                ):
                    self._work.say(line, host)
            for place in self._of("output"):
                self._make_output(host, place)

    def _of(self, role: str) -> list[Place]:
        return [place for place in self._places if place.role == role]

    def _row(self, place: Place) -> dict[str, Any]:
        """The S3Input or S3Output that an address stands in."""
        row: Any = self._request
        for step in place.path[:-1]:
            row = row[step]
        return dict(row)

    def _write_config(self, base: Path, host: str) -> None:
        config = base / "config"
        config.mkdir(parents=True)
        (base / "output").mkdir()
        told = {"ProcessingJobArn": self._work.arn, **self._request}
        (config / "processingjobconfig.json").write_text(json.dumps(told))
        (config / "resourceconfig.json").write_text(
            json.dumps({"current_host": host, "hosts": list(self._hosts)})
        )

    def _make_output(self, host: str, place: Place) -> None:
        row = self._row(place)
        folder = _inside(self._job.host(host), row["LocalPath"])
        if row["S3UploadMode"] != "Continuous":
            folder.mkdir(parents=True, exist_ok=True)
            return
        kept = artifacts.kept_folder(path_of(row["S3Uri"]), place.phrase)
        if not self._work.views.refusal:
            self._mounts[host][os.path.normpath(row["LocalPath"])] = Mount(kept)
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(kept)

    def command(self, host: str) -> Command:
        """ContainerEntrypoint and ContainerArguments; `python` is the image's."""
        base = self._work.opt_ml(host)
        app = self._request["AppSpecification"]
        own = self._request.get("Environment", {})
        env = {
            **machine.passed_on(os.environ),
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
            **{key: container_command.told(base, value) for key, value in own.items()},
        }
        python = machine.python_for(self._work, host, machine.interpreter(app["ImageUri"]), env)
        argv = container_command.argv_of(app, python, self._job.host(host), base)
        return Command(argv, python.env, self._work.container_folder(host), self._mounts[host])

    def reason(self, host: Host) -> str:
        """What the container wrote to `failure`, else its exit code."""
        where = f" on {host.name}" if len(self._hosts) > 1 else ""
        written = failure.written(self._job.host(host.name) / "output" / "failure")
        if written is not None:
            return failure.algorithm_error(written, where, host.exit_code() or 0)
        told = differences.failure_note(self._work.views.refusal, self._hosts, host.tail)
        return (
            f"AlgorithmError: See job logs for more information, exit code: "
            f"{host.exit_code()}{where}{f'. {told}' if told else ''}"
        )

    def upload(self) -> None:
        """Every output of all hosts together, where it was not written there at once."""
        for place in self._of("output"):
            row = self._row(place)
            if row["S3UploadMode"] != "Continuous":
                folders = [_inside(self._job.host(h), row["LocalPath"]) for h in self._hosts]
                artifacts.copy_uncompressed(folders, path_of(row["S3Uri"]))

    def clear(self) -> None:
        """The inputs, and what the container said last is kept for Describe."""
        for host in self._hosts:
            base = self._job.host(host)
            message = failure.written(base / "output" / "message")
            if message is not None:
                self._work.state.setdefault("exit_message", message)
            for place in self._of("input"):
                shutil.rmtree(_inside(base, self._row(place)["LocalPath"]), ignore_errors=True)


def _inside(base: Path, path: str) -> Path:
    """Where a path of the container's lies on this machine."""
    return base / Path(path).relative_to(OPT_ML)
