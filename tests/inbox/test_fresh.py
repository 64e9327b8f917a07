"""Zulip's rule: what a page held, and every message since, is what a fresh page fetches. For every event there is.

The log is written by the test: the real core decides each input at a time of the script's choosing. The steps are committed to a
real Redis, and pages of five librarians of two libraries hear of them over real sockets. After each line of the script every
page's rows, follow-ups and watched lines must equal what a fresh GET answers. At the end every type of event was seen.
"""

from __future__ import annotations

import copy
import secrets
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from bridge.contract.message import (
    LINK_MARK,
    Acknowledge,
    Announce,
    Begin,
    ChannelStatus,
    Deed,
    Delivery,
    EndAnnouncement,
    Erase,
    Forward,
    Give,
    OfferCall,
    OfferOwnData,
    PlaceLibrarian,
    Receipt,
    SetCall,
    SetQueue,
    SignOutLibrarian,
    Snooze,
    Wake,
)
from bridge.inbox.http.rate_limits import InboxLimits, Limit
from routing import wire
from routing.events import Event, Faulted, Step, deliveries
from routing.organisation import Librarian, Library, Queue, Team, Tier, Timers
from tests.inbox.desk import Client, Desk, Page, desk, until
from tests.routing.play import IM, MAIL, SMS, WEB, Play

PEOPLE = ("ana", "ben", "cem", "sue", "tom")

NORTH = Library(
    id="north",
    revision=1,
    name="North Library",
    queues=(
        Queue(
            id="north/ask", name="Ask", tiers=(Tier(teams=("north/desk",), after_s=40), Tier(teams=("south/night",)))
        ),
        Queue(id="north/law", name="Law", policy="longest_idle", fair_limit=1, fair_window_s=600),
    ),
    teams=(Team(id="north/desk", name="Desk", members=("ana", "ben")),),
    librarians=(
        Librarian(id="ana", name="Ana"),
        Librarian(id="ben", name="Ben", address="im|ben@im.example"),
        Librarian(id="cem", name="Cem", coordinator=True),
    ),
    timers=Timers(),
    contact_channel="mail",
)
SOUTH = Library(
    id="south",
    revision=1,
    name="South Library",
    queues=(Queue(id="south/ask", name="Ask"),),
    teams=(Team(id="south/night", name="Night", members=("sue", "tom")),),
    librarians=(Librarian(id="sue", name="Sue"), Librarian(id="tom", name="Tom")),
)
POST = msgspec.structs.replace(MAIL, answers=("mail",), cc=True)
LAW = ChannelStatus(
    channel="law", kind="webchat", queue="north/law", up=True, live=True, private=True, label="Web chat"
)

SCRIPT = """
ana comes p1.a1
ana serves north/ask
ben comes im.im|ben@im.example
ben serves north/ask
pat: Where are the maps?
pat: Of 1790, please.
ana claims pat
ana says pat: Good morning
receipt pat sent
receipt pat delivered
ana notes pat: An old friend
ana consults pat tom
ana consults pat south
ana uninvites pat tom
ana consults pat south join=1
tom joins pat
tom quits pat
ana uninvites pat south
ana consults pat tom
ana reads pat
ana identifies pat name=Jane contact=jane@example.org
ben joins pat
ben says pat: I have them here
ben quits pat
cem comes p1.c1
cem joins pat
ben joins pat
cem goes p1.c1
+31s
cem comes p1.c2
ben quits pat
ana transfers pat to ben: You know maps
ben rejects pat
ana transfers pat to south/ask: Night falls
ana releases pat
ana releases pat
pat: Hello?
+41s
sue comes p1.s1
sue serves north/ask
sue claims pat
+200s
pat leaves
pat returns
sue closes pat as=answered
sue recodes pat as=practice
sue reopens pat
sue closes pat as=answered
pat rates 2: The second one helped.
pat rates 3
pat mails hidden@example.org
receipt pat sent
receipt pat failed
pat: One more thing
+90s
ana claims pat
jo@mail subject=Loan: How long may I keep it?
ana claims jo@mail
ana merges pat jo@mail
ana unmerges pat jo@mail
ana claims jo@mail
ana closes jo@mail as=follow_up_library to=jo@example.org deadline=+2d
ana sets jo@mail open owner=ana
ana sets jo@mail closed
bulletin@mail aside=list subject=Issue12: Issue 12 is out
ana dismisses bulletin@mail
rude: Grr
ben claims rude by=im
ben blocks rude until=+1h
rude: Grr again
ben closes rude as=answered
+2h
the operator forgets rude
cem closes north/ask
cem opens it as usual
cem announces
ana has seen it
cem ends it
ana serves north/ask north/law
lex@law: A contract?
ana rejects lex@law
+31s
mo@law: Another?
+15min
ana goes p1.a1
+40s
core restarts
+1min
web down
web up
receipt-unknown
fault
library
kim: Still open?
ana comes p2.a1
ana claims kim
cem comes p2.c3
cem joins kim
cem lets ana serve
cem hands kim over
cem offers to meet kim
kim came to meet
the meeting is over
kim is offered their own data
cem says kim: Ask again when you have read it
cem snoozes kim
cem wakes kim
cem writes first
cem sends it on
a copy fails
cem signs ana out
ana comes p2.a2
ana goes p2.a1
+31s
+26h
+15d
""".strip().splitlines()


class Scripted:
    """The core's part, played by the test: decides at the script's time and commits."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.play = Play(NORTH, SOUTH, channels=(WEB, SMS, POST, IM, LAW))
        self.seen: set[type] = set()
        self._token = secrets.token_hex(8)
        self._epoch = secrets.token_hex(6)
        self._written = 0
        self._seq = 0

    async def begin(self) -> None:
        """Take the lease and write what made the desk."""
        assert await self.desk.services.store.take(self._token, 600_000)
        await self.write()

    def _order(self, line: str) -> bool:
        """Let a coordinator order something, where the line says so."""
        notice = next(iter(self.play.state.announcements), "")
        orders: dict[str, tuple[str, Deed]] = {
            "cem closes north/ask": ("cem", SetQueue(queue="north/ask", opening="closed", notice="Fire drill.")),
            "cem opens it as usual": ("cem", SetQueue(queue="north/ask", opening="usual")),
            "cem announces": ("cem", Announce(text="Tea.", until=self.play.now + 3_600_000, library="north")),
            "ana has seen it": ("ana", Acknowledge(announcement=notice)),
            "cem ends it": ("cem", EndAnnouncement(announcement=notice)),
            "cem lets ana serve": ("cem", PlaceLibrarian(librarian="ana", queues=("north/ask",))),
            "cem hands kim over": ("cem", Give(conversation=self._id("kim"), librarian="cem")),
            "cem offers to meet kim": (
                "cem",
                OfferCall(
                    conversation=self._id("kim"), call="a-call", kinds=("meeting",), link="https://meet.example/x"
                ),
            ),
            "kim came to meet": ("cem", SetCall(conversation=self._id("kim"), call="a-call", to="accepted")),
            "the meeting is over": ("cem", SetCall(conversation=self._id("kim"), call="a-call", to="ended")),
            "kim is offered their own data": (
                "cem",
                OfferOwnData(conversation=self._id("kim"), link=f"https://desk.example/own-data/{LINK_MARK}"),
            ),
            "cem snoozes kim": ("cem", Snooze(conversation=self._id("kim"), why="patron")),
            "cem wakes kim": ("cem", Wake(conversation=self._id("kim"))),
            "cem writes first": (
                "cem",
                Begin(channel="mail", address="may@example.org", text="Hello", subject="Hi", cc=("joe@example.org",)),
            ),
            "cem sends it on": (
                "cem",
                Forward(
                    conversation=self._id("kim"), channel="mail", address="x@example.org", what="message", text="So"
                ),
            ),
            "cem signs ana out": ("cem", SignOutLibrarian(librarian="ana")),
        }
        if line == "a copy fails":
            delivery = self.play.last_delivery("may@example.org@mail")
            self.play.give(Receipt(delivery=delivery, stage="failed", copy="joe@example.org"))
            return True
        if line in orders:
            self.play.act(*orders[line])
        return line in orders

    def _id(self, patron: str) -> str:
        return self.play.state.addresses.get(f"web|{patron}", "")

    async def line(self, line: str) -> None:
        """Play one line and commit what it brought about."""
        if self._order(line):
            return await self.write()
        given = {"core restarts": "p1 restarts"}.get(line, line)
        match given:
            case "web down" | "web up":
                self.play.give(
                    msgspec.structs.replace(WEB, up=given == "web up", reason="" if given == "web up" else "cut")
                )
            case "the operator forgets rude":
                self.play.give(Erase(id="an-order", conversation=self.play.id_of("rude")))
            case "receipt-unknown":
                self.play.give(Receipt(delivery="nobody-knows-this-one", stage="sent"))
            case "fault":
                self.play.log.append(Step(cause="a-bug", at=self.play.now, events=(Faulted(input="x", error="a bug"),)))
            case "library":
                self.play.give(msgspec.structs.replace(NORTH, revision=2, name="North Bank Library"))
            case _:
                self.play.script(f"> {given}")
        return await self.write()

    async def write(self) -> None:
        """Commit what is not written yet, one entry a step."""
        store = self.desk.services.store
        for step in self.play.log[self._written :]:
            self._seq += 1
            self.seen |= {type(event) for event in step.events}
            out: list[Delivery] = deliveries(step)
            payloads = [(each.channel, wire.encode(each)) for each in out]
            await store.commit(self._token, self._epoch, self._seq, "0-0", wire.encode_steps([step]), payloads)
        self._written = len(self.play.log)
        await until(lambda: self.desk.services.replica.position.seq == self._seq, "the replica follows")

    @property
    def position(self) -> str:
        """The last entry written."""
        return f"{self._epoch}:{self._seq}"


class Onlooker:
    """One librarian's page: fetched once, then kept by what it hears."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name
        self.page: Page
        self.rows: dict[str, Any] = {}
        self.follow_ups: dict[str, Any] = {}
        self.resets = 0

    async def open(self) -> None:
        """Fetch, then listen from what was fetched."""
        position = await self.fetch()
        self.page = await self.client.live(position)
        self.page.rows, self.page.position = dict(self.rows), position

    async def fetch(self) -> str:
        """Fetch everything; return the position of what came first."""
        position, self.rows = "", {}
        for view in ("waiting", "mine", "open", "closed", "aside"):
            status, page = await self.client.get(f"/conversations?view={view}")
            assert status == 200, page
            position = position or page["position"]
            self.rows |= {row["id"]: row for row in page["rows"]}
        status, found = await self.client.get("/organisation")
        assert status == 200, found
        self.organisation = shown_of(found)
        _, found = await self.client.get("/follow-ups")
        self.follow_ups = {each["id"]: each for each in found["follow_ups"]}
        return position

    async def hear(self, position: str) -> None:
        """Listen until a position; a reset means fetching afresh, as a page does."""
        wanted = int(position.rpartition(":")[2])
        while int(self.page.position.rpartition(":")[2]) < wanted:
            message = await self.page.next()
            if message["t"] == "followups":
                self.held |= {each["id"]: each for each in message["upsert"]}
                for gone in message["remove"]:
                    self.held.pop(gone, None)
            if message["t"] == "organisation":
                people, channels = self.seen
                people |= {each["id"]: each["present"] for each in message["people"]}
                channels |= {each["channel"]: each for each in message["channels"]}
            if message["t"] == "reset":
                self.resets += 1
                await self.fetch()
                self.page.rows = dict(self.rows)
                self.held = dict(self.follow_ups)
                self.seen = copy.deepcopy(self.organisation)

    held: dict[str, Any]
    organisation: tuple[dict[str, bool], dict[str, Any]]
    seen: tuple[dict[str, bool], dict[str, Any]]

    async def compare(self, line: str) -> None:
        """Fetch afresh and compare with what was kept."""
        await self.fetch()
        assert self.page.rows == self.rows, (self.name, line)
        assert self.held == self.follow_ups, (self.name, line)
        assert self.seen == self.organisation, (self.name, line)
        seen = (self.rows, self.follow_ups, self.page.lines, self.page.heard)
        assert "hidden@" not in repr(seen), "where a patron has the transcript mailed is for nobody at the desk"


def shown_of(organisation: dict[str, Any]) -> tuple[dict[str, bool], dict[str, Any]]:
    """Return what of an organisation changes from one moment to the next: who is there, and the channels."""
    people = {each["id"]: each["present"] for each in organisation["librarians"]}
    return people, {each["channel"]: each for each in organisation["channels"]}


def _generous() -> InboxLimits:
    limits = InboxLimits()
    limits.reads = Limit(1_000, 100_000)
    return limits


async def _lines(onlooker: Onlooker, conversation: str) -> dict[str, Any]:
    _, view = await onlooker.client.get(f"/conversations/{conversation}")
    return {line["id"]: line for line in view["lines"]}


@pytest.mark.timeout(300)
async def test_what_was_held_and_what_was_heard_is_what_is_fetched(tmp_path: Path) -> None:
    async with desk(tmp_path, scripted=True, limits=_generous()) as running:
        script = Scripted(running)
        await script.begin()
        for name, library in (("ana", "north"), ("ben", "north"), ("cem", "north"), ("sue", "south"), ("tom", "south")):
            await running.services.archive.accounts.add(name, name, library)
        async with (
            running.client() as a,
            running.client() as b,
            running.client() as c,
            running.client() as d,
            running.client() as e,
        ):
            clients = dict(zip(PEOPLE, (a, b, c, d, e), strict=True))
            onlookers = [Onlooker(await clients[name].enter(name), name) for name in PEOPLE]
            await _play(running, script, onlookers)
            for each in onlookers:
                await each.page.close()
        missing = set(get_args(Event)) - script.seen
        assert not missing, sorted(kind.__name__ for kind in missing)


async def _watch(running: Desk, onlooker: Onlooker, conversation: str, position: str) -> None:
    """Fetch a conversation's lines and listen for more, as a page does that opens it."""
    onlooker.page.lines = await _lines(onlooker, conversation)
    if conversation in running.services.replica.state.conversations:
        await onlooker.page.say(t="watch", conversation=conversation, position=position)
        live = running.inbox.consortia[0].live
        await until(lambda: live.viewing(conversation, "nobody"), "it is shown as being viewed")


async def _play(running: Desk, script: Scripted, onlookers: list[Onlooker]) -> None:
    for each in onlookers:
        await each.open()
        each.held = dict(each.follow_ups)
        each.seen = copy.deepcopy(each.organisation)
    watched = ""
    for line in SCRIPT:
        await script.line(line)
        for each in onlookers:
            await each.hear(script.position)
            await each.compare(line)
        ana = onlookers[0]
        if not watched and line.startswith("pat:"):
            watched = script.play.id_of("pat")
            await _watch(running, ana, watched, script.position)
        if watched and any(message["t"] == "reset" for message in ana.page.heard):
            ana.page.heard.clear()
            await _watch(running, ana, watched, script.position)
        if watched and watched in running.services.replica.state.conversations:
            assert ana.page.lines == await _lines(ana, watched), line
