"""What is said about forgetting at a patron's request and about who looked; the rest of the vocabulary is `bridge.inbox.schema`."""

from __future__ import annotations

from bridge.inbox.schema import Asked, Shown


class ForgetAsked(Asked):
    """`everything`: all that is this patron's at my library; `follow_ups`: open ones are given up with their conversations."""

    everything: bool = False
    follow_ups: bool = False


class PatronConversation(Shown):
    """A conversation as far as forgetting it goes."""

    id: str
    opened_at: int
    open: bool  # it must be ended first
    follow_up: bool  # one is open, and would be given up with it


class EntryMade(Shown):
    """An entry of the FAQ that was made from a conversation."""

    id: str
    conversation: str
    title: str


class PatronConversations(Shown):
    """All of a patron's conversations at my library; `elsewhere`: how many are other libraries'.

    `faq`: entries that were made from words of these conversations. They stay, and somebody should look them over.
    """

    conversations: list[PatronConversation]
    elsewhere: int
    faq: list[EntryMade]


class NotForgotten(Shown):
    """A conversation that was not forgotten, and why; "pending" = it will be, and has not been answered yet."""

    conversation: str
    reason: str


class Forgot(Shown):
    """What was forgotten at a patron's request, and what was not."""

    forgotten: list[str]
    refused: list[NotForgotten]
    elsewhere: int


class AuditDeed(Shown):
    """What a librarian did with a conversation: "read", "found" (in a search), "file", "recoded", "merged", "blocked" and so on."""

    at: int
    who: str
    who_name: str
    what: str
    detail: str


class Audit(Shown):
    """Who did what with a conversation, and who looked, newest first; `next` = the cursor of older ones, "" = none."""

    deeds: list[AuditDeed]
    next: str
