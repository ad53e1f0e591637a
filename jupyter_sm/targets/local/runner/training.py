"""A training job as it runs: its folders and channels, its script, its model and output.

What the script finds there is `container.py`'s business.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from jupyter_sm.targets.local.runner import (
    artifacts,
    container,
    container_command,
    differences,
    distribution,
    entry_point,
    failure,
    machine,
)
from jupyter_sm.targets.local.runner.channels import Input
from jupyter_sm.targets.local.runner.entry_point import EntryPoint
from jupyter_sm.targets.local.runner.host import Host
from jupyter_sm.targets.local.runner.views import OPT_ML, Mount
from jupyter_sm.targets.local.runner.work import Command, JobFailedError, Work
from jupyter_sm.targets.paths import inside, path_of

_CHECKPOINTS = "/opt/ml/checkpoints"


class Run:
    """The steps of a training job."""

    working = "Training"
    uploads_failed = True

    def __init__(self, work: Work) -> None:
        self._work = work
        self._job = work.job
        self._request = work.request
        self._hosts = work.hosts
        self._mounts: dict[str, dict[str, Mount]] = {host: {} for host in work.hosts}
        self._pythons: dict[str, machine.Python] = {}

    def lay_out(self) -> None:
        """/opt/ml of each host, with source, channels and checkpoints."""
        if self._work.root in self._output.parents:  # else it is the user's own folder
            self._work.state["left"] = [os.fspath(self._output)]
        own = container.decoded_hyperparameters(self._request)
        source = own.get("sagemaker_submit_directory")
        modes = container.input_data_config(self._request)
        image = self._image()
        if image and not machine.is_interpreter(image):
            self._work.say(
                f"{image} can't be run here: {machine.interpreter(image)} stands for it."
            )
        if len(self._hosts) > 1 and self._work.views.refusal:
            self._work.say(
                f"the names of the job's hosts do not resolve on this machine "
                f"({self._work.views.refusal}): they meet at MASTER_ADDR and MASTER_PORT."
            )
        for host in self._hosts:
            base = self._job.host(host)
            container.write_config(self._request, host, base)
            if source is not None:
                archive = path_of(str(source))
                artifacts.unpack_source(archive, base / "code", self._work.check_stop)
                for note in differences.source_notes(self._work.views.refusal, base / "code"):
                    self._work.say(note, host)
            self._place_checkpoints(host)
            self._work.check_stop()
        for place in self._work.kind.places(self._request):
            if place.role == "input":
                found = Input.at(place, self._request, self._work.check_stop)
                self._bring(found, modes[place.name])

    def _bring(self, whole: Input, config: Mapping[str, str]) -> None:
        """One channel to all hosts: mounted in FastFile mode where that can be, else copied."""
        name, is_fast = whole.place.name, config["TrainingInputMode"] == "FastFile"
        is_shared = config["S3DistributionType"] == "ShardedByS3Key"
        for line in whole.changed_since(self._work.submitted_at):
            self._work.say(line)
        why = self._work.views.refusal
        if is_fast and not why:
            why = "its files are shared out" if is_shared else ""
            why = why or ("it holds links" if whole.has_links() else "")
        for number, host in enumerate(self._hosts):
            if is_fast and not why:
                inside = OPT_ML / "input" / "data" / name
                inside = inside / whole.path.name if whole.path.is_file() else inside
                self._mounts[host][str(inside)] = Mount(whole.path, read_only=True)
                continue
            part = whole.share(number, len(self._hosts)) if is_shared else whole
            folder = self._job.host(host) / "input" / "data" / name
            for line in part.copy_to(folder, self._work.check_stop):
                self._work.say(line, host)
        if is_fast and why:
            self._work.say(f"{whole.place.what} is copied, not read in place ({why}).")

    def _place_checkpoints(self, host: str) -> None:
        config = self._request.get("CheckpointConfig")
        if not config:
            return
        kept = artifacts.kept_folder(path_of(config["S3Uri"]), "checkpoints")
        place = inside(config.get("LocalPath") or _CHECKPOINTS)
        if not self._work.views.refusal:
            self._mounts[host][os.fspath(place)] = Mount(kept)
        elif place.is_relative_to(OPT_ML):
            here = self._job.host(host) / place.relative_to(OPT_ML)
            here.parent.mkdir(parents=True, exist_ok=True)
            if here.exists():
                raise JobFailedError(
                    f"ClientError: the checkpoints' LocalPath {place} can't be given to a job on this "
                    "machine: the source archive has something there."
                )
            here.symlink_to(kept)
        else:
            raise JobFailedError(
                f"ClientError: the checkpoints' LocalPath {place} can't be given to a job on this "
                f"machine ({self._work.views.refusal}): choose one below {OPT_ML}."
            )

    def command(self, host: str) -> Command | None:
        """The container's command, or the entry point, alone or by a launcher."""
        base = self._job.host(host)
        code = base / "code"
        opt_ml = self._work.opt_ml(host)
        meeting = (self._work.meet_at(), self._work.network.port)
        env = container.environment(
            self._request, self._work.name, self._work.arn, host, opt_ml, os.environ, meeting
        )
        mounts = self._mounts[host]
        interpreter = machine.interpreter(self._image())
        if self._has_own_command:
            algorithm = self._request["AlgorithmSpecification"]
            python = self._pythons[host] = machine.python_for(self._work, host, interpreter, env)
            argv = container_command.argv_of(algorithm, python, base, opt_ml)
            return Command(argv, python.env, self._work.container_folder(host), mounts)
        program = str(container.decoded_hyperparameters(self._request)["sagemaker_program"])
        kind = entry_point.entry_point_of(code, program)
        if kind is not EntryPoint.PACKAGE and not (code / program).is_file():
            raise JobFailedError(f"ClientError: the source archive holds no {program}.")
        if kind is EntryPoint.COMMAND:
            (code / program).chmod(0o700)
            if (code / "requirements.txt").is_file():
                self._work.say(
                    f"as on SageMaker, requirements.txt is not installed for {program}: let it run "
                    "`pip install -r requirements.txt` itself.",
                    host,
                )
        python = self._pythons[host] = machine.python_for(
            self._work,
            host,
            interpreter,
            env,
            requirements_of=None if kind is EntryPoint.COMMAND else code,
            is_package=kind is EntryPoint.PACKAGE,
        )
        started = distribution.command(
            container.framework_parameters(self._request),
            kind,
            python.program,
            program,
            container.arguments(self._request),
            host=host,
            hosts=container.distribution_hosts(self._request),
            env=python.env,
            gpus=container.gpu_count(),
        )
        if started is None:
            self._work.say(f"the processes of {host} are started by {self._hosts[0]}.", host)
            return None
        return Command(started, python.env, opt_ml / "code", mounts)

    @property
    def _has_own_command(self) -> bool:
        return bool(self._request["AlgorithmSpecification"].get("ContainerEntrypoint"))

    @property
    def _output(self) -> Path:
        config = self._request["OutputDataConfig"]
        return path_of(config["S3OutputPath"]) / self._work.name

    def _image(self) -> str:
        return self._request["AlgorithmSpecification"].get("TrainingImage") or ""

    def reason(self, host: Host) -> str:
        """What the script wrote to `failure`, else what the toolkit would write there."""
        where = f" on {host.name}" if len(self._hosts) > 1 else ""
        written = failure.written(self._job.host(host.name) / "output" / "failure")
        code = (self._has_own_command and host.exit_code()) or failure.TOOLKITS_CODE
        if written is not None:
            return failure.algorithm_error(written, where, code)
        text = ""
        if not self._has_own_command:
            argv = self._pythons[host.name].told(host.argv)
            text = failure.called_process_error(
                "ExecuteUserScriptError", host.process.returncode, host.tail, argv
            )
        return failure.algorithm_error(text, where + self._note(host), code)

    def _note(self, host: Host) -> str:
        """Told where a script failed as this machine is not SageMaker's."""
        told = differences.failure_note(self._work.views.refusal, self._hosts, host.tail)
        if told:
            self._work.say(told, host.name)
        return f". {told}" if told else ""

    def upload(self) -> None:
        """The model and the output, each of all hosts together."""
        config = self._request["OutputDataConfig"]
        output = self._output / "output"
        bases = [self._job.host(host) for host in self._hosts]
        models = [base / "model" for base in bases]
        if config.get("CompressionType") == "NONE":
            model = output / "model"
            done = artifacts.copy_uncompressed(models, model)
        else:
            model = output / "model.tar.gz"
            done = artifacts.pack(models, model)
        artifacts.pack([base / "output" / "data" for base in bases], output / "output.tar.gz")
        if done:
            self._work.state["model"] = model.as_uri()

    def clear(self) -> None:
        """The inputs: the instance is gone on SageMaker too; here they would only fill the disk."""
        for host in self._hosts:
            shutil.rmtree(self._job.host(host) / "input" / "data", ignore_errors=True)
