"""Steps that no database takes: one step that cannot be written must not stop all that come after it.

Only the content of a step can be at fault for good. A number is too large, a word is too long for an index or cannot be encoded,
or it is a bug of ours. A database that is away, full or overtaxed is waited for. A step at fault is set aside as it was
decided, for the developer who mends it. The daemon's log and a figure tell of it, and its conversation shows staff that something
is missing.
"""

from __future__ import annotations

from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from bridge.contract.message import derive
from bridge.redis.store import StoreError
from bridge.sql.transcripts.lines import STEP, TranscriptLine, concerns
from routing.events import Step
from routing.wire import encode_steps

SET_ASIDE = Counter("deskbridge_archive_set_aside", "Steps that the archive could not write", ["archive"])

_AWAY = (SQLAlchemyError, StoreError, OSError, MemoryError)
_DATA = (
    "22",
    "23",
    "54",
)  # classes of SQLSTATE: data exception, integrity constraint violation, program limit exceeded

_log = structlog.get_logger(__name__)


def at_fault(error: Exception) -> bool:
    """Whether the content failed, so that another try would fail as well."""
    if isinstance(error, DBAPIError):
        return not error.connection_invalidated and _refused(error)
    return isinstance(error, StatementError) or not isinstance(error, _AWAY)


def _refused(error: DBAPIError) -> bool:
    """Whether the database, or its driver before asking it, refused a value."""
    if isinstance(error, DataError | IntegrityError):
        return True
    found = error.orig
    return str(getattr(found, "sqlstate", "") or "")[:2] in _DATA or isinstance(
        getattr(found, "__cause__", None), ValueError
    )


def cause_of(error: Exception) -> str:
    """Return the kind of an error; never its text, in which the words lie that could not be written."""
    found = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return type(found.__cause__ or found).__name__


def rows(archive: str, step: Step, seq: int, error: Exception) -> list[dict[str, Any]]:
    """Return what is kept of a step that could not be written: a row for each conversation that it speaks of."""
    kept = {"cause": step.cause, "archive": archive, "seq": seq, "at": step.at, "error": cause_of(error)}
    return [kept | {"conversation": talk, "step": encode_steps([step])} for talk in sorted(concerns(step)) or [""]]


def lines(step: Step, seq: int) -> list[TranscriptLine]:
    """Return what staff see in the place of a step that could not be written."""
    return [
        TranscriptLine(
            id=derive("unwritten", step.cause, talk),
            conversation=talk,
            at=step.at,
            seq=seq,
            part=step.n * STEP,
            who="system",
            event="unwritten",
        )
        for talk in sorted(concerns(step))
    ]


def tell(archive: str, step: Step, seq: int, error: Exception) -> None:
    """Say that a step was set aside."""
    SET_ASIDE.labels(archive).inc()
    _log.error("step-set-aside", archive=archive, seq=seq, cause=step.cause, error=cause_of(error))
