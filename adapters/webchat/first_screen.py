"""The words that the chat may say before the patron has written anything. The page fetches them first; the others follow."""

from __future__ import annotations

FIRST_SCREEN = frozenset(
    {
        "title",
        "close",
        "menu",
        "log",
        "here",
        "away",
        "allBusy",
        "closed",
        "connecting",
        "loading",
        "intro",
        "introAway",
        "introClosed",
        "opens",
        "privacy",
        "privacyClosed",
        "privacyNotice",
        "publicComputers",
        "previews",
        "message",
        "question",
        "send",
        "leave",
        "attach",
        "who",
        "whoName",
        "offline",
        "back",
        "down",
        "behind",
    }
)
