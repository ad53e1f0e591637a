"""The sentence of an error's own that says what happened, cleaned and cut well."""

from __future__ import annotations

import json
import re

from jupyter_sm.diagnosis.parts import Parts

_LONGEST = 300
# More than that of a message is not looked at.
_READ = 2_000
_ENDS = re.compile(r"(?<=[.!?])\s")
_NOISE = (
    re.compile(
        r"\s?\((?:Service: [^()]{0,300}|RequestToken: [^()]{0,200}|Request ID: [^()]{0,100})\)"
    ),
    re.compile(
        r"\s?(?:For further information|See also|Read more|See) (?:visit )?https?://\S{1,300}"
    ),
    re.compile(r"[\"'}\]\s,{[]{3,}\Z"),
    re.compile(r"^[{\[(\s,|>:-]{1,20}"),
    re.compile(r"^(?:\d{4}-\d\d-\d\d[T ][\d:.,Z]{8,16} ?-? ?|(?:ERROR|CRITICAL|FATAL):? (?=\w))"),
    re.compile(r"^botocore\.(?:exceptions|errorfactory)\."),
)
_TITLE = re.compile(r"<title>([^<]{3,200})</title>", re.IGNORECASE)
_INNER = re.compile(
    r"\"(?:message|error|errorMessage|msg|Failure Reason)\"\s?: ?\"((?:[^\"\\]|\\.){1,2000})"
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
    said = _told(parts, words)
    if not said and parts.exit_code not in ("", "0", "1"):
        said = f"The process ended with exit code {parts.exit_code}"
        said += f" ({parts.signal})." if parts.signal else "."
    return said


def _told(parts: Parts, words: str) -> str:
    if parts.voice == "pydantic":
        named = ".".join(filter(None, (parts.entities.get("model"), parts.entities.get("field"))))
        wanted = parts.entities.get("wanted", "")
        given = parts.entities.get("given")
        if wanted:
            return cut(f"{named}: {wanted}" + (f" (given: {given})" if given else "") + ".")
    raised = parts.raised
    own = _own_line(parts, words)
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


def _own_line(parts: Parts, words: str) -> str:
    """The line that holds the words, else one that sounds like an error, else the first."""
    lines = [line for line in parts.lines if not _SAYS_NOTHING.match(line)]
    if not lines:
        return ""
    text = " ".join(" ".join(lines).split())
    if words:
        at = text.find(words)
        if at >= 0:
            end = 0
            for line in lines:
                end += len(" ".join(line.split())) + 1
                if at < end:
                    begin = end - len(" ".join(line.split())) - 1
                    # A sentence may go on over several lines.
                    return text[begin:] if at + len(words) > end or len(lines) < 4 else line
    return next((line for line in lines if _ALARM.search(line[:_READ])), lines[0])


def _opened(text: str) -> str:
    """The message within JSON or HTML, if it is one."""
    if "<title>" in text and (found := _TITLE.search(text)):
        return text[: text.find("<")].strip(" \"'") + ": " + found[1]
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
