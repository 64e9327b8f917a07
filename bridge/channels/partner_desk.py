"""What a channel to partner deployments gets of our desk: `bridge.contract.partners.PartnerPorts`.

Our desk as a partner sees it counts our own people alone. Two desks that help each other would else be open for ever, each because
the other is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from bridge.channels.desk_status import DeskStatus, clock
from bridge.contract.adapter import Busy
from bridge.contract.partners import Colleague, LentTalk, PartnerBook, PassedLine, PeerDesk
from bridge.log.replica import Replica
from bridge.redis.store import StoreError
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.reader import Reader
from routing.access import free_capacity, serving
from routing.records import Conversation
from routing.state import State


class PartnerDesk:
    """One channel's. `caught_up` returns once this process has read all of the log that there was when it was called."""

    def __init__(
        self,
        channel: str,
        book: PartnerBook,
        *,
        replica: Replica,
        reader: Reader,
        status: DeskStatus,
        caught_up: Callable[[], Awaitable[None]],
    ) -> None:
        self.book = book
        self._channel = channel
        self._replica = replica
        self._reader = reader
        self._status = status
        self._read_up = caught_up

    @property
    def _state(self) -> State:
        return self._replica.state

    def ready(self) -> bool:
        """See `PartnerPorts`."""
        return self._replica.ready.is_set()

    def desk(self) -> PeerDesk:
        """See `PartnerPorts`."""
        state = self._state
        status = state.channels.get(self._channel)
        if not self.ready() or status is None:
            return PeerDesk()
        now = self._status.now(self._channel)
        ours = [one for one in serving(state, status.queue, clock()) if not _is_partner(state, one)]
        free = any(free_capacity(state, one, True) > 0 for one in ours)
        return PeerDesk(
            open=now.open and not now.down, staffed=bool(ours), busy=bool(ours) and not free, wait_s=now.wait_s
        )

    def colleague(self, address: str) -> Colleague | None:
        """See `PartnerPorts`."""
        state, wanted = self._state, f"{self._channel}|{address}"
        found = next((one for one in state.roster.librarians.values() if one.address == wanted and one.active), None)
        if found is None:
            return None
        staff = state.staff.get(found.id)
        queues = tuple(sorted(state.roster.serves.get(found.id, ())))
        return Colleague(librarian=found.id, queues=queues, answers=staff.queues if staff is not None else ())

    async def caught_up(self) -> None:
        """See `PartnerPorts`."""
        try:
            await self._read_up()
        except (StoreError, TimeoutError) as error:
            raise Busy(f"the log cannot be read now ({type(error).__name__})") from error

    def lent(self, conversation: str) -> LentTalk | None:
        """See `PartnerPorts`."""
        state = self._state
        it = state.conversations.get(conversation)
        if it is None:
            return None
        library = state.roster.library(it.library)
        status = state.channels.get(it.channel)
        return LentTalk(
            with_=frozenset(_with(state, it)),
            owner=it.owner,
            transfer=it.handover is not None,
            guest=it.address if status is not None and status.partners else "",
            closed=it.state == "closed",
            code=it.code,
            asked_at=it.asked_at,
            live=it.live,
            name=it.name,
            library=library.name or library.id,
            language=it.language,
            policy_url=library.policy_url,
            retention_days=library.retention_days,
        )

    async def lines(self, conversation: str, after: str) -> Sequence[PassedLine]:
        """See `PartnerPorts`."""
        await self.caught_up()
        try:
            found = await self._reader.transcript(conversation)
        except (StoreError, OSError, TimeoutError) as error:
            raise Busy(f"the transcript cannot be read now ({type(error).__name__})") from error
        state = self._state
        return [
            line
            for each in found
            if each.position > after and (line := _passed(state, each, self._channel)) is not None
        ]

    async def forgotten(self, conversations: Collection[str]) -> Collection[str]:
        """See `PartnerPorts`."""
        try:
            async with asyncio.timeout(10):
                return await self._reader.forgotten(conversations)
        except Exception as error:
            raise Busy(f"the archive cannot be asked now ({type(error).__name__})") from error


def _is_partner(state: State, librarian: str) -> bool:
    """Say whether a librarian stands for another desk."""
    return state.roster.librarians[librarian].address.partition("|")[0] in state.partnered


def _with(state: State, it: Conversation) -> set[str]:
    """Return the librarians who have a conversation, or have it on offer."""
    if it.state == "closed":
        return set()
    found = {it.owner, it.offered, *it.told, *it.companions}
    if it.handover is not None:
        queue = it.handover.queue
        found |= {it.handover.librarian} if not queue else set(state.roster.service(queue).level)
    return found - {""}


def _passed(state: State, line: TranscriptLine, channel: str) -> PassedLine | None:
    """Return a line as a partner gets it, None for what no partner gets, and for what a partner said."""
    if line.who not in ("patron", "librarian"):
        return None
    one = state.roster.librarians.get(line.author_id)
    if line.who == "librarian" and one is not None and one.address.startswith(f"{channel}|"):
        return None
    return PassedLine(
        id=line.id,
        position=line.position,
        who="patron" if line.who == "patron" else "librarian",
        text=line.text,
        at=line.at,
        author=line.author,
        files=line.attachments,
    )
