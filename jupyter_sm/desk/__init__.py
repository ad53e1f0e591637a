"""The desk: what every face calls, by a job's key. Faces import this and floor 1, nothing below."""

from jupyter_sm.desk.artifacts import Results
from jupyter_sm.desk.desk import Desk, open_desk
from jupyter_sm.store import JobView, StoreError, StoreLostError, data_dir, views
from jupyter_sm.store.logs.pages import LogFilter
from jupyter_sm.store.views import ChangePage, JobProgress, LogRecord, Transition
from jupyter_sm.targets.artifacts import Artifact

__all__ = [
    "Artifact",
    "ChangePage",
    "Desk",
    "JobProgress",
    "JobView",
    "LogFilter",
    "LogRecord",
    "Results",
    "StoreError",
    "StoreLostError",
    "Transition",
    "data_dir",
    "open_desk",
    "views",
]
