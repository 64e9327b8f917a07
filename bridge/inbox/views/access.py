"""Who may see which conversation and edit which library.

Access to transcripts is per library (ALA, RUSA). Those who work for the patron's library, as its own or as guests, see its
conversations. An administrator edits every library, and reads the transcripts of those that they work for. Others see one

- while it waits at a tier of theirs, or a transfer asks them,
- when they had it, while they are in it beside its owner, and while its follow-up is theirs,
- while it is open and they are asked about it (a consultation that nobody took back).

That is narrower than the core's `visible` (all who serve the queue). It is never narrower than the right to claim: no waiting
conversation is hidden from an eligible librarian.

For what the core has forgotten, the archive decides alike: the library's members, the last owner, and the librarian who answered
first. What a librarian had before they moved to another library stays with the library that they worked for then. A conversation
that one may not see looks like one that does not exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Literal

from bridge.inbox.http.responses import Refusal, forbidden, not_found, wrong_role
from bridge.inbox.services import InboxServices
from bridge.redis.store import StoreError
from bridge.sql.people.accounts import Session
from bridge.sql.transcripts.reader import ConversationSummary
from routing.access import (
    active,
    administers,
    answers_later,
    asked,
    at_home,
    consulted,
    coordinates,
    eligible,
    had_since,
    helper_of,
    listed,
    visible,
)
from routing.practice_queue import is_practice, real_library, trainees
from routing.records import Conversation
from routing.state import State

Access = Literal["anyone", "counter", "staff", "coordinator", "administrator"]

HEARD_LOOKS = 100
HEARD_S = 0.01


def libraries_of(state: State, librarian: str) -> list[str]:
    """Return the libraries that a librarian works for, home first, then those that list them as a guest."""
    return list(state.roster.works.get(librarian, ()))


def coordinated(state: State, librarian: str) -> list[str]:
    """Return the libraries whose organisation a librarian may edit."""
    if administers(state, librarian):
        return list(state.roster.libraries)
    return [library for library in libraries_of(state, librarian) if coordinates(state, librarian, library)]


def works_here(state: State, librarian: str) -> bool:
    """Say whether a library lists somebody now; a desk that knows nobody at all has not heard of its libraries yet."""
    return listed(state, librarian) or not state.roster.librarians


def sees(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may see a conversation that the core holds."""
    if not visible(state, librarian, it):
        return False
    return (
        librarian in (it.owner, it.offered, helper_of(state, it), *it.companions)
        or at_home(state, librarian, it)
        or eligible(state, librarian, it)
        or asked(state, librarian, it)
        or consulted(state, librarian, it)
        or answers_later(state, librarian, it)
    )


def may_see_archived(state: State, librarian: str, talk: ConversationSummary) -> bool:
    """Say whether a librarian may see a conversation that only the archive holds; practice: who practised, and coordinators."""
    if changes_archived(state, librarian, talk):
        return True
    return talk.answered_by == librarian and had_since(state, librarian, talk.first_answer_at or 0)


def changes_archived(state: State, librarian: str, talk: ConversationSummary) -> bool:
    """Say whether a librarian decides about a conversation that only the archive holds: its library's staff, who had it last."""
    if is_practice(talk.queue):
        return librarian in trainees(talk.queue) or coordinates(state, librarian, real_library(talk.library))
    if talk.library in libraries_of(state, librarian):
        return True
    return librarian in (talk.owner, talk.closed_by) and had_since(state, librarian, talk.closed_at or talk.last_at)


async def check_say(services: InboxServices, librarian: str, conversation: str) -> None:
    """Refuse (403) to change a conversation that only the archive holds and that the librarian does not decide about."""
    if conversation in services.replica.state.conversations:
        return  # the core decides
    talk = await services.reader.conversation(conversation)
    if talk is not None and not changes_archived(services.replica.state, librarian, talk):
        raise forbidden("Only the library whose conversation it is, and who had it last, may change it.")


async def heard_all(services: InboxServices) -> None:
    """Wait, a second at most, until this process has read the log as far as it goes now.

    A page may know from another host what this one has not read yet. Nothing is waited for while the store is away.
    """
    with suppress(StoreError):
        seq = (await services.store.head()).seq
        for _ in range(HEARD_LOOKS):
            if services.replica.position.seq >= seq:
                return
            await asyncio.sleep(HEARD_S)


async def check_conversation(services: InboxServices, me: str, conversation: str) -> None:
    """Raise Refusal (404) where a librarian may not see a conversation, once all that was decided before is known here."""
    try:
        await _check_conversation(services, me, conversation)
    except Refusal:
        await heard_all(services)
        await _check_conversation(services, me, conversation)


async def _check_conversation(services: InboxServices, librarian: str, conversation: str) -> None:
    """Refuse (404) a conversation that does not exist or that the librarian may not see."""
    state = services.replica.state
    it = state.conversations.get(conversation)
    if it is not None:
        if not sees(state, librarian, it):
            raise not_found()
        return
    talk = await services.reader.conversation(conversation) if len(conversation) <= 64 else None
    if talk is None or not may_see_archived(state, librarian, talk):
        raise not_found()


def check_library(services: InboxServices, librarian: str, library: str) -> None:
    """Refuse (404) a library that the librarian does not coordinate."""
    state = services.replica.state
    if library not in state.roster.libraries or not coordinates(state, librarian, library):
        raise not_found()


def second_factor_due(state: State, session: Session, required: Collection[str]) -> Literal["", "asked", "to-add"]:
    """Say whether a session must show a second factor first, or its librarian must add one because of their role.

    A service that signs people in asks for what it wants itself.
    """
    if session.second == "asked":
        return "asked"
    if session.second == "shown" or session.way in ("provider", "proxy"):
        return ""
    one = state.roster.librarians.get(session.librarian)
    return "to-add" if one is not None and one.role in required else ""


def check_role(state: State, librarian: str, access: Access) -> None:
    """Refuse (403) somebody whose role has no access to such a route."""
    if access in ("anyone", "counter"):
        return
    if listed(state, librarian) and not active(state, librarian):
        raise wrong_role("You may only count; that is for librarians.")
    if access == "coordinator" and not coordinated(state, librarian):
        raise wrong_role("Only a library's coordinator may do that.")
    if access == "administrator" and not administers(state, librarian):
        raise wrong_role("Only an administrator may do that.")
