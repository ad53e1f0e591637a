"""A simulator of SageMaker's training and processing jobs and their logs, for tests and benchmarks.

It speaks AWS's JSON 1.1 protocol over HTTP, so that boto3 is used as it is. States and log
lines are functions of the simulator's clock; nothing happens in the background.
"""

from .aws import moto_server
from .clock import Clock
from .control import Control
from .scenario import CAPACITY, Line, Scenario
from .simulator import ACCOUNT, REGION, ROLE, Call, Record, Simulator, default_request
from .traps import Traps

__all__ = [
    "ACCOUNT",
    "CAPACITY",
    "REGION",
    "ROLE",
    "Call",
    "Clock",
    "Control",
    "Line",
    "Record",
    "Scenario",
    "Simulator",
    "Traps",
    "default_request",
    "moto_server",
]
