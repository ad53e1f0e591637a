"""The loggers of ours: what they write is shown like all else, secrets masked, without controls."""

from __future__ import annotations

import logging

_FORMATTER = logging.Formatter()


def logger_of(name: str) -> logging.Logger:
    """The logger of a module."""
    logger = logging.getLogger(name)
    if _clean not in logger.filters:
        logger.addFilter(_clean)
    return logger


def _clean(record: logging.LogRecord) -> bool:
    # Loaded when there is something to tell: a supervisor, which seldom has, starts with each job.
    from jupyter_sm.shown.secrets import shown

    record.msg, record.args = shown(record.getMessage()), ()
    if record.exc_info:
        record.exc_text = shown(_FORMATTER.formatException(record.exc_info))
    return True
