"""All that the faces show of jobs, as texts: handle, magics, command line, exported files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupyter_sm as sm
from jupyter_sm.jobs.code import FORMS
from jupyter_sm.notebook import line_commands

from kit.command import sm as command


def of_handle(job: sm.Job, other: sm.Job) -> Iterator[tuple[str, str]]:
    """The handle's answers, as a notebook shows them and as data."""
    yield "repr", repr(job)
    yield "view", json.dumps(job.view.as_dict(), ensure_ascii=False)
    yield "request", json.dumps(job.request, ensure_ascii=False)
    yield "notes", "\n".join(job.notes)
    yield "explanation", str(job.explanation)
    yield "bundle", json.dumps(job._repr_mimebundle_(), ensure_ascii=False)
    yield "html", job._repr_mimebundle_()["text/html"]
    yield "metrics", str(job.metrics())
    yield "artifacts", repr(job.artifacts())
    yield "diff", repr(job.diff(other)) + str(list(job.diff(other)))
    yield "list", repr(sm.list_jobs())
    yield "compare", str(sm.compare([job, other]))
    for form in FORMS:
        yield f"code {form}", job.code(form)
    if job.explanation:
        error = sm.ExplainedError(job.explanation)
        yield "error", f"{error} {error._render_traceback_()}"


def of_magics(job: sm.Job, other: sm.Job) -> Iterator[tuple[str, str]]:
    """What `%sm COMMAND` gives."""
    for words in (
        ["status", job.name],
        ["explain", job.name],
        ["code", job.name],
        ["metrics", job.name],
        ["artifacts", job.name],
        ["diff", job.name, other.name],
        ["compare", job.name, other.name],
        ["ls"],
        ["targets"],
    ):
        answer: Any = line_commands.run(words[0], words[1:])
        yield f"%sm {words[0]}", f"{answer!r} {answer}"


def of_commands(name: str, other: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What `jupyter sm …` prints, as text and as JSON, and the files that it writes."""
    for words in (
        ["show", name],
        ["status", name],
        ["ls"],
        ["explain", name],
        ["metrics", name],
        ["artifacts", name],
        ["diff", name, other],
        ["code", name],
        ["targets"],
    ):
        for more in ([], ["--json"]):
            done = command(*words, *more)
            yield f"jupyter sm {' '.join([words[0], *more])}", done.out + done.err
    yield "jupyter sm metrics --csv", command("metrics", name, "--csv").out
    exported = command("export", name, "--to", folder)
    yield "jupyter sm export", exported.out + exported.err
    for file in sorted(folder.iterdir()):
        yield f"exported {file.name}", file.read_text("utf-8")
