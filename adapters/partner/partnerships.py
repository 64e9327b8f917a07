"""Who our partners are in this session: what was heard of each, and whether their desk answers now."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import structlog

from adapters.partner import codec
from adapters.partner.config import PartnerConfig
from adapters.partner.peer import PeerAway, Peers
from bridge.contract.adapter import Ports
from bridge.contract.partners import Partner, PartnerPorts, PartnerState, PeerDesk

JOINING: tuple[PartnerState, ...] = ("joining",)
ALIVE: tuple[PartnerState, ...] = ("unconfirmed", "confirmed")

log = structlog.get_logger("adapters.partner")


@dataclass(slots=True)
class LastHeard:
    """What this session knows of a partner. `told_at`, `at`: by time.monotonic; `told`: the last of our desk that they took."""

    at: float = float("-inf")
    desk: PeerDesk = field(default_factory=PeerDesk)
    told_at: float = float("-inf")
    told: codec.PeerHello | None = None
    doubt: str = ""


class Partnerships:
    """The partners, what we hear of them, and how we speak to them."""

    def __init__(self, config: PartnerConfig, ports: Ports, desk: PartnerPorts) -> None:
        self.peers = Peers(config)
        self.desk = desk
        self._config = config
        self._channel = ports.channel
        self._heard: dict[str, LastHeard] = {}

    def heard(self, id: str) -> LastHeard:
        """Return what is known of a partner."""
        return self._heard.setdefault(id, LastHeard())

    def begin(self) -> None:
        """Forget what an earlier session heard."""
        self._heard.clear()

    def present(self, partner: Partner) -> bool:
        """Say whether a partner was heard of lately."""
        return partner.works and time.monotonic() - self.heard(partner.id).at < self._config.silent_s

    def answers(self, partner: Partner) -> bool:
        """Say whether a partner's desk can be asked now."""
        desk = self.heard(partner.id).desk
        return self.present(partner) and desk.open and desk.staffed

    async def working(self, id: str) -> Partner | None:
        """Return a partner with whom we work now. Raises Busy."""
        partner = await self.desk.book.find(id)
        return partner if partner is not None and partner.works else None

    async def say(self, partner: Partner, said: codec.Said) -> codec.PeerReply:
        """Send a message and note what the answer means for the partnership. Raises PeerAway, Busy."""
        try:
            reply = await self.peers.say(partner, said)
        except PeerAway as away:
            await self.note(partner, "unreachable", str(away))
            raise
        if reply.word == "revoked":
            if await self.desk.book.change(partner.id, only=ALIVE, state="ended", ended_by=partner.name):
                log.warning("a partner has ended the partnership", channel=self._channel, partner=partner.id)
        elif reply.word in ("clock", "version", "signature", "replayed", "unknown", "unreadable", "too-large"):
            await self.note(partner, reply.word, "")
        else:
            await self.note(partner, "", "")
        return reply

    async def note(self, partner: Partner, doubt: str, why: str) -> None:
        """Show what is wrong with a partnership, "" = nothing. Raises Busy."""
        heard = self.heard(partner.id)
        if heard.doubt != doubt or partner.doubt != doubt:
            heard.doubt = doubt
            await self.desk.book.change(partner.id, only=(*ALIVE, "joining"), doubt=doubt)
            if doubt:
                log.warning("a partner is in doubt", channel=self._channel, partner=partner.id, doubt=doubt, why=why)

    async def hear(self, partner: Partner, said: codec.PeerHello, version: int) -> None:
        """Take in that a partner is here. Raises Busy."""
        heard = self.heard(partner.id)
        if time.monotonic() - heard.at >= self._config.silent_s:
            heard.told_at = float("-inf")  # they have begun again: they know nothing of us
        heard.at, heard.desk = time.monotonic(), said.desk
        name = {"name": said.name[:100]} if partner.state == "unconfirmed" else {}
        await self.desk.book.change(
            partner.id,
            only=ALIVE,
            heard_at=int(time.time() * 1000),
            version=version,
            agreed=said.agreed,
            desk=said.desk,
            doubt=heard.doubt if heard.doubt == "unreachable" else "",
            **name,
        )
