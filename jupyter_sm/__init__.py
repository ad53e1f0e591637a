"""jupyter_sm: Amazon SageMaker in Jupyter, without blocking.

    import jupyter_sm as sm
    job = sm.train("train.py", inputs={"train": "data/"}, hyperparameters={"epochs": 3})
    job.status

Importing this costs next to nothing: each name loads what it needs when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    from jupyter_sm._version import __version__
except ImportError:  # a source tree that was never built
    __version__ = "0.0.0"

if TYPE_CHECKING:
    from jupyter_sm.diagnosis import ExplainedError, Explanation
    from jupyter_sm.jobs import TrainingSpec
    from jupyter_sm.notebook.api import (
        add_target,
        client,
        defaults,
        explain,
        get_job,
        list_jobs,
        list_targets,
        remove_target,
        submit,
        track,
        train,
    )
    from jupyter_sm.notebook.job import Job
    from jupyter_sm.notebook.many import as_completed, compare, wait_all

_HOMES = {
    "ExplainedError": "jupyter_sm.diagnosis",
    "Explanation": "jupyter_sm.diagnosis",
    "Job": "jupyter_sm.notebook.job",
    "TrainingSpec": "jupyter_sm.jobs",
    "add_target": "jupyter_sm.notebook.api",
    "as_completed": "jupyter_sm.notebook.many",
    "client": "jupyter_sm.notebook.api",
    "compare": "jupyter_sm.notebook.many",
    "defaults": "jupyter_sm.notebook.api",
    "explain": "jupyter_sm.notebook.api",
    "get_job": "jupyter_sm.notebook.api",
    "list_jobs": "jupyter_sm.notebook.api",
    "list_targets": "jupyter_sm.notebook.api",
    "remove_target": "jupyter_sm.notebook.api",
    "submit": "jupyter_sm.notebook.api",
    "track": "jupyter_sm.notebook.api",
    "train": "jupyter_sm.notebook.api",
    "wait_all": "jupyter_sm.notebook.many",
}

__all__ = [
    "ExplainedError",
    "Explanation",
    "Job",
    "TrainingSpec",
    "__version__",
    "add_target",
    "as_completed",
    "client",
    "compare",
    "defaults",
    "explain",
    "get_job",
    "list_jobs",
    "list_targets",
    "remove_target",
    "submit",
    "track",
    "train",
    "wait_all",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'jupyter_sm' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext jupyter_sm`: the %sm and %%sm magics."""
    from jupyter_sm.notebook.magics import load

    load(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter_sm"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_sm.server.app import SageMakerApp

    return [{"module": "jupyter_sm", "app": SageMakerApp}]
