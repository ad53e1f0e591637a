"""The store: one SQLite file with all that is known of jobs, and the feed of its changes.

A table a module; rows in, views out. Nothing here speaks to a target.
"""

from jupyter_sm.store.file import Store, StoreError, StoreLostError
from jupyter_sm.store.place import data_dir, folder_of, open_store
from jupyter_sm.store.views import JobView

__all__ = [
    "JobView",
    "Store",
    "StoreError",
    "StoreLostError",
    "data_dir",
    "folder_of",
    "open_store",
]
