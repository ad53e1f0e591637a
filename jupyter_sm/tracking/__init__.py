"""The stateful middle: the store, and the trackers that keep it in step with the targets.

Faces import from here; they never speak to AWS themselves.
"""

from jupyter_sm.tracking.again import submit_again
from jupyter_sm.tracking.log_views import LogFilter, LogViews
from jupyter_sm.tracking.service import TrackingService, catch_up, ensure_tracked
from jupyter_sm.tracking.store import Store, StoreError, data_dir, open_store
from jupyter_sm.tracking.submission import submit_request, submit_spec
from jupyter_sm.tracking.views import Change, JobView, LogPage, LogRecord, TargetView

__all__ = [
    "Change",
    "JobView",
    "LogFilter",
    "LogPage",
    "LogRecord",
    "LogViews",
    "Store",
    "StoreError",
    "TargetView",
    "TrackingService",
    "catch_up",
    "data_dir",
    "ensure_tracked",
    "open_store",
    "submit_again",
    "submit_request",
    "submit_spec",
]
