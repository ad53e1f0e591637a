"""Answers that are not AWS's: the page of a proxy or a portal, a redirect, a bare status.

An answer of AWS's is what its service model says; an error of its has a code. All else is told as
what it is, and passes once whoever gave it is out of the way.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import HTTPClientError

# AWS's services number their answers.
_OF_AWS = ("x-amzn-requestid", "x-amz-request-id")


class ForeignAnswerError(HTTPClientError):  # type: ignore[misc]
    """Somebody else answered in AWS's place."""

    fmt = "{endpoint} answered with {what}, which is no answer of AWS"


def watch(client: Any) -> None:
    """Have a botocore client raise ForeignAnswerError, before it follows what it was answered."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"needs-retry.{service}", _check)


def _check(response: Any, operation: Any, **_: Any) -> None:
    if response is not None:
        answer, parsed = response
        if what := _foreign(answer, parsed, operation):
            raise ForeignAnswerError(endpoint=answer.url, what=what)


def _foreign(answer: Any, parsed: dict[str, Any], model: Any) -> str:
    """What an answer is that is none of AWS's, in words."""
    status = answer.status_code
    is_bare = model.http["method"] == "HEAD" and status >= 300  # nothing that could tell
    if is_bare or any(name in answer.headers for name in _OF_AWS):
        return ""
    is_page = "text/html" in (answer.headers.get("content-type") or "")
    if is_page and (status >= 300 or not model.has_streaming_output):
        return f"a web page (HTTP {status})"
    if status >= 300:
        code = str(parsed.get("Error", {}).get("Code", ""))
        return f"HTTP {status} and no reason" if not code or code.isdigit() else ""
    if model.http["method"] == "GET" and not model.has_streaming_output and not answer.content:
        return "nothing"
    wanted = model.output_shape.required_members if model.output_shape else []
    return "" if not wanted or any(name in parsed for name in wanted) else "nothing it should hold"
