"""No mail holds up those behind it, and a server that is busy is no reason to give up; each against Dovecot behind a bad wire."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from msgspec.structs import replace

from adapters.email.config import EmailConfig
from adapters.email.desk.twins import TWINS, MailIdentity, Twins
from adapters.email.network.sign_in import DAY_S, Refusals
from bridge.contract.adapter import BadCredentials, Throttled
from bridge.testing.memory import ProcessMemory
from tests.email.conftest import Mail
from tests.email.site import until
from tests.email.tampering import Fault, Tampering, listing, named
from tests.email.test_mailbox import flags, letter, texts

OTHERS = [f"mail {number}" for number in (1, 2, 4, 5, 6)]


@pytest_asyncio.fixture
async def wire(mail: Mail) -> AsyncIterator[Tampering]:
    """The bad wire; six mails wait, the third is the one that the server has trouble with."""
    await mail.comes(*(letter(f"mail {number}") for number in range(1, 7)))
    async with Tampering(mail.dovecot.imap) as wire:
        yield wire
        await mail.ring.stop()  # before the wire goes: else a new session begins while everything ends


async def start(mail: Mail, wire: Tampering) -> None:
    await mail.start(imap_security="none", imap_port=wire.port, patience_s=0.5)


def refuses(tag: bytes, line: bytes) -> bytes | None:
    return tag + b" NO [SERVERBUG] Internal error occurred\r\n" if 3 in named(line) else None


def closes(tag: bytes, line: bytes) -> bytes | None:
    return b"" if 3 in named(line) else None


def says_nothing(tag: bytes, line: bytes) -> bytes | None:
    return b"* OK still here\r\n" if 3 in named(line) else None


def gives_nil(tag: bytes, line: bytes) -> bytes | None:
    return b"* 3 FETCH (UID 3 BODY[] NIL)\r\n" + tag + b" OK done\r\n" if named(line) == {3} else refuses(tag, line)


def gives_nothing(tag: bytes, line: bytes) -> bytes | None:
    return b'* 3 FETCH (UID 3 BODY[] "")\r\n' + tag + b" OK done\r\n" if named(line) == {3} else refuses(tag, line)


def gives_an_empty_literal(tag: bytes, line: bytes) -> bytes | None:
    return b"* 3 FETCH (UID 3 BODY[] {0}\r\n)\r\n" + tag + b" OK done\r\n" if named(line) == {3} else refuses(tag, line)


def leaves_it_out(tag: bytes, line: bytes) -> bytes | None:
    return tag + b" OK done\r\n" if named(line) == {3} else refuses(tag, line)


def lists_it_not(tag: bytes, line: bytes) -> bytes | None:
    if 3 in listing(line):
        return tag + b" NO [CORRUPTION] no size\r\n"
    return refuses(tag, line)


@pytest.mark.parametrize(
    "fault",
    [refuses, closes, says_nothing, gives_nil, gives_nothing, gives_an_empty_literal, leaves_it_out, lists_it_not],
)
async def test_one_mail_that_the_server_does_not_give_out_is_passed_over_visibly(
    mail: Mail, wire: Tampering, fault: Fault
) -> None:
    wire.fault = fault
    await start(mail, wire)
    await mail.ring.message("mail 6")
    [lost] = [message for message in mail.ring.messages() if "quarantined" in message.marks]
    assert "stays in the mailbox" in lost.text
    assert sorted(text for text in texts(mail) if text != lost.text) == OTHERS
    await until(lambda: "DeskbridgeQuarantine" in flags(mail.dovecot)[3], "it waits")
    await mail.ring.stop()
    wire.fault = lambda tag, line: None
    await start(mail, wire)
    await mail.ring.message("mail 3")


async def test_a_server_that_also_lets_nobody_in_again_for_a_while_blocks_nothing(mail: Mail, wire: Tampering) -> None:
    """Each session finds out a little more: the connection ends at the mail, and the next sign-in is refused."""
    refused = 0

    def fault(tag: bytes, line: bytes) -> bytes | None:
        nonlocal refused
        if 3 in named(line):
            refused = 2
            return b""
        if refused and b"LOGIN" in line.upper():
            refused -= 1
            return tag + b" NO [UNAVAILABLE] try later\r\n"
        return None

    wire.fault = fault
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Throttled, "AFTER_S", 0.0)
        await mail.ring.start(_config(mail, wire))
        await mail.ring.until(lambda: any(each.up for each in mail.ring.statuses()), "the channel up")
        await mail.ring.message("mail 6")
    assert sorted(text for text in texts(mail) if "mailbox" not in text) == OTHERS
    assert [message for message in mail.ring.messages() if "quarantined" in message.marks]


async def test_a_server_that_gives_out_nothing_for_a_while_passes_over_nothing(mail: Mail, wire: Tampering) -> None:
    wire.fault = lambda tag, line: tag + b" BAD User is authenticated but not connected.\r\n" if named(line) else None
    await mail.ring.start(_config(mail, wire))
    await mail.ring.until(lambda: any(one.reason == "throttled" for one in mail.ring.statuses()), "it is said")
    await mail.ring.stop()
    assert mail.ring.messages() == []
    wire.fault = lambda tag, line: None
    await start(mail, wire)
    await mail.ring.message("mail 6")
    assert texts(mail) == [f"mail {number}" for number in range(1, 7)]


async def test_an_empty_mail_blocks_nobody(mail: Mail) -> None:
    await mail.comes(letter("before"))
    with mail.dovecot.opened("ask") as client:
        client.append("INBOX", "", "", b"\r\n")
    await mail.start()
    await mail.comes(letter("after"))
    await mail.ring.message("after")
    assert {"before", "after"} <= set(texts(mail))


@pytest.mark.parametrize(
    "said",
    [
        b"NO [OVERQUOTA] Account exceeded command or bandwidth limits.",
        b"NO [THROTTLED] Account is temporarily unavailable",
        b"BAD User is authenticated but not connected.",
        b"NO LOGIN failed.",
    ],
)
async def test_a_throttled_sign_in_is_said_and_tried_again(mail: Mail, wire: Tampering, said: bytes) -> None:
    wire.fault = lambda tag, line: tag + b" " + said + b"\r\n" if b"LOGIN" in line.upper() else None
    await mail.ring.start(_config(mail, wire))
    await mail.ring.until(lambda: any(one.reason == "throttled" for one in mail.ring.statuses()), "it is said")
    assert not any(one.reason == "bad-credentials" for one in mail.ring.statuses())
    await mail.ring.stop()
    wire.fault = lambda tag, line: None
    await start(mail, wire)
    await mail.ring.message("mail 6")


def _config(mail: Mail, wire: Tampering) -> EmailConfig:
    return replace(mail.config, imap_security="none", imap_port=wire.port)


@pytest.mark.parametrize(
    "said",
    [
        "a1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        "a1 NO [AUTHORIZATIONFAILED] no such mailbox",
        "a1 NO [EXPIRED] password expired",
    ],
)
def test_a_code_that_speaks_of_credentials_blocks(said: str) -> None:
    assert isinstance(Refusals().error("ask", said), BadCredentials)


def test_after_a_day_of_refusals_a_person_must_look() -> None:
    now = 0.0
    refusals = Refusals(lambda: now)
    assert isinstance(refusals.error("ask", "NO login failed"), Throttled)
    now = DAY_S - 1
    assert isinstance(refusals.error("ask", "NO login failed"), Throttled)
    now = DAY_S
    assert isinstance(refusals.error("ask", "NO login failed"), BadCredentials)
    refusals.accepted()
    assert isinstance(refusals.error("ask", "NO [AUTHENTICATIONFAILED] Rate limit hit"), Throttled)


async def test_two_mails_with_one_message_id_both_come_in_and_each_once(mail: Mail) -> None:
    def same(text: str) -> bytes:
        return letter(text).replace(text.replace(" ", ".").encode() + b"@pat", b"one.and.the.same@pat")

    await mail.start()
    await mail.comes(same("a first question"), same("another question"))
    await mail.ring.message("another question")
    await mail.comes(same("a third question"), same("a first question"), letter("last"))
    await mail.ring.message("last")
    await mail.ring.stop()
    await mail.start()
    await mail.comes(same("another question"), same("a fourth question"))
    await mail.ring.message("a fourth question")
    assert texts(mail) == ["a first question", "another question", "a third question", "last", "a fourth question"]


async def test_ids_outlive_a_restart_and_a_cut_file() -> None:
    memory, pat = ProcessMemory(), MailIdentity("pat@localhost", "one@pat", "words")
    other, bob = pat._replace(words="other words"), pat._replace(sender="bob@localhost", words="other words")
    first, second, third = await Twins(b"s" * 32, memory).sources([pat, other, bob])
    assert (first, third) == ("one@pat", "one@pat")
    assert second.startswith("one@pat#")
    assert await Twins(b"s" * 32, memory).sources([other, pat]) == [second, "one@pat"]
    rows = await memory.rows(TWINS)
    assert TWINS.read is not None
    former = b"".join(b64decode(row.key) + row.value for row in rows)  # as an earlier version wrote it
    assert b"pat" not in former
    assert [(row.key, row.value) for row in TWINS.read(former + b"cut", 7)] == [(row.key, row.value) for row in rows]
