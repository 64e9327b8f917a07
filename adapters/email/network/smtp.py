"""Submission of mails (RFC 6409) over TLS with the certificate checked, on aiosmtplib.

What is known of a submission follows from where it ended (RFC 5321 4.2.5, 4.5.3.2):

    before DATA, or a 4xx answer to it       certainly not taken: Retry
    a 5xx answer                             certainly refused: Rejected
    2xx after the final dot                  taken: Sent
    the connection lost after DATA began     nobody knows: Uncertain, never sent again by us

Connections are kept for the next mail. One that died meanwhile shows it before DATA, so a second try on a new one is safe.

Addresses with letters beyond ASCII before the @ need a server with SMTPUTF8 (RFC 6531). Without it a mail to such an address is
refused with words, and copies to such addresses are left out. A copy that is refused keeps nothing from the others and is told.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress

import aiosmtplib
import msgspec
import structlog

from adapters.email.classify.failures import reason_of, status_of
from adapters.email.config import EmailConfig
from adapters.email.mime.header_lines import BrokenMail, check_mail
from adapters.email.network.oauth import Tokens
from adapters.email.network.sign_in import passes
from bridge.contract.adapter import BadCredentials, Outcome, Rejected, Retry, Sent, Throttled, Unavailable, Uncertain

CONNECTIONS = 4
QUIT_S = 0.5
ADDRESS = re.compile(r"<?(?<![^\s<>@])[^\s<>@]++@[^\s<>@]+>?")
WORDS = {
    "no-such-user": "no-such-address",
    "no-such-host": "no-such-address",
    "moved": "no-such-address",
    "box-full": "mailbox-full",
    "suspended": "unreachable",
    "timed-out": "unreachable",
    "too-large": "too-large",
}

log = structlog.get_logger("adapters.email")


Told = Callable[[str], object]


def ignored(address: str) -> None:
    """Hear of a refused recipient, and do nothing."""


class Letter(msgspec.Struct, frozen=True):
    """A mail and whom it goes to, as RCPT TO names them; the first of `recipients` is the one who must get it.

    `left_out` counts further recipients who cannot be written to. `plain` is the same for a server without SMTPUTF8 where that
    makes a difference.
    """

    recipients: tuple[str, ...]
    raw: bytes
    left_out: int = 0
    plain: Letter | None = None

    @property
    def international(self) -> bool:
        """Whether it takes a server with SMTPUTF8."""
        return not all(one.isascii() for one in self.recipients)


class MailSubmission:
    """The way out of one mailbox."""

    def __init__(self, config: EmailConfig, tls: ssl.SSLContext, tokens: Tokens | None) -> None:
        self._config = config
        self._tls = tls
        self._tokens = tokens
        self._idle: list[aiosmtplib.SMTP] = []
        self._keeping = False  # while a session is open
        self._free = asyncio.Semaphore(CONNECTIONS)
        self.refused: asyncio.Event = asyncio.Event()  # the server does not let us in any more

    async def check(self) -> None:
        """Sign in once. Raises BadCredentials; a server that is away is no reason not to read the mailbox."""
        self._keeping = True
        with suppress(Unavailable):
            self._idle.append(await self._connected())

    async def reach(self) -> None:
        """Sign in once. Raises BadCredentials, Unavailable."""
        await _leave(await self._connected())

    async def close(self) -> None:
        """Take leave of the server."""
        self._keeping = False
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_leave(client) for client in idle))

    async def submit(self, letter: Letter, told: Told = ignored) -> Outcome:
        """Hand over one mail, after a last look at its lines; `told` hears each further recipient whom the server refuses."""
        try:
            check_mail(letter.raw)
        except BrokenMail as error:
            log.error("a mail was not as it must be", channel=self._config.address, why=str(error))
            return Rejected("refused", f"the mail was not sent: {error}")
        async with self._free:
            while self._idle:
                client = self._idle.pop()
                if client.is_connected:
                    outcome = await self._through(client, letter, told)
                    if outcome != STALE:
                        return outcome
            try:
                client = await self._connected()
            except BadCredentials:
                self.refused.set()
                return Retry("bad-credentials")
            except Unavailable:
                return Retry("unreachable")
            return await self._through(client, letter, told)

    async def _connected(self) -> aiosmtplib.SMTP:
        """Connect and sign in. Raises Unavailable, BadCredentials."""
        config = self._config
        client = aiosmtplib.SMTP(
            hostname=config.smtp_host,
            port=config.ports()[1],
            use_tls=config.smtp_security == "tls",
            start_tls=config.smtp_security == "starttls",
            tls_context=self._tls,
            timeout=config.patience_s,
            local_hostname=config.address.rpartition("@")[2].encode("idna").decode("ascii"),
        )
        try:
            await client.connect()
            await self._sign_in(client)
        except aiosmtplib.SMTPAuthenticationError as error:
            _drop(client)
            if 400 <= error.code < 500 or passes(error.message):
                raise Throttled(f"the SMTP server does not let us in now: {error.code}") from None
            raise BadCredentials(f"the SMTP server refuses {config.smtp_login}: {error.code}") from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            _drop(client)
            raise Unavailable(f"the SMTP server cannot be used: {type(error).__name__}") from None
        except BaseException:
            _drop(client)
            raise
        return client

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        login = self._config.smtp_login
        if self._tokens is not None and not self._config.smtp_password:
            try:
                await client.auth_xoauth2(login, await self._tokens.token())
            except aiosmtplib.SMTPAuthenticationError:
                await client.auth_xoauth2(login, await self._tokens.token(fresh=True))
        elif login and self._config.smtp_secret:
            await client.login(login, self._config.smtp_secret)

    async def _through(self, client: aiosmtplib.SMTP, letter: Letter, told: Told) -> Outcome:
        """Use one connection, and keep it where it can be used again."""
        keep = False
        try:
            outcome = await self._stages(client, letter, told)
            keep = self._keeping and client.is_connected and outcome != STALE
            return outcome
        finally:
            if keep:
                self._idle.append(client)
            else:
                _drop(client)

    async def _stages(self, client: aiosmtplib.SMTP, letter: Letter, told: Told) -> Outcome:
        if letter.international and not client.supports_extension("smtputf8"):
            if letter.plain is None:
                return Rejected("letters", "the mail server writes to no address with such letters (no SMTPUTF8)")
            letter = letter.plain
        options, encoding = (["SMTPUTF8"], "utf-8") if letter.international else ([], "ascii")
        try:
            await client.mail(self._config.address, options=options, encoding=encoding)
            refused = letter.left_out + await self._name(client, letter.recipients, encoding, told)
        except aiosmtplib.SMTPResponseException as error:
            return await self._refusal(client, error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return STALE
        sent = Sent(reason="copy-refused", detail=f"{refused} refused") if refused else Sent()
        try:
            await client.data(letter.raw, timeout=2 * self._config.patience_s)
        except aiosmtplib.SMTPDataError as error:
            return sent if 200 <= error.code < 300 else await self._refusal(client, error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Uncertain("timeout" if isinstance(error, TimeoutError) else "link-lost")
        return sent

    async def _name(self, client: aiosmtplib.SMTP, recipients: Sequence[str], encoding: str, told: Told) -> int:
        """Name all recipients; return how many others are refused, which does not keep the mail from the patron."""
        first, *others = recipients
        await client.rcpt(first, encoding=encoding)
        refused = 0
        for other in others:
            try:
                await client.rcpt(other, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused += 1
                told(other)
                log.warning("a further recipient was refused", channel=self._config.address, code=error.code)
        return refused

    async def _refusal(self, client: aiosmtplib.SMTP, error: aiosmtplib.SMTPResponseException) -> Outcome:
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.rset()
        if error.code == 421:
            _drop(client)
        if error.code < 500:
            return Retry("try-later")
        said = ADDRESS.sub("…", error.message)[:300]
        found = reason_of(said, status=status_of(said))
        return Rejected(WORDS.get(found, "refused"), f"{error.code} {said}")


async def _leave(client: aiosmtplib.SMTP) -> None:
    transport = client.transport
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        await client.quit(timeout=QUIT_S)
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _drop(client: aiosmtplib.SMTP) -> None:
    """Close without waiting for the other side: TLS would wait for its farewell."""
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


STALE = Retry("link-lost")
