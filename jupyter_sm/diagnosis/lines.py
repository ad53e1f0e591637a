"""From a text as somebody pasted it to the lines that were written: escapes and prefixes are off.

An error travels: through JSON within JSON, HTML, a spreadsheet of CloudWatch's, mpirun, torchrun,
docker-compose, Ray, a terminal. Each leaves its marks; what is read here is without them.
"""

from __future__ import annotations

import html
import re

_ESCAPES = (
    ('\\"', '"'),
    ("\\u0027", "'"),
    ("\\u003c", "<"),
    ("\\u003e", ">"),
    ("\\'", "'"),
)
_TYPOGRAPHIC = (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'))
_ESCAPED = re.compile(r"\\{2,16}(?=[\"'ntu])")
# A new line in JSON, and no folder of Windows: what follows begins something.
_NEW_LINE = re.compile(r"(?<!\b[A-Za-z]:)\\n(?=[\s\\\"'A-Z\[{}(`~^=\-0-9]|File |$)")
_ANY_NEW_LINE = re.compile(r"(?<!\b[A-Za-z]:)(?<!\\)\\n(?=[\w.]{1,60}: )")
_TAB = re.compile(r"(?<=[\n\t])\\t|\\t(?=at |[\s\\\"'(\[{]|$)")
_COLOUR = re.compile(r"(?:\x1b|#033|\\x1b|\\033)\[[0-9;?]{0,20}[A-Za-z]|#015|#011")
# A row of CloudWatch's CSV: time, then the message, its quotes doubled.
_CSV_ROW = re.compile(r'^\d{13},(?:"(.{0,20000})"|(.{0,20000}))$', re.MULTILINE)
# Who writes: a rank of mpirun or torchrun, a container, an actor of Ray, a process of vLLM.
_VOICE = re.compile(
    r"^(?:\[\d{1,4},(?:mpirank:)?\d{1,5}(?:,[\w.-]{1,60})?\]<std(?:out|err)>: ?"
    r"|\[(?:rank|default|Rank )\d{1,5}\]:(?:\[rank\d{1,5}\]:)? ?"
    r"|\([\w.<>: ]{0,80}pid=\d{1,8}[^)\n]{0,200}\) ?"
    r"|[\w-]{0,60}algo-\d{1,3}(?:-\w{1,12})? {1,4}\| ?"
    r"|E {2,12}(?=\S)"
    r"|(?:\[(?:INFO|WARN|ERROR) ?\] )?W-[\w.-]{1,120}(?:-std(?:out|err))?(?:_\d)? (?:MODEL_LOG|[\w.]{3,80}) - "
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z?(?:[+-]\d\d:?\d\d)?[ \t]{1,4}(?=\S)"
    r"|(?:ERROR|WARNING|INFO|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d \[[\w./]{1,80}:\d{1,6}\] ?)",
    re.MULTILINE,
)
# Terraform draws a line at the left of an error, and then says where it was asked for.
_TERRAFORM = re.compile(r"^[│╷╵] ?|\n[│ ]{1,4}\n?[│ ]{2,6}with [\s\S]{0,4000}", re.MULTILINE)
_MARKED = ("pid=", "rank", "<std", "algo-", "default", "20", "E  ", " [", "W-")


def undressed(text: str) -> str:
    """`text` as it was written, before it was put into JSON, HTML or another's output."""
    if "&" in text:
        text = html.unescape(text)
    if text[:13].isdigit() and "," in text[13:14]:
        text = _CSV_ROW.sub(lambda row: (row[1] or row[2] or "").replace('""', '"'), text)
    if "\\" in text:
        # JSON within JSON within a log has them several times over.
        text = _ESCAPED.sub(r"\\", text)
        text, count = _NEW_LINE.subn("\n", text)
        if count > 1:  # all of it is one string, whatever the lines begin with
            text = _ANY_NEW_LINE.sub("\n", text)
        text = _TAB.sub("\t", text)
        for escape, plain in _ESCAPES:
            if escape in text:
                text = text.replace(escape, plain)
    if "\x1b" in text or "#0" in text or "\\x1b" in text or "\\033" in text:
        text = _COLOUR.sub("", text)
    if not text.isascii():
        if "│ Error:" in text:
            text = _TERRAFORM.sub("", text)
        for quote, plain in _TYPOGRAPHIC:
            text = text.replace(quote, plain)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(mark in text for mark in _MARKED):
        # Twice, as a rank's line may stand behind a container's.
        text = _VOICE.sub("", _VOICE.sub("", text))
    return text
