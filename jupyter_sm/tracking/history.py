"""The jobs of before a kind was first looked at on a target, a page a step.

By Search where it knows the kind and may be used: a page of it holds a hundred whole jobs. Else by
List, the newest ones, which are then described one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jupyter_sm.jobs import JobKey, Kind
from jupyter_sm.jobs.kinds import Search
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.targets import Target
from jupyter_sm.tracking.calls import is_denied
from jupyter_sm.tracking.listing import Page, changed_after, list_page, search_page
from jupyter_sm.tracking.queue import DescribeQueue

# Where jobs must be described one by one, so many are.
_MOST_DESCRIBED = 300

_log = logger_of(__name__)


class History:
    """How far a kind's past has been read; begun anew where a page could not be had."""

    def __init__(
        self,
        target: Target,
        kind: Kind,
        queue: DescribeQueue,
        save: Callable[[dict[str, Any]], bool],
    ) -> None:
        self._target = target
        self._kind = kind
        self._queue = queue
        # Stores a record of Search; False where Describe must be asked.
        self._save = save
        self._since = time.time() - target.cadence.history
        self._search = kind.search
        self._token = ""
        self._listed = 0

    def step(self) -> bool:
        """Read another page; False once there is none."""
        token, self._token = self._token, ""
        page = self._by_search(self._search, token) if self._search else self._by_list(token)
        if page is None:
            self._search = None
            return True
        self._token = page.token
        return bool(page.token)

    def _by_search(self, search: Search, token: str) -> Page | None:
        """None where Search may not be used."""
        from botocore.exceptions import ClientError

        try:
            page = search_page(self._target, search, changed_after(self._since), token)
        except ClientError as error:
            if not is_denied(error):
                raise
            _log.info("Search may not be used on %s: %s", self._target.name, error)
            return None
        for record in page.rows:
            if not self._save(record):
                self._queue.put_new(self._time_of(record))
        return page

    def _by_list(self, token: str) -> Page:
        self._listed = self._listed if token else 0
        page = list_page(self._target, self._kind, self._since, token, newest_first=True)
        for summary in page.rows[: _MOST_DESCRIBED - self._listed]:
            self._queue.put_new(self._time_of(summary))
        self._listed += len(page.rows)
        return page if self._listed < _MOST_DESCRIBED else Page(page.rows, "")

    def _time_of(self, row: dict[str, Any]) -> dict[JobKey, float]:
        key = JobKey(self._target.name, self._kind.kind, row[self._kind.name_field])
        return {key: row["LastModifiedTime"].timestamp()}
