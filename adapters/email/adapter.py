"""A mailbox as a channel: IMAP in, submission out.

One session holds a connection for each folder; submission connects when there is something to send, and is asked once at the
start, so that a wrong password is found then. Reading needs IMAP alone: while submission is away, mail comes in and answers wait.

A mail that the daemon died over is never sent again: SMTP drops no duplicates. Where copies of answers lie in a Sent folder, that
folder is asked whether it went out; a copy that is not there proves nothing.

A transcript goes to an address that nobody at the desk may see. No copy of it is filed, and a server that refuses it is not
quoted.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec
import structlog

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.codec import NOBODY, ReplyPath, read_reply
from adapters.email.config import EmailConfig
from adapters.email.desk.compose import Enclosure, Outgoing, compose, outgoing_id
from adapters.email.desk.folder import Folder, Reopen
from adapters.email.desk.intake import Intake
from adapters.email.desk.matching import Signer
from adapters.email.desk.restraint import AUTOMATIC, Restraint
from adapters.email.desk.suspects import Suspects
from adapters.email.desk.twins import TWINS, Twins
from adapters.email.mime.header_lines import BrokenMail, written_address
from adapters.email.network.imap import Mailbox
from adapters.email.network.oauth import REFRESH_TOKEN, Tokens
from adapters.email.network.sign_in import Refusals
from adapters.email.network.smtp import Letter, MailSubmission
from bridge.contract.adapter import (
    AdapterError,
    BadCredentials,
    Busy,
    Capabilities,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Sent,
    Uncertain,
)
from bridge.contract.message import Delivery

T = TypeVar("T")

MAX_FILE = 20 << 20
TRANSCRIPT = "transcript"  # the event of a notice
KEPT = frozenset(
    {TRANSCRIPT, "report"}
)  # events of notices that are words to keep: nothing answers them, no copy is filed
FORWARDED = "forwarded"  # the event of what goes to somebody else than the patron

log = structlog.get_logger("adapters.email")


class EmailAdapter:
    """A mailbox. See the module."""

    name: ClassVar[str] = "email"
    Config: ClassVar[type[EmailConfig]] = EmailConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_media=MAX_FILE,
        receipts="sent",
        formatting=True,
        lookup=True,
        check=True,
        threads=True,
        transcripts=True,
        label="Email",
        icon="mail",
        answers=("mail",),
        cc=True,
        remembers=(TWINS, AUTOMATIC, REFRESH_TOKEN),
    )

    def __init__(self, config: EmailConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._tls: ssl.SSLContext = config.tls()
        self._tokens = Tokens(config, ports.memory, ports.secret) if config.oauth else None
        self._signer = Signer(ports.secret, ports.channel)
        self._restraint = Restraint(config.automatic_per_day, ports.memory)
        self._refusals = Refusals()
        self._twins = Twins(ports.secret, ports.memory)
        self._suspects: dict[str, Suspects] = {}
        self._submission = MailSubmission(config, self._tls, self._tokens)
        self._filing: Mailbox | None = None
        self._filing_turn = asyncio.Lock()
        self._library = config.library

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        intake = Intake(self._config, self._ports, self._signer)
        boxes: list[Mailbox] = []
        try:
            await self._submission.check()
            cursor = await self._ports.inlet.cursor()
            folders = []
            for name in self._config.folders:
                boxes.append(await self._mailbox())
                folders.append(
                    Folder(
                        name,
                        self._config,
                        boxes[-1],
                        self._ports.inlet,
                        intake,
                        twins=self._twins,
                        suspects=self._suspects.setdefault(name, Suspects()),
                        reopen=self._reopener(boxes),
                    )
                )
                await folders[-1].begin(cursor)
            await self._ports.inlet.up()
            await self._serve(folders)
        finally:
            await self._end(boxes, intake)

    async def check(self) -> None:
        """Sign in at both servers and look for the folders. Raises Unavailable, BadCredentials, Misconfigured."""
        await self._submission.reach()
        box = await self._mailbox()
        try:
            for name in self._config.folders:
                await box.select(name)
        finally:
            await box.close()

    async def _serve(self, folders: Sequence[Folder]) -> None:
        async with asyncio.TaskGroup() as group:
            for folder in folders:
                group.create_task(folder.run(), name=f"folder {folder.name}")
            group.create_task(self._refusal())
            group.create_task(self._learn_name())

    async def _refusal(self) -> None:
        """End the session when submission does not let us in any more: a person must know."""
        await self._submission.refused.wait()
        self._submission.refused.clear()
        raise BadCredentials(f"the SMTP server refuses {self._config.smtp_login}")

    async def _learn_name(self) -> None:
        """Sign as the library that this desk serves, where the configuration names none."""
        async for desk in self._ports.desk(""):
            self._library = self._config.library or desk.library

    async def _mailbox(self) -> Mailbox:
        return await Mailbox.open(self._config, self._tls, self._tokens.token if self._tokens else None, self._refusals)

    def _reopener(self, boxes: list[Mailbox]) -> Reopen:
        """Return what opens a connection in the place of one of `boxes`."""

        async def reopen(lost: Mailbox) -> Mailbox:
            await lost.close()
            boxes.remove(lost)
            boxes.append(await self._mailbox())
            return boxes[-1]

        return reopen

    async def _end(self, boxes: Sequence[Mailbox], intake: Intake) -> None:
        filing, self._filing = self._filing, None
        for box in (*boxes, *((filing,) if filing is not None else ())):
            await box.close()
        await self._submission.close()
        await intake.close()

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery, as a reply where `delivery.reply` says to what, else as a new mail."""
        return await (self._send_transcript(delivery) if delivery.event == TRANSCRIPT else self._submit(delivery))

    async def _send_transcript(self, delivery: Delivery) -> Outcome:
        assert self._ports.transcript is not None  # it is declared
        try:
            words = await self._ports.transcript(delivery)
        except Busy:
            return Retry("try-later")
        if not words:
            return Rejected("nothing-left")
        text = "\n\n".join(part for part in (delivery.text, words) if part)
        outcome = await self._submit(msgspec.structs.replace(delivery, text=text))
        return Rejected(outcome.reason) if isinstance(outcome, Rejected) else outcome

    async def _submit(self, delivery: Delivery) -> Outcome:
        path = read_reply(delivery.reply)
        try:
            refusal = await self._refused(delivery, path)
        except Busy:
            return Retry("try-later")
        if refusal is not None:
            return refusal
        enclosures: list[Enclosure] = []
        for file in delivery.attachments:
            place = await self._ports.blobs.path(file.digest)
            if place is None:
                return Rejected("media-refused", "the file is gone")
            enclosures.append(Enclosure(file.name, file.media_type, await asyncio.to_thread(Path.read_bytes, place)))
        outgoing = self._outgoing(delivery, path, tuple(enclosures))
        try:
            letter = await asyncio.to_thread(_letter, outgoing, self._hidden(delivery), self._signer)
        except BrokenMail as error:
            log.error("a mail could not be written", channel=self._ports.channel, why=str(error))
            return Rejected("refused", f"the mail could not be written: {error}")
        except ValueError as error:
            return Rejected("no-such-address", str(error))
        refused: dict[str, None] = {}
        outcome = await self._submission.submit(letter, refused.setdefault)
        if isinstance(outcome, Sent):
            await self._tell_refused(delivery, tuple(refused))
        if delivery.automatic and isinstance(outcome, Sent | Uncertain):
            with suppress(Busy):  # what went out went out
                await self._restraint.count(outgoing.to.address)
        if not isinstance(outcome, Sent):
            return outcome
        if outgoing.transcript:
            return outcome
        if self._config.sent_folder and self._config.sent_copy:
            await self._file(letter.raw)
        identity = outgoing_id(delivery.id, self._whose(delivery), self._config.address, self._signer)
        return msgspec.structs.replace(outcome, network_id=identity)

    async def _refused(self, delivery: Delivery, path: ReplyPath | None) -> Rejected | None:
        """Return why a delivery must not go out. Raises Busy."""
        if not MailAddress("", delivery.to).valid or delivery.to.endswith(".invalid"):
            return Rejected("no-such-address")
        if self._is_own(delivery.to):
            return Rejected("own-address")
        if not delivery.automatic:
            return None
        if path is not None and path.machine:
            return Rejected("automatic", "a machine wrote, and machines are not answered by themselves")
        if path is not None and path.unproven:
            return Rejected("automatic", "who wrote is not proven (DMARC)")
        whom = _returns(delivery, path)
        if whom == NOBODY or whom.casefold() in {one.casefold() for one in self._config.own}:
            return Rejected("automatic", "the mail has no address to which automatic mail may go (Return-Path)")
        if not await self._restraint.allows(whom):
            return Rejected("automatic", "enough automatic mails went to this address today")
        return None

    def _outgoing(self, delivery: Delivery, path: ReplyPath | None, enclosures: tuple[Enclosure, ...]) -> Outgoing:
        whom = _returns(delivery, path)
        path = path or ReplyPath("")
        known = read_addresses(path.to)[:1]
        named = bool(known) and known[0].address.casefold() == whom.casefold()
        others = tuple(one for other in path.others for one in read_addresses(other)[:1])
        names = {one.address.casefold(): one for one in others}
        copies = [names.get(one.casefold(), MailAddress("", one)) for one in delivery.cc]
        copies += others if delivery.all_recipients else ()
        return Outgoing(
            delivery=delivery.id,
            conversation=delivery.conversation,
            mailbox=self._config.address,
            to=known[0] if named else MailAddress("", whom),
            patron=self._whose(delivery),
            text=delivery.text,
            formatted=delivery.kind == "text",
            at=delivery.at,
            subject=path.subject or delivery.subject,
            library=self._library,
            author=delivery.author,
            footer=self._config.signature or self._library,
            cc=tuple(one for one in copies if not self._is_own(one.address)),
            title=delivery.title,
            in_reply_to=path.message_id,
            references=path.references,
            enclosures=enclosures,
            automatic=delivery.automatic,
            language=delivery.language,
            plus=self._config.plus,
            transcript=delivery.event in KEPT,
        )

    def _whose(self, delivery: Delivery) -> str:
        """Return whose answers count as the patron's: nobody's where a librarian sent something on to somebody else."""
        return self._config.address if delivery.event == FORWARDED else delivery.to

    def _hidden(self, delivery: Delivery) -> tuple[MailAddress, ...]:
        """Return who gets a copy that no header names."""
        return tuple(MailAddress("", one) for one in delivery.bcc if not self._is_own(one))

    def _is_own(self, address: str) -> bool:
        local, _, domain = address.casefold().rpartition("@")
        return bool(self._config.own_folded & {f"{local}@{domain}", f"{local.partition('+')[0]}@{domain}"})

    async def _tell_refused(self, delivery: Delivery, refused: Sequence[str]) -> None:
        """Tell of each further recipient whom the server refused; the mail went out all the same."""
        with suppress(Busy):
            for one in refused:
                await self._ports.inlet.receipt(delivery.id, "failed", reason="no-such-address", copy=one)

    # -- the Sent folder

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Look for a delivery's copy in the Sent folder: True when it is there, else nobody can say."""
        if not self._config.sent_folder:
            return None
        transcript = delivery.event in KEPT
        whose = self._whose(delivery)
        identity = outgoing_id(delivery.id, whose, self._config.address, self._signer, transcript=transcript)

        async def look(box: Mailbox) -> bool:
            await box.select(self._config.sent_folder)
            return bool(await box.search("HEADER", "Message-ID", f'"<{identity}>"'))

        with suppress(AdapterError):
            return await self._at_sent(look) or None
        return None

    async def _file(self, raw: bytes) -> None:
        """File a copy; a mail that went out stays sent, with or without its copy."""
        try:
            await self._at_sent(lambda box: box.append(self._config.sent_folder, raw))
        except AdapterError as error:
            log.warning("no copy in the Sent folder", channel=self._ports.channel, why=str(error))

    async def _at_sent(self, work: Callable[[Mailbox], Awaitable[T]]) -> T:
        """Work over the connection for the Sent folder; one that failed is thrown away."""
        async with self._filing_turn:
            box, self._filing = self._filing, None
            if box is not None and box.lost:
                await box.close()
                box = None
            box = box or await self._mailbox()
            try:
                found = await work(box)
            except BaseException:
                await box.close()
                raise
            self._filing = box
            return found


def _returns(delivery: Delivery, path: ReplyPath | None) -> str:
    """Return whom a delivery goes to: what the desk says by itself, in answer to a mail, goes to its Return-Path (RFC 3834 4)."""
    return path.returns if delivery.automatic and path is not None and path.returns else delivery.to


def _letter(mail: Outgoing, hidden: Sequence[MailAddress], signer: Signer) -> Letter:
    """Write a mail for a server with SMTPUTF8 and, where that makes a difference, for one without.

    The `hidden` get it, and nothing in it names them. Copies to what is no address are left out. Raises ValueError for an addressee
    that is none.
    """
    to = written_address(mail.to.address)
    copies = {written: one for one in mail.cc if (written := _written(one.address))}
    blind = tuple(
        dict.fromkeys(written for one in hidden if (written := _written(one.address)) and written not in copies)
    )
    plain = {written: one for written, one in copies.items() if written.isascii()}
    plain_blind = tuple(one for one in blind if one.isascii())
    known = len({one.address.casefold() for one in (*mail.cc, *hidden)})

    def letter(copied: dict[str, MailAddress], unseen: tuple[str, ...], other: Letter | None = None) -> Letter:
        raw = compose(msgspec.structs.replace(mail, cc=tuple(copied.values())), signer)
        return Letter((to, *copied, *unseen), raw, max(0, known - len(copied) - len(unseen)), other)

    fewer = len(plain) + len(plain_blind) < len(copies) + len(blind)
    return letter(copies, blind, letter(plain, plain_blind) if fewer and to.isascii() else None)


def _written(address: str) -> str:
    try:
        return written_address(address)
    except ValueError:
        return ""
