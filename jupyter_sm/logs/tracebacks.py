"""Tracebacks: which lines belong to one, and which error is the cause of a failure.

Read line by line and voice by voice (a rank, a container), so that interleaved ranks do not
disturb each other. Of chained errors the last one counts; a toolkit's wrapper (the script ended
with code 1) and what other ranks say when one of them is gone never replace the script's own.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from jupyter_sm.logs.entries import LogError
from jupyter_sm.logs.foreign_errors import (
    crash_frame,
    crash_of,
    java_error,
    java_frame,
    said_by_platform,
)
from jupyter_sm.logs.wrappers import is_of_its_own

_HEAD = "(most recent call last)"
_ERROR_LINE = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: ?(.*))?\Z", re.DOTALL)
_FRAME = re.compile(r'\s*File "([^"]{1,1000})", line (\d{1,9})(?:, in (.{1,200}))?')
# Where line ends were lost: frames anywhere in a line, an error right behind the code.
_FLAT_FRAME = re.compile(r'File "([^"]{1,1000})", line (\d{1,9}), in ([\w<>.]{1,200})')
_FLAT_END = re.compile(
    r" (?:During handling of|The above exception|Traceback \(most recent|File \"|Command \")"
)
_GLUED = re.compile(
    r"[)\]'\"]((?:[a-z_]\w{0,40}\.){0,6}[A-Z]\w{2,60}(?:Error|Exception|Interrupt)): "
    r"(.{0,2000}?)(?=\d{4}-\d\d-\d\d[ T]\d\d:|\Z)"
)
_EXCEPTION = ("Error", "Exception", "Interrupt", "Exit")
_THROWN = re.compile(r"terminate called after throwing an instance of '([\w:<>, ]{1,200})'")
_WHAT = re.compile(r"\s{0,9}what\(\): {0,4}(.{0,2000})", re.DOTALL)
_LOOSE = re.compile(
    r"((?:[a-z_]\w{0,40}\.){0,6}[A-Z]\w{1,60}(?:Error|Exception)): (.{1,2000})", re.DOTALL
)
_REASON = re.compile(r"Reason: (\w{1,40}Error): ?\Z")
_RICH_FRAME = re.compile(r"[│|] (\S{1,500}):(\d{1,9}) in (\S{1,200})")
_IPYTHON_HEAD = re.compile(r"([A-Za-z_]\w{0,100})\s{3,80}Traceback \(most recent call last\)")
_IPYTHON_FRAME = re.compile(
    r"(?:File )?([~/<][^\s:]{0,400})(?::(\d{1,9}), in | in )([\w<>.]{1,100})"
)
_IPYTHON_LINE = re.compile(r"-{1,6}> (\d{1,9}) ")
_LIBRARY = re.compile(r"site-packages|dist-packages|/lib/python\d|^<|/sagemaker/|\.pyx$")
_TOOLKIT_FIELD = re.compile(
    r'(ExitCode|ErrorMessage|ExtraInfo|Command)(?: "(.*)| (\d{1,6}))?', re.DOTALL
)
_TOLD = re.compile(r"([A-Za-z_][\w.]{0,100}(?:Error|Exception|Interrupt|Exit)): ([^\"\n]{0,2000})")
_CONNECTORS = ("The above exception was the direct", "During handling of the above")
_SAID, _WRAPPER, _CAPTURED, _OWN = 0, 1, 2, 3
_MOST_VOICES = 256
_MOST_MESSAGE_LINES = 20
# Other writers' lines between a traceback's frames and its error.
_MOST_STRAYS = 8


@dataclass
class _Open:
    """A traceback (or a toolkit's block) that a voice is in the middle of."""

    kind: str  # plain, group, rich, ipython, java, toolkit, message, reason, thrown, crash
    indent: int = 0
    frame: str | None = None
    user_frame: str | None = None
    type: str = ""
    message: str = ""
    place: str = ""
    name: str = ""
    is_sdk: bool = False
    lines: int = 0
    strays: int = 0

    def take_frame(self, path: str, line: str, name: str | None) -> None:
        self.frame = f"{path}:{line} in {name}" if name else f"{path}:{line}"
        self.is_sdk = self.is_sdk or "/sagemaker/" in path
        if not _LIBRARY.search(path):
            self.user_frame = self.frame


@dataclass
class ErrorReader:
    """Follows a stream's tracebacks and keeps the error that explains the failure."""

    error: LogError | None = None
    strength: int = -1
    voice: str = ""
    # An error's line without its traceback: what a wrapper that comes after it wraps.
    loose: LogError | None = None
    blocks: dict[str, _Open] = field(default_factory=dict)

    def read(self, voice: str, line: str) -> bool:
        """Take a line; True if it is part of a traceback or of a toolkit's error block."""
        block = self.blocks.get(voice) if self.blocks else None
        if _HEAD in line and (self._flat(voice, line) or self._begin(voice, line)):
            return True
        if block is not None:
            block.lines += 1
            if getattr(self, f"_in_{block.kind}")(voice, block, line):
                return True
            if not 0 < block.strays <= _MOST_STRAYS:
                self.blocks.pop(voice, None)
        if line[:8] == '  File "' and (frame := _FRAME.match(line)) and frame[3]:
            # Its head was cut off, or stands above what another writer put in between.
            block = _Open("plain", name="headless")
            block.take_frame(frame[1], frame[2], frame[3])
            self._open(voice, block)
            return True
        if (
            "Error" not in line
            and "Fatal Python" not in line
            and "xception" not in line
            and "CANCELLED" not in line
            and "terminate called" not in line
        ):
            return False
        return self._single(voice, line)

    def ties(self, line: str) -> bool:
        """Whether a line after a traceback may tie it to another one."""
        return not line.strip() or line.lstrip(" |").startswith(_CONNECTORS)

    def begins_anew(self, line: str, before: str) -> bool:
        """Whether `line` begins a traceback that is not chained to the one that ended `before`."""
        head = line.startswith(("Traceback (", "  + Exception Group"))
        return head and not any(words in before for words in _CONNECTORS)

    def state(self) -> dict[str, Any]:
        """What `resumed` makes a reader of again."""
        return asdict(self)

    @classmethod
    def resumed(cls, state: dict[str, Any]) -> ErrorReader:
        """The reader whose state this was."""
        return cls(
            LogError(**state["error"]) if state["error"] else None,
            state["strength"],
            state["voice"],
            LogError(**state["loose"]) if state.get("loose") else None,
            {voice: _Open(**block) for voice, block in state["blocks"].items()},
        )

    def _begin(self, voice: str, line: str) -> bool:
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if bare.startswith("Original Traceback (") and self.error is not None:
            # A worker process's own traceback, within the message of the one that raised it again.
            self._open(voice, _Open("plain", indent, name="original"))
        elif bare.startswith(("Traceback (", "Original Traceback (")):
            group = self.blocks.get(voice)
            if group is not None and group.kind == "group":
                return True
            self._open(voice, _Open("plain", indent))
        elif bare.startswith("traceback : Traceback ("):
            # torchelastic's summary repeats what the ranks' own output may not show.
            self._open(voice, _Open("plain", indent, name="elastic"))
        elif bare.startswith("+ Exception Group Traceback ("):
            self._open(voice, _Open("group", indent))
        elif bare.startswith("╭"):
            self._open(voice, _Open("rich"))
        elif found := _IPYTHON_HEAD.match(line):
            self._open(voice, _Open("ipython", type=found[1]))
        elif "| Traceback (" in bare and voice in self.blocks:
            return self.blocks[voice].kind == "group"
        elif bare.endswith("Traceback (most recent call last):") and indent == 0:
            # A logger's message and the traceback's head on one line.
            self._open(voice, _Open("plain", 0))
        else:
            return False
        return True

    def _open(self, voice: str, block: _Open) -> None:
        if len(self.blocks) >= _MOST_VOICES:
            self.blocks.clear()
        self.blocks[voice] = block

    def _in_plain(self, voice: str, block: _Open, line: str) -> bool:
        frame = _FRAME.match(line)
        if frame:
            block.take_frame(frame[1], frame[2], frame[3])
            return True
        first = line[block.indent : block.indent + 1]
        if first in "^ \t":
            if ("Error: " in line or "Exception: " in line) and (glued := _GLUED.search(line)):
                block.type, block.message = glued[1], glued[2]
                self._end(voice, block)
                self.blocks.pop(voice, None)
            return True
        ended = _ERROR_LINE.match(line[block.indent :])
        if ended is None and block.type:
            block.message = line.strip()
        elif (
            ended is None
            or (block.indent and line[: block.indent].strip())
            or ((block.name == "headless" or block.strays) and not ended[1].endswith(_EXCEPTION))
        ):
            block.strays += 1
            return False
        else:
            block.type, block.message = ended[1], ended[2] or ""
            torn = _FRAME.match(block.message)
            if torn:
                # Another rank's frame came between the error's name and its message.
                block.take_frame(torn[1], torn[2], torn[3])
                return True
        self._end("elastic" if block.name == "elastic" else voice, block)
        self._open(voice, _Open("message", block.indent))
        return True

    def _in_message(self, voice: str, block: _Open, line: str) -> bool:
        """Indented lines right after the error's own go on with its message."""
        goes_on = line[:2] == "  " and bool(line.strip()) and block.lines < _MOST_MESSAGE_LINES
        goes_on = goes_on and line[:8] != '  File "'
        if goes_on and self.error is not None and self.voice == voice and not block.indent:
            message = f"{self.error.message}\n{line}"[:10_000]
            self.error = LogError(self.error.type, message, self.error.frame, self.error.user_frame)
        return goes_on

    def _in_group(self, voice: str, block: _Open, line: str) -> bool:
        bare = line.lstrip(" ")
        if bare[:1] not in ("|", "+"):
            return False
        if bare[:1] == "|" and len(line) - len(bare) == block.indent and not block.type:
            inner = bare[2:]
            frame = _FRAME.match(inner)
            if frame:
                block.take_frame(frame[1], frame[2], frame[3])
            elif inner and not inner[0].isspace() and (ended := _ERROR_LINE.match(inner)):
                block.type, block.message = ended[1], ended[2] or ""
                self._end(voice, block)
        return True

    def _in_rich(self, voice: str, block: _Open, line: str) -> bool:
        frame = _RICH_FRAME.match(line)
        if frame:
            block.take_frame(frame[1], frame[2], frame[3])
        if line[:1] in "│╰|" or not line.strip():
            return True
        ended = _ERROR_LINE.match(line.rstrip())
        if ended:
            block.type, block.message = ended[1], ended[2] or ""
            self._end(voice, block)
        self.blocks.pop(voice, None)
        return ended is not None

    def _in_ipython(self, voice: str, block: _Open, line: str) -> bool:
        if frame := _IPYTHON_FRAME.match(line):
            if frame[2]:
                block.take_frame(frame[1], frame[2], frame[3])
            else:
                block.place, block.name = frame[1], frame[3]
        elif (arrow := _IPYTHON_LINE.match(line)) and block.place:
            block.take_frame(block.place, arrow[1], block.name)
        elif line.startswith(block.type) and line[len(block.type) : len(block.type) + 1] in (
            ":",
            "",
        ):
            block.message = line[len(block.type) + 1 :].strip()
            self._end(voice, block)
            self.blocks.pop(voice, None)
        return True

    def _in_java(self, voice: str, block: _Open, line: str) -> bool:
        bare = line.lstrip()
        if bare.startswith(("at ", "... ")):
            frame = java_frame(bare)
            if frame and block.frame is None:
                block.frame = frame
                self._end(voice, block)
            return True
        return bare.startswith("Caused by: ")

    def _in_toolkit(self, voice: str, block: _Open, line: str) -> bool:
        if found := _TOOLKIT_FIELD.match(line):
            key, text = found[1], (found[2] or found[3] or "").rstrip('"')
            if key == "ExtraInfo" and text:
                block.message = text
            elif key == "ExitCode" and not block.message:
                block.message = f"ExitCode {text}"
            elif key == "Command" and not block.message:
                block.message = line.strip()
            elif key == "ErrorMessage" and text:
                told = _TOLD.findall(text)
                if told:
                    captured = LogError(told[-1][0], told[-1][1].strip(), None)
                    self._adopt(captured, voice, _CAPTURED)
                if not block.message or block.message.startswith("ExitCode"):
                    block.message = text.strip()
            self._end(voice, block)
            return True
        said = _TOLD.match(line.lstrip())
        if said and block.lines < 60:
            self._adopt(LogError(said[1], said[2].rstrip('" '), None), voice, _CAPTURED)
            return True
        return not line.strip()

    def _in_crash(self, voice: str, block: _Open, line: str) -> bool:
        """What faulthandler says of a native crash: its threads, each with its innermost frame first."""
        if "hread 0x" in line:
            block.name = "current" if line.startswith("Current") else "other"
        elif (frame := crash_frame(line)) is None:
            return not line.strip()
        elif block.name == "current" and block.user_frame is None:
            innermost = block.frame
            block.take_frame(*frame)
            block.frame = innermost or block.frame
            self._end(voice, block)
        return True

    def _in_reason(self, voice: str, block: _Open, line: str) -> bool:
        if line.strip():
            self.blocks.pop(voice, None)
            if self.strength < _SAID:
                self._adopt(LogError(block.type, line.strip(), None), voice, _SAID)
        return True

    def _in_thrown(self, voice: str, block: _Open, line: str) -> bool:
        if said := _WHAT.match(line):
            self.blocks.pop(voice, None)
            self._adopt(LogError(block.type, said[1].strip(), None), voice, _CAPTURED)
        return said is not None

    def _flat(self, voice: str, line: str) -> bool:
        """A traceback whose lines were made one, as in many a FailureReason."""
        frames = _FLAT_FRAME.findall(line)
        if not frames:
            return False
        told = [(name, _FLAT_END.split(text)[0]) for name, text in _TOLD.findall(line)]
        own = [one for one in told if is_of_its_own(one[0], "")]
        if not own:
            return False
        block = _Open("plain", type=own[-1][0], message=own[-1][1].strip())
        for frame in frames:
            block.take_frame(*frame)
        self._end(voice, block)
        return True

    def _single(self, voice: str, line: str) -> bool:
        if "ExecuteUserScriptError" in line and line.rstrip().endswith("ExecuteUserScriptError:"):
            self._open(voice, _Open("toolkit", type="ExecuteUserScriptError"))
            return True
        if "terminate called" in line and (thrown := _THROWN.search(line)):
            self._open(voice, _Open("thrown", type=thrown[1]))
            return True
        if crash := crash_of(line):
            block = _Open("crash", type="Fatal Python error", message=crash)
            self._open(voice, block)
            self._end(voice, block)
            return True
        if loose := _LOOSE.match(line):
            self.loose = LogError(loose[1], loose[2], None)
        if "Reason: " in line and (reason := _REASON.search(line)):
            self._open(voice, _Open("reason", type=reason[1]))
            return True
        java = java_error(line)
        if java:
            self._open(voice, _Open("java", type=java[0], message=java[1]))
            return True
        said = said_by_platform(line)
        if said:
            if self.strength < _SAID:
                self._adopt(LogError(said[0], said[1], None), voice, _SAID)
            return True
        return False

    def _end(self, voice: str, block: _Open) -> None:
        if block.name == "original" and self.error is not None:
            message = f"{self.error.message}\n{block.message}"
            place = block.user_frame or self.error.user_frame
            self.error = LogError(block.type, message, self.error.frame, place)
            return
        error = LogError(block.type, block.message, block.frame, block.user_frame)
        is_own = not block.is_sdk and is_of_its_own(block.type, block.message)
        by_sdk = block.kind == "ipython" and block.is_sdk
        if not is_own and self.loose is not None and self.strength < _CAPTURED:
            self._adopt(self.loose, voice, _CAPTURED)
        self._adopt(error, voice, _OWN if is_own else _SAID if by_sdk else _WRAPPER)

    def _adopt(self, error: LogError, voice: str, strength: int) -> None:
        if strength < self.strength:
            return
        # The rank that failed first is the cause; the others fail because it is gone.
        if strength == self.strength and voice != self.voice and voice and self.voice:
            return
        self.error, self.strength, self.voice = error, strength, voice
