"""Our own conversations with which a partner is asked to help.

A partner's desk is a librarian of ours. What the core offers them or relays to them brings a message about. What the message holds
is read from the transcript, from the position that the partner has. So a message that was lost, doubled or overtaken does no
harm. What a partner does is an action of that librarian, and only in conversations that this partner has or has on offer.

What is no longer with the partner (taken by somebody else, ended, given back) is looked for, and the partner is told. So it does
not matter how it came about, nor who was away at that moment.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec.structs import replace

from adapters.partner import codec, words
from adapters.partner.codec import (
    CODES,
    FromHelper,
    PeerBack,
    PeerClaim,
    PeerDecline,
    PeerEnd,
    PeerForget,
    PeerGone,
    PeerRecall,
    PeerReply,
    PeerSay,
    PeerWait,
)
from adapters.partner.partnerships import Partnerships
from adapters.partner.peer import PeerAway
from adapters.partner.talks import Talks
from bridge.contract.adapter import Outcome, Ports, Rejected, Retry, Sent, TooLarge, Uncertain
from bridge.contract.message import (
    Action,
    Attachment,
    Claim,
    Close,
    Deed,
    Delivery,
    Note,
    Reject,
    Release,
    Say,
    action_id,
)
from bridge.contract.partners import LentTalk, Partner, PartnerTalk

AGAIN_S = 2.0
LATE_MS = 1500  # after it was said, a line should be with the helper
ASKS = ("offer", "transfer")
GiveBack = Callable[[Partner, Delivery, str], Awaitable[Outcome]]
MAX_FILE = 10 << 20
BATCH = 500  # conversations in one `forgotten`


class HomeSide:
    """What we lend. `give_back` hands a partner's own conversation back to it."""

    def __init__(self, ports: Ports, partners: Partnerships, talks: Talks, give_back: GiveBack) -> None:
        self._ports = ports
        self._partners = partners
        self._talks = talks
        self._desk = partners.desk
        self._give_back = give_back
        self._doubtful: set[tuple[str, str]] = set()  # partner, conversation: it may be theirs still, and must not

    # ---- to the helper ----

    async def send(self, partner: Partner, delivery: Delivery) -> Outcome:
        """Pass on what the core tells the librarian who stands for a partner. Raises Busy, PeerAway."""
        await self._desk.caught_up()
        lent = self._desk.lent(delivery.conversation)
        colleague = self._desk.colleague(partner.id)
        if lent is None or colleague is None or colleague.librarian not in lent.with_:
            await self._look_at(partner, delivery.conversation, lent)
            return Sent()
        if lent.guest and delivery.event == "transfer" and codec.place_of(lent.guest)[0] == partner.id:
            return await self._give_back(partner, delivery, lent.guest)
        if lent.guest or (_asks(delivery) and not lent.live):
            await self._act(partner, colleague.librarian, Reject(conversation=delivery.conversation), delivery.id)
            return Sent(reason="not-passed-on")
        if delivery.event == "gone":
            return outcome_of(await self._partners.say(partner, PeerGone(conversation=delivery.conversation)))
        if _asks(delivery) or delivery.event in ("line", "said", "joined"):
            return await self._pass(partner, delivery, lent)
        return Sent()

    async def _pass(self, partner: Partner, delivery: Delivery, lent: LentTalk) -> Outcome:
        asks = _asks(delivery)
        known = self._talks.get(partner.id, "lent", delivery.conversation)
        talk = known or PartnerTalk(partner=partner.id, conversation=delivery.conversation, way="lent")
        if not talk.open and not asks:
            return Sent()
        await self._talks.keep(replace(talk, open=True))
        place = talk.place
        for _ in range(2):
            outcome, have = await self._pass_after(partner, delivery, lent, place)
            if have is None:
                return outcome
            place = have
        return Retry("partner-behind", AGAIN_S)

    async def _pass_after(
        self, partner: Partner, delivery: Delivery, lent: LentTalk, place: str
    ) -> tuple[Outcome, str | None]:
        """Pass on all after `place`; return the outcome, and the helper's own place where it is another."""
        transfer = delivery.event == "transfer"
        groups = codec.batches(await self._desk.lines(delivery.conversation, place))
        for number, lines in enumerate(groups):
            given = codec.passed(delivery.conversation, lent, place, lines)
            if _asks(delivery) and number == 0:
                given = replace(given, opening=delivery.id, transfer=transfer, note=delivery.text if transfer else "")
            reply = await self._partners.say(partner, given)
            if reply.word == "behind":
                return Sent(), reply.have
            outcome = outcome_of(reply)
            if not isinstance(outcome, Sent):
                return outcome, None
            place = lines[-1].position if lines else place
            now = self._talks.get(partner.id, "lent", delivery.conversation)
            if now is not None:
                await self._talks.keep(replace(now, place=max(now.place, place)))
        return Sent(network_id=delivery.id), None

    # ---- from the helper ----

    async def take(self, partner: Partner, said: FromHelper) -> PeerReply:
        """Do what a partner says in a conversation that is with them. Raises Busy, PeerAway."""
        talk = self._talks.get(partner.id, "lent", said.conversation)
        colleague = self._desk.colleague(partner.id)
        await self._desk.caught_up()
        lent = self._desk.lent(said.conversation)
        if talk is None or lent is None or colleague is None or colleague.librarian not in lent.with_:
            over = talk is not None and isinstance(said, PeerEnd | PeerDecline | PeerBack | PeerWait)
            return PeerReply() if over else PeerReply(word="not-yours")
        owns = lent.owner == colleague.librarian
        for number, deed in enumerate(await self._deeds(partner, said, owns)):
            name = said.name if isinstance(said, PeerClaim | PeerSay | PeerEnd) else ""
            await self._act(partner, colleague.librarian, deed, f"{said.id} {number}", name)
        if isinstance(said, PeerEnd | PeerDecline | PeerBack):
            self._doubtful.add((partner.id, said.conversation))
            await self._talks.keep(replace(talk, open=False))
        return PeerReply()

    async def _deeds(self, partner: Partner, said: FromHelper, owns: bool) -> list[Deed]:
        it = said.conversation
        match said:
            case PeerClaim():
                return [Claim(conversation=it)]
            case PeerSay():
                files, missing = await self._fetched(partner, said)
                text = "\n".join(filter(None, (said.text[: codec.MAX_TEXT], missing)))
                return [Say(conversation=it, text=text, attachments=files)]
            case PeerWait():
                return [Release(conversation=it)] if owns else []
            case PeerBack():
                note = [Note(conversation=it, text=said.note[: codec.MAX_TEXT])] if said.note.strip() else []
                return [*note, Release(conversation=it) if owns else Reject(conversation=it)]
            case PeerEnd(code=code) if owns and code in CODES:
                text = words.ENDED.format(name=said.name, partner=partner.name, code=code, seconds=max(0, said.seconds))
                return [Note(conversation=it, text=text), Close(conversation=it, code=CODES[code])]
            case _:
                return [Release(conversation=it) if owns else Reject(conversation=it)]

    async def _fetched(self, partner: Partner, said: PeerSay) -> tuple[tuple[Attachment, ...], str]:
        found = [await fetched(self._ports, self._partners, partner, said.conversation, one) for one in said.files]
        return tuple(one for one in found if isinstance(one, Attachment)), "\n".join(
            one for one in found if isinstance(one, str)
        )

    async def _act(self, partner: Partner, librarian: str, deed: Deed, key: str, name: str = "") -> None:
        id = action_id(librarian, f"partner {partner.id} {key}")
        await self._ports.inlet.act(Action(id=id, by=librarian, deed=deed, name=name))

    # ---- what is over ----

    async def look(self, working: dict[str, Partner]) -> None:
        """Tell partners of conversations that are no longer with them. Raises Busy."""
        if not self._desk.ready():
            return
        for talk in self._talks.open("lent"):
            partner = working.get(talk.partner)
            if partner is not None:
                with suppress(PeerAway):
                    lent = self._desk.lent(talk.conversation)
                    await self._look_at(partner, talk.conversation, lent)
                    if lent is not None and self._partners.present(partner) and _lags(talk, lent):
                        await self._catch_up(partner, talk, lent)

    async def _catch_up(self, partner: Partner, talk: PartnerTalk, lent: LentTalk) -> None:
        """Pass on what the core told nobody, since the partner's desk was away for a moment. Raises Busy, PeerAway."""
        colleague = self._desk.colleague(partner.id)
        if colleague is None or lent.owner != colleague.librarian:
            return
        line = Delivery(
            id="",
            channel=self._ports.channel,
            conversation=talk.conversation,
            to=partner.id,
            kind="line",
            at=lent.asked_at,
            event="line",
        )
        await self._pass(partner, line, lent)

    async def _look_at(self, partner: Partner, conversation: str, lent: LentTalk | None) -> None:
        talk = self._talks.get(partner.id, "lent", conversation)
        colleague = self._desk.colleague(partner.id)
        if talk is None or not talk.open:
            return
        if lent is not None and colleague is not None and colleague.librarian in lent.with_:
            return
        code = lent.code if lent is not None and lent.closed else ""
        await self._partners.say(partner, PeerRecall(conversation=conversation, code=code))
        now = self._talks.get(partner.id, "lent", conversation)
        if now is not None:
            await self._talks.keep(replace(now, open=False))

    async def give_up(self, working: dict[str, Partner]) -> None:
        """Put back into our queues what a partner ended without us, and what is a partner's who isn't one any more. Raises Busy."""
        if not self._desk.ready():
            return
        strangers = {(one.partner, one.conversation) for one in self._talks.open("lent") if one.partner not in working}
        for name, conversation in [*(self._doubtful | strangers)]:
            talk = self._talks.get(name, "lent", conversation)
            lent, colleague = self._desk.lent(conversation), self._desk.colleague(name)
            again = talk is not None and talk.open and name in working
            if again or lent is None or colleague is None or lent.owner != colleague.librarian:
                self._doubtful.discard((name, conversation))
                continue
            id = action_id(colleague.librarian, f"give up {conversation} {int(time.time())}")
            release = Release(conversation=conversation)
            await self._ports.inlet.act(Action(id=id, by=colleague.librarian, deed=release))

    def begin(self) -> None:
        """Begin a session: what an earlier one left undone is looked at again."""
        self._doubtful = {(one.partner, one.conversation) for one in self._talks.all("lent") if not one.open}

    async def sweep(self, working: dict[str, Partner]) -> None:
        """Tell partners what we have forgotten. Raises Busy."""
        for partner in working.values():
            ours = {talk.conversation: talk for talk in self._talks.all("lent") if talk.partner == partner.id}
            gone = [one for one in await self._desk.forgotten(list(ours)) if one in ours]
            for at in range(0, len(gone), BATCH):
                some = gone[at : at + BATCH]
                with suppress(PeerAway):
                    reply = await self._partners.say(partner, PeerForget(conversations=tuple(some)))
                    if not reply.word:
                        for one in some:
                            await self._talks.drop(ours[one])


def _lags(talk: PartnerTalk, lent: LentTalk) -> bool:
    """Say whether the patron wrote something a while ago that the helper doesn't have."""
    have = int(talk.place.partition(".")[0] or 0)
    return have < lent.asked_at < time.time() * 1000 - LATE_MS


def _asks(delivery: Delivery) -> bool:
    """Say whether a delivery asks a partner to take a conversation."""
    return delivery.kind == "offer" or delivery.event in ASKS


def outcome_of(reply: PeerReply) -> Outcome:
    """Return what an answer means for a delivery."""
    match reply.word:
        case "":
            return Sent()
        case "clock" | "version" | "replayed" | "unconfirmed" | "unknown":
            return Retry(f"partner-{reply.word}", AGAIN_S * 5)
        case word:
            return Rejected(f"partner-{word}")


def away(error: PeerAway) -> Outcome:
    """Return what a partner's silence means for a delivery."""
    return Uncertain("link-lost") if error.sent else Retry("unavailable", AGAIN_S)


async def fetched(
    ports: Ports, partners: Partnerships, partner: Partner, conversation: str, file: Attachment
) -> Attachment | str:
    """Return a file of a partner's message once we have it, or what to say in its place. Raises PeerAway, Busy."""
    missing = words.NO_FILE.format(name=file.name)
    if file.size > MAX_FILE:
        return missing
    try:
        async with partners.peers.file(partner, conversation, file.digest) as chunks:
            kept = await ports.blobs.save(chunks, file.name, MAX_FILE)
    except (LookupError, TooLarge, ValueError):
        return missing
    return kept if kept.digest == file.digest else missing
