"""How our processes log: one line of JSON an event, on standard error, which systemd keeps.

**No stranger's byte.** A line holds ids, never bodies, addresses or secrets. Of an exception it holds types and places. The words
of an exception are logged only when it comes from the operating system or from us: all others may quote what somebody sent. Of a
library's log a line holds the logger's name, the level and the place.

**The log stops nobody.** Lines wait in memory for a thread that writes them, so a journal that hangs delays nothing. A line that
cannot be written (a full disk, a closed pipe) is dropped and counted; so is one that no longer fits into memory.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from traceback import walk_tb
from typing import Any, TextIO

import structlog
from prometheus_client import Counter
from structlog.typing import EventDict, WrappedLogger

MOST_WAITING = 10_000  # lines
MOST_FRAMES = 50
MOST_CAUSES = 8
LAST_S = 1.0  # for writing the last lines of a process
OURS = ("bridge.", "routing.")

LOST = Counter("deskbridge_log_lines_lost", "Lines of the log that could not be written")

_level = logging.WARNING


def say_in_lines(level: int = logging.INFO) -> None:
    """Log as the module's header says, from now on; also what libraries log."""
    global _level
    _level = level
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_traceback,
            structlog.processors.JSONRenderer(default=_kind_alone),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *names: lines(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Library()], level=max(level, logging.WARNING), force=True)


def level() -> int:
    """Return the level at which this process logs, for a process that it starts; WARNING before `say_in_lines`."""
    return _level


# ---- writing ------------------------------------------------------------


class LogWriter:
    """A logger for structlog that never raises and never waits."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._writing = False
        self._thread: threading.Thread | None = None

    def msg(self, message: str) -> None:
        """Queue a line; the thread writes it soon."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                LOST.inc()
                return
            self._waiting.append(message + "\n")
            if (self._thread is None or not self._thread.is_alive()) and not self._begin():
                return
            self._changed.notify_all()

    log = debug = info = warn = warning = error = critical = fatal = failure = err = exception = msg

    def flush(self, within: float = LAST_S) -> bool:
        """Wait until all lines are written, at most `within` seconds. Returns whether they are."""
        end = time.monotonic() + within
        with self._changed:
            while self._waiting or self._writing:
                left = end - time.monotonic()
                if left <= 0 or self._thread is None or not self._thread.is_alive():
                    return False
                self._changed.wait(left)
        return True

    def _begin(self) -> bool:
        """Start the thread; where the system has none now, the lines wait for the next try."""
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
        return self._thread is not None

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                while not self._waiting:
                    self._changed.wait()
                line = self._waiting.popleft()
                self._writing = True
            try:
                self._write(line)
            except Exception:  # standard error may be anything: no line is worth stopping the desk
                LOST.inc()

    def _write(self, line: str) -> None:
        if self._stream is None:
            raise OSError("there is no standard error")
        try:
            number = self._stream.fileno()
        except (OSError, ValueError, AttributeError):
            self._stream.write(line)  # no file: a test or a terminal of this process reads it
            return
        # Not through the stream's own buffer, because the interpreter takes that buffer's lock when it ends.
        left = memoryview(line.encode("utf-8", "backslashreplace"))
        while left:
            left = left[os.write(number, left) :]


_lines: LogWriter | None = None


def lines() -> LogWriter:
    """Return where the lines of this process go."""
    global _lines
    if _lines is None or _lines._stream is not sys.stderr:
        _lines = LogWriter(sys.stderr)
        atexit.register(_lines.flush)
    return _lines


def say(*words: object, error: bool = False) -> None:
    """Print for the person at the terminal. A closed terminal is no reason to stop."""
    with suppress(OSError, ValueError):
        print(*words, file=sys.stderr if error else sys.stdout, flush=True)


# ---- what is logged of an exception ------------------------------------------------------------


def traced(error: BaseException) -> dict[str, Any]:
    """Return an exception for a line of the log: `trace` = types and places, cause by cause, without words of strangers."""
    return {"trace": [_told(each) for each in _chain(error)]}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    waiting = [error]
    while waiting and len(seen) < MOST_CAUSES:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        waiting.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))


def _told(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    found: dict[str, Any] = {"exc_type": kind.__qualname__}
    if isinstance(error, OSError):
        found["exc_value"] = error.strerror or str(error)
    elif kind.__module__.startswith(OURS):
        found["exc_value"] = str(error)
    frames = list(walk_tb(error.__traceback__))[-MOST_FRAMES:]
    found["frames"] = [
        {"filename": frame.f_code.co_filename, "lineno": line, "name": frame.f_code.co_name} for frame, line in frames
    ]
    return found


def _with_traceback(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event.update(traced(error))
    return event


def _kind_alone(value: object) -> str:
    return f"<{type(value).__qualname__}>"


# ---- what libraries log ------------------------------------------------------------


class _Library(logging.Handler):
    """Logs that a library logged something, and where; its words may quote a stranger and are left out."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            error = record.exc_info[1] if record.exc_info else None
            more = traced(error) if error is not None else {}
            where = f"{record.module}:{record.funcName}:{record.lineno}"
            log = structlog.get_logger("bridge.runtime.logging")
            log.log(record.levelno, "library-said", library=record.name, where=where, **more)
        except Exception:
            LOST.inc()
