"""Partners' conversations that we help with.

Each is an ordinary patron of this channel, whose address names the partner and the conversation there. What our librarians say goes
home. What the desk itself says does not, since home speaks to its patron in its own words. Home hears who took it, that nobody has
it any more, and how it ended.

What we keep of it is home's: it is forgotten when home says so, at the latest after the days that home keeps its own.
"""

from __future__ import annotations

import time
from contextlib import suppress

from msgspec.structs import replace

from adapters.partner import codec
from adapters.partner.codec import (
    FromHome,
    PeerBack,
    PeerClaim,
    PeerEnd,
    PeerForget,
    PeerGone,
    PeerPass,
    PeerRecall,
    PeerReply,
    PeerSay,
    PeerWait,
    place_of,
    sender,
)
from adapters.partner.home import fetched, outcome_of
from adapters.partner.partnerships import Partnerships
from adapters.partner.talks import Talks
from bridge.contract.adapter import Outcome, Ports, Rejected, Sent, TooLarge
from bridge.contract.message import Attachment, Delivery, Recall, derive
from bridge.contract.partners import Partner, PartnerTalk

DAY_MS = 86_400_000
TAKEN_BACK = "partner-not-yours"


class HeldSide:
    """What we hold for partners."""

    def __init__(self, ports: Ports, partners: Partnerships, talks: Talks) -> None:
        self._ports = ports
        self._partners = partners
        self._talks = talks

    # ---- to home ----

    async def send(self, partner: Partner, delivery: Delivery) -> Outcome:
        """Carry home what our desk has for a partner's conversation. Raises Busy, PeerAway."""
        conversation = place_of(delivery.to)[1]
        talk = self._talks.get(partner.id, "held", conversation)
        said = self._said(conversation, delivery)
        if said is None:
            return Sent(reason="not-carried") if delivery.kind == "notice" else Rejected("unsupported")
        if talk is None or not talk.open:
            return Rejected(TAKEN_BACK) if delivery.kind == "text" else Sent()
        reply = await self._partners.say(partner, said)
        if reply.word == "not-yours":
            await self._recall(talk)
            return Rejected(TAKEN_BACK) if delivery.kind == "text" else Sent()
        outcome = outcome_of(reply)
        if isinstance(outcome, Sent) and isinstance(said, PeerEnd):
            await self._keep_open(partner.id, conversation, open=False)
        return outcome

    @staticmethod
    def _said(conversation: str, delivery: Delivery) -> PeerClaim | PeerSay | PeerWait | PeerEnd | None:
        """Return what a delivery is between partners, None for what stays here."""
        id, name = delivery.id, delivery.author
        match delivery.kind, delivery.event:
            case "text", _:
                return PeerSay(
                    id=id, conversation=conversation, name=name, text=delivery.text, files=delivery.attachments
                )
            case "notice", "partner-claimed":
                return PeerClaim(id=id, conversation=conversation, name=name)
            case "notice", "partner-waiting":
                return PeerWait(id=id, conversation=conversation)
            case "notice", "partner-closed":
                code, _, seconds = delivery.about.rpartition(" ")
                spent = int(seconds) if seconds.isdigit() else 0
                return PeerEnd(id=id, conversation=conversation, name=name, code=code, seconds=spent)
            case _:
                return None

    async def give_back(self, partner: Partner, delivery: Delivery, address: str) -> Outcome:
        """Hand a conversation back to the partner whose it is. Raises Busy, PeerAway."""
        conversation = place_of(address)[1]
        talk = self._talks.get(partner.id, "held", conversation)
        if talk is None or not talk.open:
            return Sent()
        reply = await self._partners.say(
            partner, PeerBack(id=delivery.id, conversation=conversation, note=delivery.text)
        )
        if reply.word in ("", "not-yours"):
            await self._recall(talk)
            return Sent(network_id=delivery.id)
        return outcome_of(reply)

    # ---- from home ----

    async def take(self, partner: Partner, said: FromHome) -> PeerReply:
        """Take in what home says. Raises Busy, PeerAway."""
        match said:
            case PeerPass():
                return await self._take_in(partner, said)
            case PeerForget():
                for conversation in said.conversations:
                    talk = self._talks.get(partner.id, "held", conversation)
                    if talk is not None:
                        await self._forget(talk)
                return PeerReply()
            case PeerGone() | PeerRecall():
                talk = self._talks.get(partner.id, "held", said.conversation)
                if talk is not None and talk.open and isinstance(said, PeerRecall):
                    await self._recall(talk, said.code)
                elif talk is not None and talk.open:
                    await self._ports.inlet.sign(sender(partner.id, said.conversation), here=False)
                return PeerReply()

    async def _take_in(self, partner: Partner, said: PeerPass) -> PeerReply:
        talk = self._talks.get(partner.id, "held", said.conversation)
        have = talk.place if talk is not None else ""
        if talk is None and not said.opening:
            return PeerReply(word="not-yours")
        if said.after > have:
            return PeerReply(word="behind", have=have)
        files = [await self._files(partner, said, line.files if line.position > have else ()) for line in said.lines]
        given = codec.messages(self._ports.channel, partner.id, said, have, files)
        until = int(time.time() * 1000) + said.days * DAY_MS if said.days else 0
        talk = talk or PartnerTalk(
            partner=partner.id, conversation=said.conversation, way="held", local=given[0].id if given else ""
        )
        talk = replace(talk, until=until, open=talk.open or bool(said.opening))
        await self._talks.keep(talk)  # first: an answer may come at once
        for message in given:
            with suppress(TooLarge, ValueError):  # it can never be taken
                await self._ports.inlet.receive(message)
        place = max([have, *(line.position for line in said.lines)])
        await self._keep_open(partner.id, said.conversation, place=place)
        return PeerReply()

    async def _files(
        self, partner: Partner, said: PeerPass, files: tuple[Attachment, ...]
    ) -> tuple[tuple[Attachment, ...], str]:
        found = [await fetched(self._ports, self._partners, partner, said.conversation, one) for one in files]
        held = tuple(one for one in found if isinstance(one, Attachment))
        return held, "\n".join(one for one in found if isinstance(one, str))

    async def _keep_open(self, partner: str, conversation: str, **fields: object) -> None:
        now = self._talks.get(partner, "held", conversation)
        if now is not None:
            await self._talks.keep(replace(now, **fields))

    # ---- what is over ----

    async def _recall(self, talk: PartnerTalk, code: str = "") -> None:
        await self._ports.inlet.recall(self._order(talk, code=code))
        await self._talks.keep(replace(talk, open=False))

    async def _forget(self, talk: PartnerTalk) -> None:
        local = await self._ports.find([talk.local]) if talk.local else ""
        await self._ports.inlet.recall(self._order(talk, forget=True, conversation=local))
        await self._talks.drop(talk)

    def _order(self, talk: PartnerTalk, **fields: object) -> Recall:
        address = sender(talk.partner, talk.conversation)
        id = derive("recall", self._ports.channel, address, str(time.time_ns()))
        return Recall(id=id, channel=self._ports.channel, sender=address, **fields)  # type: ignore[arg-type]  # its own fields

    async def look(self, working: dict[str, Partner]) -> None:
        """End the copies of partners that aren't partners any more. Raises Busy."""
        for talk in self._talks.open("held"):
            if talk.partner not in working:
                await self._recall(talk)

    async def sweep(self, now: int) -> None:
        """Forget what home doesn't keep any longer either. Raises Busy."""
        for talk in self._talks.all("held"):
            if 0 < talk.until <= now:
                await self._forget(talk)
