"""The two ways in which SageMaker lists jobs: List tells names and times, Search whole records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from jupyter_sm.jobs.kinds import Kind, Search
from jupyter_sm.targets import Target
from jupyter_sm.tracking.calls import call

PAGE = 100


@dataclass(frozen=True)
class Page:
    """Rows of one answer, and the token of the next page; empty at the end."""

    rows: list[dict[str, Any]]
    token: str


def list_page(
    target: Target, kind: Kind, since: float, token: str = "", *, newest_first: bool = False
) -> Page:
    """A page of a kind's List: summaries of what changed after `since` (seconds; 0: all)."""
    request: dict[str, Any] = {
        "MaxResults": PAGE,
        "SortBy": "CreationTime",
        "SortOrder": "Descending" if newest_first else "Ascending",
    }
    if since > 0:
        request["LastModifiedTimeAfter"] = datetime.fromtimestamp(since, timezone.utc)
    if token:
        request["NextToken"] = token
    answer = call(target, kind.list, request)
    return Page(answer[kind.summaries], answer.get("NextToken") or "")


def listed(target: Target, kind: Kind, since: float) -> Iterator[dict[str, Any]]:
    """All pages of a kind's List."""
    page = list_page(target, kind, since)
    yield from page.rows
    while page.token:
        page = list_page(target, kind, since, page.token)
        yield from page.rows


def search_page(
    target: Target, search: Search, condition: Mapping[str, str], token: str = ""
) -> Page:
    """A page of Search: records as Describe answers them, the newest first."""
    request: dict[str, Any] = {
        "Resource": search.resource,
        "MaxResults": PAGE,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "SearchExpression": {"Filters": [dict(condition)]},
    }
    if token:
        request["NextToken"] = token
    answer = call(target, "Search", request)
    rows = [result[search.resource] for result in answer.get("Results", [])]
    return Page(rows, answer.get("NextToken") or "")


def searched(
    target: Target, search: Search, condition: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """All pages of a Search."""
    page = search_page(target, search, condition)
    yield from page.rows
    while page.token:
        page = search_page(target, search, condition, page.token)
        yield from page.rows


def changed_after(since: float) -> dict[str, str]:
    """Search's condition for what changed after a time in seconds."""
    at = datetime.fromtimestamp(since, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"Name": "LastModifiedTime", "Operator": "GreaterThanOrEqualTo", "Value": at}
