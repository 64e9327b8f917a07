"""Forgetting at a patron's request: what would go, and that it goes. For coordinators of the library whose conversations they are.

A patron who asks is answered for every conversation of their addresses, merged ones included. Those of other libraries are only
counted, since each library's coordinators decide about their own. Each conversation is an action of its own, so one that is still
open hinders no other. The answer says what was not done, with the reason.
"""

from __future__ import annotations

from bridge.contract.message import Forget
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, forbidden, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.actions import outcome
from bridge.inbox.schema import privacy
from bridge.inbox.views.access import coordinated
from bridge.sql.privacy import patron_lookup
from bridge.sql.privacy.patron_lookup import Held


async def patron_conversations(call: Call) -> privacy.PatronConversations:
    """What would be forgotten with all that is this patron's."""
    mine, elsewhere = await of_patron(call)
    made = await call.services.archive.faq.made_from([one.id for one in mine])
    return privacy.PatronConversations(
        conversations=[_shown(call, one) for one in mine],
        elsewhere=elsewhere,
        faq=[privacy.EntryMade(id=one.id, conversation=one.source, title=one.texts[0].title) for one in made],
    )


async def forget(call: Call) -> privacy.Forgot:
    """Forget this conversation, or all of its patron's."""
    asked: privacy.ForgetAsked = call.body
    if asked.everything:
        wanted, elsewhere = await of_patron(call)
    else:
        wanted, elsewhere = [await _this(call)], 0
    done = privacy.Forgot(forgotten=[], refused=[], elsewhere=elsewhere)
    for one in wanted:
        if why := await _forget(call, one, follow_up=asked.follow_ups):
            done.refused.append(privacy.NotForgotten(conversation=one.id, reason=why))
        else:
            done.forgotten.append(one.id)
    return done


async def _forget(call: Call, one: Held, *, follow_up: bool) -> str:
    """Return why a conversation was not forgotten, "" when it was."""
    deed = Forget(conversation=one.id, places=one.places, follow_up=follow_up)
    try:
        found = await outcome(call, deed, part=one.id)
    except Refusal as refusal:
        if isinstance(refusal.body, schema.Clash):
            return refusal.body.reason
        raise
    return "pending" if isinstance(found, schema.Pending) else ""


async def _this(call: Call) -> Held:
    """Return the conversation asked about. Raises Refusal 403 for one of a library that the librarian does not coordinate."""
    found = await patron_lookup.held(call.services.archive.engine, [call.id])
    it = call.state.conversations.get(call.id)
    if found:
        one = found[0]
    elif it is not None:
        one = Held(id=it.id, library=it.library, opened_at=it.opened_at, state=it.state)
    else:
        raise not_found()
    if one.library not in coordinated(call.state, call.me):
        raise forbidden("Only the coordinators of its library have a conversation forgotten.")
    return one


async def of_patron(call: Call) -> tuple[list[Held], int]:
    """Return what of the patron's the librarian decides about, and how many conversations are other libraries'.

    Raises Refusal 403 where they do not coordinate the conversation's library, 404 where it is not there.
    """
    this = await _this(call)
    found = await patron_lookup.all_of(call.services.archive.engine, this.id) or [this]
    mine = [one for one in found if one.library in coordinated(call.state, call.me)]
    return mine, len(found) - len(mine)


def _shown(call: Call, one: Held) -> privacy.PatronConversation:
    it = call.state.conversations.get(one.id)
    return privacy.PatronConversation(
        id=one.id,
        opened_at=one.opened_at,
        open=(it.state if it is not None else one.state) != "closed",
        follow_up=it is not None and bool(it.follow_up),
    )


ROUTES = (
    Route(
        "GET",
        "/conversations/{id}/patron",
        "All of this patron's conversations that I may have forgotten",
        patron_conversations,
        scope="conversation",
        gives=privacy.PatronConversations,
    ),
    Route(
        "POST",
        "/conversations/{id}/forget",
        "Forget it at its patron's request, or all that is this patron's",
        forget,
        scope="conversation",
        asks=privacy.ForgetAsked,
        gives=privacy.Forgot,
        keyed=True,
    ),
)
