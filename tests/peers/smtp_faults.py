"""A submission server that can be told to refuse, to put off, or to stand still at any step of a mail, and then goes on.

Built on aiosmtpd, in a thread of its own; what it takes is stored in a Dovecot over LMTP before it says 250.
"""

from __future__ import annotations

import asyncio
import smtplib
import threading
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.peers.certificate import Certificate
from tests.peers.daemon import free_port

STEPS = ("mail", "rcpt", "data", "stored")  # MAIL, RCPT, the final dot has come, the mail is stored (250 not said)
WITHIN = 60.0


class Faults:
    """`hold` a step: the server stands still there, once; `reached` waits until it does; `release` lets it go on.

    `answers` are given at the next steps instead of the usual ones: {"rcpt": "451 4.3.0 later"}; each once.
    """

    def __init__(self, lmtp: int, certificate: Certificate, user: str, password: str) -> None:
        self.port = free_port()
        self.answers: dict[str, str] = {}
        self.taken = 0
        self._lmtp = lmtp
        self._holding = ""
        self._there = threading.Event()
        self._go = threading.Event()

        def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
            good = (
                isinstance(data, LoginPassword) and data.login == user.encode() and data.password == password.encode()
            )
            return AuthResult(success=good, handled=good)

        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, ready_timeout=WITHIN, tls_context=certificate.server(),
            require_starttls=True, authenticator=authenticate, auth_required=True, enable_SMTPUTF8=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._controller.stop()

    def hold(self, step: str) -> None:
        """Stand still when a mail comes to `step`."""
        self._holding = step
        self._there.clear()
        self._go.clear()

    async def reached(self) -> None:
        """Wait until a mail stands at the step."""
        assert await asyncio.to_thread(self._there.wait, WITHIN), f"no mail came to {self._holding}"

    def release(self) -> None:
        """Go on."""
        self._holding = ""
        self._go.set()

    async def _at(self, step: str) -> str:
        """Stand still if told so; return an answer that was ordered for this step."""
        if self._holding == step:
            self._there.set()
            await asyncio.to_thread(self._go.wait, WITHIN)
        return self.answers.pop(step, "")

    # -- aiosmtpd's hooks (names are theirs)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - their name
        if told := await self._at("mail"):
            return told
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - their name
        if told := await self._at("rcpt"):
            return told
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - their name
        """What has its final dot is the server's, whether or not the client waits for the answer (RFC 5321 4.2.5)."""
        taking = asyncio.ensure_future(self._take(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return await asyncio.shield(taking)

    async def _take(self, sender: str, recipients: list[str], content: bytes) -> str:
        if told := await self._at("data"):
            return told
        await asyncio.to_thread(self._store, sender, recipients, content)
        return await self._at("stored") or "250 2.0.0 taken"

    def _store(self, sender: str, recipients: list[str], content: bytes) -> None:
        with smtplib.LMTP("127.0.0.1", self._lmtp, timeout=WITHIN) as client:
            client.sendmail(sender, recipients, content)
        self.taken += 1
