"""What a job is: its key, its kind, spec and request, names, phases and their validation.

Pure functions over plain data. Nothing here opens a socket, a database or a
client; the one thing read from disk is the service model that botocore installs.
"""

from jupyter_sm.jobs.faults import Fault, InvalidRequestError, errors_of
from jupyter_sm.jobs.key import JobKey
from jupyter_sm.jobs.kinds import KINDS, Kind, TrainingSpec, context_of, kind_named
from jupyter_sm.jobs.names import check_name, unique_name
from jupyter_sm.jobs.phases import REJECTED, SUBMITTING, is_over
from jupyter_sm.jobs.spec import Origin, hyperparameter_text
from jupyter_sm.jobs.validation import check_request

__all__ = [
    "KINDS",
    "REJECTED",
    "SUBMITTING",
    "Fault",
    "InvalidRequestError",
    "JobKey",
    "Kind",
    "Origin",
    "TrainingSpec",
    "check_name",
    "check_request",
    "context_of",
    "errors_of",
    "hyperparameter_text",
    "is_over",
    "kind_named",
    "unique_name",
]
