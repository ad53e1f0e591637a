"""Reading logs: raw log events in; records, metrics and progress out. Pure and incremental."""

from jupyter_sm.logs.entries import LogError, Metric, ParsedLog, Progress, Record
from jupyter_sm.logs.parser import LogParser, parse_text
from jupyter_sm.logs.speed import group_of

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
