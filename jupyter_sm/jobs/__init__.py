"""What a job is: spec, request, names, states and their validation.

Pure functions over plain data. Nothing here opens a socket, a database or a
client; the one thing read from disk is the service model that botocore installs.
"""

from jupyter_sm.jobs.kinds import KINDS, Kind, kind_of
from jupyter_sm.jobs.names import check_name, unique_name
from jupyter_sm.jobs.spec import TrainingSpec, hyperparameter_text
from jupyter_sm.jobs.status import REJECTED, SUBMITTING, is_final
from jupyter_sm.jobs.validation import Fault, InvalidRequestError, check_request

__all__ = [
    "KINDS",
    "REJECTED",
    "SUBMITTING",
    "Fault",
    "InvalidRequestError",
    "Kind",
    "TrainingSpec",
    "check_name",
    "check_request",
    "hyperparameter_text",
    "is_final",
    "kind_of",
    "unique_name",
]
