"""Several hosts of one desk, people at them, and a count of what arrived: for faults that concern more than one host.

A host is a daemon with a data folder of its own; all share a Redis (a master with two copies under a Sentinel, or a Cluster) and a
PostgreSQL. A balancer stands in front, as a proxy does: it leads each connection to a host that answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp

from bridge.app.config import load
from bridge.app.daemon import archive_url
from bridge.sql.archive import Archive
from bridge.sql.people.organisation_file import parse
from tests.faults.test_kills import UNANSWERED, Attendant
from tests.journeys.house import LIBRARIAN, ORGANISATION, PROGRAM, House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron
from tests.peers.redis import RedisServer, Sentinel

PATIENCE = 120.0
# A page follows 20 conversations at once.
NAMES = ("ana", "ben", "carla", "dora", "emil", "finn", "gwen", "hugo", "ida", "jan", "kim", "lena")


# ---- servers


@contextmanager
def guarded_redis() -> Iterator[tuple[str, list[RedisServer]]]:
    """A master, two copies and a Sentinel: what goes into `[redis]`, and the servers, the master first."""
    with contextlib.ExitStack() as stack:
        durable = {"maxmemory_policy": "noeviction"}
        servers = [stack.enter_context(RedisServer(tcp=True, **durable)) for _ in range(3)]
        for copy in servers[1:]:
            copy.replicate(servers[0])
        sentinel = stack.enter_context(Sentinel(servers[0]))
        sentinel.knows(2)
        yield f'url = "redis+sentinel://127.0.0.1:{sentinel.port}/desk"\nreplicas = 1\n', servers


class Balancer:
    """Leads connections to the hosts in turn; one that refuses is passed over."""

    def __init__(self, hosts: Sequence[House]) -> None:
        self.hosts = list(hosts)
        self.url = ""
        self._turn = 0
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Balancer:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", 0, limit=1 << 16)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for pump in [*self._pumps]:
            pump.cancel()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        for n in range(len(self.hosts)):
            host = self.hosts[(self._turn + n) % len(self.hosts)]
            with contextlib.suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", host.port)
                for pair in ((reader, back), (there, writer)):
                    pump = asyncio.create_task(_pump(*pair))
                    self._pumps.add(pump)
                    pump.add_done_callback(self._pumps.discard)
                return
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


# ---- people


class TimedPatron(Patron):
    """A patron who knows when the question was asked that each answer answers."""

    def __init__(self, web: aiohttp.ClientSession, url: str, channel: str = "web") -> None:
        super().__init__(web, url, channel)
        self.asked_at: dict[str, float] = {}
        self.answered: list[tuple[float, float]] = []  # when each answer came, and when its question was asked

    async def say(self, text: str, id: str = "") -> str:
        """Write one message."""
        self.asked_at.setdefault(f"re {text}", time.monotonic())
        return await super().say(text, id)

    async def _read(self, frame: dict[str, Any]) -> None:
        before = self.lines.keys()
        new = [line["text"] for line in frame["lines"] if line["who"] == "librarian" and line["id"] not in before]
        await super()._read(frame)
        self.answered += [(time.monotonic(), self.asked_at.get(text, 0.0)) for text in new]


@dataclass
class Ledger:
    """What was lost, doubled and reordered on one side of the desk."""

    lost: int = 0
    doubled: int = 0
    reordered: int = 0

    def add(self, wanted: Sequence[str], found: Sequence[str]) -> None:
        """Compare what one conversation should hold with what it holds."""
        held = Counter(found)
        self.lost += sum(text not in held for text in wanted)
        self.doubled += sum(count - 1 for count in held.values())
        place = {text: n for n, text in enumerate(wanted)}
        order = [place.get(text, -1) for text in dict.fromkeys(found)]
        self.reordered += sum(later < earlier for earlier, later in pairwise(order))

    def __str__(self) -> str:
        return f"{self.lost} {self.doubled} {self.reordered}"


@dataclass
class Row:
    """One line of the table: a scenario with its counts and times (s)."""

    scenario: str
    hosts: int
    messages: int = 0
    inward: Ledger = field(default_factory=Ledger)
    outward: Ledger = field(default_factory=Ledger)
    in_sql: Ledger = field(default_factory=Ledger)
    recovered_s: float = 0.0
    note: str = ""

    def clean(self) -> bool:
        """Whether nothing was lost, doubled or reordered anywhere."""
        return all(side == Ledger() for side in (self.inward, self.outward, self.in_sql))


class Desk:
    """The people of one consortium at their work."""

    def __init__(self, librarians: list[Librarian], patrons: list[TimedPatron], messages: int) -> None:
        self.patrons = patrons
        self.messages = messages
        self.attendants = [Attendant(one, n, len(librarians)) for n, one in enumerate(librarians)]

    @property
    def share(self) -> float:
        """How much of all is answered."""
        return sum(len(patron.answers()) for patron in self.patrons) / (len(self.patrons) * self.messages)

    async def reached(self, share: float) -> None:
        """Wait until so much is answered."""
        while self.share < share:
            await asyncio.sleep(0.05)

    async def work(self) -> None:
        """Write everything, and wait for every answer."""
        async with asyncio.TaskGroup() as tasks:
            for number, patron in enumerate(self.patrons):
                tasks.create_task(self._write(patron, number))

    async def _write(self, patron: TimedPatron, number: int) -> None:
        try:
            for n in range(self.messages):
                await patron.until(lambda n=n: n - len(patron.answers()) < UNANSWERED // 3, PATIENCE)  # type: ignore[misc]  # mypy cannot infer the type of a lambda with a default
                await patron.say(f"{number}:{n}")
            await patron.until(lambda: len(patron.answers()) >= self.messages and not patron.unsent(), PATIENCE)
        except TimeoutError:
            raise AssertionError(self._stuck(number)) from None

    def _stuck(self, number: int) -> str:
        """Return what is known of a patron who waits in vain."""
        patron, attendant = self.patrons[number], self.attendants[number % len(self.attendants)]
        talk = attendant.talks.get(number, "")
        said = {who: attendant.librarian.said(talk, who) for who in ("patron", "librarian")}
        return (
            f"patron {number} of {talk or 'no conversation'}: acknowledged {len(patron.acked)}, unsent {patron.unsent()}, "
            f"has {patron.answers()}; {attendant.librarian.name} has {said}, "
            f"answered {dict(attendant.librarian.statuses)}; errors {patron.errors[-3:]}"
        )

    def recovered(self, fault: float) -> float:
        """Return how long after a fault a question that was asked later had its answer (s)."""
        came = [at for patron in self.patrons for at, asked in patron.answered if asked >= fault]
        return min(came) - fault if came else float("nan")

    async def count(self, row: Row, archived: dict[str, list[tuple[str, str]]]) -> None:
        """Count what the librarians, the patrons and SQL hold."""
        for number, patron in enumerate(self.patrons):
            asked = [f"{number}:{n}" for n in range(self.messages)]
            answers = [f"re {text}" for text in asked]
            attendant = self.attendants[number % len(self.attendants)]
            talk = attendant.talks[number]
            row.messages += len(asked) + len(answers)
            row.inward.add(asked, attendant.librarian.said(talk))
            row.outward.add(answers, patron.answers())
            lines = archived.get(talk, [])
            row.in_sql.add(asked, [text for who, text in lines if who == "patron"])
            row.in_sql.add(answers, [text for who, text in lines if who == "librarian"])


@asynccontextmanager
async def people(
    codes: Mapping[str, str],
    url: str,
    patrons: int,
    messages: int,
    channel: str = "web",
    queue: str = "north/reference",
) -> AsyncIterator[Desk]:
    """A desk whose librarians attend and whose patrons are connected. `codes`: each librarian's sign-in code."""
    librarians = [Librarian(url, name) for name in codes]
    running: list[asyncio.Task[None]] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as web:
        try:
            for one in librarians:
                await one.sign_in(codes[one.name])
                running.append(asyncio.create_task(one.run()))
                await one.connected.wait()
                await one.attend(queue)
            desk = Desk(librarians, [TimedPatron(web, url, channel) for _ in range(patrons)], messages)
            running += [asyncio.create_task(each.serve()) for each in desk.attendants]
            running += [asyncio.create_task(patron.run()) for patron in desk.patrons]
            yield desk
            assert not [task for task in running if task.done()]
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            for one in librarians:
                await one.close()


# ---- hosts


SECOND = """
[[channel]]
name = "lake"
kind = "webchat"
queue = "south/reference"
consortium = "lake"
connections = 100000
"""


@asynccontextmanager
async def hosts_of(
    folder: Path,
    redis: str,
    sql: str,
    count: int,
    *,
    program: Sequence[str] = PROGRAM,
    second: bool = False,
    more: str = "",
) -> AsyncIterator[list[House]]:
    """So many hosts, started, the first before the others: it runs the core. `second`: a second consortium, with its own people."""
    shared = f'[redis]\n{redis}[archive]\nurl = "{sql}"\n{SECOND if second else ""}{more}'
    made = [House(folder / f"host{n}", NAMES, 100, more=shared) for n in range(count)]
    with contextlib.ExitStack() as stack:
        for n, host in enumerate(made):
            host.program = list(program)
            if n:
                host.configure()
                host.codes = made[0].codes
                stack.enter_context(host.as_it_is())
            else:
                stack.enter_context(host)
                if second:
                    host.codes |= await asyncio.to_thread(asyncio.run, _settle_second(host))
            await host.start()
        yield made


async def _settle_second(host: House) -> dict[str, str]:
    """Make the library of the second consortium; return its librarians' sign-in codes."""
    names = [f"s{name}" for name in NAMES]
    people_ = "".join(LIBRARIAN.format(name=name, title=name.title(), capacity=100) for name in names)
    members = ", ".join(f'"{name}"' for name in names)
    desk = ORGANISATION.format(members=members, librarians=people_, timers=host.timers)
    archive = await Archive.open(archive_url(load(host.folder / "deskbridge.toml")))
    try:
        await archive.organisation("lake").load(parse(desk.replace("north", "south").replace("North", "South")))
        return {name: await archive.accounts.add(name, name, "south") for name in names}
    finally:
        await archive.close()


async def archived(host: House) -> dict[str, list[tuple[str, str]]]:
    """Return (who, text) of each conversation in SQL, as `deskbridge export` prints them."""
    told = await asyncio.to_thread(host.run, "export")
    found: dict[str, list[tuple[str, str]]] = {}
    for document in map(json.loads, told.splitlines()):
        found[document["conversation"]["id"]] = [
            (line["who"], line["text"]) for line in document["lines"] if line.get("text")
        ]
    return found


async def all_archived(host: House, desks: Sequence[Desk]) -> dict[str, list[tuple[str, str]]]:
    """Return what SQL holds once it holds as much as was said, or after a minute what it holds then."""
    wanted = sum(2 * desk.messages * len(desk.patrons) for desk in desks)
    found: dict[str, list[tuple[str, str]]] = {}
    for _ in range(30):
        found = await archived(host)
        said = sum(who in ("patron", "librarian") for lines in found.values() for who, _ in lines)
        if said >= wanted:
            break
        await asyncio.sleep(2)
    return found
