"""What the core remembers: tables of immutable records, and the indexes that answer its questions without a scan.

The tables are the truth and go into snapshots; every index is a function of them, kept at each `put`, so a state loaded from its
tables is the state that was. A journal of old values lets one input be undone whole: when a rule or a fold fails,
nothing of it stays. Two things may lag on purpose and are checked when read. The heap of timers may hold a conversation too early
(never too late). The heap of what grows old may hold records that are gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

from bridge.contract.message import ChannelStatus
from routing.alike import alias_number
from routing.organisation import Library
from routing.records import (
    AnnouncementRecord,
    BlockRecord,
    Conversation,
    CoreTerm,
    DeliveryState,
    FollowUpRecord,
    Known,
    ParkedReceipt,
    QueueOrder,
    Staff,
    WaitAverage,
)
from routing.roster import Roster
from routing.waiting_list import WaitingList

DAY = 86_400_000
DELIVERY_WINDOW = 7 * DAY
DELIVERIES_KEPT = 250_000
PARKED_KEPT = 20_000
SLACK = 100  # timers set aside that may be in the heap in any case
OFFERED = -1  # the "tier" of the line of those that are offered to one librarian

K = TypeVar("K")
V = TypeVar("V")


class Table(dict[str, V], Generic[V]):
    """Records by id. `put` and `drop` remember what was there before, and keep the indexes."""

    __slots__ = ("_hook", "_journal")

    def __init__(
        self, journal: list[tuple[Table[Any], str, Any]], hook: Callable[[str, V | None, V | None], None] | None
    ) -> None:
        super().__init__()
        self._journal = journal
        self._hook = hook

    def put(self, key: str, value: V) -> None:
        """Set the record of `key`."""
        old = self.get(key)
        self._journal.append((self, key, old))
        self[key] = value
        if self._hook is not None:
            self._hook(key, old, value)

    def drop(self, key: str) -> None:
        """Forget the record of `key`, if there is one."""
        old = self.pop(key, None)
        if old is None:
            return
        self._journal.append((self, key, old))
        if self._hook is not None:
            self._hook(key, old, None)

    def load(self, records: Mapping[str, V]) -> None:
        """Take records from a snapshot, without remembering what was there; none of them may be here already."""
        self.update(records)
        if self._hook is not None:
            for key, value in records.items():
                self._hook(key, None, value)

    def unhook(self) -> None:
        """Keep no index any more."""
        self._hook = None

    def restore(self, key: str, value: V | None) -> None:
        """Set back what was here, without remembering it."""
        old = self.pop(key, None) if value is None else self.get(key)
        if value is not None:
            self[key] = value
        if self._hook is not None:
            self._hook(key, old, value)


class State:
    """Tables, indexes and the journal of one consortium."""

    TYPES: Mapping[str, type] = {
        "libraries": Library,
        "channels": ChannelStatus,
        "conversations": Conversation,
        "addresses": str,
        "staff": Staff,
        "rotations": tuple[str, ...],
        "known": Known,
        "deliveries": DeliveryState,
        "parked": ParkedReceipt,
        "follow_ups": FollowUpRecord,
        "barred": BlockRecord,
        "paces": WaitAverage,
        "term": CoreTerm,
        "queue_orders": QueueOrder,
        "announcements": AnnouncementRecord,
        "acknowledgements": int,
    }

    def __init__(self) -> None:
        journal: list[tuple[Table[Any], str, Any]] = []
        self.journal = journal
        self.libraries: Table[Library] = Table(journal, self._library_changed)
        self.channels: Table[ChannelStatus] = Table(journal, self._channel_changed)
        self.conversations: Table[Conversation] = Table(journal, self._conversation_changed)
        self.addresses: Table[str] = Table(journal, None)  # channel|address -> the conversation a message joins
        self.staff: Table[Staff] = Table(journal, self._staff_changed)
        self.rotations: Table[tuple[str, ...]] = Table(journal, None)  # queue -> whose turn, next first
        self.known: Table[Known] = Table(journal, self._known_changed)
        self.deliveries: Table[DeliveryState] = Table(journal, self._delivery_changed)
        self.parked: Table[ParkedReceipt] = Table(journal, self._parked_changed)
        self.follow_ups: Table[FollowUpRecord] = Table(journal, self._follow_up_changed)
        self.barred: Table[BlockRecord] = Table(journal, self._barred_changed)
        self.paces: Table[WaitAverage] = Table(journal, None)
        self.term: Table[CoreTerm] = Table(journal, None)
        self.queue_orders: Table[QueueOrder] = Table(journal, self._queue_order_changed)
        self.announcements: Table[AnnouncementRecord] = Table(journal, self._announcement_changed)
        self.acknowledgements: Table[int] = Table(journal, self._acknowledgement_changed)  # notice|librarian -> when
        # indexes
        self._roster: Roster | None = None
        self.channels_of: dict[str, dict[str, None]] = {}  # library -> channels whose queue is its own
        self.lines: dict[str, dict[tuple[bool, int], WaitingList]] = {}  # queue -> (live, tier) -> who waits
        self.opened: dict[str, dict[str, None]] = {}  # queue -> conversations that are not closed
        self.alike: dict[int, dict[str, None]] = {}  # `alias_number` -> conversations that are not closed
        self.mine: dict[str, dict[str, None]] = {}  # librarian -> conversations owned
        self.joined: dict[str, dict[str, None]] = {}  # librarian -> conversations of colleagues that they joined
        self.offers: dict[str, dict[str, None]] = {}  # librarian -> offered in turn
        self.handed: dict[str, dict[str, None]] = {}  # librarian or queue -> transfers offered
        self.consulted: dict[str, dict[str, None]] = {}  # `records.whom` -> conversations that they are asked about
        self.followed: dict[str, dict[str, None]] = {}  # `follow_up_keys`: library or owner -> follow-ups
        self.load: dict[tuple[str, bool], int] = {}  # (librarian, live) -> owned and offered in turn
        self.opted_in: dict[str, dict[str, None]] = {}  # queue -> librarians opted in, connected or not
        self.processes: dict[str, dict[str, None]] = {}  # process -> librarians connected through it
        self.acknowledged: dict[str, dict[str, None]] = {}  # notice to staff -> librarians who have seen it
        self.partnered: dict[str, None] = {}  # channels whose patrons are other desks' conversations
        self.calling: dict[str, None] = {}  # conversations in which a call is offered or goes on
        self.timers: list[tuple[int, str, str]] = []
        self.armed: dict[tuple[str, str], int] = {}
        self._delivered: deque[tuple[int, str]] = deque()  # in the order of their table, oldest first
        self._early: deque[tuple[int, str]] = deque()
        self._known: list[tuple[int, str]] = []
        self._counts: Table[int] = Table(journal, None)  # since this state was made: never in a snapshot

    # ---- made and remade --------------------------------------------------------------------------------------------

    @classmethod
    def fresh(cls) -> State:
        """Return the state of a desk nobody has used."""
        return cls()

    def tables(self) -> dict[str, Table[Any]]:
        """Return all tables by name, live: copy what you keep. `TYPES` tells what each holds."""
        return {name: getattr(self, name) for name in self.TYPES}

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, Any]]) -> State:
        """Return the state that these tables were taken from. A table not given is empty."""
        state = cls()
        for name, table in state.tables().items():
            table.load(tables.get(name, {}))
        return state

    def dissolve(self) -> None:
        """Be of no more use: without the hooks, which point back here, the memory of a large desk is given back at once."""
        for table in self.tables().values():
            table.unhook()

    def rollback(self, mark: int = 0) -> None:
        """Undo everything since the journal was `mark` entries long."""
        journal = self.journal
        while len(journal) > mark:
            table, key, value = journal.pop()
            table.restore(key, value)

    @property
    def erasures(self) -> int:
        """Return how many conversations were erased since this state was made: see `erasure`."""
        return self._counts.get("erasures", 0)

    def count_erasure(self) -> None:
        """Count a conversation that is erased."""
        self._counts.put("erasures", self.erasures + 1)

    @property
    def roster(self) -> Roster:
        """Return who serves where, as of the libraries' present revisions."""
        if self._roster is None:
            self._roster = Roster(self.libraries)
        return self._roster

    # ---- questions ----------------------------------------------------------------------------------------------------

    def waiting_in(self, queue: str) -> int:
        """Return how many conversations wait in `queue`."""
        return sum(len(line) for line in self.lines.get(queue, {}).values())

    def load_of(self, librarian: str, live: bool) -> int:
        """Return how many live (or slow) conversations are this librarian's or on offer to this librarian alone."""
        return self.load.get((librarian, live), 0)

    # ---- time ---------------------------------------------------------------------------------------------------------

    def arm(self, kind: str, key: str, due: int) -> None:
        """See that the timer of (kind, key) is looked at no later than `due`."""
        if not due:
            return
        known = self.armed.get((kind, key))
        if known is None or due < known:
            self.armed[kind, key] = due
            heappush(self.timers, (due, kind, key))

    def disarm(self, kind: str, key: str) -> None:
        """Set a timer aside until its record changes again.

        Its entry in the heap is skipped when its time comes. A replica, which rings nothing, would keep it for
        ever. So the heap is made again when most of it is such.
        """
        armed, timers = self.armed, self.timers
        if armed.pop((kind, key), None) is not None and len(timers) > 2 * len(armed) + SLACK:
            timers[:] = [(due, kind, key) for (kind, key), due in armed.items()]
            heapify(timers)

    def ringing(self, now: int, most: int) -> list[tuple[int, str, str]]:
        """Take up to `most` timers that stand at or before `now` off the heap; `arm` those again that have a deadline."""
        taken: list[tuple[int, str, str]] = []
        timers, armed = self.timers, self.armed
        while timers and timers[0][0] <= now and len(taken) < most:
            due, kind, key = heappop(timers)
            if armed.get((kind, key)) == due:
                del armed[kind, key]
                taken.append((due, kind, key))
        return taken

    def first_timer(self) -> int | None:
        """Return when the first timer is to be looked at."""
        timers, armed = self.timers, self.armed
        while timers and armed.get((timers[0][1], timers[0][2])) != timers[0][0]:
            heappop(timers)
        return timers[0][0] if timers else None

    def forget_old(self, now: int) -> None:
        """Drop deliveries, parked receipts and acquaintances past their time or beyond the number kept; after each step."""
        before = now - DELIVERY_WINDOW
        delivered = self._delivered
        if delivered and (delivered[0][0] <= before or len(self.deliveries) > DELIVERIES_KEPT):
            _forget(self.deliveries, delivered, before, DELIVERIES_KEPT)
        if self._early:
            _forget(self.parked, self._early, before, PARKED_KEPT)
        while self._known and self._known[0][0] <= now:
            until, key = heappop(self._known)
            known = self.known.get(key)
            if known is not None and known.until == until:
                self.known.drop(key)

    # ---- what keeps the indexes ----------------------------------------------------------------------------------------

    def _channel_changed(self, key: str, old: ChannelStatus | None, new: ChannelStatus | None) -> None:
        if old is not None:
            _take(self.channels_of, old.queue.partition("/")[0], key)
        if new is not None:
            _put(self.channels_of, new.queue.partition("/")[0], key)
        if new is not None and new.partners:
            self.partnered[key] = None
        else:
            self.partnered.pop(key, None)

    def _library_changed(self, key: str, old: Library | None, new: Library | None) -> None:
        if self._roster is not None:
            self._roster.change(key, new)

    def _conversation_changed(self, key: str, old: Conversation | None, new: Conversation | None) -> None:
        if old is None or new is None or _moved(old, new):
            if _is_open(old) is not _is_open(new):
                (_put if _is_open(new) else _take)(self.alike, alias_number(key), key)
            if old is not None:
                self._unplace(old)
            if new is not None:
                self._place(new)
        if new is not None and new.call is not None:
            self.calling[key] = None
        elif old is not None and old.call is not None:
            self.calling.pop(key, None)
        if new is None:
            self.disarm("conversation", key)
        elif old is None or old.due != new.due:
            self.arm("conversation", key, new.due)

    def _place(self, it: Conversation) -> None:
        if it.state == "closed":
            return
        _put(self.opened, it.queue, it.id)
        if it.state == "waiting":
            lines = self.lines.setdefault(it.queue, {})
            where = (it.live, OFFERED if it.offered else it.tier)
            line = lines.get(where)
            if line is None:
                line = lines[where] = WaitingList()
            line.add((it.since, it.id))
        holder = it.owner or it.offered
        if it.owner:
            _put(self.mine, it.owner, it.id)
        elif it.offered:
            _put(self.offers, it.offered, it.id)
        if holder and not it.practice:
            self.load[holder, it.live] = self.load.get((holder, it.live), 0) + 1
        for companion in it.companions:
            _put(self.joined, companion, it.id)
        if it.handover is not None:
            _put(self.handed, it.handover.librarian or it.handover.queue, it.id)
        for consult in it.consults:
            _put(self.consulted, consult.whom, it.id)

    def _unplace(self, it: Conversation) -> None:
        if it.state == "closed":
            return
        _take(self.opened, it.queue, it.id)
        if it.state == "waiting":
            where = (it.live, OFFERED if it.offered else it.tier)
            lines = self.lines[it.queue]
            lines[where].remove((it.since, it.id))
            if not lines[where]:
                del lines[where]
                if not lines:
                    del self.lines[it.queue]
        holder = it.owner or it.offered
        if it.owner:
            _take(self.mine, it.owner, it.id)
        elif it.offered:
            _take(self.offers, it.offered, it.id)
        if holder and not it.practice:
            self.load[holder, it.live] -= 1
        for companion in it.companions:
            _take(self.joined, companion, it.id)
        if it.handover is not None:
            _take(self.handed, it.handover.librarian or it.handover.queue, it.id)
        for consult in it.consults:
            _take(self.consulted, consult.whom, it.id)

    def _staff_changed(self, key: str, old: Staff | None, new: Staff | None) -> None:
        before, after = (one.queues if one is not None else () for one in (old, new))
        if before is not after:
            for queue in before:
                _take(self.opted_in, queue, key)
            for queue in after:
                _put(self.opted_in, queue, key)
        lost, found = (one.connections if one is not None else () for one in (old, new))
        if lost is not found:
            for process, _ in lost:
                _take(self.processes, process, key)
            for process, _ in found:
                _put(self.processes, process, key)
        if new is None:
            self.disarm("staff", key)
        else:
            self.arm("staff", key, staff_due(new))

    def _follow_up_changed(self, key: str, old: FollowUpRecord | None, new: FollowUpRecord | None) -> None:
        for whose in follow_up_keys(old) if old is not None else ():
            _take(self.followed, whose, key)
        if new is None:
            self.disarm("follow-up", key)
        else:
            for whose in follow_up_keys(new):
                _put(self.followed, whose, key)
            self.arm("follow-up", key, follow_up_due(new))

    def _barred_changed(self, key: str, old: BlockRecord | None, new: BlockRecord | None) -> None:
        if new is None:
            self.disarm("barred", key)
        else:
            self.arm("barred", key, new.until)

    def _queue_order_changed(self, key: str, old: QueueOrder | None, new: QueueOrder | None) -> None:
        if new is None:
            self.disarm("queue", key)
        else:
            self.arm("queue", key, new.until)

    def _announcement_changed(self, key: str, old: AnnouncementRecord | None, new: AnnouncementRecord | None) -> None:
        if new is None:
            self.disarm("notice", key)
        else:
            self.arm("notice", key, new.until)

    def _acknowledgement_changed(self, key: str, old: int | None, new: int | None) -> None:
        announcement, _, librarian = key.partition("|")
        if new is None:
            _take(self.acknowledged, announcement, librarian)
        else:
            _put(self.acknowledged, announcement, librarian)

    def _delivery_changed(self, key: str, old: DeliveryState | None, new: DeliveryState | None) -> None:
        if old is None and new is not None:
            self._delivered.append((new.at, key))
        elif new is None and self._delivered and self._delivered[-1][1] == key:
            self._delivered.pop()

    def _parked_changed(self, key: str, old: ParkedReceipt | None, new: ParkedReceipt | None) -> None:
        if new is not None:
            self._early.append((new.at, key))

    def _known_changed(self, key: str, old: Known | None, new: Known | None) -> None:
        if new is not None:
            heappush(self._known, (new.until, key))


def staff_due(one: Staff) -> int:
    """Return when something of this librarian falls due: the end of a grace, or of a rest."""
    dues = [due for due in (one.grace_until, one.rests_until) if due]
    return min(dues, default=0)


def follow_up_keys(one: FollowUpRecord) -> tuple[str, ...]:
    """Return where a follow-up is found: at its library, and at its owner."""
    return (f"library|{one.library}", f"owner|{one.owner}") if one.owner else (f"library|{one.library}",)


def follow_up_due(one: FollowUpRecord) -> int:
    """Return when to remind of a follow-up."""
    return 0 if one.reminded or one.state == "closed" else one.plan.deadline


def _is_open(it: Conversation | None) -> bool:
    return it is not None and it.state != "closed"


def _moved(old: Conversation, new: Conversation) -> bool:
    return (
        old.state != new.state
        or old.owner != new.owner
        or old.offered != new.offered
        or old.since != new.since
        or old.tier != new.tier
        or old.queue != new.queue
        or old.handover is not new.handover
        or old.companions is not new.companions
        or old.consults is not new.consults
        or old.live != new.live
    )


def _forget(table: Table[Any], order: deque[tuple[int, str]], before: int, most: int) -> None:
    """Drop from the front of `order` what came up to `before`, and what is too many; entries overtaken since are skipped."""
    while order and (order[0][0] <= before or len(table) > most):
        at, key = order.popleft()
        value = table.get(key)
        if value is not None and value.at == at:
            table.drop(key)


def _put(index: dict[K, dict[str, None]], key: K, member: str) -> None:
    index.setdefault(key, {})[member] = None


def _take(index: dict[K, dict[str, None]], key: K, member: str) -> None:
    members = index.get(key)
    if members is not None:
        members.pop(member, None)
        if not members:
            del index[key]
