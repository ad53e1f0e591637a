"""What `%sm COMMAND …` does: a row a command, which also makes the help and the completion."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jupyter_sm.desk.words import columns
from jupyter_sm.diagnosis import explain
from jupyter_sm.jobs import KINDS, TrainingSpec
from jupyter_sm.jobs.code import FORMS
from jupyter_sm.jobs.options import JobOptions, add_options
from jupyter_sm.notebook import api, magics, many
from jupyter_sm.notebook.job import Job


class Command(NamedTuple):
    """A command: what follows it, what it does in words, and what runs it."""

    arguments: str
    help: str
    run: Callable[[list[str]], Any]


class Text(str):
    """A text that shows itself as it is."""

    def __repr__(self) -> str:
        return str(self)


def run(command: str, words: Sequence[str]) -> Any:
    """Run a command with what follows it. Raises ExplainedError."""
    return COMMANDS[command].run(list(words))


def _parsed(command: str, words: list[str]) -> argparse.Namespace:
    """The arguments named in a command's row; `JOBS…` takes several, `[JOB]` may be left out."""
    parser = magics.Parser(prog=f"%sm {command}", allow_abbrev=False)
    for word in COMMANDS[command].arguments.split():
        count = "+" if "…" in word else "?" if "[" in word else None
        parser.add_argument(word.strip("[]…").lower(), nargs=count)
    return parser.parse_args(words)


def _job(command: str, words: list[str]) -> Job:
    return api.get_job(_parsed(command, words).job)


def _jobs(command: str, words: list[str]) -> list[Job]:
    return [api.get_job(name) for name in _parsed(command, words).jobs]


def _list(words: list[str]) -> Any:
    _parsed("ls", words)
    return api.list_jobs()


def _stop(words: list[str]) -> Any:
    job = _job("stop", words)
    job.stop()
    return job


def _explain(words: list[str]) -> Any:
    name = _parsed("explain", words).job
    if name is None:
        last = getattr(sys, "last_value", None)
        return explain(last) if last is not None else "There was no error in this notebook yet."
    job = api.get_job(name)
    return job.explanation or Text(f"{job.name} has no error: it is {job.status}.")


def _again(words: list[str]) -> Any:
    parser = magics.Parser(prog="%sm again JOB", allow_abbrev=False)
    parser.add_argument("job")
    parser.add_argument("--change", help="larger-instance, more-disk or longer-runtime")
    add_options(parser, TrainingSpec, without=("script",))
    options, others = parser.parse_known_args(words)
    values = vars(options)
    job, change = values.pop("job"), values.pop("change")
    magics.add_hyperparameters(values, others, parser)
    if not values["hyperparameters"]:
        del values["hyperparameters"]
    return api.get_job(job).again(change, **values)


def _track(words: list[str]) -> Any:
    parser = magics.Parser(prog="%sm track", allow_abbrev=False)
    parser.add_argument("name")
    parser.add_argument("--target", default="local")
    parser.add_argument("--kind", choices=sorted(KINDS), default="training")
    options = parser.parse_args(words)
    return api.track(options.name, kind=options.kind, target=options.target)


def _wait(words: list[str]) -> Any:
    jobs = _jobs("wait", words)
    return jobs[0].wait() if len(jobs) == 1 else many.wait_all(jobs)


def _diff(words: list[str]) -> Any:
    options = _parsed("diff", words)
    return api.get_job(options.job).diff(api.get_job(options.other))


def _code(words: list[str]) -> Any:
    options = _parsed("code", words)
    return api.get_job(options.job).code(options.form or FORMS[0])


def _targets(words: list[str]) -> Any:
    parser = magics.Parser(prog="%sm targets", allow_abbrev=False)
    changes = {"add": api.add_target, "remove": api.remove_target}
    parser.add_argument("do", nargs="?", choices=changes)
    parser.add_argument("target", nargs="?")
    options = parser.parse_args(words)
    if options.do and not options.target:
        raise magics.usage(f"%sm targets {options.do} needs the target's name.")
    if options.do:
        changes[options.do](options.target)
    rows = [(row.name, row.health, row.reason or "") for row in api.list_targets()]
    return Text(columns(rows))


def _defaults(words: list[str]) -> Any:
    return api.defaults(_parsed("defaults", words).target or JobOptions.target)


def _help(words: list[str]) -> Any:
    width = max(len(f"{name} {row.arguments}") for name, row in COMMANDS.items())
    lines = [
        f"%sm {f'{name} {row.arguments}':<{width}}  {row.help}" for name, row in COMMANDS.items()
    ]
    return Text("\n".join(lines))


COMMANDS: dict[str, Command] = {
    "train": Command(
        "SCRIPT …", "train a script; --help lists the options", lambda w: magics.train(w, None)
    ),
    "ls": Command("", "the newest jobs", _list),
    "status": Command("JOB", "what a job is doing", lambda w: _job("status", w)),
    "logs": Command("JOB", "its log so far", lambda w: _job("logs", w).logs()),
    "metrics": Command("JOB", "the points of its metrics", lambda w: _job("metrics", w).metrics()),
    "wait": Command("JOBS…", "wait for their end; interrupting leaves them running", _wait),
    "stop": Command("JOB", "ask for it to be stopped", _stop),
    "again": Command("JOB [--OPTION VALUE]…", "run it once more, changed if told", _again),
    "explain": Command("[JOB]", "why it failed; without a job, the last error here", _explain),
    "compare": Command("JOBS…", "jobs side by side", lambda w: many.compare(_jobs("compare", w))),
    "diff": Command("JOB OTHER", "what two jobs' requests have otherwise", _diff),
    "code": Command("JOB [FORM]", f"code that starts the same job: {' or '.join(FORMS)}", _code),
    "artifacts": Command(
        "JOB", "the files it has left", lambda w: _job("artifacts", w).artifacts()
    ),
    "track": Command(
        "NAME [--target TARGET] [--kind KIND]", "a job that was started elsewhere", _track
    ),
    "targets": Command(
        "[add|remove TARGET]", "where jobs can run, and how each is; which to look after", _targets
    ),
    "defaults": Command("[TARGET]", "what training gets where it is left out", _defaults),
    "help": Command("", "this", _help),
}
