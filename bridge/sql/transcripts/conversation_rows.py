"""What a batch of steps means for the tables beside the transcript: conversations, hops, follow-ups, merges, audit.

Events are folded per conversation first, so that a batch costs one statement a table and not one an event. Of two conversations
that are merged, parted and merged again the last word counts: partings are written first, then the merges still standing. A
conversation is credited honestly: the queue it entered, every hop, and the queue and librarian that gave the first human answer.
Who joined and left it is a hop too, and owns nothing; so are the tiers asked as well, and that the patron left and came back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Table, and_, bindparam, case, delete, func, null, update
from sqlalchemy.sql.dml import Delete, Update

from bridge.contract.message import derive
from bridge.sql import tables
from bridge.sql.rows import dump
from routing import events as ev
from routing.practice_queue import practice_library

Rows = list[dict[str, Any]]

_SET = (
    "queue",
    "state",
    "owner",
    "name",
    "contact",
    "language",
    "last_at",
    "last_text",
    "last_who",
    "closed_at",
    "closed_by",
    "code",
    "by_default",
    "descriptive",
    "read_scale",
    "reference",
    "questions",
    "rating",
    "rated_at",
    "rating_comment",
)
_FIRST = ("claimed_at", "first_answer_at", "answered_by", "answered_queue")
_TO = {name: f"to_{name}" for name in _SET + _FIRST}
_NOTHING = dict.fromkeys(("talk", *_TO.values()))

LAST_TEXT = 200
BEGUN = "begun"  # the reason of the first hop of a conversation that a librarian began


class ConversationRows:
    """Collects the rows of one batch."""

    def __init__(self) -> None:
        self._tables: dict[str, Rows] = {name: [] for name in ("conversation", "hop", "follow_up", "audit", "mention")}
        self._changes: dict[str, dict[str, Any]] = {}
        self._merges: dict[tuple[str, str], dict[str, Any]] = {}
        self._partings: dict[tuple[str, str], None] = {}
        self._follow_ups: Rows = []
        self._at = 0
        self._cause = ""
        self._part = 0

    def enter(self, step: ev.Step) -> None:
        """Take one step in."""
        self._at, self._cause = step.at, step.cause
        for part, event in enumerate(step.events):
            enter = _ENTER.get(type(event))
            if enter is not None:
                self._part = part
                enter(self, event)

    def removals(self) -> Iterator[tuple[str, Delete, Rows]]:
        """Yield what goes before anything is added, each statement with a name."""
        if self._partings:
            yield "unmerge", _UNMERGE, [{"talk": talk, "with": other} for talk, other in self._partings]

    def inserts(self) -> Iterator[tuple[Table, Rows]]:
        """Yield what is new, table by table."""
        for name, rows in self._tables.items():
            if rows:
                yield tables.metadata.tables[name], rows
        if self._merges:
            yield tables.merge, list(self._merges.values())

    def updates(self) -> Iterator[tuple[str, Update, Iterable[dict[str, Any]]]]:
        """Yield what changes rows that stand, each statement with a name."""
        yield "conversation-changes", _CONVERSATION, (_full(talk, found) for talk, found in self._changes.items())
        yield "follow-up-changes", _FOLLOW_UP, self._follow_ups

    # ---- one event each ----

    def _set(self, talk: str, **values: Any) -> None:
        self._changes.setdefault(talk, {}).update(values)

    def _first(self, talk: str, **values: Any) -> None:
        known = self._changes.setdefault(talk, {})
        for name, value in values.items():
            known.setdefault(name, value)

    def _touch(self, talk: str) -> None:
        """Something of the patron's is written again, so it is to be forgotten again (bridge/sql/privacy/retention.py)."""
        self._changes.setdefault(talk, {})

    def _last(self, talk: str, who: str, text: str) -> None:
        self._set(talk, last_at=self._at, last_who=who, last_text=text[:LAST_TEXT])

    def _hop(self, talk: str, kind: str, *, queue: str = "", librarian: str = "", reason: str = "") -> None:
        row = derive("hop", self._cause, str(self._part))
        self._tables["hop"].append(
            {"id": row, "conversation": talk, "at": self._at, "kind": kind, "queue": queue}
            | {"librarian": librarian, "reason": reason}
        )

    def _audit(self, talk: str, who: str, what: str, detail: str = "") -> None:
        row = {"id": derive("audit", self._cause, str(self._part)), "at": self._at, "who": who, "what": what}
        self._tables["audit"].append(row | {"conversation": talk, "detail": detail})

    def _opened(self, event: ev.Opened) -> None:
        row = {
            "id": event.conversation,
            "library": practice_library(event.library) if event.practice else event.library,
            "channel": event.channel,
            "address": event.address,
            "live": event.live,
            "queue_entered": event.queue,
            "queue": event.queue,
            "name": event.name,
            "contact": event.contact,
            "language": event.language,
            "subject": event.subject,
            "page": event.page,
            "answers": dump(event.answers) if event.answers else "",
            "previous": event.previous,
            "state": "waiting",
            "owner": "",
            "opened_at": self._at,
            "last_at": self._at,
            "last_text": "",
            "last_who": "",
            "indexed": True,  # its facts are written with it
        }
        self._tables["conversation"].append(row)
        self._hop(
            event.conversation, "entered", queue=event.queue, librarian=event.by, reason=BEGUN if event.by else ""
        )
        if event.by:
            self._audit(event.conversation, event.by, "begun", event.channel)

    def _received(self, event: ev.Received) -> None:
        self._last(event.conversation, "patron", event.files or event.message.text)
        for name in ("name", "contact"):
            if getattr(event.message, name):
                self._set(event.conversation, **{name: getattr(event.message, name)})

    def _forwarded(self, event: ev.Forwarded) -> None:
        self._touch(event.conversation)
        self._audit(event.conversation, event.by, f"forwarded-{event.what}", event.delivery.to)

    def _queued(self, event: ev.Queued) -> None:
        self._set(event.conversation, state="waiting", owner="", queue=event.queue)
        self._hop(event.conversation, "queued", queue=event.queue, reason=event.reason)

    def _tier_opened(self, event: ev.TierOpened) -> None:
        self._hop(event.conversation, "tier", reason=str(event.tier))

    def _patron_gone(self, event: ev.PatronGone) -> None:
        """Only what was seen is written: a silence alone is not a patron who left."""
        if not event.guessed:
            self._hop(event.conversation, "gone" if event.gone else "back")

    def _claimed(self, event: ev.Claimed) -> None:
        self._set(event.conversation, state="active", owner=event.by)
        self._first(event.conversation, claimed_at=self._at)
        self._hop(event.conversation, "claimed", librarian=event.by, reason=event.how)

    def _joined(self, event: ev.Joined) -> None:
        self._hop(event.conversation, "joined", librarian=event.by)

    def _left(self, event: ev.LeftConversation) -> None:
        self._hop(event.conversation, "left", librarian=event.by, reason=event.reason)

    def _said(self, event: ev.Said) -> None:
        self._last(event.conversation, "librarian", event.files or event.delivery.text)
        queue = self._changes.get(event.conversation, {}).get("queue")
        self._first(event.conversation, first_answer_at=self._at, answered_by=event.by, answered_queue=queue)

    def _closed(self, event: ev.Closed) -> None:
        self._set(event.conversation, state="closed", owner=event.by, closed_at=self._at, closed_by=event.by)
        self._code(event)
        self._set(event.conversation, by_default=event.by_default)
        self._hop(event.conversation, "closed", librarian=event.by, reason=event.code)
        if event.by:
            self._audit(event.conversation, event.by, "closed", event.code)

    def _code(self, event: ev.Closed | ev.Recoded) -> None:
        self._set(
            event.conversation,
            code=event.code,
            descriptive=dump(event.descriptive),
            read_scale=event.read_scale,
            reference=event.reference,
            questions=dump(event.questions),
        )

    def _recoded(self, event: ev.Recoded) -> None:
        self._code(event)
        self._set(event.conversation, by_default=False)
        self._audit(event.conversation, event.by, "recoded", f"{event.before} -> {event.code}")

    def _rated(self, event: ev.Rated) -> None:
        self._set(event.conversation, rating=event.score, rated_at=self._at, rating_comment=event.comment)

    def _reopened(self, event: ev.Reopened) -> None:
        self._set(event.conversation, state="active" if event.by else "waiting")
        self._hop(event.conversation, "reopened", librarian=event.by)

    def _dismissed(self, event: ev.Dismissed) -> None:
        self._hop(event.conversation, "dismissed", librarian=event.by)
        self._audit(event.conversation, event.by, "dismissed")

    def _identified(self, event: ev.Identified) -> None:
        for name in ("name", "contact", "language"):
            if getattr(event, name):
                self._set(event.conversation, **{name: getattr(event, name)})
        if event.by:  # what the patron says of themselves is in the transcript
            self._audit(event.conversation, event.by, "identified", _named(event))

    def _transferred(self, event: ev.TransferOffered) -> None:
        self._audit(event.conversation, event.by, "transferred", event.librarian or event.queue)

    def _consulted(self, event: ev.Consulted) -> None:
        what = "invited" if event.join else "consulted"
        self._audit(event.conversation, event.by, what, event.librarian or event.queue or event.library)

    def _consult_ended(self, event: ev.ConsultEnded) -> None:
        self._audit(event.conversation, event.by, "consult-ended", event.librarian or event.queue or event.library)

    def _snoozed(self, event: ev.Snoozed) -> None:
        self._audit(event.conversation, event.by, "snoozed", f"{event.why} {event.until}")

    def _woken(self, event: ev.Woken) -> None:
        if event.by:
            self._audit(event.conversation, event.by, "woken")

    def _handed_over(self, event: ev.HandedOver) -> None:
        held = "held" if event.before else "waiting"
        self._hop(event.conversation, "handed-over", librarian=event.librarian, reason=held)
        self._audit(event.conversation, event.by, "given", event.librarian)

    def _queue_set(self, event: ev.QueueSet) -> None:
        library = event.queue.partition("/")[0]
        self._audit(desk_of(library), event.by, f"queue-{event.opening}", f"{event.queue} {event.until}")

    def _placed(self, event: ev.LibrarianPlaced) -> None:
        self._audit(desk_of(event.library), event.by, "placed", " ".join((event.librarian, *event.queues)))

    def _sessions_ended(self, event: ev.SessionsEnded) -> None:
        self._audit(desk_of(event.library), event.by, "signed-out", event.librarian)

    def _announced(self, event: ev.Announced) -> None:
        self._audit(desk_of(event.library), event.by, "announced", event.text)

    def _announcement_ended(self, event: ev.AnnouncementEnded) -> None:
        if event.by:
            self._audit(desk_of(event.library), event.by, "announcement-ended", event.id)

    def _unblocked(self, event: ev.Unblocked) -> None:
        if event.by:
            self._audit(event.conversation, event.by, "unblocked", event.channel)

    def _merged(self, event: ev.Merged) -> None:
        row = {"conversation": event.conversation, "other": event.other, "by": event.by, "at": self._at}
        self._merges[event.conversation, event.other] = row
        self._audit(event.conversation, event.by, "merged", event.other)

    def _unmerge(self, event: ev.Unmerged) -> None:
        for pair in ((event.conversation, event.other), (event.other, event.conversation)):
            self._merges.pop(pair, None)
            self._partings[pair] = None
        self._audit(event.conversation, event.by, "unmerged", event.other)

    def _erased(self, event: ev.Erased) -> None:
        self._audit(event.conversation, event.by, "forgotten")

    def _own_data_offered(self, event: ev.OwnDataOffered) -> None:
        self._touch(event.conversation)
        self._audit(event.conversation, event.by, "own-data-offered")

    def _noted(self, event: ev.Noted) -> None:
        self._touch(event.conversation)
        row = {"line": event.id, "conversation": event.conversation, "by": event.by, "at": self._at}
        named = [one for one in dict.fromkeys(event.mentions) if one != event.by]
        self._tables["mention"] += [{"librarian": one} | row for one in named]

    def _blocked(self, event: ev.Blocked) -> None:
        self._touch(event.conversation)
        self._audit(event.conversation, event.by, "blocked", event.reason)

    def _follow_up_opened(self, event: ev.FollowUpOpened) -> None:
        self._touch(event.conversation)
        row = {
            "id": event.id,
            "conversation": event.conversation,
            "library": event.library,
            "state": event.state or ("open" if event.owner else "new"),
            "owner": event.owner,
            "name": event.name,
            "address": event.plan.address,
            "deadline": event.plan.deadline,
            "question": event.plan.question,
            "opened_at": self._at,
            "changed_at": self._at,
            "changed_by": event.owner,
            "outcome": "",
        }
        self._tables["follow_up"].append(row)

    def _follow_up_changed(self, event: ev.FollowUpChanged) -> None:
        self._touch(event.conversation)
        values = {"id": event.id, "state": event.state, "owner": event.owner, "deadline": event.deadline}
        values |= {"address": event.address, "at": self._at, "by": event.by, "outcome": event.outcome}
        if event.by:
            self._audit(event.conversation, event.by, "follow-up", f"{event.state} {event.outcome}".strip())
        self._follow_ups.append({f"to_{name}": value for name, value in values.items()})


_ENTER: dict[type[ev.Event], Callable[..., None]] = {
    ev.Opened: ConversationRows._opened,
    ev.Received: ConversationRows._received,
    ev.Queued: ConversationRows._queued,
    ev.TierOpened: ConversationRows._tier_opened,
    ev.PatronGone: ConversationRows._patron_gone,
    ev.Claimed: ConversationRows._claimed,
    ev.Joined: ConversationRows._joined,
    ev.LeftConversation: ConversationRows._left,
    ev.Said: ConversationRows._said,
    ev.Closed: ConversationRows._closed,
    ev.Recoded: ConversationRows._recoded,
    ev.Rated: ConversationRows._rated,
    ev.Reopened: ConversationRows._reopened,
    ev.Dismissed: ConversationRows._dismissed,
    ev.Identified: ConversationRows._identified,
    ev.Merged: ConversationRows._merged,
    ev.Unmerged: ConversationRows._unmerge,
    ev.FollowUpOpened: ConversationRows._follow_up_opened,
    ev.FollowUpChanged: ConversationRows._follow_up_changed,
    ev.Forwarded: ConversationRows._forwarded,
    ev.Noted: ConversationRows._noted,
    ev.Blocked: ConversationRows._blocked,
    ev.Erased: ConversationRows._erased,
    ev.OwnDataOffered: ConversationRows._own_data_offered,
    ev.TransferOffered: ConversationRows._transferred,
    ev.Consulted: ConversationRows._consulted,
    ev.ConsultEnded: ConversationRows._consult_ended,
    ev.Snoozed: ConversationRows._snoozed,
    ev.Woken: ConversationRows._woken,
    ev.Unblocked: ConversationRows._unblocked,
    ev.HandedOver: ConversationRows._handed_over,
    ev.QueueSet: ConversationRows._queue_set,
    ev.LibrarianPlaced: ConversationRows._placed,
    ev.SessionsEnded: ConversationRows._sessions_ended,
    ev.Announced: ConversationRows._announced,
    ev.AnnouncementEnded: ConversationRows._announcement_ended,
}

# Events that change no row beside the transcript.
NO_ROW: frozenset[type] = frozenset(
    {
        *(ev.Noticed, ev.ReadUpTo, ev.Progressed, ev.Reminded, ev.TranscriptMailed),  # their lines say all
        *(ev.CopyFailed, ev.CallOffered, ev.CallAccepted, ev.CallEnded),  # so do theirs
        *(ev.OfferRejected, ev.Released, ev.TransferEnded),  # the Queued or Claimed that follows is the hop
        *(ev.Turned, ev.Offered, ev.Revoked, ev.Relayed, ev.Parked),  # between the desk and one librarian, or nobody
        ev.Forgotten,  # by the core alone: the archive keeps it
        *(ev.Connected, ev.Disconnected, ev.Left, ev.AvailabilitySet, ev.Rested, ev.Acknowledged),  # people
        *(ev.ChannelChanged, ev.LibraryChanged, ev.TookOver),  # the desk
        *(ev.Refused, ev.Done, ev.Faulted),  # nothing changed
    }
)


def desk_of(library: str) -> str:
    """Return what the audit names in place of a conversation, where something was done with a library's desk, or with all ("")."""
    return f"desk/{library}"


def _named(event: ev.Identified) -> str:
    """Return what of a patron was written down, never the words: an audit outlives them."""
    return " ".join(name for name in ("name", "contact") if getattr(event, name))


def _full(talk: str, values: dict[str, Any]) -> dict[str, Any]:
    return _NOTHING | {"talk": talk} | {_TO[name]: value for name, value in values.items()}


_c = tables.conversation.c
_f = tables.follow_up.c

# The queue that answered is the one that held the conversation when the first answer came.
_answered_queue = case(
    (
        and_(_c.first_answer_at.is_(None), bindparam("to_first_answer_at", type_=_c.first_answer_at.type).is_not(None)),
        func.coalesce(bindparam("to_answered_queue", type_=_c.queue.type), _c.queue),
    ),
    else_=_c.answered_queue,
)

# With a code all codes are said again: None is then "not said", and replaces what was said before.
_reference = case(
    (bindparam("to_code", type_=_c.code.type).is_not(None), bindparam("to_reference", type_=_c.reference.type)),
    else_=_c.reference,
)

# A value that is None leaves the column as it is; the "first" columns keep what they hold.
_CONVERSATION = (
    update(tables.conversation)
    .where(_c.id == bindparam("talk"))
    .values(
        {name: func.coalesce(bindparam(f"to_{name}", type_=_c[name].type), _c[name]) for name in _SET}
        | {name: func.coalesce(_c[name], bindparam(f"to_{name}", type_=_c[name].type)) for name in _FIRST[:3]}
        | {"answered_queue": _answered_queue, "reference": _reference, "forgotten_at": null()}
    )
)

_FOLLOW_UP = (
    update(tables.follow_up)
    .where(_f.id == bindparam("to_id"))
    .values(
        state=bindparam("to_state"),
        owner=bindparam("to_owner"),
        deadline=func.coalesce(func.nullif(bindparam("to_deadline"), 0), _f.deadline),
        address=func.coalesce(func.nullif(bindparam("to_address"), ""), _f.address),
        changed_at=bindparam("to_at"),
        changed_by=bindparam("to_by"),
        outcome=bindparam("to_outcome"),
    )
)

_UNMERGE = delete(tables.merge).where(
    and_(tables.merge.c.conversation == bindparam("talk"), tables.merge.c.other == bindparam("with"))
)
