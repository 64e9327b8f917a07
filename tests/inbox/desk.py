"""A whole desk for the inbox's tests: a real Redis, the core, the archive, the web application on a real port.

Patrons are messages handed in at the inlet; librarians are HTTP clients and sockets with cookies of their own.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import ClientWebSocketResponse
from yarl import URL

from bridge.app.http import Server, application
from bridge.channels.desk_status import DeskStatus
from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.signals import SignalBoard
from bridge.contract.message import ChannelStatus, Message, Rating, Receipt, derive, message_id, rating_id
from bridge.core.lease import TTL_MS
from bridge.core.runner import CoreRunner
from bridge.files.blobs import FileBlobs
from bridge.hours.worker import HoursWorker
from bridge.inbox.app import Inbox
from bridge.inbox.services import ChannelFacts, InboxServices
from bridge.log.follower import Follower
from bridge.log.lease_watch import LeaseWatch
from bridge.log.releases import Releases
from bridge.log.replica import Replica
from bridge.log.ring_watch import RingWatch
from bridge.log.store_watch import StoreWatch
from bridge.portal.routes import Portal, PortalDesk
from bridge.privacy.own_data.links import OwnDataLinks
from bridge.privacy.own_data.pages import OwnDataDoor
from bridge.privacy.own_data.source import OwnDataSource
from bridge.push.sending import PushSender
from bridge.push.server_key import ServerKey
from bridge.push.team_webhook import TeamWebhooks
from bridge.push.worker import PushWorker
from bridge.redis.store import Store
from bridge.runtime.health import DaemonHealth
from bridge.sql.archive import Archive
from bridge.sql.people.calendar import Calendar
from bridge.sql.privacy.own_data import OwnDataReader
from bridge.sql.privacy.own_data_grants import OwnDataGrants
from routing.organisation import Librarian, Library, Queue, Script, Team, Tier
from tests.peers.redis import RedisServer

DEADLINE = 30.0
PASSWORD = "correct horse battery"

_numbers = itertools.count()


def north() -> Library:
    """The library most tests work at: Ana and Ben, and Cora who coordinates."""
    return Library(
        id="north",
        revision=0,
        name="North Library",
        queues=(Queue(id="north/reference", name="Reference", tiers=(Tier(teams=("north/desk",)),)),),
        teams=(Team(id="north/desk", name="Desk", members=("ana", "ben", "cora")),),
        librarians=(
            Librarian(id="ana", name="Ana Alves", shown="Ana"),
            Librarian(id="ben", name="Ben Berg", shown="Ben"),
            Librarian(id="cora", name="Cora Cruz", shown="Cora", coordinator=True),
        ),
        scripts=(Script(key="hours", title="Hours", text="We are open until six."),),
        descriptive=("catalogue", "loans"),
        policy_page="# North\nBring your card.",
    )


def south() -> Library:
    """Another library, whose Dora has nothing to do with north; Eve coordinates it."""
    return Library(
        id="south",
        revision=0,
        name="South Library",
        queues=(Queue(id="south/reference", name="Reference", tiers=(Tier(teams=("south/desk",)),)),),
        teams=(Team(id="south/desk", name="Desk", members=("dora", "eve")),),
        librarians=(Librarian(id="dora", name="Dora Dahl"), Librarian(id="eve", name="Eve Ek", coordinator=True)),
    )


async def until(true: Callable[[], Any], what: str = "") -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + DEADLINE
    while not (found := true()):
        if time.monotonic() > end:
            raise AssertionError(f"did not come true in {DEADLINE} s: {what}")
        await asyncio.sleep(0.01)
    return found


class Desk:
    """One running desk."""

    def __init__(
        self, services: InboxServices, url: str, server: RedisServer, inbox: Inbox, data: Path, stop: Callable[[], Any]
    ) -> None:
        self.services = services
        self.stop = stop
        self.url = url
        self.server = server
        self.inbox = inbox
        self.data = data

    async def patron(self, sender: str, text: str, *, channel: str = "web", source: str = "", **more: Any) -> str:
        """Let a patron write; return the conversation it joined, once this process knows."""
        source = source or secrets.token_hex(6)
        id = message_id(channel, sender, source)
        message = Message(id=id, channel=channel, sender=sender, source=source, text=text, **more)
        await self.services.gathering.ingest([message])
        state = self.services.replica.state

        def joined() -> str:
            conversation = state_now().addresses.get(f"{channel}|{sender}", "")
            it = state_now().conversations.get(conversation)
            return conversation if it is not None and it.last_message == id else ""

        def state_now() -> Any:
            return self.services.replica.state

        assert state is not None
        return str(await until(joined, "the message arrives"))

    async def aside(self, sender: str, text: str, why: str = "list", **more: Any) -> str:
        """Let a mail come in that is set aside; return its conversation, once this process knows."""
        id = message_id("mail", sender, text)
        message = Message(id=id, channel="mail", sender=sender, source=text, text=text, aside=why, **more)
        await self.services.gathering.ingest([message])
        found = derive("conversation", id)
        return str(await until(lambda: found if found in self.services.replica.state.conversations else "", "the mail"))

    async def rate(self, sender: str, score: int, comment: str = "", *, channel: str = "web") -> None:
        """Let a patron say whether it helped."""
        source = secrets.token_hex(6)
        id = rating_id(channel, sender, source)
        rating = Rating(id=id, channel=channel, sender=sender, source=source, score=score, comment=comment)
        await self.services.gathering.ingest([rating])

    async def receipt(self, delivery: str, stage: Any, reason: str = "") -> None:
        """Report how far a delivery came, as its channel would."""
        await self.services.gathering.ingest([Receipt(delivery=delivery, stage=stage, reason=reason)])

    @asynccontextmanager
    async def other_process(self) -> AsyncIterator[Desk]:
        """Serve the same desk at another port, by an inbox that has heard nothing yet."""
        inbox = Inbox([self.services])
        web = Server(application(health=DaemonHealth(), inbox=inbox), "127.0.0.1:0")
        await web.start()
        try:
            yield Desk(self.services, web.url, self.server, inbox, self.data, web.stop)
        finally:
            await web.stop()

    def client(self) -> Client:
        """A browser that nobody has signed in with."""
        return Client(self)


class Client:
    """One browser of one librarian."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.csrf = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.session.close()

    async def sign_in(self, name: str, password: str = PASSWORD) -> Self:
        """Sign in and keep the token."""
        status, me = await self.post("/login", {"name": name, "password": password}, key="")
        assert status == 200, me
        self.csrf = me["csrf"]
        return self

    async def enter(self, name: str) -> Self:
        """Come with a session that exists already (signing in is limited, and has tests of its own)."""
        token, self.csrf = await self.desk.services.archive.accounts.open_session(name)
        self.session.cookie_jar.update_cookies({"deskbridge": token}, URL(self.desk.url))
        return self

    def headers(self, key: str = "") -> dict[str, str]:
        """What our page sends with a write."""
        found = {"X-Deskbridge": self.csrf or "1", "Origin": self.desk.url}
        return found | ({"Idempotency-Key": key} if key else {})

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Make one request below /api/v1; return its status and JSON."""
        async with self.session.request(method, f"{self.desk.url}/api/v1{path}", json=body, **more) as response:
            raw = await response.read()
            return response.status, (await response.json() if raw else None)

    async def get(self, path: str) -> tuple[int, Any]:
        """GET something."""
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> tuple[int, Any]:
        """POST something, with a fresh key unless one is given."""
        key = f"key-{next(_numbers):08d}-{secrets.token_hex(4)}" if key is None else key
        return await self.call("POST", path, body, headers=self.headers(key))

    async def put(self, path: str, body: Any, *, key: str = "") -> tuple[int, Any]:
        """PUT something."""
        return await self.call("PUT", path, body, headers=self.headers(key))

    async def deed(self, conversation: str, verb: str, body: Any = None) -> dict[str, Any]:
        """Do something with a conversation and expect that it is done."""
        status, found = await self.post(f"/conversations/{conversation}/{verb}", body)
        assert status == 200, (verb, status, found)
        return dict(found)

    async def rows(self, view: str) -> list[dict[str, Any]]:
        """Return a whole list, page by page."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            status, page = await self.get(f"/conversations?view={view}&cursor={cursor}")
            assert status == 200, page
            rows += page["rows"]
            cursor = page["next"]
            if not cursor:
                return rows

    async def live(self, after: str = "") -> Page:
        """Open the live socket."""
        socket = await self.session.ws_connect(
            f"{self.desk.url}/api/v1/live?after={after}", headers={"Origin": self.desk.url}
        )
        return Page(socket)


class Page:
    """A live socket, and a page that applies what it hears."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.rows: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, dict[str, Any]] = {}
        self.position = ""
        self.heard: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """Hear one message, apply it, and answer a ping."""
        async with asyncio.timeout(DEADLINE):
            message = dict(await self.socket.receive_json())
        self.apply(message)
        if message["t"] == "ping":
            await self.socket.send_json({"t": "pong", "at": message["at"]})
        return message

    def apply(self, message: dict[str, Any]) -> None:
        """Work one message into what the page holds."""
        self.heard.append(message)
        if message["t"] == "rows":
            self.rows |= {row["id"]: row for row in message["upsert"]}
            for gone in message["remove"]:
                self.rows.pop(gone, None)
        if message["t"] == "lines":
            self.lines |= {line["id"]: line for line in message["lines"]}
        if "position" in message and message["t"] not in ("hello", "up"):
            self.position = message["position"]

    async def until(self, true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Hear messages until one is as wanted. Pings come for ever: so it has an end of its own, and says what was heard."""
        with_all = len(self.heard)
        try:
            async with asyncio.timeout(DEADLINE):
                while not true(message := await self.next()):
                    pass
        except TimeoutError:
            heard = [each for each in self.heard[with_all:] if each["t"] != "ping"]
            raise AssertionError(f"not heard in {DEADLINE} s; heard was {heard}") from None
        return message

    async def up_to(self, position: str) -> None:
        """Hear messages until the page has reached a position."""
        wanted = int(position.rpartition(":")[2])
        while not self.position or int(self.position.rpartition(":")[2]) < wanted:
            await self.next()

    async def say(self, **message: Any) -> None:
        """Say something."""
        await self.socket.send_json(message)

    async def close(self) -> None:
        """Close the socket."""
        await self.socket.close()


@asynccontextmanager
async def desk(
    data: Path, *, pages: Path | None = None, scripted: bool = False, archive_url: str = "", **more: Any
) -> AsyncIterator[Desk]:
    """Run a desk with two libraries, everybody's accounts, and a web and a mail channel.

    `scripted`: no core runs and no library is known; the test writes the log itself.
    """
    async with AsyncExitStack() as stack:
        server = stack.enter_context(RedisServer(maxmemory="256mb", maxmemory_policy="noeviction"))
        store = await Store.open(server.url, f"inbox{next(_numbers)}", patience=2.0)
        stack.push_async_callback(store.close)
        archive = await Archive.open(archive_url or f"sqlite:///{data / 'archive.sqlite'}")
        stack.push_async_callback(archive.close)
        services, running = await _services(store, archive, data, more, scripted)
        tasks = [asyncio.create_task(run()) for run in running]
        stack.push_async_callback(_ended, tasks)
        await (services.replica.ready.wait() if scripted else _furnish(services))
        inbox = Inbox([services])
        portal = Portal(
            [PortalDesk(state=lambda: services.replica.state, desk=DeskStatus(services.replica).now, chats=())]
        )
        app = application(
            health=DaemonHealth(),
            inbox=inbox,
            inbox_pages=pages,
            portal=portal,
            proxies=("10.0.0.0/8",),
            sign_on=services.sign_on,
        )
        web = Server(app, "127.0.0.1:0")
        await web.start()
        stack.push_async_callback(web.stop)
        yield Desk(services, web.url, server, inbox, data, web.stop)


def _health() -> DaemonHealth:
    """Return the health of a daemon whose parts are well."""
    health = DaemonHealth()
    for name in ("redis main", "core main", "log main", "archive", "desk main"):
        health.part(name).up("on this host" if name == "core main" else "")
    health.part("transcripts main", required=False).up()
    return health


async def _services(
    store: Store, archive: Archive, data: Path, more: dict[str, Any], scripted: bool
) -> tuple[InboxServices, list[Callable[[], Coroutine[Any, Any, None]]]]:
    process = secrets.token_hex(6)
    follower = Follower(store)
    replica = Replica(store, follower)
    writer, tail, reader = archive.follow(store, follower, "main")
    signs, watch = SignalBoard(store), StoreWatch(store)
    ring = RingWatch(store, watch, TTL_MS, {"replica": lambda: replica.position.seq})
    organisation = archive.organisation()
    blobs, secret = FileBlobs(data / "blobs"), await archive.secret()
    source = OwnDataSource(OwnDataReader(archive.engine), lambda: replica.state, blobs)
    sender = PushSender(ServerKey(await archive.secret(), "mailto:desk@example.org"), ["localhost", "127.0.0.1"])
    push = PushWorker(archive.push_subscriptions(), archive.quiet_hours, sender, replica, lambda: True)
    services = InboxServices(
        store=store,
        store_watch=watch,
        ring_watch=ring,
        health=_health(),
        leases=LeaseWatch(store, "main", process),
        releases=Releases(store, process, "core,web,adapters"),
        gathering=IngestBatcher(store),
        follower=follower,
        replica=replica,
        tail=tail,
        reader=reader,
        archive=archive,
        organisation=organisation,
        hours=HoursWorker(archive.hours_calendars(), organisation, ["127.0.0.1"]),
        push=push,
        webhooks=TeamWebhooks(archive.staff_webhooks(), replica, lambda: True, ["127.0.0.1"]),
        staff_messages=archive.staff_messages(),
        signs=signs,
        blobs=blobs,
        own_data=OwnDataDoor(OwnDataLinks(OwnDataGrants(archive.engine), secret, "main"), source),
        process=process,
        secret=secret,
        channels={
            "web": ChannelFacts(kind="webchat", max_media=5_000_000, typing=True, formatting=True),
            "mail": ChannelFacts(kind="email", max_media=5_000_000),
        },
        **more,
    )
    core = [] if scripted else [CoreRunner(store, process).run, push.run]
    return services, [*core, follower.run, replica.run, tail.run, writer.run, signs.run, watch.run]


async def _furnish(services: InboxServices) -> None:
    """Load the libraries, make the accounts, bring the channels up."""
    for library in (north(), south()):
        await services.organisation.put(library, Calendar())
    accounts = services.archive.accounts
    for librarian, home in (
        ("ana", "north"),
        ("ben", "north"),
        ("cora", "north"),
        ("dora", "south"),
        ("eve", "south"),
    ):
        code = await accounts.add(librarian, librarian, home)
        await accounts.sign_in(librarian, code)
        await accounts.change_password(librarian, PASSWORD, old=None)
    channels = [
        ChannelStatus(
            channel="web",
            kind="webchat",
            queue="north/reference",
            up=True,
            live=True,
            marks=True,
            private=True,
            label="Web chat",
        ),
        ChannelStatus(
            channel="mail",
            kind="email",
            queue="north/reference",
            up=True,
            threads=True,
            label="Email",
            icon="mail",
            answers=("mail",),
            cc=True,
        ),
        ChannelStatus(
            channel="south-web",
            kind="webchat",
            queue="south/reference",
            up=True,
            live=True,
            private=True,
            label="Web chat",
        ),
    ]
    await services.gathering.ingest([*await services.organisation.current(), *channels])
    await until(lambda: "south-web" in services.replica.state.channels and "dora" in services.replica.state.roster.home)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
