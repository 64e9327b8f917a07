"""How a process of ours logs."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_level = logging.WARNING


def say_in_lines(level: int = logging.INFO) -> None:
    """Log as one line of JSON an event to standard error, which systemd keeps; ids, never bodies, addresses or secrets.

    A traceback is told without its variables, for the same reason.
    """
    global _level
    _level = level
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # line and end in one: two processes write there
        cache_logger_on_first_use=True,
    )


def level() -> int:
    """Return the level that this process was told to log at, for a process that it starts; WARNING while told nothing."""
    return _level
