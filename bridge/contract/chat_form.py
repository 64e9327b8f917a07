"""What a library asks and offers beside the messages of a chat: its own questions, the queue, an invitation.

A channel with a page of its own (web chat) is told of these in `ChannelDesk`; others have no place for them.
"""

from __future__ import annotations

from bridge.contract.message import Wire

MOST_FIELDS = 6
LONGEST_ANSWER = 500  # characters


class FormField(Wire):
    """A question of the library's own before the first message. `choices` () = free text. `key` stays when the label changes."""

    key: str
    label: str
    choices: tuple[str, ...] = ()
    required: bool = False


class ChatInvitation(Wire):
    """When the chat's button invites a visitor by itself: after `after_s` seconds on a page (0 = never).

    `pages`: paths, `*` for any letters, as `/catalogue/*`; () = every page. `text`: what it says, "" = the widget's own words.
    """

    after_s: int = 0
    pages: tuple[str, ...] = ()
    text: str = ""


class QueueOffer(Wire):
    """A queue that patrons may choose, and its state in the words of `ChannelDesk.state`."""

    id: str
    name: str
    state: str = ""
