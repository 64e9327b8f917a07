"""Conversations as only the archive holds them, for rules that read no more than a few fields."""

from __future__ import annotations

from typing import Any

from bridge.sql.transcripts.reader import ConversationSummary


def talk(**given: Any) -> ConversationSummary:
    """Return an archived conversation with these fields; the others are empty."""
    text = ("id", "library", "channel", "address", "queue_entered", "queue", "name", "contact", "language", "subject")
    empty: dict[str, Any] = dict.fromkeys((*text, "page", "previous", "state", "owner", "last_text", "last_who"), "")
    return ConversationSummary(**(empty | {"live": True, "opened_at": 0, "last_at": 0} | given))
