"""`jupyter sm …`: the jobs on the command line. Every command takes `--json`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from jupyter_sm import __version__
from jupyter_sm.diagnosis import ExplainedError, explain
from jupyter_sm.notebook import api, session
from jupyter_sm.notebook.job import Job
from jupyter_sm.tracking import catch_up, jobs_table, service, targets_table


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it worked, 1 when it did not, 2 when it could not be read."""
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result: int = options.run(options)
        sys.stdout.flush()
    except ExplainedError as error:
        return _fail(error, options.json)
    except BrokenPipeError:
        # The reader (head, say) has seen enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    finally:
        service.stop_in_process()
    return result


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(
        prog="jupyter sm", description="SageMaker jobs, without blocking."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ls = commands.add_parser("ls", parents=[common], help="list jobs, the newest first")
    ls.add_argument(
        "-n",
        type=int,
        choices=range(1, 10_001),
        metavar="N",
        default=20,
        help="how many (default 20)",
    )
    ls.set_defaults(run=_ls)

    train = commands.add_parser("train", parents=[common], help="start training a script")
    train.add_argument("script")
    train.add_argument("--input", action="append", default=[], metavar="NAME=PATH")
    train.add_argument("--hyperparameter", "-p", action="append", default=[], metavar="NAME=VALUE")
    train.add_argument("--instance", default="ml.m5.large")
    train.add_argument("--name")
    train.add_argument("--target", default="local")
    train.add_argument("--image")
    train.add_argument("--role")
    train.add_argument("--create-bucket", action="store_true")
    train.add_argument("--wait", action="store_true", help="wait for the end, printing the log")
    train.set_defaults(run=_train)

    track = commands.add_parser(
        "track", parents=[common], help="look up a job that was started elsewhere"
    )
    track.add_argument("name")
    track.add_argument("--target", required=True)
    track.set_defaults(run=_track)

    for name, run, text in (
        ("status", _status, "what a job is doing"),
        ("stop", _stop, "ask for a job to be stopped"),
    ):
        command = commands.add_parser(name, parents=[common], help=text)
        command.add_argument("name")
        command.set_defaults(run=run)

    logs = commands.add_parser("logs", parents=[common], help="print a job's log")
    logs.add_argument("name")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the job has ended")
    logs.set_defaults(run=_logs)

    why = commands.add_parser(
        "explain", parents=[common], help="explain a job's error, or text from stdin"
    )
    why.add_argument("name", nargs="?")
    why.set_defaults(run=_explain)
    return parser


def _catch_up_all() -> None:
    for target in targets_table.in_use(session.store()):
        catch_up(session.store(), target)


def _named(name: str) -> Job:
    """The job of that name, as its target says that it is now.

    Only a name that is not known yet has all targets asked.
    """
    known = jobs_table.find(session.store(), name)
    if known:
        catch_up(session.store(), known[0].target)
    else:
        _catch_up_all()
    return api.get_job(name)


def _ls(options: argparse.Namespace) -> int:
    _catch_up_all()
    jobs = api.list_jobs(limit=options.n)
    _show([job.view.as_dict() for job in jobs] if options.json else jobs)
    return 0


def _train(options: argparse.Namespace) -> int:
    job = api.train(
        options.script,
        inputs=_pairs(options.input),
        hyperparameters={k: _value(v) for k, v in _pairs(options.hyperparameter).items()},
        instance=options.instance,
        name=options.name,
        target=options.target,
        image=options.image,
        role=options.role,
        create_bucket=options.create_bucket,
    )
    if options.wait:
        if not options.json:
            job.logs(follow=True)
        job.wait(progress=False)
    else:
        # The job is accepted before this process, which may be all that tracks, ends.
        job.wait_until_accepted()
    return _show_job(job, options)


def _track(options: argparse.Namespace) -> int:
    return _show_job(api.track(options.name, target=options.target), options)


def _status(options: argparse.Namespace) -> int:
    return _show_job(_named(options.name), options)


def _stop(options: argparse.Namespace) -> int:
    job = _named(options.name)
    job.stop()
    job.wait(check=False, progress=False)
    return _show_job(job, options)


def _logs(options: argparse.Namespace) -> int:
    job = _named(options.name)
    if options.follow and not options.json:
        job.logs(follow=True)
        return 0
    if options.follow:
        job.wait(check=False, progress=False)
    lines = job.logs()
    _show([vars(line) for line in lines] if options.json else lines)
    return 0


def _explain(options: argparse.Namespace) -> int:
    if options.name:
        explanation = _named(options.name).explanation
        if explanation is None:
            _show(None if options.json else f"{options.name} has no error.")
            return 0
    else:
        explanation = explain(sys.stdin.buffer.read())
    _show(explanation.as_dict() if options.json else explanation)
    return 0


def _show_job(job: Job, options: argparse.Namespace) -> int:
    _show(job.view.as_dict() if options.json else job)
    return 1 if job.status in ("Failed", "Rejected") else 0


def _show(what: Any) -> None:
    plain = what is None or type(what) in (dict, list)
    print(json.dumps(what) if plain else what)


def _fail(error: ExplainedError, as_json: bool) -> int:
    if as_json:
        _show(error.explanation.as_dict())
    else:
        print(error.explanation, file=sys.stderr)
    return 1


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise ExplainedError(explain(f"{text!r} is not NAME=VALUE."))
        pairs[name] = value
    return pairs


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(main())
