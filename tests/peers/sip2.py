"""A SIP2 server by pysip2, which shares no code with ours, with patrons and loans of our own; and a raw one for odd answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pysip2
from anyio.abc import SocketAttribute

CARD, PIN = "21234000123456", "7391-geheim"
TITLES = {"B1": "Arithmetic", "B2": "Die Verwandlung", "B3": "Aïda"}
DATE = "20261224    180000"


@dataclass
class SipLibrary:
    """What the server holds and what it was asked. `cq` is what it says of a PIN that is right, None = nothing."""

    port: int = 0
    cq: str | None = "Y"
    loans: list[str] = field(default_factory=lambda: ["B1", "B2"])
    holds: list[str] = field(default_factory=lambda: ["B3"])
    renewable: set[str] = field(default_factory=lambda: {"B1"})
    asked: list[Any] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)

    def patron(self, request: pysip2.PatronInformationRequest, _: Any) -> pysip2.PatronInformationResponse:
        """Answer 63."""
        self.asked.append(request)
        known = request.patron_identifier == CARD
        given = request.patron_password or ""
        if given:
            self.pins.append(given)
        wants = [n for n, mark in enumerate(request.summary) if mark == "Y"]
        return pysip2.PatronInformationResponse(
            patron_status=" " * 14,
            language="000",
            transaction_date=DATE,
            hold_items_count="0000",
            overdue_items_count="0000",
            charged_items_count=f"{len(self.loans):04d}",
            fine_items_count="0001",
            recall_items_count="0000",
            unavailable_holds_count=f"{len(self.holds):04d}",
            institution_id="NORTH",
            patron_identifier=request.patron_identifier,
            personal_name="Jane Reader" if known else "",
            valid_patron="Y" if known else "N",
            valid_patron_password=(self.cq if given == PIN else "N") if known else None,
            currency_type="EUR",
            fee_amount="2.50",
            charged_items=tuple(self.loans) if 2 in wants else (),
            fine_items=("Late: Arithmetic 2.50",) if 3 in wants else (),
            unavailable_hold_items=tuple(self.holds) if 5 in wants else (),
            home_address="1 Main Street",
            email_address="jane@example.org",
            home_phone_number="555 0100",
            screen_message=("Welcome",),
        )

    def item(self, request: pysip2.ItemInformationRequest, _: Any) -> pysip2.ItemInformationResponse:
        """Answer 17."""
        return pysip2.ItemInformationResponse(
            circulation_status="04",
            security_marker="00",
            fee_type="01",
            transaction_date=DATE,
            due_date="20261224    235900",
            item_identifier=request.item_identifier,
            title_identifier=TITLES.get(request.item_identifier, ""),
        )

    def renew(self, request: pysip2.RenewRequest, _: Any) -> pysip2.RenewResponse:
        """Answer 29."""
        self.asked.append(request)
        done = request.item_identifier in self.renewable
        return pysip2.RenewResponse(
            ok="1" if done else "0",
            renewal_ok="Y" if done else "N",
            magnetic_media="N",
            desensitize="N",
            transaction_date=DATE,
            institution_id="NORTH",
            patron_identifier=request.patron_identifier,
            item_identifier=request.item_identifier or "",
            title_identifier="",
            due_date="20270121    235900" if done else "",
            screen_message=() if done else ("Item is reserved",),
        )

    def hold(self, request: pysip2.HoldRequest, _: Any) -> pysip2.HoldResponse:
        """Answer 15."""
        self.asked.append(request)
        done = request.hold_mode == "-" and request.item_identifier in self.holds
        if done:
            self.holds.remove(request.item_identifier or "")
        return pysip2.HoldResponse(
            ok="1" if done else "0",
            available="N",
            transaction_date=DATE,
            institution_id="NORTH",
            patron_identifier=request.patron_identifier,
        )

    def login(self, request: pysip2.LoginRequest, _: Any) -> pysip2.LoginResponse:
        """Answer 93."""
        return pysip2.LoginResponse(ok="1" if request.login_password == "terminal-4711" else "0")


@asynccontextmanager
async def sip_library(encoding: str = "utf-8") -> AsyncIterator[SipLibrary]:
    """Run such a server, which wants checksums and a login."""
    library = SipLibrary()
    server = pysip2.SIP2Server(encoding=encoding, login_required=True, error_detection="required")
    server.route(pysip2.LOGIN)(library.login)
    server.route(pysip2.PATRON_INFORMATION)(library.patron)
    server.route(pysip2.ITEM_INFORMATION)(library.item)
    server.route(pysip2.RENEW)(library.renew)
    server.route(pysip2.HOLD)(library.hold)
    listener = await server.listen(port=0)  # its own `start` leaves the socket open
    serving = asyncio.create_task(listener.serve(server._handle_connection))
    library.port = listener.extra(SocketAttribute.local_port)
    try:
        yield library
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await listener.aclose()


@asynccontextmanager
async def raw_server(answer: Callable[[bytes, int], bytes], secure: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answer each frame with bytes of the test's own; `answer` gets the frame and how many came before. No bytes: hang up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        try:
            while raw := await reader.readuntil(b"\r"):
                if not (said := answer(raw, count)):
                    break
                writer.write(said)
                count += 1
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=secure)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
