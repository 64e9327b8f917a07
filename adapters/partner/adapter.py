"""The partner adapter: other deployments of the desk, as patrons who are helped here and as colleagues who help us.

`home` lends our conversations to partners, `held` holds theirs, `endpoints` hears what partners say, `peer` speaks to them. One
session tells every partner that we are here and how our desk is. It hands in the presence of theirs, and looks for what was taken
back.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import ClassVar

import structlog

from adapters.partner import codec
from adapters.partner.codec import PeerBye, PeerHello, PeerJoin, PeerReply, place_of
from adapters.partner.config import PartnerConfig
from adapters.partner.endpoints import PartnerEndpoints
from adapters.partner.held import HeldSide
from adapters.partner.home import HomeSide, away
from adapters.partner.partnerships import ALIVE, JOINING, Partnerships
from adapters.partner.peer import PeerAway
from adapters.partner.talks import Talks
from bridge.contract.adapter import Busy, Capabilities, Misconfigured, Outcome, Ports, Rejected, Retry, Unavailable
from bridge.contract.message import Action, Delivery, Presence, SetAvailability, action_id
from bridge.contract.partners import Colleague, Partner, fingerprint, public_key

AGAIN_S = 15.0  # how often presence is said again: a core that took over asks everybody again
TELLS = 20  # partners told at once

log = structlog.get_logger("adapters.partner")


class PartnerAdapter:
    """See the module's header and bridge.contract.adapter."""

    name: ClassVar[str] = "partner"
    Config: ClassVar[type[PartnerConfig]] = PartnerConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=codec.MAX_TEXT,
        max_media=10 << 20,
        receipts="sent",
        formatting=True,
        idempotent=True,
        staff=True,
        live=True,
        partners=True,
        label="Partner",
        icon="chat",
        private=True,
    )

    def __init__(self, config: PartnerConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._address = config.address or f"{ports.public_url.rstrip('/')}/channels/{ports.channel}/"
        self._present: dict[str, float] = {}  # partner -> when their presence was said last
        self._working: dict[str, Partner] = {}
        if ports.partners is None:
            return  # it is only looked at: `deskbridge check`
        desk = ports.partners
        self._book = desk.book
        self._partners = Partnerships(config, ports, desk)
        self._talks = Talks(desk.book)
        self._held = HeldSide(ports, self._partners, self._talks)
        self._home = HomeSide(ports, self._partners, self._talks, self._held.give_back)
        self._endpoints = PartnerEndpoints(config, ports, desk, self._address, self._take, self._holds)

    # ---- the session ----

    async def run(self) -> None:
        """Hold one session."""
        if not self._address.startswith(("https://", "http://")):
            raise Misconfigured("address: set it, or http.public_url: partners must reach us somewhere")
        self._partners.begin()
        self._present.clear()
        await self._partners.peers.open()
        try:
            await self._talks.load()
            self._home.begin()
            await self._meet()
            self._endpoints.open = True
            await self._ports.inlet.up()
            await self._serve()
        except* Busy as busy:
            raise Unavailable(f"the partners cannot be read now: {busy.exceptions[0]}") from None
        finally:
            self._endpoints.open = False
            await self._partners.peers.close()

    async def _serve(self) -> None:
        swept = float("-inf")
        while True:
            now = time.monotonic()
            with suppress(Busy):  # the store or the archive is away: at the next look
                await self._meet()
                await self._show_presence()
                await self._home.look(self._working)
                await self._home.give_up(self._working)
                await self._held.look(self._working)
                if now - swept >= self._config.sweep_s:
                    swept = now
                    await self._home.sweep(self._working)
                    await self._held.sweep(int(time.time() * 1000))
            await asyncio.sleep(self._config.look_s)

    async def _meet(self) -> None:
        """Look who our partners are, and tell those of us who need to hear. Raises Busy."""
        everybody = await self._book.all()
        working = {one.id: one for one in everybody if one.works}
        over = [name for name in self._working if name not in working]
        self._working = working
        due = [one for one in everybody if self._due(one)]
        for at in range(0, len(due), TELLS):
            await asyncio.gather(*(self._tell(one) for one in due[at : at + TELLS]))
        for name in over:
            await self._say_bye(name)

    def _due(self, partner: Partner) -> bool:
        heard, now = self._partners.heard(partner.id), time.monotonic()
        if partner.state == "joining":
            return now - heard.told_at >= min(self._config.beat_s, 5.0)
        if partner.state not in ("unconfirmed", "confirmed"):
            return False
        news = self._hello(partner) != heard.told and now - heard.told_at >= self._config.look_s
        return news or now - heard.told_at >= self._config.beat_s

    def _hello(self, partner: Partner) -> PeerHello:
        return PeerHello(name=self._config.title, agreed=partner.state == "confirmed", desk=self._partners.desk.desk())

    async def _tell(self, partner: Partner) -> None:
        """Say that we're here, or that we accept an invitation. Raises Busy."""
        heard = self._partners.heard(partner.id)
        heard.told_at = time.monotonic()
        hello = self._hello(partner)
        with suppress(PeerAway):
            if partner.state == "joining":
                await self._join(partner)
            elif not (await self._partners.say(partner, hello)).word:
                heard.told = hello
                return
        heard.told = None

    async def _join(self, partner: Partner) -> None:
        """Accept an invitation at the side that made it. Raises PeerAway, Busy."""
        key = public_key(partner.seed).hex()
        said = PeerJoin(secret=partner.proof, key=key, url=self._address, name=self._config.title)
        reply = await self._partners.say(partner, said)
        if reply.word:
            await self._partners.note(partner, f"join-{reply.word}", "")
            return
        try:
            theirs = bytes.fromhex(reply.key)
        except ValueError:
            theirs = b""
        if fingerprint(theirs).replace(" ", "") != partner.expected:
            await self._partners.note(partner, "fingerprint", "")
            return
        fields = {"state": "unconfirmed", "key": theirs, "name": reply.name[:100], "proof": "", "doubt": ""}
        await self._book.change(partner.id, only=JOINING, **fields)

    async def _say_bye(self, name: str) -> None:
        """Tell a partner that it is over, once: one who misses it hears so at the next word. Raises Busy."""
        partner = await self._book.find(name)
        if partner is not None and partner.state == "revoked":
            with suppress(PeerAway):
                await self._partners.peers.say(partner, PeerBye())

    # ---- their desks as our colleagues ----

    async def _show_presence(self) -> None:
        """Hand in whether the partners' desks are there. Raises Busy."""
        desk, now = self._partners.desk, time.monotonic()
        if not desk.ready():
            return
        for name in {*self._working, *self._present}:
            partner, colleague = self._working.get(name), desk.colleague(name)
            if colleague is None:
                self._present.pop(name, None)
                continue
            if partner is None or not self._partners.answers(partner):
                if self._present.pop(name, None) is not None:
                    await self._say_presence(colleague, name, up=False)
                continue
            if now - self._present.get(name, float("-inf")) >= AGAIN_S:
                await self._say_presence(colleague, name, up=True)
                self._present[name] = now
            await self._offer(colleague, () if self._partners.heard(name).desk.busy else colleague.queues)

    async def _say_presence(self, colleague: Colleague, name: str, *, up: bool) -> None:
        presence = Presence(
            process=self._ports.process,
            connection=f"{self._ports.channel}|{name}",
            librarian=colleague.librarian,
            up=up,
        )
        await self._ports.inlet.presence(presence)

    async def _offer(self, colleague: Colleague, queues: tuple[str, ...]) -> None:
        """Have a partner's desk answer in these queues."""
        if set(colleague.answers) != set(queues):
            id = action_id(colleague.librarian, f"partner here {time.time_ns()}")
            await self._ports.inlet.act(Action(id=id, by=colleague.librarian, deed=SetAvailability(queues=queues)))

    # ---- what partners say ----

    async def _take(self, partner: Partner, said: codec.Said, version: int) -> PeerReply:
        match said:
            case PeerHello():
                await self._partners.hear(partner, said, version)
                return PeerReply()
            case PeerBye():
                await self._book.change(partner.id, only=ALIVE, state="ended", ended_by=partner.name)
                return PeerReply()
            case PeerJoin():
                return PeerReply(word="invitation")
            case codec.PeerPass() | codec.PeerGone() | codec.PeerRecall() | codec.PeerForget():
                return await self._held.take(partner, said)
            case _:
                return await self._home.take(partner, said)

    async def _holds(self, partner: Partner, conversation: str, digest: str) -> bool:
        """Say whether a partner may have a file: it is of a conversation that we share with them. Raises Busy."""
        if self._talks.get(partner.id, "lent", conversation) is not None:
            lines = await self._partners.desk.lines(conversation, "")
            return any(file.digest == digest for line in lines for file in line.files)
        if self._talks.get(partner.id, "held", conversation) is not None:
            history = await self._ports.history(codec.sender(partner.id, conversation), "")
            ours = (line for line in history if line.who == "librarian")
            return any(file.digest == digest for line in ours for file in line.attachments)
        return False

    # ---- sending ----

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery."""
        ours = delivery.kind in ("offer", "line")
        name = delivery.to if ours else place_of(delivery.to)[0]
        try:
            partner = await self._partners.working(name)
            if partner is None:
                return Rejected("partner-revoked")
            return await (self._home if ours else self._held).send(partner, delivery)
        except PeerAway as error:
            return away(error)
        except Busy:
            return Retry("busy", 1.0)
