"""Which module runs which kind of job. A supervisor imports that of its own job only."""

from __future__ import annotations

from importlib import import_module

from jupyter_sm.targets.local.runner.work import Steps, Work

_MODULES = {
    "training": "jupyter_sm.targets.local.runner.training",
    "processing": "jupyter_sm.targets.local.runner.processing",
}


def steps_of(work: Work) -> Steps:
    """What the kind of a job does when it runs."""
    steps: Steps = import_module(_MODULES[work.kind.kind]).Run(work)
    return steps
