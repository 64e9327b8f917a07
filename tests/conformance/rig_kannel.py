"""Texts through Kannel, with its fake SMS centre: the rig is the telephones. Its calls come to us by a relay that counts them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import aiohttp
from aiohttp import web

from adapters.kannel.adapter import KannelAdapter
from adapters.kannel.config import KannelConfig
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.contract.message import Stage
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from bridge.testing.ring import Ring
from tests.peers.kannel import HOOK, NUMBER, PASSWORD, Airwaves, Kannel


class Relay:
    """Between Kannel and the desk: knows which id Kannel gave to which text, and what the desk answered."""

    def __init__(self) -> None:
        self.desk = ""
        self.port = 0
        self.answers: dict[str, list[int]] = {}
        self.calls: dict[str, tuple[str, bytes, dict[str, str]]] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._came = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post("/in", self._text)
        app.router.add_get("/channels/{channel}/report", self._report)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._session = aiohttp.ClientSession(auto_decompress=False)

    async def close(self) -> None:
        """Stop."""
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def id_of(self, sender: str, text: str, nth: int) -> str:
        """Return the id that Kannel gave to a sender's nth text of these words."""
        async with self._came:
            await self._came.wait_for(lambda: len(self._ids.get((sender, text), [])) > nth)
            return self._ids[sender, text][nth]

    def count(self, sender: str, text: str) -> int:
        """Return how many texts of these words came from a sender."""
        return len(self._ids.get((sender, text), []))

    async def again(self, id: str) -> None:
        """Bring a text once more."""
        await self._pass_on(id, *self.calls[id])

    async def _text(self, request: web.Request) -> web.Response:
        id, sender = request.query["id"], request.query["from"]
        words = await request.read()
        text = words.decode("utf-8", "replace")
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
        self.calls[id] = request.rel_url.raw_query_string, words, headers
        async with self._came:
            if id not in (known := self._ids.setdefault((sender, text), [])):
                known.append(id)
            self._came.notify_all()
        return web.Response(status=await self._pass_on(id, *self.calls[id]))

    async def _report(self, request: web.Request) -> web.Response:
        assert self._session is not None
        try:
            async with self._session.get(f"{self.desk}/report?{request.rel_url.raw_query_string}") as answer:
                return web.Response(status=answer.status)
        except aiohttp.ClientError:
            return web.Response(status=503)

    async def _pass_on(self, id: str, query: str, words: bytes, headers: dict[str, str]) -> int:
        assert self._session is not None
        try:
            async with self._session.post(f"{self.desk}/in?{query}", data=words, headers=headers) as answer:
                status = answer.status
        except aiohttp.ClientError:
            status = 503
        self.answers.setdefault(id, []).append(status)
        return status


class KannelPatron(NetworkPatron):
    """A person with a telephone."""

    def __init__(self, relay: Relay, airwaves: Airwaves, name: str) -> None:
        self.address = f"+4366055{int.from_bytes(name.encode()) % 100_000:05}"
        self._relay = relay
        self._airwaves = airwaves
        self._shown = airwaves.phone(self.address)
        self._count = 0

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        before = self._relay.count(self.address, text)
        await self._airwaves.text(self.address, text)
        return await self._relay.id_of(self.address, text, before)

    async def repeat(self, source: str) -> None:
        await self._relay.again(source)

    async def acknowledged(self, source: str) -> bool:
        return 200 in self._relay.answers.get(source, [])

    async def hear(self) -> Heard:
        self._count += 1
        return Heard(await self._shown.get(), id=f"{self._count}")

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        """The fake centre reports delivery of every text by itself."""

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """A telephone shows no presence."""

    async def close(self) -> None:
        """There is no connection to close."""


class KannelRig(Rig):
    """One number."""

    adapter: ClassVar[type[Adapter]] = KannelAdapter
    keeps = True
    max_file = 0
    xfails: ClassVar[Mapping[str, str]] = {
        "test_what_was_written_while_the_daemon_was_down_comes_in": "Kannel brings a text that it could not deliver after a pause, "
        "beside newer ones (tests/kannel: all come, each once, with the time at which it was written)"
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.secrets = (PASSWORD, HOOK)
        self.relay = Relay()
        self.kannel: Kannel | None = None
        self.airwaves: Airwaves | None = None

    async def start(self) -> None:
        await self.relay.open()
        self.kannel = Kannel(self.relay.port)
        await asyncio.to_thread(self.kannel.start)
        self.airwaves = Airwaves(self.kannel.centre)
        await self.airwaves.open()
        self.wire = await Proxy("127.0.0.1", self.kannel.sendsms).open()

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()
        if self.airwaves is not None:
            await self.airwaves.close()
        if self.kannel is not None:
            await asyncio.to_thread(self.kannel.close)
        await self.relay.close()

    async def meet(self, ring: Ring) -> None:
        await super().meet(ring)
        self.relay.desk = f"{ring.url}/channels/{ring.channel}"

    def config(self) -> KannelConfig:
        return self._config(PASSWORD)

    def refused(self) -> KannelConfig:
        return self._config("no-such-password")

    def misconfigured(self) -> KannelConfig:
        return KannelConfig(password="x", hook_password=HOOK, number="the library's number")

    def _config(self, password: str) -> KannelConfig:
        assert self.wire is not None
        return KannelConfig(
            password=password,
            hook_password=HOOK,
            number=NUMBER,
            url=f"http://127.0.0.1:{self.wire.port}/cgi-bin/sendsms",
            hook_url=f"http://127.0.0.1:{self.relay.port}",
            patience_s=3.0,
            beat_s=0.5,
        )

    async def patron(self, name: str) -> KannelPatron:
        assert self.airwaves is not None
        return KannelPatron(self.relay, self.airwaves, name)

    async def hostile(self) -> Sequence[bytes]:
        base = {"id": "0" * 8 + "-hostile", "from": "+43660559999", "to": NUMBER, "coding": "0"}
        forms = [
            base | {"from": "\x00"},
            base | {"id": "../../etc/passwd"},
            base | {"id": "1" * 8},
            base | {"id": "2" * 8, "coding": "2", "charset": "UTF-16BE"},
            base | {"id": "3" * 8, "coding": "-1", "charset": "no such", "time": "9" * 400},
            base | {"id": "4" * 8, "from": "Library"},
            base | {"id": "5" * 8, "time": "NaN"},
            {},
        ]
        queries = ["&".join(f"{name}={quote(value)}" for name, value in form.items()) for form in forms]
        queries += ["to=%ff%fe&id=" + "6" * 8 + "&from=%2B43660559999", "&" * 500, "%", "id=%00&from=%00"]
        words = "<script>alert(1)</script>\x00\u202e\ufffe".encode() + b"\xff\xfe\xd8"
        right = aiohttp.encode_basic_auth("kannel", HOOK)
        signed = [right, "", "Basic !!!", "Basic " + "A" * 3_000, "Bearer x", aiohttp.encode_basic_auth("kannel", "x")]
        async with aiohttp.ClientSession() as session:
            for query in queries:
                for header in signed:
                    headers = {"Authorization": header} if header else {}
                    for method, path in (("POST", "in"), ("GET", "report")):
                        address = f"{self.relay.desk}/{path}?{query}"
                        async with session.request(method, address, headers=headers, data=words) as answer:
                            assert answer.status < 500, query[:100]
                            assert header == right or answer.status in (400, 401, 403)
                            await answer.read()
        return [query.encode() for query in queries]
