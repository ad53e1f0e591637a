"""Reading logs: raw log events in; records, metrics and progress out. Pure and incremental."""

from typing import TYPE_CHECKING, Any

from jupyter_sm.logs.entries import LogError, Metric, ParsedLog, Progress, Record
from jupyter_sm.logs.speed import group_of

if TYPE_CHECKING:
    from jupyter_sm.logs.parser import LogParser, parse_text

__all__ = [
    "LogError",
    "LogParser",
    "Metric",
    "ParsedLog",
    "Progress",
    "Record",
    "group_of",
    "parse_text",
]


def __getattr__(name: str) -> Any:
    if name not in ("LogParser", "parse_text"):
        raise AttributeError(f"module 'jupyter_sm.logs' has no attribute {name!r}")
    from jupyter_sm.logs import parser  # takes longer to load than all that only show logs

    return getattr(parser, name)
