"""The table of routes, below `<base_url>/jupyter-sm/api/`.

Every answer is JSON; every error a true 4xx or 5xx with a sentence and an explanation.
Work with the store happens in bounded threads, never on the event loop.
"""

from __future__ import annotations

import json

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_sm.desk.again import CHANGES
from jupyter_sm.jobs import KINDS
from jupyter_sm.jobs.options import JobOptions
from jupyter_sm.logs.entries import SEVERITIES, SOURCES
from jupyter_sm.server import job_routes as jobs
from jupyter_sm.server import log_routes as logs
from jupyter_sm.server.handler import API, BaseHandler, refusal
from jupyter_sm.server.openapi import document
from jupyter_sm.server.route import Operation, Route, number, text
from jupyter_sm.server.schemas import properties


class OpenApiHandler(BaseHandler):
    """The description of all this."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The OpenAPI document."""
        self.finish(json.dumps(document(ROUTES, self.base_url)))


class NotFoundHandler(BaseHandler):
    """Any other address below the API: 404 in JSON, and not without a login."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """There is nothing here."""
        raise refusal(404, "There is no such address in the jupyter_sm API.")

    post = put = patch = delete = get


_JOB = "/jobs/{target}/{kind}/{name}"
_AMONG = (text("severity", *SEVERITIES), text("source", *SOURCES), text("stream"))
_FOLD = text("fold", "0", "1")
_PAGE = (number("from"), number("limit"))
_SUBMISSION = {
    "type": "object",
    "properties": {
        **properties(JobOptions),
        "kind": {"type": "string", "enum": list(KINDS), "default": "training"},
        "spec": {"$ref": "#/components/schemas/TrainingSpec"},
        "request": {"type": "object"},
    },
    "additionalProperties": False,
}
_AGAIN = {
    "type": "object",
    "properties": {
        "change": {"type": "string", "pattern": f"^({'|'.join(CHANGES)}|instance=ml[.a-z0-9-]+)$"}
    },
    "additionalProperties": False,
}

ROUTES = (
    Route(
        "/targets",
        jobs.TargetsHandler,
        get=Operation("listTargets", "List targets", "TargetList"),
    ),
    Route(
        "/targets/{target}/use",
        jobs.UseHandler,
        post=Operation("useTarget", "Look after a target", "Accepted", status=202),
    ),
    Route(
        "/targets/{target}/remove",
        jobs.RemoveHandler,
        post=Operation(
            "removeTarget",
            "Look after a target no longer",
            "Accepted",
            errors=(400, 403, 404, 409),
        ),
    ),
    Route(
        "/jobs",
        jobs.JobsHandler,
        get=Operation(
            "listJobs",
            "List jobs",
            "JobList",
            (text("target"), text("kind", *KINDS), number("limit"), number("offset")),
        ),
        post=Operation(
            "submitJob",
            "Submit a job",
            "JobView",
            status=202,
            body=_SUBMISSION,
            needs_body=True,
            errors=(400, 403, 409, 413, 507),
        ),
    ),
    Route(_JOB, jobs.JobHandler, get=Operation("getJob", "Get a job", "JobView")),
    Route(
        f"{_JOB}/request",
        jobs.RequestHandler,
        get=Operation("getRequest", "Get a job's request", "JobRequest"),
    ),
    Route(
        f"{_JOB}/logs",
        logs.LogsHandler,
        get=Operation("getLog", "Read a job's log", "LogPage", (*_PAGE, *_AMONG, text("query"))),
    ),
    Route(
        f"{_JOB}/logs/rows",
        logs.LogRowsHandler,
        get=Operation(
            "getLogRows",
            "Show a job's log",
            "LogRows",
            (*_PAGE, number("around"), *_AMONG, _FOLD),
        ),
    ),
    Route(
        f"{_JOB}/logs/hits",
        logs.LogHitsHandler,
        get=Operation(
            "getLogHits",
            "Search a job's log",
            "LogHits",
            (text("query"), text("regex", "0", "1"), *_AMONG, _FOLD),
        ),
    ),
    Route(
        f"{_JOB}/log",
        logs.LogTextHandler,
        get=Operation("downloadLog", "Download a job's log", None),
    ),
    Route(
        f"{_JOB}/metrics",
        logs.MetricsHandler,
        get=Operation("getMetrics", "Get a job's metrics", "MetricList"),
    ),
    Route(
        f"{_JOB}/source",
        jobs.SourceHandler,
        get=Operation("getSource", "Find the user's file that ran", "SourcePath", (text("file"),)),
    ),
    Route(
        f"{_JOB}/stop",
        jobs.StopHandler,
        post=Operation("stopJob", "Stop a job", "Accepted", status=202, errors=(403, 404, 409)),
    ),
    Route(
        f"{_JOB}/again",
        jobs.AgainHandler,
        post=Operation(
            "runAgain",
            "Run a job again",
            "JobView",
            status=202,
            body=_AGAIN,
            errors=(400, 403, 404, 409, 507),
        ),
    ),
    Route(
        "/changes",
        jobs.ChangesHandler,
        get=Operation(
            "getChanges", "List changes since a number", "ChangePage", (number("since"),)
        ),
    ),
    Route("/openapi.json", OpenApiHandler, get=Operation("getOpenApi", "This document", "")),
)


def handlers() -> list[tuple[str, type[BaseHandler]]]:
    """Patterns and their handlers; the app puts the base URL in front."""
    rows = [(route.pattern, route.handler) for route in ROUTES]
    rows.append(("(?:/.*)?", NotFoundHandler))
    return [(f"/{API}{pattern}", handler) for pattern, handler in rows]
