"""A desk played through as a script of lines: `>` is what people do, `<` is what must happen, exactly and in order.

    > ana comes                         a connection; `ana comes p2.c7` names process and connection
    > ana serves north/ask live=1       opts in (`ana serves nothing` = away)
    > pat: Hello                        a patron writes by web; `pat@sms: Hi`, `pat@mail subject=Loan: Hi` by other channels
    < opened; received; queued; offered to=ana
    > ana claims pat                    also accepts, rejects, releases, joins, quits, reads, reopens, withdraws (a transfer)
    < claimed how=claim; noticed event=greeting
    > ana says pat: Good morning        `> ana says pat via=sms|pat: ...`
    > pat rates 3: Thank you            a patron's rating
    > pat ends                          a patron ends the chat
    > pat mails me@example.org          a patron has the transcript mailed
    > +150s                             time passes, the clock ticks at each deadline
    < reminded what=remind

After every input the invariants are checked, and the state folded from the written steps is compared with the live one. Each
action must have exactly one answer.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from bridge.contract.message import (
    Accept,
    Action,
    Block,
    ChannelStatus,
    Claim,
    Close,
    Consult,
    Deed,
    Dismiss,
    EndConsult,
    FollowUpPlan,
    Forget,
    Identify,
    Join,
    Leave,
    MarkRead,
    Merge,
    Message,
    Note,
    PatronSign,
    Presence,
    ProcessGone,
    QuestionTaken,
    Rating,
    Receipt,
    Recode,
    Reject,
    Release,
    Reopen,
    Say,
    SetAvailability,
    SetFollowUp,
    Snooze,
    Started,
    Tick,
    TranscriptWish,
    Transfer,
    Unblock,
    Unmerge,
    Wake,
    message_id,
    rating_id,
    transcript_id,
)
from routing import core, wire
from routing.events import Event, Faulted, Input, Opened, Step, answer
from routing.invariants import invariants
from routing.organisation import Librarian, Library, Queue, Team, Tier
from routing.records import Conversation, at_key
from routing.state import State

BEGIN = 1_700_000_000_000
UNITS = {"s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}

WEB = ChannelStatus(channel="web", kind="webchat", queue="north/ask", up=True, live=True, marks=True)
SMS = ChannelStatus(channel="sms", kind="sms", queue="north/ask", up=True)
MAIL = ChannelStatus(channel="mail", kind="email", queue="north/ask", up=True, threads=True, transcripts=True)
IM = ChannelStatus(channel="im", kind="xmpp", queue="north/ask", up=True, live=True, staff=True)


def north(**changes: Any) -> Library:
    """A library with three librarians and two queues that offer to all."""
    given: dict[str, Any] = {
        "id": "north",
        "revision": 1,
        "name": "North Library",
        "queues": (Queue(id="north/ask", name="Ask"), Queue(id="north/law", name="Law")),
        "librarians": tuple(Librarian(id=name, name=name.title()) for name in ("ana", "ben", "cem")),
        "contact_channel": "mail",
    }
    return Library(**(given | changes))


def assigning(policy: str = "longest_idle", **changes: Any) -> Library:
    """The same library with an Ask queue that assigns at once, without asking."""
    given: dict[str, Any] = {"id": "north/ask", "name": "Ask", "policy": policy, "offer_s": 0}
    queue = Queue(**(given | changes))
    return north(queues=(queue, Queue(id="north/law", name="Law", policy=queue.policy, offer_s=0)))


def cooperative(**changes: Any) -> tuple[Library, Library]:
    """North asks its own team first, then the cooperative at South, after 40 s."""
    team = Team(id="north/desk", name="Desk", members=("ana", "ben"))
    away = Team(id="south/night", name="Night", members=("sue", "tom"))
    tiers = (Tier(teams=("north/desk",), after_s=40), Tier(teams=("south/night",), after_s=120))
    queue = Queue(**({"id": "north/ask", "name": "Ask", "tiers": tiers} | changes))
    south = Library(
        id="south",
        revision=1,
        name="South Library",
        teams=(away,),
        librarians=(Librarian(id="sue", name="Sue"), Librarian(id="tom", name="Tom")),
    )
    return north(queues=(queue,), teams=(team,)), south


def tables(state: State) -> dict[str, dict[str, Any]]:
    """Everything that a snapshot would hold."""
    return {name: dict(table) for name, table in state.tables().items()}


def _questions(text: str) -> tuple[QuestionTaken, ...]:
    """Return the questions in a script's word such as `reference:3,directional:`."""
    found = [one.partition(":") for one in text.split(",") if one]
    return tuple(msgspec.convert({"kind": kind, "read": int(read or 0)}, QuestionTaken) for kind, _, read in found)


class Play:
    """A desk, its clock, and the log of what happened."""

    def __init__(self, *libraries: Library, channels: tuple[ChannelStatus, ...] = (WEB, SMS, MAIL, IM)) -> None:
        self.state = State.fresh()
        self.shadow = State.fresh()
        self.now = BEGIN
        self.log: list[Step] = []
        self.events: list[Event] = []
        self._n = 0
        self._named: dict[str, str] = {}
        given: tuple[Input, ...] = (*channels, *(libraries or (north(),)))
        for one in given:
            self.give(one)
        self.events.clear()

    # ---- giving inputs -----------------------------------------------------------------------------------------------

    def give(self, given: Input) -> Step:
        """Hand one input in and check everything that must hold."""
        self._n += 1
        given = wire.decode_input(wire.encode(given))
        step = core.step(self.state, given, wire.cause(given, f"{self.now}-{self._n}", 0), self.now)
        written = wire.decode_steps(wire.encode_steps([step]))
        assert written == [step]
        for one in written:
            core.apply(self.shadow, one)
        assert invariants(self.state) == [], f"{invariants(self.state)} after {given}"
        assert tables(self.shadow) == tables(self.state)
        assert self.state.journal == []
        if isinstance(given, Action):
            found = answer(step)
            assert found is not None
            assert core.answers(found, given)
        self.log.append(step)
        self.events.extend(step.events)
        self._named.update({f"{e.address}@{e.channel}": e.conversation for e in step.events if isinstance(e, Opened)})
        return step

    def act(self, by: str, deed: Deed, via: str = "inbox") -> Step:
        """Let a librarian do something."""
        return self.give(Action(id=f"action-{self._n}", by=by, deed=deed, via=via))

    def write(self, who: str, text: str, **more: Any) -> Step:
        """Let a patron write; `who` may be `name@channel`."""
        sender, at, channel = who.rpartition("@")
        sender, channel = (sender, channel) if at else (who, "web")
        source = str(self._n)
        return self.give(
            Message(
                id=message_id(channel, sender, source), channel=channel, sender=sender, source=source, text=text, **more
            )
        )

    def rate(self, who: str, score: int, comment: str = "") -> Step:
        """Let a patron say whether it helped."""
        sender, at, channel = who.rpartition("@")
        sender, channel = (sender, channel) if at else (who, "web")
        source = str(self._n)
        id = rating_id(channel, sender, source)
        return self.give(Rating(id=id, channel=channel, sender=sender, source=source, score=score, comment=comment))

    def mail(self, who: str, address: str) -> Step:
        """Let a patron have the transcript mailed."""
        sender, at, channel = who.rpartition("@")
        sender, channel = (sender, channel) if at else (who, "web")
        source = str(self._n)
        id = transcript_id(channel, sender, source)
        return self.give(TranscriptWish(id=id, channel=channel, sender=sender, source=source, address=address))

    def wait(self, ms: int) -> None:
        """Let time pass, ticking at each deadline."""
        end = self.now + ms
        ticks = 0
        while (due := core.next_deadline(self.state)) is not None and due <= end:
            self.now = max(self.now, due)
            self.give(Tick())
            ticks += 1
            assert ticks < 10_000, "the clock runs in circles"
        self.now = end

    # ---- looking -------------------------------------------------------------------------------------------------------

    def id_of(self, who: str) -> str:
        """Return the id of a patron's latest conversation."""
        sender, at, channel = who.rpartition("@")
        sender, channel = (sender, channel) if at else (who, "web")
        known = self.state.addresses.get(at_key(channel, sender))
        return known or self._named.get(f"{sender}@{channel}", who)

    def of(self, who: str) -> Conversation:
        """Return a patron's latest conversation."""
        return self.state.conversations[self.id_of(who)]

    def owner(self, who: str) -> str:
        """Return who has it, or to whom it is offered in turn."""
        it = self.of(who)
        return it.owner or it.offered

    def drop(self) -> list[Event]:
        """Return what happened since the last look."""
        seen, self.events = self.events, []
        return seen

    # ---- the script ----------------------------------------------------------------------------------------------------

    def script(self, text: str) -> Play:
        """Play the lines."""
        self.drop()
        for number, raw in enumerate(text.strip().splitlines(), 1):
            line = raw.split("  #")[0].strip()
            if line.startswith(">"):
                self._send(line[1:].strip())
            elif line.startswith("<"):
                self._expect(line[1:].strip(), f"line {number}: {line}")
            else:
                assert not line, f"neither > nor <: {line}"
        return self

    def _send(self, line: str) -> None:
        if line.startswith("+"):
            self.wait(milliseconds(line[1:]))
            return
        self.now += 1
        head, colon, text = line.partition(": ")
        words, options = split(head)
        if colon and len(words) == 1:
            self.write(words[0], text, **patron_options(options))
        else:
            self._do(words, options, text)

    def _do(self, words: list[str], options: dict[str, str], text: str) -> None:
        who, verb, *rest = words
        if verb in ("comes", "goes"):
            process, _, connection = (rest[0] if rest else "p1.c1").partition(".")
            self.give(Presence(process=process, connection=connection, librarian=who, up=verb == "comes"))
        elif verb == "dies":
            self.give(ProcessGone(process=who))
        elif verb == "restarts":
            self.give(Started(process="p1"))
        elif verb in ("leaves", "returns"):
            sender, _, channel = who.partition("@")
            self.give(PatronSign(channel=channel or "web", sender=sender, here=verb == "returns"))
        elif verb == "ends":
            self.give(PatronSign(channel="web", sender=who, here=True, ended=True))
        elif verb == "rates":
            self.rate(who, int(rest[0]), text)
        elif verb == "mails":
            self.mail(who, rest[0])
        elif who == "receipt":
            self.give(Receipt(delivery=self.last_delivery(verb), stage=rest[0], reason=options.get("reason", "")))  # type: ignore[arg-type] # the script names a stage
        else:
            self.act(who, self._deed(verb, rest, options, text), via=options.get("by", "inbox"))

    def last_delivery(self, who: str) -> str:
        """Return the id of the last delivery of a patron's conversation."""
        name = self.id_of(who)
        return [key for key, one in self.state.deliveries.items() if one.conversation == name][-1]

    def _deed(self, verb: str, rest: list[str], options: dict[str, str], text: str) -> Deed:
        if verb == "serves":
            queues = tuple(queue for queue in rest if queue != "nothing")
            return SetAvailability(queues=queues, live=int(options.get("live", 0)), slow=int(options.get("slow", 0)))
        if verb == "unblocks":
            return Unblock(channel=rest[0], address=rest[1])
        it = self.id_of(rest[0])
        if verb == "sets":
            return SetFollowUp(
                follow_up=self.state.conversations[it].follow_up if it in self.state.conversations else it,
                state=rest[1],  # type: ignore[arg-type] # the script names a state
                owner=options.get("owner", ""),
                deadline=self.time(options.get("deadline", "")),
                address=options.get("address", ""),
            )
        if verb in ("closes", "recodes"):
            return self._closing(verb, it, options)
        simple: dict[str, type[Any]] = {
            "claims": Claim,
            "accepts": Accept,
            "rejects": Reject,
            "releases": Release,
            "joins": Join,
            "quits": Leave,
            "wakes": Wake,
            "reopens": Reopen,
            "dismisses": Dismiss,
            "forgets": Forget,
        }
        if verb in simple:
            deed: Deed = simple[verb](conversation=it)
            return deed
        if verb == "transfers":
            kind = "queue" if "/" in rest[2] else "librarian"
            return Transfer(conversation=it, note=text, **{kind: rest[2]})
        if verb in ("consults", "uninvites"):
            kind = "queue" if "/" in rest[1] else "library" if rest[1] in self.state.libraries else "librarian"
            named: dict[str, Any] = {kind: rest[1]}
            if verb == "uninvites":
                return EndConsult(conversation=it, **named)
            return Consult(conversation=it, join=bool(options.get("join")), **named)
        others: dict[str, Any] = {
            "snoozes": lambda: Snooze(
                conversation=it,
                why=rest[1],  # type: ignore[arg-type] # the script names a reason
                until=self.time(options.get("until", "")),
            ),
            "withdraws": lambda: Release(conversation=it, transfer=True),
            "says": lambda: Say(conversation=it, text=text, via=options.get("via", "")),
            "notes": lambda: Note(conversation=it, text=text),
            "reads": lambda: MarkRead(conversation=it, message=self.state.conversations[it].last_message),
            "blocks": lambda: Block(conversation=it, until=self.time(options.get("until", ""))),
            "identifies": lambda: Identify(
                conversation=it, name=options.get("name", ""), contact=options.get("contact", "")
            ),
            "merges": lambda: Merge(conversation=it, other=self.id_of(rest[1])),
            "unmerges": lambda: Unmerge(conversation=it, other=self.id_of(rest[1])),
        }
        made: Deed = others[verb]()
        return made

    def _closing(self, verb: str, it: str, options: dict[str, str]) -> Deed:
        descriptive = tuple(one for one in options.get("about", "").split(",") if one)
        scale = int(options.get("read", 0))
        questions = _questions(options.get("questions", ""))
        plan = None
        if "to" in options or "deadline" in options:
            plan = FollowUpPlan(address=options.get("to", ""), deadline=self.time(options.get("deadline", "")))
        if verb == "recodes":
            code = options["as"]
            return Recode(
                conversation=it,
                code=code,
                descriptive=descriptive,
                read_scale=scale,
                follow_up=plan,
                questions=questions,
            )
        return Close(
            conversation=it,
            code=options.get("as", ""),
            follow_up=plan,
            descriptive=descriptive,
            read_scale=scale,
            questions=questions,
        )

    def closing(self, who: str, code: str, address: str) -> Close:
        """Return the end of a conversation as a follow-up to an address that a script cannot hold."""
        return Close(conversation=self.id_of(who), code=code, follow_up=FollowUpPlan(address=address))

    def time(self, words: str) -> int:
        """Return ms for `+2d` (from now), 0 for nothing."""
        return self.now + milliseconds(words.lstrip("+")) if words else 0

    def _expect(self, line: str, where: str) -> None:
        happened = self.drop()
        shown = "; ".join(describe(event) for event in happened)
        wanted = [one.strip() for one in line.split(";")] if line != "nothing" else []
        assert len(wanted) == len(happened), f"{where}\n     was: {shown}"
        for one, event in zip(wanted, happened, strict=True):
            tag, *pairs = one.split(" ")
            assert tag == tag_of(event), f"{where}\n     was: {shown}"
            for pair in pairs:
                key, _, value = pair.partition("=")
                found = self._value(event, key)
                assert found == value, f"{where}: {key} is {found}\n     was: {shown}"

    def _value(self, event: Event, key: str) -> str:
        value: Any = getattr(event, key, None)
        if value is None:
            value = getattr(getattr(event, "delivery", None), key, None)
        if key == "conversation":
            return next((name.removesuffix("@web") for name, it in self._named.items() if it == value), str(value))
        if isinstance(value, tuple):
            return ",".join(str(one) for one in value)
        return str(value).replace(" ", "_")

    def faults(self) -> list[Event]:
        """Return every fault so far."""
        return [event for step in self.log for event in step.events if isinstance(event, Faulted)]


def tag_of(event: Event) -> str:
    """Return an event's name on the wire."""
    return str(type(event).__struct_config__.tag)


def describe(event: Event) -> str:
    """Return an event in a few words."""
    keys = ("by", "to", "reason", "how", "what", "queue", "tier", "code", "holder", "gone", "stage", "error")
    shown = [f"{key}={getattr(event, key)}" for key in keys if getattr(event, key, "")]
    delivery = getattr(event, "delivery", None)
    if delivery is not None and not isinstance(delivery, str):
        shown.append(f"[{delivery.kind} {delivery.event} to {delivery.channel}|{delivery.to}]")
    return " ".join([tag_of(event), *shown])


def milliseconds(words: str) -> int:
    """Return ms for `40s`, `4min`, `24h`, `14d`, or several of them joined by `+`."""
    total = 0
    for part in words.split("+"):
        match = re.fullmatch(r"(\d+)(s|min|h|d)", part.strip())
        assert match, f"no span of time: {part}"
        total += int(match[1]) * UNITS[match[2]]
    return total


def split(head: str) -> tuple[list[str], dict[str, str]]:
    """Return the plain words of a line and its `key=value` options."""
    words = [word for word in head.split() if "=" not in word]
    return words, dict(word.split("=", 1) for word in head.split() if "=" in word)


def patron_options(options: dict[str, str]) -> dict[str, Any]:
    """Return a message's fields from a line's options."""
    more: dict[str, Any] = dict(options)
    if "later" in more:
        more["later"] = True
    if "marks" in more:
        more["marks"] = tuple(more["marks"].split(","))
    return more
