"""Text that others wrote, as text: no terminal, notebook or reader takes it for anything else.

Escape sequences (colours, cursor moves, window titles, links, the clipboard) are taken out, and
what else controls a terminal, or turns the direction of what is around it, is shown as a sign.
"""

from __future__ import annotations

import re
from html import escape

# ECMA-48: CSI, strings (OSC, DCS, SOS, PM, APC) up to their end, and escapes of two or three
# characters; with 8 bits, too. A string without an end goes to the end of its line.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,200}[ -/]{0,20}[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]{0,100000}(?:\x07|\x1b\\|\x9c|(?=\x1b)|$|(?=\n))"
    r"|\x1b[ -/]{1,3}[0-~]|\x1b[0-~]"
)
# Of colours and weights all but what hides text.
_COLOUR = re.compile(r"\x1b\[(?!(?:[\d;:]*[;:])?0*8[;:m])[\d;:]{0,200}m")
_COLOUR_END = "\x1b[0m"
# C0 but for tab and newline, DEL, C1; separators of lines and paragraphs; what turns the
# direction of writing (UAX #9); tags, which nobody sees; lone surrogates, which nothing writes.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def plain(text: str) -> str:
    """A text as it reads; what is left that controls something is shown, newlines and tabs stay."""
    if text.isprintable():
        return text
    return _CONTROLS.sub(_sign, _ESCAPES.sub("", text.replace("\r\n", "\n")))


def line(text: str) -> str:
    """The same on one line, as a cell of a table."""
    return " ".join(plain(text).split("\n")).replace("\t", " ")


def in_html(text: str) -> str:
    """A text as it reads, to stand in HTML on one line."""
    # nbconvert puts HTML into Markdown as it is, where brackets could make a link and blank lines
    # end the HTML.
    text = escape(plain(text)).replace("[", "&#91;").replace("]", "&#93;")
    return text.replace("\n", "&#10;")


def coloured(text: str) -> str:
    """The same with its colours, which end where it ends."""
    if "\x1b" not in text:
        return plain(text)
    parts, at = [], 0
    for colour in _COLOUR.finditer(text):
        parts += [plain(text[at : colour.start()]), colour[0]]
        at = colour.end()
    parts.append(plain(text[at:]))
    whole = "".join(parts)
    return whole + _COLOUR_END if at and not whole.endswith(_COLOUR_END) else whole


def _sign(found: re.Match[str]) -> str:
    """`␛` and the like, which Unicode has for these; else the code point."""
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def is_text(value: str) -> bool:
    """Whether it can be stored, sent and handed to a process: no lone surrogates, no NUL."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
