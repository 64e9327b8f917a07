"""Texts, pictures and WhatsApp through Twilio: webhooks in, its API out.

Webhooks bring texts at once; the list of messages brings what no webhook did, at the start of each session and every `look_s`.
Only a look at the list moves the cursor `listed`, since a webhook says nothing about the one before it; `latest` is for people.

Twilio drops no duplicates, so a submission that broke off is looked up by its recipient, words and time before it is made
again. A message that is known to be another delivery is left out. "It is not there" is believed only `settle_s` after the
connection works again, for what was on its way may arrive late. Status callbacks name the delivery in their own, signed address.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import structlog

from adapters.sms import codec, numbers
from adapters.sms.codec import Inbound
from adapters.sms.config import SmsConfig
from adapters.sms.media import fetched, lend
from adapters.sms.parking import PARKED, Parking
from adapters.sms.quiet_hours import AWAKE_MS
from adapters.sms.send_rate import PATIENCE_S, SendRate
from adapters.sms.submissions import SUBMISSIONS, Submissions
from adapters.sms.twilio_api import TwilioApi
from adapters.sms.voice.calls import CALLS
from adapters.sms.voice.hooks import VoiceHooks
from adapters.sms.voice.mailbox import VoiceMailbox
from adapters.sms.webhooks import Webhooks
from adapters.sms.words import reason
from bridge.contract.adapter import (
    BadCredentials,
    Busy,
    Capabilities,
    MessageIntake,
    Misconfigured,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Sent,
    TooLarge,
    Unavailable,
    Uncertain,
)
from bridge.contract.message import Delivery
from bridge.contract.opt_outs import OPT_OUTS, OptOuts, command
from bridge.contract.segments import plain, segments

MAX_TEXT = 800  # 1600 units are taken, and a character may be two
MAX_FILE = 5_000_000
OVERLAP_MS = 600_000  # the list may be late, and clocks may differ
WINDOW_MS = 86_400_000
KNOWN = 20_000
FETCHES = 3  # looks at a text whose file cannot be had, before it comes in without

log = structlog.get_logger("adapters.sms")


class SmsAdapter:
    """An account's numbers. See the module."""

    name: ClassVar[str] = "sms"
    Config: ClassVar[type[SmsConfig]] = SmsConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        max_media=MAX_FILE,
        receipts="read",
        replay=True,
        lookup=True,
        forget=True,
        check=True,
        segments=True,
        label="SMS",
        icon="phone",
        answers=("phone",),
        remembers=(OPT_OUTS, SUBMISSIONS, PARKED, CALLS),
    )

    def __init__(self, config: SmsConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._public_url = (config.public_url or ports.public_url).rstrip("/")
        self._ours = config.ours()
        self._quiet_hours = config.hours()
        self._send_rate = SendRate(config.rate)
        self._opt_outs = OptOuts(ports.memory)
        self._submissions = Submissions(ports.memory)
        self._parking = Parking(ports.memory)
        self._account: TwilioApi | None = None
        self._refused = asyncio.Event()
        self._replayed = asyncio.Event()
        self._looking = asyncio.Lock()
        self._listed = 0
        self._known: OrderedDict[str, None] = OrderedDict()
        self._heard: OrderedDict[str, int] = OrderedDict()
        self._fetches: dict[str, int] = {}
        self._arriving: dict[str, Inbound] = {}  # what webhooks are bringing now
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._whole = 0.0  # monotonic: when the session began
        self._began = 0  # ms: the same by the clock
        self._broken: OrderedDict[str, float] = OrderedDict()  # delivery -> monotonic: when its submission broke off
        webhooks = Webhooks(config, ports, self._public_url, self._arrived, self._told)
        self._open = False
        self._mailbox = self._voice(webhooks)
        if ports.routes is None:
            raise Misconfigured("texts come by webhook: the channel needs the HTTP side")

    def _voice(self, webhooks: Webhooks) -> VoiceMailbox | None:
        """Return what calls go to, where the configuration wants them. Raises Misconfigured."""
        config = self._config.voice
        if config is None:
            return None
        if not self._public_url or not self._ours:
            raise Misconfigured("voice needs numbers, and the address of this desk: public_url")
        mailbox = VoiceMailbox(config, self._ports, self._ours, lambda: self._account)
        here = f"{self._public_url}/channels/{self._ports.channel}/voice"
        VoiceHooks(config, self._ports, mailbox, webhooks, here, lambda: self._open)
        return mailbox

    async def _follow_hours(self) -> None:
        async for desk in self._ports.desk(""):
            self._open = desk.open

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        self._refused.clear()
        self._replayed.clear()
        account = TwilioApi(self._config)
        try:
            await account.check()
            self._account = account
            self._whole, self._began = time.monotonic(), int(time.time() * 1000)
            await self._ports.inlet.up()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_again())
                group.create_task(self._refusal())
                if self._mailbox is not None:
                    group.create_task(self._follow_hours())
                    group.create_task(self._mailbox.watch())
        except OSError as error:
            raise Unavailable(f"files cannot be kept: {type(error).__name__}") from error
        finally:
            self._account = None
            await account.close()

    async def check(self) -> None:
        """Ask Twilio for the account's list. Raises Unavailable, BadCredentials."""
        account = TwilioApi(self._config)
        try:
            await account.check()
        finally:
            await account.close()

    async def forget(self, addresses: Collection[str]) -> None:
        """Delete texts that were parked. An opt-out stays: it keeps these numbers from being written to."""
        await self._parking.forget(addresses)

    async def _refusal(self) -> None:
        await self._refused.wait()
        raise BadCredentials(f"Twilio refuses account {self._config.account_sid}")

    async def _look_again(self) -> None:
        await self._replayed.wait()
        while True:
            await asyncio.sleep(self._config.look_s)
            await self._look(self._ports.inlet)

    # -- texts to the library

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand in what the list has since the cursor, oldest first."""
        first = int(time.time() * 1000 - self._config.first_hours * 3_600_000)
        self._listed = int(cursor.get("listed", 0)) or first + OVERLAP_MS
        parked = [inbound for inbound in await self._parking.parked() if self._is_ours(inbound)]
        for inbound in parked:
            await self._take(inbound, missed)
        await self._parking.leave({inbound.sid for inbound in parked})
        await self._look(missed)
        self._replayed.set()

    async def _look(self, intake: MessageIntake) -> None:
        """Take in what the list of messages has and we have not. Raises Unavailable, BadCredentials."""
        async with self._looking:
            account = self._there()
            begun = int(time.time() * 1000)
            found: list[Any] = []
            for to in self._ours or ("",):
                found += reversed(await account.inbound(to, self._listed - OVERLAP_MS))
            again = False
            found = [each for each in found if not self._may_be_called(each, begun)]
            for resource in sorted(found, key=lambda each: codec.milliseconds(each.date_sent or each.date_created)):
                again = not await self._listed_text(resource, intake) or again
            if self._mailbox is not None and not await self._calls(self._mailbox, intake):
                again = True
            if not again:
                self._listed = begun
                await intake.advance({"listed": str(begun)})

    async def _calls(self, mailbox: VoiceMailbox, intake: MessageIntake) -> bool:
        """Take in what the lists of calls and recordings have; False when they must be looked at again."""
        try:
            return await mailbox.look(self._listed - OVERLAP_MS, intake)
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None

    def _may_be_called(self, resource: Any, now: int) -> bool:
        """Whether a webhook, which tells more than the list does, may still bring a text of this session."""
        at = codec.milliseconds(resource.date_created)
        return at > self._began and now - at < self._config.grace_s * 1000

    async def _listed_text(self, resource: Any, intake: MessageIntake) -> bool:
        """Take in one message of the list; False when it must be looked at again."""
        try:
            inbound = self._arriving.get(resource.sid) or codec.listed(resource)
            if inbound.sid not in self._known and self._is_ours(inbound):
                await self._take(inbound, intake)
        except Busy as error:
            if self._fetches.get(resource.sid):
                return False
            raise Unavailable(f"the desk takes nothing in now: {error}") from None
        except (TooLarge, ValueError) as error:
            log.warning(
                "a text cannot be taken in", channel=self._ports.channel, sid=resource.sid, why=type(error).__name__
            )
        return True

    async def _arrived(self, inbound: Inbound) -> str:
        """Take in a text that a webhook brought; return what it is answered at once."""
        if not self._is_ours(inbound):
            await self._parking.park(inbound)
            log.error(
                "a text to a number that is not configured was parked", channel=self._ports.channel, sid=inbound.sid
            )
            return ""
        turn = self._turns.setdefault(inbound.sender, asyncio.Lock())
        self._arriving[inbound.sid] = inbound
        try:
            async with (
                turn
            ):  # one of a sender after the other, though a picture takes its time; the list keeps no turns
                new = await self._take(inbound, self._ports.inlet)
        finally:
            self._arriving.pop(inbound.sid, None)
        helped = new and command(inbound.text) == "HELP" and not inbound.told
        return self._config.help_text if helped else ""

    async def _take(self, inbound: Inbound, intake: MessageIntake) -> bool:
        """Make a text durable; True when it is new. Raises Busy, TooLarge, ValueError."""
        files, marks = await self._files(inbound)
        marks += await self._obeyed(inbound)
        quoted = await self._quoted(inbound)
        message = codec.message(self._ports.channel, inbound, files, marks, quoted)
        try:
            new = await intake.receive(message, {"latest": inbound.sid})
        except (TooLarge, ValueError):
            self._know(inbound)
            raise
        self._know(inbound)
        return new

    async def _quoted(self, inbound: Inbound) -> str:
        """Return the words that the patron answers, "" where nobody can say; one that waits is not held up for them."""
        if self._account is None or not codec.is_sid(inbound.quoted):
            return ""
        return await self._account.words(inbound.quoted)

    async def _obeyed(self, inbound: Inbound) -> list[str]:
        """Remember what a carrier's word says, and return how the librarian is told. WhatsApp has no such words of its own."""
        if inbound.sender.startswith(numbers.WHATSAPP) and not inbound.told:
            return []
        word = command(inbound.text, inbound.told)
        return await self._opt_outs.obey(inbound.sid, self._side(inbound.to), inbound.sender, inbound.at, word)

    async def _files(self, inbound: Inbound) -> tuple[list[Any], list[str]]:
        """Fetch a text's files; what cannot be had for a while is left out at last. Raises Busy."""
        if not inbound.media and not inbound.unlisted:
            return [], []
        try:
            account = self._there()
            urls = inbound.media or await account.media(inbound.sid)
            return await fetched(account, self._ports.blobs, urls)
        except (Unavailable, BadCredentials) as error:
            count = self._fetches[inbound.sid] = self._fetches.get(inbound.sid, 0) + 1
            if count < FETCHES:
                raise Busy(f"a file cannot be had now: {error}") from None
            return [], ["file-missing"]

    def _know(self, inbound: Inbound) -> None:
        self._fetches.pop(inbound.sid, None)
        self._known[inbound.sid] = None
        self._heard[inbound.sender] = max(inbound.at, self._heard.get(inbound.sender, 0))
        for kept in (self._known, self._heard):
            while len(kept) > KNOWN:
                kept.popitem(last=False)

    def _is_ours(self, inbound: Inbound) -> bool:
        service = self._config.messaging_service
        return inbound.to in self._ours or bool(service and inbound.service == service)

    def _side(self, ours: str) -> str:
        """Return our side of an opt-out: the whole Messaging Service, or the number."""
        return self._config.messaging_service or ours

    # -- what became of ours

    async def _told(self, delivery: str, fields: Mapping[str, str]) -> None:
        """Take a status. Raises Busy."""
        sid = fields.get("MessageSid") or fields.get("SmsSid", "")
        if not codec.is_sid(sid):
            return
        delivery = delivery or (await self._submissions.deliveries([sid])).get(sid, "")
        if not delivery:
            return
        await self._submissions.submitted(delivery, sid)
        stage = codec.stage(fields.get("MessageStatus") or fields.get("SmsStatus", ""))
        if stage is None:
            return
        said = fields.get("ErrorCode", "")
        code = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
        if stage != "failed":
            cost = await self._account.cost(sid) if stage == "delivered" and self._account is not None else ""
            await self._ports.inlet.receipt(delivery, stage, detail=cost, network_id=sid)
            return
        if code == 21610:
            await self._refused_by(fields.get("From", ""), fields.get("To", ""), sid)
        await self._ports.inlet.receipt(
            delivery, "failed", reason=reason(code), detail=f"Twilio {code}" if code else "", network_id=sid
        )

    async def _refused_by(self, ours: str, theirs: str, sid: str) -> None:
        """Remember an opt-out that only Twilio knew of."""
        await self._opt_outs.opt(sid, self._side(ours), theirs, int(time.time() * 1000), out=True)

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery from the number that the patron texted, else from the first that can reach them."""
        account = self._account
        if account is None:
            return Retry("no-session")
        ours, heard = codec.read_token(delivery.reply)
        heard = max(heard, self._heard.get(delivery.to, 0))
        sender = self._sender(delivery.to, ours)
        hindrance = await self._silenced(delivery, sender) or self._hindrance(delivery, sender, heard)
        if hindrance is not None:
            return hindrance
        fields = self._fields(delivery, sender, heard)
        for file in delivery.attachments:
            if await self._ports.blobs.path(file.digest) is None:
                return Rejected("attachment-gone")
        wait = self._send_rate.turn(sender, self._messages(delivery))
        if wait > PATIENCE_S:
            return Retry("busy", after=wait - PATIENCE_S / 2)
        if not await account.lasts(wait):
            return Retry("no-session")
        outcome = await account.submit(fields)
        await self._noted(delivery, sender, outcome)
        return outcome

    async def _noted(self, delivery: Delivery, sender: str, outcome: Outcome) -> None:
        """Remember what an outcome says for later. It stays what it is where that cannot be remembered: a status tells again."""
        try:
            await self._remember(delivery, sender, outcome)
        except Busy as error:
            log.warning(
                "an outcome is not remembered", channel=self._ports.channel, delivery=delivery.id, why=str(error)
            )

    async def _remember(self, delivery: Delivery, sender: str, outcome: Outcome) -> None:
        match outcome:
            case Sent(network_id):
                await self._submissions.submitted(delivery.id, network_id)
            case Rejected("opted-out"):
                await self._refused_by(sender, delivery.to, f"refused {delivery.id}")
            case Retry("credentials"):
                self._refused.set()
            case Uncertain():
                self._broken[delivery.id] = time.monotonic()
                while len(self._broken) > KNOWN:
                    self._broken.popitem(last=False)
            case _:
                pass

    def _hindrance(self, delivery: Delivery, sender: str, heard: int) -> Rejected | Retry | None:
        """Return why a delivery cannot go out, or not now."""
        if not numbers.answerable(delivery.to) or not sender:
            return Rejected("no-such-address")
        if not delivery.text and not delivery.attachments:
            return Rejected("empty")
        if delivery.attachments and not self._public_url:
            return Rejected("media-refused", "public_url is not set, so Twilio cannot fetch files")
        now = time.time()
        if self._quiet_hours is not None and now * 1000 - heard > AWAKE_MS and (left := self._quiet_hours.left(now)):
            return Retry("quiet-hours", after=left)
        if self._late(delivery.to, heard) and (not self._config.template or delivery.attachments):
            return Rejected("window-closed")
        return None

    async def _silenced(self, delivery: Delivery, sender: str) -> Rejected | Retry | None:
        """Return why a delivery must not go out where the patron has opted out, or where nobody can say."""
        try:
            return Rejected("opted-out") if await self._opt_outs.opted_out(self._side(sender), delivery.to) else None
        except Busy:
            return Retry("try-later")

    def _late(self, to: str, heard: int) -> bool:
        """Whether WhatsApp takes a template only: more than 24 hours after the patron's last words."""
        return to.startswith(numbers.WHATSAPP) and 0 < heard < time.time() * 1000 - WINDOW_MS

    def _sender(self, to: str, ours: str) -> str:
        """Return the number of ours to text from; the service where it may choose; "" when none can."""
        service = self._config.messaging_service
        if ours and numbers.same_kind(ours, to) and (ours in self._ours or service):
            return ours
        return next((each for each in self._ours if numbers.same_kind(each, to)), service)

    def _messages(self, delivery: Delivery) -> int:
        """Return how many messages a delivery is for the network; WhatsApp has no segments."""
        return 1 if delivery.to.startswith(numbers.WHATSAPP) else segments(self._text(delivery)).count

    def _text(self, delivery: Delivery) -> str:
        return plain(delivery.text) if self._config.plain else delivery.text

    def _fields(self, delivery: Delivery, sender: str, heard: int) -> dict[str, Any]:
        """Return what the API is asked to make."""
        fields: dict[str, Any] = {"to": delivery.to, "body": self._text(delivery)}
        service = self._config.messaging_service
        fields |= {"messaging_service_sid": service} if service else {}
        fields |= {"from_": sender} if sender != service else {}
        if self._late(delivery.to, heard):
            fields["content_sid"] = self._config.template
            fields["content_variables"] = codec.variables(fields.pop("body"))
        base = self._public_url
        if base:
            here = f"{base}/channels/{self._ports.channel}"
            fields["status_callback"] = f"{here}/status?delivery={delivery.id}"
            if delivery.attachments:
                fields["media_url"] = [f"{here}/{lend(self._ports.secret, file)}" for file in delivery.attachments]
        return fields

    # -- doubt

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Look whether a delivery is in the list of messages."""
        if await self._submissions.sid(delivery.id):
            return True
        since = max(self._whole, self._broken.get(delivery.id, 0.0))
        await asyncio.sleep(max(0.0, since + self._config.settle_s - time.monotonic()))
        if await self._submissions.sid(delivery.id):
            return True  # a status told us meanwhile
        try:
            found = await self._there().outbound(delivery.to, delivery.at - OVERLAP_MS)
        except (Unavailable, BadCredentials):
            return None
        others = await self._submissions.deliveries([each.sid for each in found])
        for each in reversed(found):
            if others.get(each.sid, delivery.id) == delivery.id and codec.same(
                each, self._text(delivery), len(delivery.attachments)
            ):
                await self._submissions.submitted(delivery.id, each.sid)
                return True
        return False

    def _there(self) -> TwilioApi:
        if self._account is None:
            raise Unavailable("the session is over")
        return self._account
