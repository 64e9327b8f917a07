"""Every table that interprets events handles each event there is, or names it among those that it leaves out.

`sql/transcripts/write_batch` has no table of its own: it writes what `lines` and `conversation_rows` say.
"""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from bridge.contract.message import Delivery, Message
from bridge.inbox.live import log_changes
from bridge.log import tail
from bridge.sql.transcripts import conversation_rows, lines
from routing.events import Event

EVENTS: frozenset[type] = frozenset(get_args(Event))


def named(event: type) -> bool:
    """Say whether an event names a message or a delivery."""
    hints = get_type_hints(event)
    kinds = {kind for hint in hints.values() for kind in (hint, *get_args(hint))}
    return bool(kinds & {Message, Delivery}) or bool(hints.keys() & {"message", "delivery", "network_id"})


TABLES: dict[str, tuple[set[type], set[type], frozenset[type]]] = {
    "sql/transcripts/lines": (set(lines._TELL), set(lines.NO_LINE), EVENTS),
    "sql/transcripts/conversation_rows": (set(conversation_rows._ENTER), set(conversation_rows.NO_ROW), EVENTS),
    "inbox/live/log_changes": ({*log_changes._TAKE, *log_changes._ROW}, set(log_changes.NO_CHANGE), EVENTS),
    "log/tail": (set(tail._NAME), set(tail.UNNAMED), frozenset(filter(named, EVENTS))),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_events_is_complete(name: str) -> None:
    handled, left_out, wanted = TABLES[name]
    assert not _names(wanted - handled - left_out), "neither handled nor left out"
    assert not _names(handled & left_out), "left out, and handled"
    assert not _names((handled | left_out) - wanted), "no such event"


def _names(events: set[type] | frozenset[type]) -> list[str]:
    return sorted(event.__name__ for event in events)
