"""The desk: what every face calls, by a job's key. Faces import this and floor 1, nothing below."""

from jupyter_sm.desk.desk import Desk, open_desk
from jupyter_sm.store import JobView, StoreError, data_dir, views
from jupyter_sm.store.logs.pages import LogFilter
from jupyter_sm.store.views import ChangePage, LogRecord

__all__ = [
    "ChangePage",
    "Desk",
    "JobView",
    "LogFilter",
    "LogRecord",
    "StoreError",
    "data_dir",
    "open_desk",
    "views",
]
