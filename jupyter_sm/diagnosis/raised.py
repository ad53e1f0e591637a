"""The exceptions in a text, with their frames, and what was said beside: Python, IPython, Java, R.

A frame's path, a source line and a comment in it say nothing about the fault, so they are taken
out of what is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

# Bounded repetitions throughout, see docs/errors.md.
_MODULE = r"(?:[A-Za-z_][\w$]{0,60}\.){0,12}"
_SUFFIX = (
    "Error|Exception|Fault|Interrupt|Exit|Timeout|Redirect|Exceeded|InUse|NotFound|AlreadyExists"
    "|Denied|Expired|Failure|Failed|Throwable|Warning"
)
_RAISED = re.compile(
    rf"^(?:raise \w{{1,60}}\( ?)?({_MODULE}(?:[A-Z]\w{{0,60}}?(?:{_SUFFIX})|Exception))"
    r"(?:\((\w{1,60})\))?(?:: ?(.*)|\s*)$"
)
# Inside a line: what a flattened traceback or a toolkit's ErrorMessage ends with.
_WITHIN = re.compile(
    rf"(?<![\w.(])({_MODULE}[A-Z]\w{{0,60}}?(?:Error|Exception|Interrupt|Exit))(?:\(\w{{1,60}}\))?: "
)
# A toolkit may keep the statement that raised, and lose the words.
_RAISE_STATEMENT = re.compile(r"^raise ([A-Z]\w{2,60})\(\w{0,40}\)?[\"']?$")
_ANY_NAME = re.compile(rf"^({_MODULE}[A-Za-z_]\w{{1,80}})(?:\((\w{{1,60}})\))?(?:: (.*))?$")
_FRAME = re.compile(r'^[ |│]{0,40}File "([^"\n]{1,400})", line (\d{1,7})(?:, in (.{0,200}))?$')
_FLAT_FRAME = re.compile(
    r'File "([^"\n]{1,400})", line\s{1,2}(\d{1,7}),? in (<?[\w.]{1,80}>?)[ \n]'
)
_FLAT_HEAD = re.compile(r"Traceback\s{1,2}\(most recent call last\):?")
_IPYTHON_HEAD = re.compile(rf"^({_MODULE}\w{{1,80}}) {{2,80}}Traceback \(most recent call last\)")
_IPYTHON_FRAME = re.compile(
    r"^(?:File )?(~?[\w./\\<>:+-]{1,300}?)(?::(\d{1,7}))?(?:, in| in) (.{1,400})$"
    r"|^(Cell In\[\d{1,5}\]), line (\d{1,7})"
)
_IPYTHON_SOURCE = re.compile(r"^(?:-{2,}> ?|\s{1,12})?(\d{1,6})(?: .*)?$|^\s{4,}\(\.\.\.\)")
_RICH_FRAME = re.compile(r"^[│|] {0,2}(?:in )?(\S{1,300}?):(\d{1,7})(?: in (\S{1,200}))?")
_JAVA = re.compile(
    r"^(?:Caused by: |Exception in thread \"[^\"]{0,80}\" |: )?"
    rf"({_MODULE}[A-Z][\w$]{{0,80}}(?:Exception|Error|Throwable|Failure))(?:: (.*))?$"
)
# Frames of Java and of native code, and rulers.
_DRESSING = re.compile(
    r"^\s{0,8}(?:at [\w$.<>/]{1,300}\(|\.\.\. \d{1,4} (?:more|common))"
    r"|^\s{0,4}(?:\[bt\] \(\d|frame #\d|#\d{1,3} +(?:0x|std::|\w{1,60}::))"
    r"|^\s{0,4}[-=*^~+]{6,}\s*$"
)
_R = re.compile(
    r"^ ?Error(?: in (?:[^:\n(]{0,80}\([^:\n]{0,200}\)|\w{1,60}))? ?: ?(.*)$"
    r"|^ ?Error in [^\n]{1,200}?\) ?: ?(.*)$"
)
_JSON_ROW = re.compile(r'^"[\w ]{1,60}": |^[}\]],?$')
_CAUSE = "The above exception was the direct cause"
_HANDLING = "During handling of the above exception"
# R's errors and those of programs have no class; these stand for one.
R_ERROR = "RError"
NAMELESS = "Error"
# What only passes on another's failure.
WRAPPERS = frozenset(
    (
        "AlgorithmError",
        "CalledProcessError",
        "ChildFailedError",
        "ExecuteUserScriptError",
        "FailedStatusError",
        "FailedTrainingJobError",
        "ProcessExitedException",
        "ProcessRaisedException",
        "Py4JJavaError",
        "RayTaskError",
        "StepException",
        "SystemExit",
        "TrainingFailedError",
        "TuneError",
        "UnexpectedStatusException",
        "UserScriptError",
    )
)
_CONSEQUENCE = re.compile(
    r"[Cc]onnection (?:closed|reset|refused|aborted) by|[Bb]roken pipe|remote process (?:exited|has)"
    r"|NCCL (?:communicator|timeout)|Socket Timeout|received signal|[Ss]ee root cause above"
    r"|Process exited with code|Failed to run: \["
)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|/lib/python|\\lib\\|<frozen|/usr/lib|/bin/\w|conda/lib|_raylet"
    r"|importlib|/botocore/|/sagemaker_\w{1,20}/|container_support|container-support"
)
_SDK = re.compile(r"[/\\]sagemaker(?:_core|_train|_serve)?[/\\]|[/\\]jumpstart[/\\]")
_MOST_MESSAGE_LINES = 12


class Raised(NamedTuple):
    """An exception: what was raised, where, and in the user's own code where that is known."""

    type: str
    message: str
    frame: str = ""
    user_frame: str = ""
    # The path and the function that raised it.
    where: str = ""
    # What ties it to the one before: "", "cause" (that one led to this) or "handling".
    tie: str = ""

    @property
    def is_sdk(self) -> bool:
        """Whether SageMaker's own SDK raised it."""
        return bool(_SDK.search(self.where))

    @property
    def name(self) -> str:
        """The type without its module."""
        return self.type.rpartition(".")[2]

    @property
    def words(self) -> str:
        """`Type: message`."""
        return f"{self.type}: {self.message}" if self.message else self.type

    @property
    def is_wrapper(self) -> bool:
        """Whether it only passes on what went wrong elsewhere."""
        return self.name in WRAPPERS or bool(_CONSEQUENCE.search(self.message[:2000]))


@dataclass
class _Reader:
    """Goes through the lines once."""

    said: list[str] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    frame: str = ""
    user_frame: str = ""
    where: str = ""
    tie: str = ""
    # Which kind of traceback the line before was part of: "", plain, ipython, rich.
    block: str = ""
    awaited: str = ""
    message_lines: int = 0

    def take(self, line: str) -> None:
        """One line."""
        bare = line.strip()
        if self.block and self._in_block(line, bare):
            return
        if not bare:
            self.message_lines = 0
            return
        if _HANDLING in line or _CAUSE in line:
            self.tie = "handling" if _HANDLING in line else "cause"
        elif self._begins(line, bare) or _DRESSING.match(line):
            self.message_lines = 0
        elif not self._raises(bare):
            self._say(line, bare)

    def _begins(self, line: str, bare: str) -> bool:
        """Whether a traceback begins here, or goes on after others' lines."""
        if "Traceback (most recent call last)" in line:
            head = _IPYTHON_HEAD.match(line)
            self.block, self.awaited = ("ipython", head[1]) if head else ("plain", "")
            before = line.partition("Traceback (most")[0].strip()
            if before and not head:
                self.said.append(before)
        elif bare[:1] == "╭" or line.startswith("+---"):
            self.block = "rich"
        elif 'File "' in line and (frame := _FRAME.match(line)):
            self.block = "plain"
            self._frame(frame[1], frame[2], frame[3] or "")
        else:
            return False
        return True

    def _in_block(self, line: str, bare: str) -> bool:
        if self.block == "rich":
            if bare[:1] in "│╭╰|" and bare:
                if frame := _RICH_FRAME.match(bare):
                    self._frame(frame[1], frame[2], frame[3] or "")
                return True
            self.block = ""
            return False
        if not bare:
            return True
        if frame := _FRAME.match(line) if 'File "' in line else None:
            self._frame(frame[1], frame[2], frame[3] or "")
            return True
        if self.block == "ipython":
            return self._in_ipython(line, bare)
        if line[:1] in " \t" or bare[:1] == "^":
            return True
        self.block = ""
        if found := _ANY_NAME.match(bare):
            self._end(found[1], found[3] or "", found[2] or "")
            return True
        return False

    def _in_ipython(self, line: str, bare: str) -> bool:
        if bare.startswith(self.awaited) and not bare[len(self.awaited) :].startswith("  "):
            found = _ANY_NAME.match(bare)
            self.block = ""
            self._end(self.awaited, (found[3] or "") if found else "")
            return True
        if frame := _IPYTHON_FRAME.match(line):
            if frame[4]:
                self._frame(frame[4], frame[5], "")
            else:
                self._frame(frame[1], frame[2] or "", frame[3])
            return True
        found = _RAISED.match(bare)
        if found and line[:1] not in " \t-":
            self.block = ""
            self._end(found[1], found[3] or "", found[2] or "")
        return True

    def _raises(self, bare: str) -> bool:
        """Whether a line outside of tracebacks is an exception's own."""
        if bare.startswith("raise ") and (cut := _RAISE_STATEMENT.match(bare)):
            self._end(cut[1], "")
            return True
        found = _RAISED.match(bare) if ("r" in bare or "E" in bare) else None
        if found is not None:
            self._end(found[1], found[3] or "", found[2] or "")
            return True
        if bare[:1] in "cCEjo:" and (java := _JAVA.match(bare)) and "." in java[1]:
            self.tie = self.tie or ("root" if bare.startswith("Caused by") else "")
            self._end(java[1], java[2] or "")
            return True
        if bare.startswith("Error") and (said := _R.match(bare)):
            in_r = bare.startswith("Error in ")
            self._end(R_ERROR if in_r else NAMELESS, (said[1] or said[2] or "").strip())
            return True
        return False

    def _say(self, line: str, bare: str) -> None:
        self.said.append(bare)
        if self.message_lines and self.raised:
            self.message_lines += 1
            last = self.raised[-1]
            if last.type in (R_ERROR, NAMELESS) and (inner := _RAISED.match(bare)):
                self.raised[-1] = last._replace(type=inner[1], message=inner[3] or "")
            elif _JSON_ROW.match(bare):
                self.message_lines = 0
            elif len(last.message) < 2000 and self.message_lines <= _MOST_MESSAGE_LINES:
                self.raised[-1] = last._replace(message=f"{last.message}\n{bare}".strip())

    def _frame(self, path: str, line: str, function: str) -> None:
        name = path.replace("\\", "/").rpartition("/")[2]
        self.frame = f"{name} line {line}" if line else name
        self.where = f"{path} {function}"
        if not _LIBRARY.search(path) and not _SDK.search(path):
            self.user_frame = self.frame

    def _end(self, type_: str, message: str, inner: str = "") -> None:
        message = message.strip()
        # Of the JSON that the text stood in.
        message = message.removesuffix('",').removesuffix('"}')
        if torn := _WITHIN.search(message):
            # `RuntimeError( ValueError: …`, or one exception's words within another's.
            before = message[: torn.start()].strip(" ('\"")
            if not before or before.startswith("raise "):
                type_, message = torn[1], message[torn.end() :]
        self.raised.append(
            Raised(type_, message, self.frame, self.user_frame, self.where, self.tie)
        )
        if inner and inner[:1].isupper():
            # RayTaskError(ValueError): the class that the wrapper stands for.
            self.raised.append(Raised(inner, "", self.frame, self.user_frame, self.where, "cause"))
        self.said.append(self.raised[-1].words if not inner else f"{type_}: {message}")
        self.frame = self.user_frame = self.where = self.tie = ""
        self.message_lines = 1


def read(text: str) -> tuple[list[Raised], list[str]]:
    """The exceptions of a text, and the lines that were said, without frames and source."""
    if 'File "' in text:
        text = _unflattened(text)
    reader = _Reader()
    for line in text.split("\n"):
        reader.take(line)
    return reader.raised, reader.said


def _unflattened(text: str) -> str:
    """A traceback that was made one line (or wrapped anywhere), a line for each part again."""
    joined = " ".join(text.split())
    flat = list(_FLAT_FRAME.finditer(joined))
    whole = sum(1 for line in text.split("\n") if _FRAME.match(line))
    if len(flat) <= whole:
        return text
    parts: list[str] = []
    at = 0
    for number, frame in enumerate(flat):
        between = joined[at : frame.start()] if number else _before(joined[: frame.start()])
        parts += _source(between) if number else [between]
        parts.append(f'  File "{frame[1]}", line {frame[2]}, in {frame[3]}')
        at = frame.end()
    parts += _source(joined[at:])
    return "\n".join(parts)


def _before(text: str) -> str:
    """What stands before the first frame, the traceback's head on a line of its own."""
    return _FLAT_HEAD.sub("\nTraceback (most recent call last):\n", text)


def _source(text: str) -> list[str]:
    """What follows a frame: its source, and after it the exception if there is one."""
    found = _WITHIN.search(text)
    if found is None:
        head = _FLAT_HEAD.search(text)
        return (
            [f"    {text[: head.start()]}", _before(text[head.start() :])]
            if head
            else [f"    {text}"]
        )
    rest = text[found.start() :]
    for marker in (_HANDLING, _CAUSE):
        rest = rest.replace(marker, f"\n{marker}")
    rest = re.sub(r"(another exception occurred:|following exception:) ?", r"\1\n", rest)
    return [f"    {text[: found.start()]}", _before(rest)]


def root_of(raised: list[Raised], *, is_parallel: bool) -> Raised | None:
    """The exception that is the cause: below wrappers, and of several ranks' the first."""
    own = [one for one in _chains(raised) if not one.is_wrapper]
    if own:
        return own[0] if is_parallel else own[-1]
    return raised[-1] if raised else None


def _chains(raised: list[Raised]) -> list[Raised]:
    """One exception a chain: the one that led to the others."""
    roots: list[Raised] = []
    for one in raised:
        is_tied = bool(roots and one.tie)
        if is_tied and one.tie == "root" and not one.is_wrapper:
            roots[-1] = one
        elif is_tied and one.tie == "cause":
            if roots[-1].is_wrapper or not roots[-1].message:
                roots[-1] = one if one.message else roots[-1]
        elif is_tied and one.tie == "handling":
            if not one.is_wrapper and one.message:
                roots[-1] = one
        else:
            roots.append(one)
    return roots
