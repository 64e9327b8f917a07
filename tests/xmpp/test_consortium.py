"""The configurations of docs/xmpp.md in a whole daemon: what a person would copy works."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.testing.rig import soon
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.peers.ejabberd import Ejabberd
from tests.peers.prosody import Prosody
from tests.xmpp.plain import BODY, Plain

PAGE = Path(__file__).parents[2] / "docs" / "xmpp.md"
SECRET = "replace-this-secret"
PASSWORD = "the-accounts-password"


def block(language: str, holding: str) -> str:
    """Return a block of the page, for a server of this machine."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    found = [each for each in blocks if holding in each]
    assert len(found) == 1
    return str(found[0]).replace("library.example", "localhost")


def account(folder: Path, server: Any) -> str:
    """Return the channel of an account: the page's, with where this server is."""
    (folder / "secret").write_text(PASSWORD)
    text = block("toml", 'kind = "xmpp"').replace("/run/secrets/im", str(folder / "secret"))
    return f'{text}host = "127.0.0.1"\nport = {server.c2s}\nca_file = "{server.certificate.ca}"\n'


def component(folder: Path, server: Any) -> str:
    """Return the channel of a component: the page's, with where this server is."""
    (folder / "secret").write_text(SECRET)
    text = block("toml", 'kind = "xmpp-component"').replace("/run/secrets/component", str(folder / "secret"))
    return f"{text}port = {server.component}\n"


@asynccontextmanager
async def housed(
    folder: Path,
    server: Any,
    channel: Callable[[Path, Any], str],
    prepare: Callable[[House], None] | None = None,
    librarians: tuple[str, ...] = ("ana",),
) -> AsyncIterator[tuple[House, Librarian]]:
    """Run the server and a daemon with its channel; Ana is at the desk."""
    await asyncio.to_thread(server.start)
    try:
        with House(folder / "house", librarians, more=channel(folder, server)) as house:
            if prepare is not None:
                await asyncio.to_thread(prepare, house)
            await house.start()
            ana = Librarian(house.url, "ana")
            await ana.sign_in(house.codes["ana"])
            living = asyncio.create_task(ana.run())
            try:
                await ana.connected.wait()
                await ana.attend("north/reference")
                yield house, ana
            finally:
                living.cancel()
                await asyncio.wait([living])
                await ana.close()
    finally:
        await asyncio.to_thread(server.remove)


async def answered(ana: Librarian, patron: Plain, library: str) -> None:
    """A question arrives in the inbox, and its answer in the messenger."""

    def shown() -> str:
        return next((id for id, row in ana.rows.items() if row["last_text"] == "Where is the atlas?"), "")

    async def seen() -> str:
        while not (found := shown()):
            ana.news.clear()
            await ana.news.wait()
        return found

    await soon("the library is online", patron.until(lambda: patron.presence.get(library, ("?", ""))[0] == ""))
    source = patron.say(library, "Where is the atlas?")
    talk = await soon("the question is in the inbox", seen())
    await soon("the receipt", patron.until(lambda: source in patron.receipts))
    status, said = await ana.do(f"/conversations/{talk}/claim")
    assert status == 200, said
    status, said = await ana.do(f"/conversations/{talk}/messages", {"text": "On the second floor."})
    assert status == 200, said

    async def heard() -> None:
        while (await patron.messages.get()).findtext(BODY) != "On the second floor.":
            pass

    await soon("the answer is shown", heard())


async def signed_in(server: Any, name: str = "ada") -> Plain:
    """Return somebody with a messenger."""
    await asyncio.to_thread(server.account, name, name)
    tls = ssl.create_default_context(cafile=str(server.certificate.ca)) if server.tls else None
    return await Plain(name, name).sign_in(server.direct if tls else server.c2s, tls)


async def test_the_readmes_account(tmp_path: Path) -> None:
    server = Prosody({"ask": PASSWORD})
    async with housed(tmp_path, server, account) as (_, ana):
        patron = await signed_in(server)
        try:
            patron.write("<presence to='ask@localhost' type='subscribe'/>")
            await answered(ana, patron, "ask@localhost")
        finally:
            await patron.close()


@pytest.mark.parametrize("kind", ["prosody", "ejabberd"])
async def test_the_readmes_component(tmp_path: Path, kind: str) -> None:
    server: Any = (
        Prosody({}, components=block("lua", "component_secret"))
        if kind == "prosody"
        else Ejabberd({}, listener=block("yaml", "ejabberd_service"))
    )
    async with housed(tmp_path, server, component) as (_, ana):
        patron = await signed_in(server)
        try:
            patron.write("<presence to='law@desk.localhost' type='subscribe'/>")
            await answered(ana, patron, "law@desk.localhost")
        finally:
            await patron.close()
