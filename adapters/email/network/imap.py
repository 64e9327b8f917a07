"""One folder of a mailbox over one IMAP connection (RFC 9051; IDLE of RFC 2177), on aioimaplib.

The rules, each for a way in which mail was lost elsewhere. Every call has a deadline and ends at once when the connection is
lost. After either the connection is dropped; a server that says nothing is asked now and then, for a frozen one closes
nothing; EXISTS is noticed whenever it comes, not only during IDLE; a command names few messages, since the parser of
the library recurses; mailbox names are quoted and in modified UTF-7 (RFC 3501 5.1.3). Errors hold no command, for one of them
carries the password.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from aioimaplib import aioimaplib

from adapters.email.config import EmailConfig
from adapters.email.network.sign_in import Refusals, passes
from adapters.email.network.wire import (
    Listed,
    OpenedFolder,
    chunks,
    listed,
    literals,
    mailbox_name,
    opened,
    quoted,
    sequence_set,
)
from bridge.contract.adapter import Throttled, Unavailable

T = TypeVar("T")

SETS = 200  # messages named in one command
BODIES = 40  # mails asked for at once

logging.getLogger("aioimaplib").setLevel(logging.WARNING)  # its debug lines show tokens and whole mails

Token = Callable[[bool], Awaitable[str]]


class ImapLinkLost(Unavailable):
    """The connection broke, or the server does not answer."""


class CommandRefused(Unavailable):
    """The server said no to a command."""


class _Protocol(aioimaplib.IMAP4ClientProtocol):
    """Notices new mail during any command; the library drops that line outside IDLE."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[Exception | None], None]) -> None:
        super().__init__(loop, lost)
        self.stirred = asyncio.Event()

    def _untagged_response(self, line: bytes) -> Any:
        if line.rstrip().endswith(b" EXISTS"):
            self.stirred.set()
        return super()._untagged_response(line)


class _Client(aioimaplib.IMAP4):
    """The library's client with the protocol above; it has no other way in."""

    def create_client(
        self, host: str, port: int, loop: Any, conn_lost_cb: Any = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        running = asyncio.get_running_loop()
        self.protocol = _Protocol(running, conn_lost_cb)
        self._client_task = running.create_task(
            running.create_connection(lambda: self.protocol, host, port, ssl=ssl_context)
        )

    def discard(self) -> list[asyncio.Task[Any]]:
        """Drop the connection; return the library's tasks, cancelled."""
        if self._idle_waiter is not None:
            self._idle_waiter.cancel()
        tasks = [*self.tasks, *self.protocol.tasks, self._client_task]
        for task in tasks:
            task.cancel()
        if self.protocol.transport is not None:
            self.protocol.transport.abort()
        return tasks


class Mailbox:
    """A connection, signed in. Every method raises ImapLinkLost; what the server refuses is CommandRefused."""

    def __init__(self, config: EmailConfig, tls: ssl.SSLContext, refusals: Refusals | None = None) -> None:
        self._config = config
        self._tls = tls
        self._refusals = refusals or Refusals()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        security, port = config.imap_security, config.ports()[0]
        self._client = _Client(
            config.imap_host,
            port,
            timeout=10 * config.patience_s,
            conn_lost_cb=self._break,
            ssl_context=tls if security == "tls" else None,
        )

    @classmethod
    async def open(
        cls, config: EmailConfig, tls: ssl.SSLContext, token: Token | None = None, refusals: Refusals | None = None
    ) -> Mailbox:
        """Connect and sign in; `token(fresh)` gives an access token. Raises ImapLinkLost, Throttled, BadCredentials."""
        box = cls(config, tls, refusals)
        try:
            await box._greeted()
            await box._sign_in(token)
        except BaseException:
            await box.close()
            raise
        return box

    async def close(self) -> None:
        """Drop the connection."""
        tasks = self._client.discard()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()

    def _break(self, _: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(None)

    @property
    def lost(self) -> bool:
        """Whether the connection is known to be gone."""
        return self._lost.done()

    # -- signing in

    async def _greeted(self) -> None:
        try:
            await self._call(self._client.wait_hello_from_server())
        except ssl.SSLError as error:
            raise ImapLinkLost(f"no secure connection to the IMAP server: {_why(error)}") from None
        if self._config.imap_security == "starttls":
            await self._start_tls()

    async def _start_tls(self) -> None:
        """RFC 9051 6.2.1; what came in clear after the answer was not from the server (RFC 9051 11.1)."""
        protocol = self._client.protocol
        command = aioimaplib.Command("STARTTLS", protocol.new_tag())
        _ok(await self._call(protocol.execute(command)))
        if protocol.incomplete_line:
            raise ImapLinkLost("the IMAP server sent more than its answer before TLS began")
        loop = asyncio.get_running_loop()
        upgrading = loop.start_tls(protocol.transport, protocol, self._tls, server_hostname=self._config.imap_host)
        try:
            protocol.transport = await self._call(upgrading)
        except ssl.SSLError as error:
            raise ImapLinkLost(f"no secure connection to the IMAP server: {_why(error)}") from None
        await self._call(protocol.capability())

    async def _sign_in(self, token: Token | None) -> None:
        if token is None:
            answer = await self._call(self._client.login(quoted(self._config.login), self._config.password))
        else:
            answer = await self._bearing(await token(False))
            if answer.result != "OK" and not self.lost:  # revoked before its time: one fresh token is tried
                answer = await self._bearing(await token(True))
        if answer.result != "OK":
            raise self._refusals.error(self._config.login, _said(answer))
        self._refusals.accepted()
        await self._call(self._client.protocol.capability())

    async def _bearing(self, token: str) -> Any:
        """XOAUTH2; a refusal comes as a challenge that wants an empty line."""
        protocol = self._client.protocol
        signed = b64encode(f"user={self._config.login}\x01auth=Bearer {token}\x01\x01".encode()).decode()
        command = _Bearing("AUTHENTICATE", protocol.new_tag(), "XOAUTH2", signed)
        command.transport = protocol.transport
        answer = await self._call(protocol.execute(command))
        if answer.result == "OK":
            protocol.state = aioimaplib.AUTH
        return answer

    # -- reading

    async def select(self, folder: str) -> OpenedFolder:
        """Open a folder for reading and marking."""
        answer = await self._call(self._client.select(mailbox_name(folder)))
        if answer.result != "OK" and passes(_said(answer)):
            raise Throttled(f"the IMAP server opens folder {folder!r} only later: {_said(answer)}")
        _ok(answer, f"folder {folder!r} cannot be opened")
        found = opened(answer.lines, self._config.keyword)
        if not found.validity:
            raise CommandRefused(f"folder {folder!r} has no UIDVALIDITY")
        return found

    async def search(self, *criteria: str) -> list[int]:
        """Return the UIDs that meet the criteria, in order."""
        self._client.protocol.stirred.clear()
        answer = _ok(await self._call(self._client.uid_search(*criteria, charset=None)))
        found = b" ".join(bytes(line) for line in answer.lines[:-1]).split()
        return sorted({int(word) for word in found if word.isdigit()})

    async def sizes(self, uids: Sequence[int]) -> list[Listed]:
        """Return size and arrival of each mail that is still there."""
        lines: list[bytes] = []
        for some in chunks(uids, SETS):
            wanted = "(UID RFC822.SIZE INTERNALDATE)"
            lines += _ok(await self._call(self._client.uid("fetch", sequence_set(some), wanted))).lines
        return sorted((one for line in lines if (one := listed(bytes(line)))), key=lambda one: one.uid)

    async def bodies(self, uids: Sequence[int], part: str = "") -> dict[int, bytes]:
        """Return mails whole, or their `part` ("HEADER"), without marking them as read."""
        found: dict[int, bytes] = {}
        for some in chunks(uids, BODIES):
            wanted = f"(UID BODY.PEEK[{part}])"
            found |= literals(
                _ok(await self._call(self._client.uid("fetch", sequence_set(some), wanted), slow=True)).lines
            )
        return found

    async def wait(self, seconds: float) -> None:
        """Return when mail may have come, at the latest after `seconds`. Raises ImapLinkLost when the server does not answer."""
        stirred = self._client.protocol.stirred
        if stirred.is_set():
            return
        if "IDLE" not in self._client.protocol.capabilities:
            await self._stirred(seconds)
            _ok(await self._call(self._client.noop()))
            return
        idle = await self._call(self._client.idle_start(timeout=10 * seconds + 60))
        await self._stirred(seconds)
        self._client.idle_done()
        await self._call(_result(idle))
        while not self._client.protocol.idle_queue.empty():
            self._client.protocol.idle_queue.get_nowait()

    async def _stirred(self, seconds: float) -> None:
        waiting: asyncio.Future[Any] = asyncio.create_task(self._client.protocol.stirred.wait())
        try:
            await asyncio.wait({waiting, self._lost}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            await asyncio.wait([waiting])
        if self.lost:
            raise ImapLinkLost("the IMAP server closed the connection")

    # -- marking and filing

    async def flag(self, uids: Sequence[int], *flags: str, off: bool = False) -> None:
        """Set flags (or take them off)."""
        for some in chunks(uids, SETS):
            what = f"{'-' if off else '+'}FLAGS.SILENT"
            _ok(await self._call(self._client.uid("store", sequence_set(some), what, f"({' '.join(flags)})")))

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails; without MOVE (RFC 6851) they are copied and marked as deleted."""
        able = self._client.protocol.capabilities
        for some in chunks(uids, SETS):
            verb = "move" if "MOVE" in able else "copy"
            _ok(await self._call(self._client.uid(verb, sequence_set(some), mailbox_name(folder))))
            if verb == "copy":
                await self.flag(some, r"\Deleted")
                if "UIDPLUS" in able:
                    _ok(await self._call(self._client.uid("expunge", sequence_set(some))))

    async def append(self, folder: str, raw: bytes) -> None:
        """File a mail as one that was read."""
        _ok(await self._call(self._client.append(raw, mailbox_name(folder), r"\Seen"), slow=True))

    # -- inside

    async def _call(self, what: Coroutine[Any, Any, T], *, slow: bool = False) -> T:
        """Await the server within its deadline."""
        doing = asyncio.create_task(what)
        either: set[asyncio.Future[Any]] = {doing, self._lost}
        patience = self._config.patience_s * (4 if slow else 1)
        try:
            await asyncio.wait(either, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return _of(doing)
            raise ImapLinkLost("the IMAP server " + ("closed the connection" if self.lost else "does not answer"))
        finally:
            doing.cancel()
            await asyncio.wait([doing])


class _Bearing(aioimaplib.Command):
    """AUTHENTICATE XOAUTH2: the challenge with the reason of a refusal is answered by an empty line."""

    transport: asyncio.WriteTransport | None = None

    def append_to_resp(self, line: bytes, result: str = "Pending") -> None:
        super().append_to_resp(line, result)
        if line.startswith(b"+") and result == "Pending" and self.transport is not None:
            self.transport.write(b"\r\n")

    def __str__(self) -> str:
        return str(super().__repr__())

    def __repr__(self) -> str:
        return "AUTHENTICATE"


def _of(doing: asyncio.Task[T]) -> T:
    try:
        return doing.result()
    except ssl.SSLError:
        raise
    except (aioimaplib.AioImapException, OSError, TimeoutError) as error:
        raise ImapLinkLost(f"the IMAP server cannot be used: {_why(error)}") from None


async def _result(future: asyncio.Future[T]) -> T:
    return await future


def _why(error: BaseException) -> str:
    """Say what an error is without what it carries (a command may hold a password)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _ok(answer: Any, what: str = "the IMAP server refuses") -> Any:
    if answer.result != "OK":
        raise CommandRefused(f"{what}: {_said(answer)}")
    return answer


def _said(answer: Any) -> str:
    last = bytes(answer.lines[-1]) if answer.lines else b""
    return last.decode("utf-8", "replace")[:200]
