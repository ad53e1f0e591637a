"""The routes of a job's log and metrics."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_sm.desk import LogFilter
from jupyter_sm.jobs import JobKey
from jupyter_sm.logs.entries import SEVERITIES, SOURCES
from jupyter_sm.server.handler import BaseHandler, refusal
from jupyter_sm.server.threads import Pool

_LONGEST_QUERY = 1_000
_LONGEST_PAGE = 5_000


class LogHandler(BaseHandler):
    """What the routes of a log share."""

    def text(self, name: str) -> str:
        """A text of the query string; 400 when it is too long."""
        text = self.get_query_argument(name, "", strip=False)
        if len(text) > _LONGEST_QUERY:
            raise refusal(400, f"{name} has more than {_LONGEST_QUERY} characters.")
        return text

    def filter(self, *, query: str = "") -> LogFilter:
        """Which entries are asked for."""
        return LogFilter(
            query,
            self.choice("severity", SEVERITIES),
            self.choice("source", SOURCES),
            self.text("stream"),
        )

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """One of some words, or nothing; 400 for any other."""
        text = self.text(name)
        if text and text not in known:
            raise refusal(400, f"{name} must be one of {', '.join(known)}, not {text!r}.")
        return text

    @property
    def is_folded(self) -> bool:
        """Whether runs of platform lines and of progress are a row each."""
        return self.get_query_argument("fold", "1") != "0"

    async def read_by(self, target: str, kind: str, name: str) -> JobKey:
        """The job's key, once it is known to exist; reading its log counts as watching it."""
        view = await self.job(target, kind, name)
        await self.in_thread(self.desk.watch, view.key)
        return view.key


class LogsHandler(LogHandler):
    """A job's log, entry by entry."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """A page of the log, by entry number; reading it counts as watching the job."""
        start = self.number("from", 0)
        limit = self.number("limit", 500, least=1, most=_LONGEST_PAGE)
        wanted = self.filter(query=self.text("query"))
        key = await self.read_by(target, kind, name)
        page = await self.in_thread(
            self.desk.logs.page, key, start=start, limit=limit, wanted=wanted, pool=Pool.LOG
        )
        await self.answer(page, Pool.LOG)


class LogRowsHandler(LogHandler):
    """A job's log, as a viewer shows it."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """Rows by number: entries, and folded runs of platform lines and of progress.

        With `around` from the row that holds the entry of that number.
        """
        start = self.number("from", 0)
        around = self.number("around", -1)
        limit = self.number("limit", 500, least=1, most=_LONGEST_PAGE)
        wanted = self.filter()
        key = await self.read_by(target, kind, name)
        rows = await self.in_thread(
            self.desk.logs.rows,
            key,
            start=start,
            limit=limit,
            around=around if around >= 0 else None,
            wanted=wanted,
            is_folded=self.is_folded,
            pool=Pool.LOG,
        )
        await self.answer(rows, Pool.LOG)


class LogHitsHandler(LogHandler):
    """Searching a job's log."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """Where among the rows a text or (`regex=1`) a regular expression is found."""
        query = self.text("query")
        wanted = self.filter()
        key = await self.read_by(target, kind, name)
        hits = await self.in_thread(
            self.desk.logs.hits,
            key,
            query,
            is_regex=self.get_query_argument("regex", "0") == "1",
            wanted=wanted,
            is_folded=self.is_folded,
            is_wanted=self.is_wanted,
            pool=Pool.SEARCH,
        )
        await self.answer(hits, Pool.LOG)


class LogTextHandler(LogHandler):
    """A job's log as a file."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """The whole log as text, page by page, so that its length costs no memory."""
        view = await self.job(target, kind, name)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}.log"')
        start = 0
        while True:
            text, behind = await self.in_thread(
                self.desk.logs.printed, view.key, start, pool=Pool.LOG
            )
            if behind <= start:
                break
            self.write(text)
            await self.flush()
            start = behind
        self.finish()


class MetricsHandler(LogHandler):
    """A job's metrics."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """All series as columns; of very many points those that keep the curves' look."""
        view = await self.job(target, kind, name)
        series, total = await self.in_thread(self.desk.metric_series, view.key, pool=Pool.LOG)
        await self.answer({"series": series, "total": total}, Pool.LOG)
