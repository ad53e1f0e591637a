"""The command line's parser: a row a command."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from typing import NoReturn

from jupyter_sm.cli import doctor, jobs, results
from jupyter_sm.cli.show import tell
from jupyter_sm.jobs import KINDS, TrainingSpec
from jupyter_sm.jobs.code import FORMS
from jupyter_sm.jobs.options import JobOptions, add_options
from jupyter_sm.shown.secrets import shown

# Seconds: for what is asked to be done, to be stopped, and for how things are.
_DOING, _STOPPING, _LOOKING = 30.0, 180.0, 10.0


def parser() -> argparse.ArgumentParser:
    """The parser; each command's `run` takes the desk and the options."""
    whole: argparse.ArgumentParser = _Parser(
        prog="jupyter sm", description="SageMaker jobs, without blocking."
    )
    whole.add_argument("--version", action="version", version=version("jupyter_sm"))
    made = _Commands(whole.add_subparsers(required=True, metavar="COMMAND"))

    ls = made.add("ls", jobs.ls, "list jobs, the newest first", _LOOKING)
    ls.add_argument("-n", type=_count, metavar="N", default=20, help="how many (default 20)")
    train = made.add("train", jobs.train, "start training a script", starts=True)
    add_options(train, JobOptions)
    add_options(train, TrainingSpec)
    submit = made.add("submit", jobs.submit, "submit a full Create request", starts=True)
    submit.add_argument("file", help="the request as JSON; - for stdin")
    submit.add_argument("--kind", choices=sorted(KINDS), default="training")
    submit.add_argument("--target", default="local")
    again = made.add("again", jobs.again, "run a job once more, changed if told", starts=True)
    again.add_argument("job")
    again.add_argument(
        "--change", help="larger-instance, more-disk, longer-runtime, or instance=TYPE"
    )
    add_options(again, TrainingSpec, without=("script",))
    again.add_argument("--script", default=argparse.SUPPRESS, help="another script or folder")
    track = made.add("track", jobs.track, "look up a job that was started elsewhere", _DOING)
    track.add_argument("name")
    track.add_argument("--target", required=True)
    track.add_argument("--kind", choices=sorted(KINDS), default="training")
    made.add_named("status", jobs.status, "what a job is doing")
    made.add_named("show", results.details, "all that is known of a job")
    made.add_named("stop", jobs.stop, "ask for a job to be stopped", _STOPPING)
    logs = made.add_named("logs", jobs.logs, "print a job's log", _DOING)
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")
    metrics = made.add_named("metrics", results.metrics, "a job's metrics")
    metrics.add_argument("--csv", action="store_true", help="print all points as CSV")
    diff = made.add_named("diff", results.diff, "what two jobs' requests have otherwise")
    diff.add_argument("other")
    code = made.add_named("code", results.code, "code that starts the same job")
    code.add_argument("--form", choices=FORMS, default=FORMS[0])
    made.add_named("artifacts", results.artifacts, "the files that a job has left", _DOING)
    download = made.add_named("download", results.download, "bring them here", _DOING)
    download.add_argument("file", nargs="*", help="only these")
    download.add_argument("--to", metavar="FOLDER", help="where to (default: the job's name)")
    export = made.add_named(
        "export", results.export, "write job, request, log, metrics to a folder"
    )
    export.add_argument("--to", metavar="FOLDER", help="where to (default: NAME-export)")
    why = made.add("explain", jobs.explain, "explain a job's error, or text from stdin", _LOOKING)
    why.add_argument("name", nargs="?")
    targets = made.add("targets", results.targets, "the targets there are, and how each is")
    targets.add_argument(
        "do",
        nargs="?",
        choices=("add", "remove"),
        help="look after one from now on, or no longer: its jobs go on, and leave the list",
    )
    targets.add_argument("target", nargs="?", help="which, as default@us-east-1")
    made.add("defaults", results.defaults, "what training gets where it is left out").add_argument(
        "target", nargs="?", default=JobOptions.target
    )
    made.add("doctor", doctor.doctor, "look at the install, and say what to do", _LOOKING)
    return whole


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where to read more."""

    def error(self, message: str) -> NoReturn:
        """Ends the command with 2."""
        tell(shown(f"{self.prog}: {message} ({self.prog} --help)"))
        sys.exit(2)


class _Commands:
    """Adds commands that all take `--json`."""

    def __init__(self, commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        self._commands = commands

    def add(
        self,
        name: str,
        run: object,
        text: str,
        timeout: float | None = None,
        *,
        starts: bool = False,
    ) -> argparse.ArgumentParser:
        """A command; one with a `timeout` asks targets, one that starts a job can wait for its end."""
        made: argparse.ArgumentParser = self._commands.add_parser(name, help=text, description=text)
        made.add_argument("--json", action="store_true", help="print JSON")
        if starts:
            made.add_argument("--wait", action="store_true", help="print the log until the end")
        if starts and name != "again":
            made.add_argument("--dry-run", action="store_true", help="say what would be started")
        timeout = _DOING if starts else timeout
        if timeout is not None:
            made.add_argument(
                "--timeout",
                type=_seconds,
                default=timeout,
                metavar="SECONDS",
                help=f"how long to wait for the target's answer (default: {timeout:.0f})",
            )
        made.set_defaults(run=run)
        return made

    def add_named(
        self, name: str, run: object, text: str, timeout: float = _LOOKING
    ) -> argparse.ArgumentParser:
        """A command about one job."""
        made = self.add(name, run, text, timeout)
        made.add_argument("name", help="the job")
        return made


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 86,400 seconds")
    return seconds


def _count(text: str) -> int:
    count = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not 1 <= count <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 10,000")
    return count
