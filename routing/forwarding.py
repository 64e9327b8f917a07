"""Sending something of a conversation on to an address outside: one message with its files, or the transcript.

*Who.* Staff who answer in it or decide about it, and who may write first for its library: the address is no patron's here.
*What.* Words and files that stand in the conversation, and the librarian's own with them. Staff notes are never among them: what
leaves is put together from the patron's own view.
*What comes back.* The address proves the conversation and is marked as somebody else's. It never becomes the patron's.
*What becomes of it.* Each is in the conversation for its staff, with its outcome, and in the audit.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, Forward, is_blank
from routing.access import has_say, speaks
from routing.beginning import written
from routing.decision import Decision
from routing.deliveries import compose, sent_out, unpark
from routing.events import CopyFailed, Forwarded
from routing.recipients import hindrance, reached_out
from routing.records import ReplyRoute, at_key
from routing.refusals import held, refuse
from routing.state import State

FORWARDED = "forwarded"


def forward(decision: Decision, action: Action, deed: Forward) -> None:
    """Send a message or the transcript on, also of a conversation that has ended."""
    it = held(decision, action, deed.conversation, open_only=False)
    if it is None:
        return
    state = decision.state
    channel = state.channels.get(deed.channel)
    here = channel is not None and channel.cc and channel.queue.partition("/")[0] == it.library
    address = written(state, it.library, channel, deed.address) if channel is not None and here else ""
    why = hindrance(state, action.by, it.library, decision.at)
    if not (speaks(action.by, it) or has_say(state, action.by, it)):
        refuse(decision, action, "no-access", it)
    elif not here:
        refuse(decision, action, "cannot-begin", it)
    elif why is not None:
        refuse(decision, action, why, it)
    elif is_blank(deed.text):
        refuse(decision, action, "empty", it)
    elif not address:
        refuse(decision, action, "address-not-understood", it)
    elif at_key(deed.channel, address) in state.barred:
        refuse(decision, action, "blocked-address", it)
    else:
        plain = compose(
            decision,
            it,
            ReplyRoute(channel=deed.channel, address=address),
            "text",
            text=deed.text,
            attachments=deed.attachments,
            author=decision.shown(action.by),
            event=FORWARDED,
            title=deed.subject,
        )
        delivery = replace(plain, subject=deed.subject)
        decision.emit(Forwarded(conversation=it.id, by=action.by, delivery=delivery, what=deed.what, note=deed.note))
        unpark(decision, delivery)


# ---- fold ------------------------------------------------------------------------------------------------------------------


def forwarded(state: State, event: Forwarded, at: int) -> None:
    """Remember its delivery; the conversation stays as it was."""
    sent_out(state, event.delivery, at)
    reached_out(state, event.by, at)


def copy_failed(state: State, event: CopyFailed, at: int) -> None:
    """Keep nothing: the transcript tells it."""
