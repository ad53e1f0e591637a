"""The local target: SageMaker's API, answered in process, with jobs that really train.

State is directories and atomic renames below one root; every job has a detached
supervisor process, so it outlives whoever started it.
"""

from jupyter_sm.targets.local.target import LocalTarget

__all__ = ["LocalTarget"]
