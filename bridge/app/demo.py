"""`deskbridge demo`: two example libraries and a back-up service on this machine, with nothing to configure.

The data lies in a private folder that goes away at the end, unless one is named. Each start prints a sign-in code for each
example librarian, good once. Texts go to and fro over a server on this machine that answers like Twilio; its page is a telephone.
"""

from __future__ import annotations

import secrets
import tempfile
from contextlib import AsyncExitStack
from importlib import resources
from pathlib import Path

from bridge.app import contacts
from bridge.app.config import ChannelConfig, Config, Http, can_listen
from bridge.app.daemon import Daemon, opened, told_to_stop, until
from bridge.contract.adapter import Misconfigured
from bridge.contract.message import derive
from bridge.faq.exchange import read, take_in
from bridge.redis.embedded import EmbeddedError
from bridge.redis.store import StoreError
from bridge.runtime.logging import say, say_in_lines
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import Accounts, now_ms
from bridge.sql.people.organisation import OrganisationStore
from bridge.sql.people.organisation_file import parse
from bridge.testing.phone import Phone
from bridge.testing.twilio import Twilio
from bridge.training.session import PracticeSession
from bridge.training.shipped import shipped
from routing.practice_queue import practice_queue

CHANNELS = (
    ChannelConfig(name="web", kind="webchat", queue="north/reference"),
    ChannelConfig(name="campus", kind="webchat", queue="south/reference"),
)
NUMBER = "+15005550100"
WAITING = "open-sunday"  # the scenario of the patron who waits


def configuration(listen: str, data: Path, twilio: Twilio) -> Config:
    """Return what the demonstration runs with."""
    channels = (*CHANNELS, text_channel(listen, twilio))
    return Config(path=data / "demo", data=data, http=Http(listen=listen), practice=True, channels=channels)


def text_channel(listen: str, twilio: Twilio) -> ChannelConfig:
    """Return the channel of the telephone's texts. Pictures go out where the port is known beforehand."""
    port = listen.rpartition(":")[2]
    settings = {
        "account_sid": twilio.account,
        "auth_token": twilio.token,
        "numbers": list(twilio.numbers),
        "api": twilio.url,
        "rate": 100.0,
        "public_url": f"http://127.0.0.1:{port}" if port.isdigit() and int(port) else "",
    }
    return ChannelConfig(name="text", kind="sms", queue="north/reference", settings=settings)


async def serve(listen: str, data: Path | None) -> int:
    """Serve the demonstration until told to stop."""
    if not can_listen(listen):
        say(f"--listen: {listen!r} is neither host:port nor a socket path: write 127.0.0.1:8080", error=True)
        return 1
    say_in_lines()
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-demo-")))
        twilio = Twilio([NUMBER])
        phone = Phone(twilio)
        try:
            await stack.enter_async_context(twilio)
            async with opened(configuration(listen, data.absolute(), twilio)) as house:
                twilio.inbound = f"{house.url}/channels/text/inbound"
                twilio.reports = ("sent", "delivered")
                codes = await furnish(house)
                await begin_practice(house)
                told = told_to_stop()
                say(welcome(house.url, phone.url, codes, await posts(house)))
                await until(told, house.health)
        except (Misconfigured, EmbeddedError, StoreError, OSError) as error:
            say(f"the demonstration cannot start: {error}", error=True)
            return 1
    return 0


async def furnish(house: Daemon) -> dict[str, str]:
    """Load the example libraries where there are none yet, and return a fresh sign-in code for each librarian."""
    desk = house.desks[0]
    if await _load(desk.organisation):
        await _load_faq(house.archive)
    await contacts.settle(house.config, house.archive, "main")
    await desk.tell_core()
    return await _codes(desk.organisation, house.archive.accounts)


async def begin_practice(house: Daemon) -> None:
    """Let a scripted patron wait for each librarian of the first library: something to answer at once, which nothing counts."""
    desk = house.desks[0]
    channel = desk.services.practice["web"]
    for entry in (await desk.organisation.entries())[:1]:
        for person in entry.library.librarians:
            id = derive("demo", person.id, secrets.token_hex(4))
            await channel.begin(
                PracticeSession(
                    id=id,
                    channel=channel.name,
                    manners="web",
                    library=entry.library.id,
                    queue=practice_queue(entry.library.id, [person.id]),
                    trainees=(person.id,),
                    by=person.id,
                    at=now_ms(),
                    name=WAITING,
                    scenario=shipped()[WAITING],
                )
            )


async def _load(organisation: OrganisationStore) -> bool:
    """Load the example libraries; say whether there were none yet."""
    if await organisation.entries():
        return False
    text = resources.files("bridge.app").joinpath("examples", "demo.toml").read_text("utf-8")
    await organisation.load(parse(text))
    return True


async def _load_faq(archive: Archive) -> None:
    """Load the example questions and answers of the first library."""
    raw = resources.files("bridge.app").joinpath("examples", "faq.json").read_bytes()
    await take_in(archive.faq, "north", read(raw, "json", "north"), "")


async def _codes(organisation: OrganisationStore, accounts: Accounts) -> dict[str, str]:
    known = {account.login for account in await accounts.all()}
    codes = {}
    for entry in await organisation.entries():
        for person in entry.library.librarians:
            if person.id in known:
                codes[person.id] = await accounts.reset(person.id)
            else:
                codes[person.id] = await accounts.add(person.id, person.id, entry.library.id)
    return codes


async def posts(house: Daemon) -> dict[str, str]:
    """Return what each example librarian is, and where."""
    return {
        person.id: f"{person.role}, {entry.library.name}"
        for entry in await house.desks[0].organisation.entries()
        for person in entry.library.librarians
    }


def welcome(url: str, phone: str, codes: dict[str, str], posts: dict[str, str]) -> str:
    """Return what the terminal shows."""
    rows = [f"    {login:<8} {code}   {posts.get(login, '')}".rstrip() for login, code in codes.items()]
    return "\n".join(
        [
            "",
            "Deskbridge is open.",
            "",
            f"  As a patron      {url}/",
            f"  On a telephone   {phone}",
            f"  As a librarian   {url}/inbox   with one of these names and codes, each good once:",
            "",
            *rows,
            "",
            "  Ctrl+C closes it.",
            "",
        ]
    )
