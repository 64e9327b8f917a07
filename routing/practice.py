"""Practice: what the channels of kind `practice` bring is practice from birth, and stays apart from real questions.

*From birth.* The flag comes from the channel (`ChannelStatus.practice`), never from a closing code. Such a conversation waits in a
queue of its own (`practice_queue`), which names those who practise. Nobody else is asked.
*Seen* by those who practise and by the coordinators of the library, who may whisper: a note is for staff alone.
*Apart.* It isn't transferred, given, merged or shown to colleagues outside. It counts in nobody's load, in no queue's usual wait
and in nobody's turn. It doesn't need opting in, so practising makes nobody available to patrons.
*Nothing leaves.* Its answers go to the practice channel alone, whatever address was left. Messengers of librarians aren't told.
*Seven days.* The core forgets it a week after its end at the latest, and the archive too.
"""

from __future__ import annotations

from bridge.contract.message import (
    Action,
    Consult,
    Forward,
    Give,
    Merge,
    Message,
    OfferCall,
    Transfer,
    Unmerge,
)
from routing.practice_queue import is_practice, practice_queue
from routing.records import Conversation
from routing.state import State

APART = (Consult, Forward, Merge, OfferCall, Unmerge)


def leads_out(state: State, action: Action) -> Conversation | None:
    """Return the practice conversation that an action would mix with the desk's real work, None for any other action."""
    deed = action.deed
    it = state.conversations.get(getattr(deed, "conversation", ""))
    if isinstance(deed, Merge) and (it is None or not it.practice):
        it = state.conversations.get(deed.other)
    if it is None or not it.practice:
        return None
    if isinstance(deed, APART):
        return it
    if isinstance(deed, Transfer | Give):
        return None if deed.librarian in state.roster.service(it.queue).level else it
    return None


def queue_of(state: State, message: Message) -> str:
    """Return the queue of practice that a message names, else one of its library in which nobody practises."""
    if is_practice(message.queue) and message.queue not in state.roster.services:
        return message.queue
    channel = state.channels.get(message.channel)
    usual = channel.queue if channel is not None and channel.queue else state.roster.any_queue()
    return practice_queue(usual.partition("/")[0], ())
