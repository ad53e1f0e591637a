"""`jupyter sm …`: the jobs on the command line. Every command takes `--json`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from jupyter_sm.desk import Desk, JobView, open_desk, words
from jupyter_sm.desk.waiting import Waiting, checked, read_log
from jupyter_sm.diagnosis import ExplainedError, explain
from jupyter_sm.jobs import REJECTED, JobKey, TrainingSpec


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it worked, 1 when it did not, 2 when it could not be read."""
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    desk: Desk | None = None
    try:
        desk = open_desk()
        if desk.store.note:
            print(desk.store.note, file=sys.stderr)
        result: int = options.run(desk, options)
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
        if desk is not None:
            desk.close()
    return result


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(
        prog="jupyter sm", description="SageMaker jobs, without blocking."
    )
    parser.add_argument("--version", action="version", version=version("jupyter_sm"))
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


def _named(desk: Desk, name: str) -> JobView:
    """The job of that name, as its target says that it is now.

    Only for a name that is not known yet all targets are asked.
    """
    known = desk.find(name)
    desk.catch_up(known.target if known else None)
    return desk.named(name)


def _ls(desk: Desk, options: argparse.Namespace) -> int:
    desk.catch_up()
    views, _ = desk.jobs(limit=options.n)
    _show([view.as_dict() for view in views] if options.json else words.table(views))
    return 0


def _train(desk: Desk, options: argparse.Namespace) -> int:
    spec = TrainingSpec(
        script=options.script,
        inputs=_pairs(options.input),
        hyperparameters={k: _value(v) for k, v in _pairs(options.hyperparameter).items()},
        instance=options.instance,
        image=options.image,
        role=options.role,
        create_bucket=options.create_bucket,
    )
    view = desk.submit_spec(spec, name=options.name, target=options.target)
    desk.ensure_tracked(view.target)
    waiting = Waiting(desk, view)
    if options.wait:
        if not options.json:
            for record in read_log(desk, view.key, follow=True):
                print(record.text)
        view = checked(waiting.until_over())
    else:
        # The job is accepted before this process, which may be all that tracks, ends.
        view = waiting.until_accepted()
        if view.status == REJECTED:
            checked(view)
    return _show_job(waiting.look(), options)


def _track(desk: Desk, options: argparse.Namespace) -> int:
    return _show_job(desk.look_up(JobKey(options.target, "training", options.name)), options)


def _status(desk: Desk, options: argparse.Namespace) -> int:
    return _show_job(_named(desk, options.name), options)


def _stop(desk: Desk, options: argparse.Namespace) -> int:
    view = _named(desk, options.name)
    desk.stop(view.key)
    desk.ensure_tracked(view.target)
    return _show_job(Waiting(desk, view).until_over(), options)


def _logs(desk: Desk, options: argparse.Namespace) -> int:
    view = _named(desk, options.name)
    if options.follow:
        desk.ensure_tracked(view.target)
    records = read_log(desk, view.key, follow=options.follow)
    if options.json:
        _show([vars(record) for record in records])
        return 0
    for record in records:
        print(record.text, flush=options.follow)
    return 0


def _explain(desk: Desk, options: argparse.Namespace) -> int:
    if options.name:
        explanation = _named(desk, options.name).explanation
        if explanation is None:
            _show(None if options.json else f"{options.name} has no error.")
            return 0
    else:
        explanation = explain(sys.stdin.buffer.read())
    _show(explanation.as_dict() if options.json else explanation)
    return 0


def _show_job(view: JobView, options: argparse.Namespace) -> int:
    _show(view.as_dict() if options.json else words.card(view))
    return 1 if view.status in ("Failed", "Rejected") else 0


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
