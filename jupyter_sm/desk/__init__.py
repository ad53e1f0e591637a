"""The desk: what every face calls, by a job's key. Faces import this and floor 1, nothing below."""

import logging

from jupyter_sm.desk.artifacts import Results
from jupyter_sm.desk.defaults import Defaults
from jupyter_sm.desk.desk import Desk, open_desk
from jupyter_sm.desk.plans import Plan
from jupyter_sm.store import JobView, StoreError, StoreLostError, data_dir, folder_of, views
from jupyter_sm.store.logs.pages import LogFilter
from jupyter_sm.store.views import ChangePage, JobProgress, LogRecord, Transition
from jupyter_sm.targets.artifacts import Artifact

__all__ = [
    "Artifact",
    "ChangePage",
    "Defaults",
    "Desk",
    "JobProgress",
    "JobView",
    "LogFilter",
    "LogRecord",
    "Plan",
    "Results",
    "StoreError",
    "StoreLostError",
    "Transition",
    "data_dir",
    "folder_of",
    "open_desk",
    "views",
]

# Python prints warnings that nobody handles, into a cell's output or among a command's lines. What
# they tell is shown by the faces; a server, or who sets up logging, logs it.
logging.getLogger("jupyter_sm").addHandler(logging.NullHandler())
