"""The sentence of an error's own that says what happened, cleaned and cut well."""

from __future__ import annotations

import json
import re

from jupyter_sm.diagnosis.parts import Parts

_LONGEST = 300
# A shorter sentence of a service is said with the operation.
_BARE = 40
# A line without an end of its sentence goes on, if it is long enough to have been wrapped.
_GOES_ON = re.compile(r"^.{45,}[^.!?;\"'}>)\]]$|[,(]$|\b(?:a|an|the|of|to|in|is|and|or|with)$")
_MOST_LINES = 5
# More than that of a message is not looked at.
_READ = 2_000
_ENDS = re.compile(r"(?<=[^.][.!?])\s(?=[A-Z\"'(])")
_NOISE = (
    re.compile(
        r"\s?\((?:Service: [^()]{0,300}|RequestToken: [^()]{0,200}|Request ID: [^()]{0,100})\)"
    ),
    re.compile(
        r"\s?(?:For further information|See also|Read more|See) (?:visit )?https?://\S{1,300}"
    ),
    re.compile(r"[\"}\]\s,{[]{2,}\Z"),
    re.compile(r",? ?exit code:? ?-?\d{1,4}\Z"),
    re.compile(r" with message:? ?[\"']{0,2}\Z"),
    re.compile(r"^[{\[(\s,|>:-]{1,20}"),
    re.compile(r"^(?:\d{4}-\d\d-\d\d[T ][\d:.,Z]{8,16} ?-? ?|(?:ERROR|CRITICAL|FATAL):? (?=\w))"),
    re.compile(r"^botocore\.(?:exceptions|errorfactory)\."),
)
_TITLE = re.compile(r"<title>([^<]{3,200})</title>", re.IGNORECASE)
_INNER = re.compile(
    r"\"(?:message|error|errorMessage|msg|Failure Reason)\"\s?: ?\"((?:[^\"\\]|\\.){1,2000})"
)
_BEFORE_MESSAGE = re.compile(
    r"^Received \w+ error \(\d{1,3}\) from \S{1,80} with message:? ?[\"']?(?=[A-Z]\w)"
)
_ALARM = re.compile(
    r"error|exception|fail|invalid|denied|unable|cannot|can't|could not|couldn't|refused|not found"
    r"|no such|killed|exceed|timed out|expired|missing|unsupported|not supported|not authorized",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    r"^[\W\d]*(?:(?:algorithm|framework|script)? ?error|failed|failure|none|null|exit code:? ?-?\d+)?[\W\d]*$",
    re.IGNORECASE,
)


def sentence_of(parts: Parts, words: str = "") -> str:
    """What happened in the error's own words; "" where it has none. `words` are those that told most."""
    if words and words in parts.program.text:
        ended = f"ended with exit code {parts.exit_code}" if parts.exit_code else "failed"
        return cut(f"{parts.program.text[:120]} {ended}.")
    said = _told(parts, words)
    if not said and parts.exit_code not in ("", "0", "1"):
        said = f"The process ended with exit code {parts.exit_code}"
        said += f" ({parts.signal})." if parts.signal else "."
    if said and len(said) < _BARE and parts.voice == "service" and parts.operation:
        # `Access Denied.` alone says little.
        said = f"{parts.operation}: {said}"
    return said


def _told(parts: Parts, words: str) -> str:
    if parts.voice == "pydantic" and (wanted := parts.entities.get("wanted", "")):
        named = ".".join(filter(None, (parts.entities.get("model"), parts.entities.get("field"))))
        given = parts.entities.get("given")
        return cut(f"{named}: {wanted}" + (f" (given: {given})" if given else "") + ".")
    raised = parts.raised
    own = _own_words(parts, words)
    if raised is not None and raised.message and (not own or words in parts.root.text):
        name = (
            ""
            if raised.name in ("Error", "RError", "ClientError", "Exception")
            else f"{raised.name}: "
        )
        return cut(clean(name + _opened(raised.message)))
    if raised is not None and not own:
        return raised.name
    return cut(clean(_opened(own))) if own else ""


def _own_words(parts: Parts, words: str) -> str:
    """The lines that hold the words, else one that sounds like an error, else the first."""
    lines = [" ".join(line.split()) for line in parts.lines if not _SAYS_NOTHING.match(line)]
    if not lines:
        return ""
    first = _line_of(lines, words) if words else -1
    if first < 0:
        alarms = (at for at, line in enumerate(lines) if _ALARM.search(line[:_READ]))
        first = next(alarms, 0)
    if '{ "' in " ".join(lines) and lines[first].startswith('"'):
        return "\n".join(lines)
    last = first
    # A sentence that was wrapped begins lines before and ends lines after.
    while first and last - first < _MOST_LINES and _GOES_ON.search(lines[first - 1]):
        first -= 1
    while last + 1 < len(lines) and last - first < _MOST_LINES and _GOES_ON.search(lines[last]):
        last += 1
    return " ".join(lines[first : last + 1])


def _line_of(lines: list[str], words: str) -> int:
    """The number of the line in which the words begin, -1 if they are in none."""
    at = " ".join(lines).find(words)
    if at < 0:
        return -1
    end = 0
    for number, line in enumerate(lines):
        end += len(line) + 1
        if at < end:
            return number
    return -1


def _opened(text: str) -> str:
    """The message within JSON or HTML, if it is one."""
    if "<title>" in text and (found := _TITLE.search(text)):
        return text[: text.find("<")].strip(" \"'") + ": " + found[1]
    text = _BEFORE_MESSAGE.sub("", text)
    if '"' in text and "{" in text and (found := _INNER.search(text)):
        before = text[: text.find("{")].strip(" \"'\n")
        inner = found[1]
        try:
            inner = json.loads(f'"{inner}"')
        except ValueError:
            pass
        return f"{before}: {inner}" if before else inner
    return text


def clean(text: str) -> str:
    """A message in one line, without ids, dates and brackets that are left over."""
    text = " ".join(text[:_READ].split())
    for noise in _NOISE:
        text = noise.sub("", text)
    text = text.strip(" ,;|")
    for quote in ('"', "'", "`"):
        # What is left of a pair that was cut: an apostrophe within a word is none.
        if text.endswith(quote) and text.count(quote) % 2:
            text = text[:-1]
        elif text.startswith(quote) and text.count(quote) % 2:
            text = text[1:]
    return text.strip()


def cut(text: str) -> str:
    """At most some 300 characters, ended where a sentence or at least a word ends."""
    if len(text) > _LONGEST:
        kept = ""
        for part in _ENDS.split(text):
            if len(kept) + len(part) >= _LONGEST:
                break
            kept = f"{kept} {part}".strip()
        text = kept if len(kept) > 60 else text[: _LONGEST - 2].rpartition(" ")[0] + " …"
    return text if not text or text[-1] in ".!?…" else f"{text}."
