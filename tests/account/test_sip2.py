"""Our SIP2 client against pysip2's server, the vectors of the 3M document, and servers that answer oddly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.account.library_system import SCOPES, AccountProblem, HeldItem, Loan, PatronKey
from bridge.account.settings import AccountConfig
from bridge.account.sip2 import Sip2System
from bridge.account.sip2_message import Sip2Broken, checksum, read_frame
from tests.peers.certificate import Certificate
from tests.peers.sip2 import CARD, PIN, raw_server, sip_library

# Examples of the 3M document (SIP 2.00, 2006) whose sums add up, as their frames up to AZ, and the sum.
VECTORS = [
    (b"9900302.00AY1AZ", "FCA5"),
    (b"941AY3AZ", "FDFA"),
    (b"6300119980723    091905Y         AOInstitutionID|AAPatronID|BP00001|BQ00005|AY1AZ", "EA83"),
]


@pytest.mark.parametrize(("raw", "said"), VECTORS)
def test_checksums_are_those_of_the_document(raw: bytes, said: str) -> None:
    assert checksum(raw) == said


def system(port: int, **more: Any) -> Sip2System:
    given: dict[str, Any] = {"login": "desk", "password": "terminal-4711", "institution": "NORTH", **more}
    return Sip2System(AccountConfig(library="north", kind="sip2", host="127.0.0.1", port=port, **given), 3.0)


@pytest.mark.parametrize("encoding", ["utf-8", "cp850", "latin-1"])
async def test_a_patron_is_verified_and_their_account_is_read(encoding: str) -> None:
    async with sip_library(encoding) as library:
        desk = system(library.port, encoding=encoding)
        key = await desk.check(CARD, PIN)
        assert key == PatronKey(CARD)
        assert CARD not in repr(key)
        account = await desk.read(key, frozenset(SCOPES))
        assert library.pins == [PIN], "the PIN goes with the check alone"
        seen = await desk.read(key, frozenset({"fees"}))
    assert account.loans == [
        Loan(id="B1", title="Arithmetic", due="2026-12-24"),
        Loan(id="B2", title="Die Verwandlung", due="2026-12-24"),
    ]
    assert account.holds == [HeldItem(id="B3", title="Aïda")]
    assert account.fees is not None
    assert (account.fees.total, account.fees.lines) == ("2.50 EUR", ["Late: Arithmetic 2.50"])
    assert account.contact is not None
    assert (account.contact.name, account.contact.email) == ("Jane Reader", "jane@example.org")
    assert (seen.loans, seen.holds, seen.contact, seen.notices) == (None, None, None, [])


@pytest.mark.parametrize(
    ("card", "pin", "cq"),
    [
        (CARD, "wrong", "Y"),
        ("29999000111111", PIN, "Y"),
        (CARD, PIN, "N"),
        (CARD, PIN, None),  # a missing CQ is not a yes
        (CARD, "", "Y"),
        ("", PIN, "Y"),
        (f"{CARD}|AD{PIN}", "x", "Y"),
        (f"{CARD}\r99", PIN, "Y"),
    ],
)
async def test_who_does_not_prove_it_is_not_verified(card: str, pin: str, cq: str | None) -> None:
    async with sip_library() as library:
        library.cq = cq
        assert await system(library.port).check(card, pin) is None


async def test_a_loan_is_renewed_and_a_hold_cancelled() -> None:
    async with sip_library() as library:
        desk, key = system(library.port), PatronKey(CARD)
        done = await desk.renew(key, "B1")
        assert (done.done, done.due) == (True, "2027-01-21")
        refused = await desk.renew(key, "B2")
        assert (refused.done, refused.said) == (False, "Item is reserved")
        assert (await desk.cancel_hold(key, "B3")).done
        assert not (await desk.cancel_hold(key, "B3")).done


async def test_tls_is_spoken_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    async with raw_server(lambda raw, count: OK + b"\r", certificate.server()) as port:
        known = system(port, tls=True, login="", authority=certificate.ca.read_text())
        assert await known.check("1", "2") == PatronKey("1")
        with pytest.raises(AccountProblem, match="unreachable"):
            await system(port, tls=True, login="").check("1", "2")


async def test_a_wrong_terminal_is_refused() -> None:
    async with sip_library() as library:
        await system(library.port).reach()
        with pytest.raises(AccountProblem, match="refused"):
            await system(library.port, password="wrong").reach()
        with pytest.raises(AccountProblem, match="refused"):
            await system(library.port, password="wrong").check(CARD, PIN)


OK = b"64" + b" " * 14 + b"00020261224    180000" + b"0000" * 6 + b"AONORTH|AA1|AEJane|BLY|CQY|"


def summed(body: bytes, seq: bytes = b"0") -> bytes:
    raw = body + b"AY" + seq + b"AZ"
    return raw + checksum(raw).encode() + b"\r\n"


@pytest.mark.parametrize(
    ("answers", "verified"),
    [
        ([OK + b"\r"], True),  # no checksum at all
        ([b"\r\n" + summed(OK)], True),  # CR LF, and an empty line before
        ([summed(OK)[:-6] + b"0000\r", summed(OK)], True),  # a wrong sum, then a right one
        ([b"96AZFEF6\r", summed(OK)], True),  # it asks again
        ([b"98YYYYYN01000319990101    0000002.00AOx|BXYY|\r" + summed(OK)], True),  # something else first
        ([OK.replace(b"CQY|", b"") + b"\r"], False),
        ([OK.replace(b"BLY|", b"BLN|") + b"\r"], False),
    ],
)
async def test_servers_that_answer_oddly_are_understood(answers: list[bytes], verified: bool) -> None:
    async with raw_server(lambda raw, count: answers[min(count, len(answers) - 1)]) as port:
        assert (await system(port, login="").check("1", "2") is not None) == verified


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"64short\r", "not-understood"),
        (b"nonsense\r", "not-understood"),
        (summed(OK)[:-6] + b"0000\r", "not-understood"),
        (b"x" * 200_000 + b"\r", "not-understood"),
        (b"\xff\xfe\xff\r", "not-understood"),
        (b"", "unreachable"),
    ],
)
async def test_servers_that_cannot_be_understood_are_told(answer: bytes, problem: str) -> None:
    async with raw_server(lambda raw, count: answer) as port:
        with pytest.raises(AccountProblem, match=problem) as told:
            await system(port, login="").check("1", "2")
    assert told.value.__cause__ is None


async def test_a_server_that_is_down_or_silent_is_told() -> None:
    async with raw_server(lambda raw, count: b"\n") as port:
        silent = Sip2System(AccountConfig(library="n", kind="sip2", host="127.0.0.1", port=port), 0.1)
        with pytest.raises(AccountProblem, match="too-slow"):
            await silent.check("1", "2")
    with pytest.raises(AccountProblem, match="unreachable"):
        await silent.check("1", "2")


async def test_a_server_without_tls_is_not_spoken_to_where_tls_is_wanted() -> None:
    async with raw_server(lambda raw, count: OK + b"\r") as port:
        with pytest.raises(AccountProblem, match=r"unreachable|not-understood|too-slow"):
            await system(port, tls=True).check("1", "2")


def test_frames_are_read_leniently() -> None:
    told = read_frame(b"64" + b" " * 59 + b"AUa|AUb|AU|AFone|AFtwo|XX|Q|\r\n", "utf-8")
    assert (told.all("AU"), told.all("AF"), told.one("AE")) == (["a", "b"], ["one", "two"], "")
    with pytest.raises(Sip2Broken):
        read_frame(b"", "utf-8")
