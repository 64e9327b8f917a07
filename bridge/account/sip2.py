"""A library system by SIP2: one connection for each question, over TLS, or in the open where the operator says so.

Verified means `BL` = Y **and** `CQ` = Y, and a PIN that isn't empty: a server that leaves `CQ` out has not checked it.
Titles and due dates are asked for item by item (17), since most servers list loans by their barcodes alone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from bridge.account.library_system import (
    AccountProblem,
    AccountScope,
    AccountStep,
    Fees,
    HeldItem,
    Loan,
    PatronAccount,
    PatronContact,
    PatronKey,
    clean,
)
from bridge.account.settings import AccountConfig
from bridge.account.sip2_message import Sip2Broken, Sip2Message, frame, read_frame, shown_date, stamp

WITHIN_S = 10.0
MOST_FRAME = 64 * 1024
MOST_ITEMS = 30
TRIES = 3
OTHERS = 5  # frames of another kind that are read over before an answer
LISTS = {"": -1, "ready": 0, "loans": 2, "fines": 3, "waiting": 5}  # places in the summary of message 63


class Sip2System:
    """One library's SIP2 server."""

    name = "SIP2"

    def __init__(self, config: AccountConfig, within_s: float = WITHIN_S) -> None:
        self._config = config
        self._within_s = within_s

    async def reach(self) -> None:
        """Connect and sign in, and ask nothing. Raises AccountProblem."""
        async with self._connected():
            pass

    async def check(self, card: str, pin: str) -> PatronKey | None:
        """Return the patron's key, None where card and PIN do not belong together. Raises AccountProblem."""
        if not card or not pin or any(char in card + pin for char in "|\r\n\x00"):
            return None
        async with self._connected() as line:
            found = await line.patron(card, pin)
        verified = found.one("BL").upper() == "Y" and found.one("CQ").upper() == "Y"
        return PatronKey(found.one("AA") or card) if verified else None

    async def read(self, key: PatronKey, scopes: frozenset[AccountScope]) -> PatronAccount:
        """Return what is allowed, as it is now. Raises AccountProblem."""
        async with self._connected() as line:
            told = await line.patron(key.value)
            loans = await self._loans(line, key) if "loans" in scopes else None
            holds = await self._holds(line, key) if "loans" in scopes else None
            fines = (await line.patron(key.value, listed="fines")).all("AV") if "fees" in scopes else []
        contact = PatronContact(
            name=clean(told.one("AE")),
            email=clean(told.one("BE")),
            phone=clean(told.one("BF")),
            address=clean(told.one("BD")),
        )
        owed = clean(f"{told.one('BV')} {told.one('BH')}") if told.one("BV") else ""
        return PatronAccount(
            loans=loans,
            holds=holds,
            fees=Fees(total=owed, lines=[clean(one) for one in fines[:MOST_ITEMS]]) if "fees" in scopes else None,
            contact=contact if "contact" in scopes else None,
            notices=[clean(one) for one in told.all("AF")[:5]] if "contact" in scopes else [],
        )

    async def _loans(self, line: _Line, key: PatronKey) -> list[Loan]:
        barcodes = (await line.patron(key.value, listed="loans")).all("AU")
        return [await self._loan(line, barcode) for barcode in barcodes[:MOST_ITEMS]]

    async def _loan(self, line: _Line, barcode: str) -> Loan:
        item = await line.item(barcode)
        due = shown_date(item.one("AH"))
        today = f"{datetime.now():%Y-%m-%d}"
        return Loan(
            id=barcode,
            title=clean(item.one("AJ")) or clean(barcode),
            due=clean(due, 40),
            overdue=len(due) == 10 and due[4] == "-" and due < today,
        )

    async def _holds(self, line: _Line, key: PatronKey) -> list[HeldItem]:
        ready = (await line.patron(key.value, listed="ready")).all("AS")
        waiting = (await line.patron(key.value, listed="waiting")).all("CD")
        found = []
        for barcode in list(dict.fromkeys([*ready, *waiting]))[:MOST_ITEMS]:
            title = clean((await line.item(barcode)).one("AJ")) or clean(barcode)
            found.append(HeldItem(id=barcode, title=title, ready=barcode in ready))
        return found

    async def renew(self, key: PatronKey, loan: str) -> AccountStep:
        """Renew one loan. Raises AccountProblem."""
        async with self._connected() as line:
            fields = [("AO", self._config.institution), ("AA", key.value), ("AB", loan), *line.terminal]
            told = await line.ask("29", f"NN{line.now()}{line.now()}", fields, "30")
        done = told.fixed[:1] == "1"
        return AccountStep(done=done, due=clean(shown_date(told.one("AH")), 40) if done else "", said=_said(told))

    async def cancel_hold(self, key: PatronKey, hold: str) -> AccountStep:
        """Cancel one hold. Raises AccountProblem."""
        async with self._connected() as line:
            fields = [("AO", self._config.institution), ("AA", key.value), ("AB", hold), *line.terminal]
            told = await line.ask("15", f"-{line.now()}", fields, "16")
        return AccountStep(done=told.fixed[:1] == "1", said=_said(told))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[_Line]:
        """Open a line, sign in where the server wants it, and close it. Raises AccountProblem."""
        config = self._config
        try:
            async with asyncio.timeout(self._within_s):
                secure = _tls(config) if config.tls else None
                reader, writer = await asyncio.open_connection(config.host, config.port, ssl=secure, limit=MOST_FRAME)
                try:
                    line = _Line(config, reader, writer)
                    await line.sign_in()
                    yield line
                finally:
                    writer.close()
                    with suppress(OSError, ssl.SSLError):
                        await writer.wait_closed()
        except TimeoutError:
            raise AccountProblem("too-slow") from None
        except (OSError, EOFError):
            raise AccountProblem("unreachable") from None
        except (
            ValueError,
            asyncio.LimitOverrunError,
        ):  # Sip2Broken among them: its words could hold what the server sent
            raise AccountProblem("not-understood") from None


class _Line:
    """One connection: a question, its answer, and again where a checksum went wrong."""

    def __init__(self, config: AccountConfig, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._config = config
        self._reader, self._writer = reader, writer
        self._sequence = 0
        self.terminal = [("AC", config.terminal_password)]

    @staticmethod
    def now() -> str:
        return stamp(datetime.now())

    async def sign_in(self) -> None:
        config = self._config
        if not config.login:
            return
        fields = [("CN", config.login), ("CO", config.password), ("CP", config.location)]
        if (await self.ask("93", "00", fields, "94")).fixed != "1":
            raise AccountProblem("refused")

    async def patron(self, card: str, pin: str = "", *, listed: str = "") -> Sip2Message:
        """Ask for a patron (63), with one list of items at most."""
        place = LISTS[listed]
        summary = "".join("Y" if n == place else " " for n in range(10))
        fields = [("AO", self._config.institution), ("AA", card), *self.terminal, ("AD", pin)]
        if listed:
            fields += [("BP", "1"), ("BQ", str(MOST_ITEMS))]
        return await self.ask("63", f"000{self.now()}{summary}", fields, "64")

    async def item(self, barcode: str) -> Sip2Message:
        fields = [("AO", self._config.institution), ("AB", barcode), *self.terminal]
        return await self.ask("17", self.now(), fields, "18")

    async def ask(self, code: str, fixed: str, fields: Sequence[tuple[str, str]], wanted: str) -> Sip2Message:
        """Send a question and return its answer. Raises Sip2Broken, OSError, EOFError."""
        sequence = self._sequence
        self._sequence = (sequence + 1) % 10
        raw = frame(code, fixed, fields, sequence=sequence, encoding=self._config.encoding)
        self._writer.write(raw)
        for _ in range(TRIES):
            await self._writer.drain()
            try:
                told = await self._answer(wanted)
            except Sip2Broken as broken:
                if not broken.checksum:
                    raise
                self._writer.write(frame("97", "", (), sequence=sequence, encoding="ascii"))
                continue
            if told.code == wanted:
                return told
            self._writer.write(raw)  # 96: it didn't get the question right
        raise Sip2Broken("no answer that adds up")

    async def _answer(self, wanted: str) -> Sip2Message:
        for _ in range(OTHERS):
            raw = b""
            while not raw.strip(b"\r\n\x00 "):
                raw = await self._reader.readuntil(b"\r")
            told = read_frame(raw, self._config.encoding)
            if told.code in (wanted, "96"):
                return told
        raise Sip2Broken("an answer to something else")


def _said(told: Sip2Message) -> str:
    return clean(" ".join(told.all("AF")))


def _tls(config: AccountConfig) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=config.authority or None)
