"""A partner deployment as a network: an HTTP server that signs and checks with another implementation of RFC 9421.

It speaks from both sides. Its patrons are conversations that it lends, and one of its people answers for it as our colleague Lee.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms

from adapters.partner.adapter import PartnerAdapter
from adapters.partner.config import PartnerConfig
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.contract.partners import Partner
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Offer, Rig, SentFile
from bridge.testing.ring import Ring

ID = "peer-one"
TAG = "deskbridge-partner"
COVERED = ("@method", "@target-uri", "deskbridge-partner", "content-digest")


class _Keys(HTTPSignatureKeyResolver):  # type: ignore[misc]  # seen without types where the tests are checked
    def __init__(self, private: Ed25519PrivateKey, public: Ed25519PublicKey) -> None:
        self._private, self._public = private, public

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._private

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return self._public


@dataclass
class _Message:
    """A request as the other implementation wants it."""

    method: str
    url: str
    headers: dict[str, str]


class Peer:
    """The other deployment: what it was told, what it lends, and how it signs."""

    def __init__(self) -> None:
        self.seed, self.ours = secrets.token_bytes(32), secrets.token_bytes(32)
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.theirs = Ed25519PrivateKey.from_private_bytes(self.ours).public_key()
        self.base = ""  # the adapter's address
        self.url = ""  # ours, as the adapter knows it
        self.port = 0
        self.taken: dict[str, dict[str, Any]] = {}
        self.hello: dict[str, Any] = {}
        self.desk: dict[str, Any] = {"open": False, "staffed": False}
        self.patrons: dict[str, LentPatron] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.offers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.changed = asyncio.Condition()
        self.files: dict[str, bytes] = {}
        self.session: aiohttp.ClientSession | None = None
        self.beating: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post("/p/v1/messages", self._messages)
        app.router.add_get("/p/v1/files/{conversation}/{digest}", self._files)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.session = aiohttp.ClientSession()

    async def close(self) -> None:
        if self.beating is not None:
            self.beating.cancel()
            await asyncio.wait([self.beating])
        if self.session is not None:
            await self.session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # -- signing and checking

    def signed(self, method: str, path: str, body: bytes, **changes: Any) -> dict[str, str]:
        message = _Message(method, self.base + path, {"deskbridge-partner": "1"})
        signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=self._keys())
        nonce = changes.pop("nonce", secrets.token_urlsafe(12))
        given: dict[str, Any] = {"key_id": ID, "tag": TAG, "nonce": nonce, "label": "sig", "body": body, **changes}
        signer.sign(message, covered_component_ids=COVERED, **given)
        return message.headers

    def _keys(self) -> _Keys:
        return _Keys(self.private, self.theirs)

    async def _authentic(self, request: web.Request) -> bytes:
        body = await request.read()
        url = self.url + request.raw_path.removeprefix("/p/")
        message = _Message(request.method, url, {name.lower(): value for name, value in request.headers.items()})
        verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=self._keys())
        verifier.verify(message, max_age=timedelta(minutes=5), expect_tag=TAG)
        digest = f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"
        assert request.headers["Content-Digest"] == digest
        return body

    # -- what the adapter says

    async def _messages(self, request: web.Request) -> web.Response:
        said = json.loads(await self._authentic(request))
        async with self.changed:
            await self._hear(said)
            self.changed.notify_all()
        return web.json_response({})

    async def _hear(self, said: dict[str, Any]) -> None:
        if said["k"] == "hello":
            self.hello = said
            return
        if said["k"] == "pass":
            if said.get("opening", "") not in self.taken:
                self.taken[said.get("opening", "")] = said
                self.offers.put_nowait(said)
            return
        if "id" in said and said["id"] not in self.taken:
            self.taken[said["id"]] = said
            patron = self.patrons.get(said["conversation"])
            if patron is not None:
                (patron.shown if said["k"] == "said" else patron.tellings).put_nowait(said)

    async def _files(self, request: web.Request) -> web.Response:
        await self._authentic(request)
        return web.Response(body=self.files[request.match_info["digest"]])

    # -- what the peer says

    async def say(self, said: dict[str, Any], **changes: Any) -> int:
        body = json.dumps(said).encode()
        return await self.throw("v1/messages", body, self.signed("POST", "v1/messages", body, **changes))

    async def throw(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        assert self.session is not None
        try:
            async with asyncio.timeout(5), self.session.post(self.base + path, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0

    async def until_taken(self, said: dict[str, Any]) -> None:
        """Say it again and again until it is taken, as a partner does."""
        while await self.say(said) != 200:
            await asyncio.sleep(0.05)

    async def fetch(self, conversation: str, digest: str) -> bytes:
        assert self.session is not None
        path = f"v1/files/{conversation}/{digest}"
        async with self.session.get(self.base + path, headers=self.signed("GET", path, b"")) as answer:
            assert answer.status == 200
            return await answer.read()

    async def beat(self) -> None:
        while True:
            await self.say({"k": "hello", "name": "Peer", "agreed": True, "desk": self.desk})
            await asyncio.sleep(0.3)


class LentPatron(NetworkPatron):
    """A conversation that the peer lends us."""

    def __init__(self, peer: Peer, name: str) -> None:
        self.conversation = f"talk-{name}"
        self.address = f"{ID}/{self.conversation}"
        self.shown: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.tellings: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._peer = peer
        self._lines = peer.lines.setdefault(self.conversation, [])
        self._acknowledged: set[str] = set()
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._posting = asyncio.create_task(self._post())
        peer.patrons[self.conversation] = self

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        number = len(self._lines) + 1
        held = []
        for file in files:
            digest = hashlib.sha256(file.data).hexdigest()
            self._peer.files[digest] = file.data
            size = len(file.data)
            held.append({"k": "attachment", "digest": digest, "media_type": "x/y", "size": size, "name": file.name})
        source = f"line-{number}"
        position = f"{number:06}"
        line = {"id": source, "position": position, "who": "patron", "text": text, "at": 0, "files": held}
        self._lines.append(line)
        self._waiting.put_nowait(line)
        return source

    async def _post(self) -> None:
        while True:
            line = await self._waiting.get()
            await self._peer.until_taken(self._passing(line))
            self._acknowledged.add(line["id"])

    def _passing(self, line: dict[str, Any]) -> dict[str, Any]:
        before = f"{int(line['position']) - 1:06}" if line["position"] != "000001" else ""
        opening = f"opening-{self.conversation}" if not before else ""
        return {"k": "pass", "conversation": self.conversation, "opening": opening, "after": before, "lines": [line]}

    async def repeat(self, source: str) -> None:
        await self._peer.say(self._passing(next(line for line in self._lines if line["id"] == source)))

    async def acknowledged(self, source: str) -> bool:
        return source in self._acknowledged

    async def hear(self) -> Heard:
        said = await self.shown.get()
        files = [
            SentFile(file["name"], await self._peer.fetch(self.conversation, file["digest"]))
            for file in said.get("files", ())
        ]
        return Heard(said["text"], tuple(files), said["id"])

    async def told(self) -> str:
        return f"partner-{(await self.tellings.get())['k']}"

    async def recall(self) -> None:
        for _ in range(2):
            assert await self._peer.say({"k": "recalled", "conversation": self.conversation}) == 200

    async def sees_desk(self, desk: ChannelDesk) -> None:
        wanted = (desk.open, desk.online)

        def shown() -> bool:
            seen = self._peer.hello.get("desk", {})
            return (seen.get("open"), seen.get("staffed")) == wanted

        async with self._peer.changed:
            await self._peer.changed.wait_for(shown)

    async def close(self) -> None:
        self._posting.cancel()
        await asyncio.wait([self._posting])


class PartnerRig(Rig):
    """A peer behind a wire that can be hurt; what the peer says comes by another way."""

    adapter: ClassVar[type[Adapter]] = PartnerAdapter
    keeps = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.peer = Peer()
        self.secrets = (self.peer.ours.hex(), b64encode(self.peer.ours).decode())
        self._numbers = count(1)

    async def start(self) -> None:
        await self.peer.open()
        self.wire = await Proxy("127.0.0.1", self.peer.port).open()
        self.peer.url = f"http://127.0.0.1:{self.wire.port}/p/"

    async def stop(self) -> None:
        await self.peer.close()
        if self.wire is not None:
            await self.wire.close()

    async def meet(self, ring: Ring) -> None:
        await super().meet(ring)
        assert ring.partners is not None
        self.peer.base = f"{ring.url}/channels/{ring.channel}/"
        if await ring.partners.book.find(ID) is None:
            await ring.partners.archive.partners(ring.channel).add(self._partner(ring))
            self.peer.beating = asyncio.create_task(self.peer.beat())

    def _partner(self, ring: Ring) -> Partner:
        return Partner(
            id=ID,
            channel=ring.channel,
            state="confirmed",
            name="Peer",
            url=self.peer.url,
            library="peer",
            made_at=1,
            seed=self.peer.ours,
            key=self.peer.private.public_key().public_bytes_raw(),
            agreed=True,
        )

    def config(self) -> PartnerConfig:
        return PartnerConfig(
            title="The suite", allow_private=True, beat_s=0.4, silent_s=2.0, look_s=0.1, sweep_s=1.0, patience_s=2.0
        )

    def misconfigured(self) -> PartnerConfig:
        return PartnerConfig(title=" ")

    async def patron(self, name: str) -> LentPatron:
        return LentPatron(self.peer, name)

    async def noticed(self, ring: Ring) -> None:
        assert ring.partners is not None
        while (found := await ring.partners.book.find(ID)) is None or found.doubt != "unreachable":
            await asyncio.sleep(0.05)

    async def hostile(self) -> Sequence[bytes]:
        bodies = [
            b"",
            b"{",
            b"[]",
            b'{"k": "hello"}',
            b'{"k": "nothing"}',
            b'{"k": "pass", "conversation": "\\u0000", "opening": "x", "lines": [{"id": "1"}]}',
            b'{"k": "pass", "conversation": "x/y", "opening": "1", "lines": ' + b"[" * 5000 + b"]" * 5000 + b"}",
            b'{"k": "said", "id": "1", "conversation": "nobody", "name": "x", "text": "y"}',
            b'{"k": "ended", "id": "1", "conversation": "../..", "name": "x", "code": "merged"}',
            b'{"k": "join", "secret": "x", "key": "zz", "url": "http://169.254.169.254/", "name": "x"}',
            b"x" * (600 * 1024),
        ]
        for body in bodies:
            good = self.peer.signed("POST", "v1/messages", body)
            for headers in (
                good,
                good | {"Signature": "sig=:AAAA:"},
                good | {"Signature-Input": "sig=()"},
                good | {"deskbridge-partner": "99"},
                {},
            ):
                assert await self.peer.throw("v1/messages", body, headers) < 500, body[:80]
        return bodies

    # -- the peer's desk as our colleague

    async def staff(self, librarian: str) -> str:
        self.peer.desk = {"open": True, "staffed": True}
        return ID

    async def staff_hears(self, librarian: str) -> Offer:
        said = await self.peer.offers.get()
        return Offer(" ".join(line["text"] for line in said["lines"]), said["conversation"])

    async def staff_claims(self, librarian: str, offer: Offer) -> None:
        said = {"k": "claimed", "id": "claim-1", "conversation": offer.conversation, "name": "Lee"}
        for _ in range(2):
            await self.peer.until_taken(said)
