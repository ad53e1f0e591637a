"""Reading logs: raw log events in; records, metrics and progress out. Pure and incremental."""

from jupyter_sm.logs.parser import LogParser, Metric, ParsedLog, Progress, Record, parse_text

__all__ = ["LogParser", "Metric", "ParsedLog", "Progress", "Record", "parse_text"]
