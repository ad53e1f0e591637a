"""From what was transported to what was printed: escapes decoded, redraws taken apart, prefixes off.

CloudWatch gets SageMaker's container output through rsyslog, which writes a control character
as `#` and three octal digits (`#011` tab, `#015` return). docker-compose, mpirun, torchrun, the
`awslogs` and `aws logs` commands and the SDK's `fit()` each put something before the line.
"""

from __future__ import annotations

import json
import re

_OCTAL = re.compile(r"#0(?:1[0125]|33)")
_OCTAL_MEANS = {"#010": "\b", "#011": "\t", "#012": "\n", "#015": "\r", "#033": "\x1b"}
# Colours and cursor moves, and OSC sequences (window titles, hyperlinks).
_ANSI = re.compile(
    r"\x1b(?:\[[0-9;:?]{0,40}[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78])"
)
# A return, a run of backspaces, or a cursor sent up and its line wiped begin a line anew.
_REDRAW = re.compile(r"\r|\x08{4,}|(?:\x1b\[\d?A|\x1b\[2K)+")
_MPI_TAG = re.compile(r"\[\d{1,4},(?:mpirank:)?(\d{1,5})(?:,[\w.-]{1,60})?\]<std(?:out|err)>:")
_RANK = re.compile(r"\[(?:default|rank|Rank )(\d{1,5})\]:\s?")
_COMPOSE = re.compile(r"[\w-]{0,60}algo-\d{1,3}(?:-\w{1,12})?\s{1,4}\|\s?")
# `awslogs get`: group, stream, [time]; `aws logs tail`: time, stream.
_AWSLOGS = re.compile(
    r"(?:/aws/sagemaker/\w{1,40} )?(?:\d{4}-\d\d-\d\dT[\d:.+Z-]{6,30} )?"
    r"([\w./-]{0,200}?algo-\d{1,3}[\w-]{0,40}) (?:\d{4}-\d\d-\d\dT[\d:.+Z-]{6,30} ?)?"
)
# The answer of `aws logs get-log-events --output json`, one field a line.
_EVENT_FIELD = re.compile(r'\s{4,40}"message": ("(?:[^"\\]|\\.){0,100000}"),?\s*\Z')
# `fit()` writes its own status without a newline before the container's next line.
_GLUED_STATUS = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]\w{2,20} - [^\x1b]{0,200}?(?=\x1b\[3\dm)"
)

VOICELESS = ""


def decode(message: str) -> str:
    """`message` with rsyslog's octal escapes turned back into the characters they stand for."""
    if "#0" in message:
        return _OCTAL.sub(lambda found: _OCTAL_MEANS[found[0]], message)
    return message


def without_ansi(text: str) -> str:
    """`text` as it reads without colours, links and cursor moves."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def is_redrawn(text: str) -> bool:
    """Whether `text` goes back over itself as progress bars do."""
    return "\r" in text or "\x08\x08" in text or "\x1b[2K" in text or "A\x1b[2K" in text


def states(text: str) -> list[str]:
    """The states of a line that was redrawn, in order."""
    return _REDRAW.split(text)


def voices(plain: str) -> list[tuple[str, str]]:
    """The line (or lines: mpirun glues ranks') that `plain` holds, each after its writer's tag.

    A voice is a rank or a container, `VOICELESS` where nothing names one.
    """
    first = plain[:1]
    if first == "[":
        if "]<std" in plain:
            return _mpi(plain)
        voice = VOICELESS
        while found := _RANK.match(plain):
            voice, plain = f"rank{found[1]}", plain[found.end() :]
        return [(voice, plain)]
    if first == " " and '"message": "' in plain:
        field = _EVENT_FIELD.match(plain)
        if field:
            try:
                return [(VOICELESS, decode(str(json.loads(field[1]))))]
            except ValueError:
                pass
    elif "algo-" in plain[:160]:
        found = _COMPOSE.match(plain) or _AWSLOGS.match(plain)
        if found:
            inner = voices(plain[found.end() :])
            return [(voice or (found[1] if found.lastindex else ""), line) for voice, line in inner]
    return [(VOICELESS, plain)]


def _mpi(plain: str) -> list[tuple[str, str]]:
    tags = list(_MPI_TAG.finditer(plain))
    if not tags:
        return [(VOICELESS, plain)]
    ends = [tag.start() for tag in tags[1:]] + [len(plain)]
    lines = [(VOICELESS, plain[: tags[0].start()])] if tags[0].start() else []
    for tag, end in zip(tags, ends, strict=True):
        lines.append((f"rank{tag[1]}", plain[tag.end() : end]))
    return lines


def without_status(text: str) -> str:
    """`text` without the job's status that the SDK printed in front of it on the same line."""
    if "\x1b[3" in text and text[:1] == "2":
        return _GLUED_STATUS.sub("", text, count=1)
    return text
