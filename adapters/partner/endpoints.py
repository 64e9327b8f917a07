"""What partners call: `v1/messages` for all that they say, `v1/files/…` for a file of a conversation that we share.

The order of questions is the rule: which version, whose key, is it signed with it, just now, and for the first time. Only then is
the message read. A stranger's body isn't read at all. 200 means durable; 503 means not now; any other answer names a word.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog
from aiohttp import web

from adapters.partner import codec, signature
from adapters.partner.config import PartnerConfig
from adapters.partner.peer import ForbiddenAddress, PeerAway, check_address
from bridge.contract.adapter import Busy, Ports
from bridge.contract.partners import INVITED_MS, Partner, PartnerPorts, PartnerState, public_key
from bridge.contract.sealed_token import same

CHUNK = 1 << 16
INVITED: tuple[PartnerState, ...] = ("invited",)
DIGEST = frozenset("0123456789abcdef")

Take = Callable[[Partner, codec.Said, int], Awaitable[codec.PeerReply]]
Holds = Callable[[Partner, str, str], Awaitable[bool]]

log = structlog.get_logger("adapters.partner")


class PeerRefused(Exception):
    """A request isn't taken; `word` says why."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word


class PartnerEndpoints:
    """The HTTP side. `take` takes in a message; `holds` says whether a partner may have a file of a conversation."""

    def __init__(
        self, config: PartnerConfig, ports: Ports, desk: PartnerPorts, address: str, take: Take, holds: Holds
    ) -> None:
        self._config = config
        self._ports = ports
        self._book = desk.book
        self._address = address
        self._take = take
        self._holds = holds
        self.open = False  # a session runs in this process
        if ports.routes is not None:
            ports.routes.add_post("/v1/messages", self.messages)
            ports.routes.add_get("/v1/files/{conversation}/{digest}", self.files)

    async def messages(self, request: web.Request) -> web.Response:
        """Take in a message."""
        try:
            reply = await self._message(request)
            return _answer(reply, 409 if reply.word else 200)
        except PeerRefused as refused:
            return _answer(codec.PeerReply(word=refused.word), refused.status)
        except (Busy, PeerAway):
            return _answer(codec.PeerReply(word="busy"), 503)

    async def _message(self, request: web.Request) -> codec.PeerReply:
        version, said, partner = await self._whose(request)
        body = await _body(request)
        given = signature.Request("POST", f"{self._address}v1/messages", _headers(request), body)
        if partner.state == "invited" or (partner.state == "unconfirmed" and partner.proof):
            reply = await self._join(partner, given, said)
            if reply is not None:
                return reply
        await self._authentic(partner, given, said)
        message = self._decoded(body)
        if not partner.works and not isinstance(message, codec.PeerHello | codec.PeerBye):
            raise PeerRefused(403, "unconfirmed")
        return await self._take(partner, message, version)

    async def files(self, request: web.Request) -> web.StreamResponse:
        """Hand out a file."""
        conversation, digest = request.match_info["conversation"], request.match_info["digest"]
        try:
            _, said, partner = await self._whose(request)
            path = f"v1/files/{quote(conversation, safe='')}/{digest}"
            given = signature.Request("GET", f"{self._address}{path}", _headers(request), await _body(request))
            await self._authentic(partner, given, said)
            if not partner.works or len(digest) != 64 or not DIGEST.issuperset(digest):
                raise PeerRefused(404, "no-file")
            file = await self._ports.blobs.path(digest) if await self._holds(partner, conversation, digest) else None
        except PeerRefused as refused:
            return _answer(codec.PeerReply(word=refused.word), refused.status)
        except Busy:
            return _answer(codec.PeerReply(word="busy"), 503)
        if file is None:
            return _answer(codec.PeerReply(word="no-file"), 404)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        }
        return web.FileResponse(file, headers=headers)

    async def _whose(self, request: web.Request) -> tuple[int, signature.SignatureInput, Partner]:
        """Return the version, what the signature says of itself, and the partner it names. Raises PeerRefused, Busy."""
        if not self.open:
            raise PeerRefused(503, "busy")
        version = request.headers.get(signature.VERSION, "")
        if not version.isdigit() or len(version) > 6:
            raise PeerRefused(400, "unreadable")
        try:
            said = signature.read(signature.Request(request.method, "", _headers(request)))
        except signature.BadSignature:
            raise PeerRefused(401, "signature") from None
        partner = await self._book.find(said.keyid)
        if partner is None or partner.state == "joining":
            raise PeerRefused(401, "unknown")
        if partner.state in ("revoked", "ended"):
            raise PeerRefused(403, "revoked")
        if int(version) != codec.SPEAKS:
            await self._doubt(partner, "version")
            raise PeerRefused(426, "version")
        return int(version), said, partner

    async def _authentic(self, partner: Partner, given: signature.Request, said: signature.SignatureInput) -> None:
        """See that a request is this partner's, of now, and the first of its kind. Raises PeerRefused, Busy."""
        try:
            signature.check_ours(given, said, partner.key)
        except (signature.BadSignature, ValueError):
            raise PeerRefused(401, "signature") from None
        now = time.time()
        if abs(now - said.created) > self._config.skew_s:
            await self._doubt(partner, "clock")
            raise PeerRefused(401, "clock")
        until = int((now + 2 * self._config.skew_s) * 1000)
        if not await self._book.first_time(partner.id, said.nonce, until):
            await self._doubt(partner, "replayed")
            raise PeerRefused(401, "replayed")

    async def _doubt(self, partner: Partner, word: str) -> None:
        """Show what was wrong with a message that names a partner."""
        log.warning("a partner's message is refused", channel=self._ports.channel, partner=partner.id, why=word)
        if partner.doubt != word:
            await self._book.change(partner.id, only=("unconfirmed", "confirmed"), doubt=word)

    @staticmethod
    def _decoded(body: bytes) -> codec.Said:
        try:
            return codec.decode(body)
        except ValueError:
            raise PeerRefused(422, "unreadable") from None

    async def _join(
        self, partner: Partner, given: signature.Request, said: signature.SignatureInput
    ) -> codec.PeerReply | None:
        """Take in who accepts an invitation; None for another message of a partner who has. Raises PeerRefused, Busy."""
        message = self._decoded(given.body)
        if not isinstance(message, codec.PeerJoin):
            if partner.state == "invited":
                raise PeerRefused(401, "unknown")
            return None
        proof = hashlib.sha256(message.secret.encode("utf-8", "replace")).hexdigest()
        late = time.time() * 1000 > partner.made_at + INVITED_MS
        try:
            key = bytes.fromhex(message.key)
            check_address(message.url, private=self._config.allow_private)
            signature.check_ours(given, said, key)
        except (ForbiddenAddress, signature.BadSignature, ValueError):
            raise PeerRefused(401, "signature") from None
        if late or not same(proof, partner.proof) or (partner.state != "invited" and key != partner.key):
            raise PeerRefused(403, "invitation")
        if partner.state == "invited":
            fields = {"state": "unconfirmed", "key": key, "url": message.url, "name": message.name.strip()[:100]}
            if not await self._book.change(partner.id, only=INVITED, **fields):
                raise PeerRefused(403, "invitation")
        return codec.PeerReply(key=public_key(partner.seed).hex(), name=self._config.title)


async def _body(request: web.Request) -> bytes:
    """Return the body. Raises PeerRefused when it is too large."""
    if (request.content_length or 0) > codec.MAX_BODY:
        raise PeerRefused(413, "too-large")
    found = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK):
        found += chunk
        if len(found) > codec.MAX_BODY:
            raise PeerRefused(413, "too-large")
    return bytes(found)


def _headers(request: web.Request) -> dict[str, str]:
    """Return the headers by lower-case name; those that come twice are joined (RFC 9421 2.1)."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def _answer(reply: codec.PeerReply, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status == 503 else {})
    return web.Response(body=codec.encode(reply), status=status, content_type="application/json", headers=headers)
