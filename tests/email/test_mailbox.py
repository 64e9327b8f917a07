"""The mailbox: what is read, when, and what is done to it; each against a real Dovecot."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
from msgspec.structs import replace

from adapters.email.config import EmailConfig
from adapters.email.network.wire import modified_utf7
from tests.email.conftest import Mail
from tests.email.site import MAILBOX, until
from tests.peers.dovecot import MAILDIR, Dovecot

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def letter(text: str, *fields: str, sender: str = "Pat <pat@localhost>") -> bytes:
    """Return a plain mail whose Message-ID is made of its text."""
    head = [
        f"From: {sender}",
        f"To: {MAILBOX}",
        f"Subject: {text}",
        f"Message-ID: <{text.replace(' ', '.')}@pat.localhost>",
    ]
    return "\r\n".join([*head, *fields, "", text, ""]).encode()


def flags(dovecot: Dovecot, folder: str = "INBOX") -> dict[int, str]:
    """Return the flags of each mail by UID. What the server tells of its own accord, while they change, names none."""
    with dovecot.opened("ask", folder) as client:
        _, lines = client.uid("fetch", "1:*", "(FLAGS)")
    words = [line.decode() for line in lines if line and b"UID " in line]
    return {int(line.split("UID ")[1].split()[0]): line.split("FLAGS (")[1].split(")")[0] for line in words}


def texts(mail: Mail) -> list[str]:
    """Return what came in so far."""
    return [message.text for message in mail.ring.messages()]


async def test_at_first_only_unread_mail_is_taken_and_then_nobodys_reading_matters(mail: Mail) -> None:
    await mail.comes(letter("read long ago"), letter("not read yet"))
    with mail.dovecot.opened("ask") as client:
        client.uid("store", "1", "+FLAGS", r"(\Seen)")
    await mail.start()
    await mail.ring.message("not read yet")
    await mail.ring.stop()
    await mail.comes(letter("while down"))
    with mail.dovecot.opened("ask") as client:
        client.uid("store", "3", "+FLAGS", r"(\Seen)")
    await mail.start()
    await mail.ring.message("while down")
    assert texts(mail) == ["not read yet", "while down"]


@pytest.mark.parametrize(("first", "expected"), [("all", ["one", "two", "new"]), ("new", ["new"])])
async def test_what_was_there_before_us_is_taken_as_configured(mail: Mail, first: str, expected: list[str]) -> None:
    await mail.comes(letter("one"), letter("two"))
    await mail.start(first=first)
    await mail.comes(letter("new"))
    await mail.ring.message("new")
    assert texts(mail) == expected


@pytest.mark.parametrize("servers", [MAILDIR], indirect=True, ids=["maildir"])
async def test_a_new_uidvalidity_brings_everything_once_more_and_nothing_twice(mail: Mail) -> None:
    await mail.start()
    await mail.comes(*(letter(f"before {number}") for number in range(5)))
    await mail.ring.message("before 4")
    await mail.ring.stop()
    await mail.comes(letter("in between"))
    validity = (await mail.ring.cursor())["at:INBOX"].split(":")[0]
    await asyncio.to_thread(_rebuilt, mail.dovecot, validity)
    await mail.start()
    await mail.comes(letter("after"))
    await mail.ring.message("after")
    assert texts(mail) == [*(f"before {number}" for number in range(5)), "in between", "after"]
    assert (await mail.ring.cursor())["at:INBOX"].split(":")[0] != validity


def _rebuilt(dovecot: Dovecot, validity: str) -> None:
    """Have the server lose its lists and keywords, as a restored backup does: UIDs begin again."""
    maildir = dovecot.folder / "home" / "ask" / "Maildir"
    while True:
        dovecot.stop()
        for path in maildir.glob("dovecot*"):
            path.unlink(missing_ok=True)
        for path in (maildir / "cur").glob("*:2,*"):
            path.rename(path.with_name(path.name.split(":2,")[0] + ":2,"))
        dovecot.start()
        with dovecot.opened("ask") as client:
            if client.response("UIDVALIDITY")[1] != [validity.encode()]:
                return


async def test_several_folders_are_read_at_once(mail: Mail) -> None:
    with mail.dovecot.opened("ask") as client:
        client.create(f'"{modified_utf7("Bücher & Medien")}"')
    await mail.start(folders=("INBOX", "Bücher & Medien"))
    with mail.dovecot.opened("ask") as client:
        client.append(f'"{modified_utf7("Bücher & Medien")}"', "", "", letter("in a folder"))
    await mail.ring.message("in a folder")
    await mail.comes(letter("in the inbox"))
    await mail.ring.message("in the inbox")
    cursor = await mail.ring.cursor()
    assert {"at:INBOX", "at:Bücher & Medien"} <= set(cursor)


async def test_what_is_durable_can_be_marked_as_read_and_moved(mail: Mail) -> None:
    with mail.dovecot.opened("ask") as client:
        client.create("Done")
    await mail.start(mark_seen=True, move_to="Done")
    await mail.comes(letter("done with"))
    await mail.ring.message("done with")
    await until(lambda: flags(mail.dovecot, "Done"), "the mail is moved")
    assert r"\Seen" in flags(mail.dovecot, "Done")[1]
    assert "Deskbridge" in flags(mail.dovecot, "Done")[1]
    assert flags(mail.dovecot) == {}


async def test_starttls_works_and_a_certificate_of_a_stranger_does_not(mail: Mail) -> None:
    await mail.start(imap_security="starttls", imap_port=mail.dovecot.imap)
    await mail.comes(letter("over starttls"))
    await mail.ring.answer(await mail.ring.message("over starttls"), "yes")
    await mail.gets("pat", 1)
    await mail.ring.stop()
    strangers = replace(mail.config, ca="")
    await _refuses(mail, strangers)
    await _refuses(mail, replace(strangers, imap_security="starttls", imap_port=mail.dovecot.imap))


async def _refuses(mail: Mail, config: EmailConfig) -> None:
    """Start the channel and wait until it has given up a first time; it never works."""
    await mail.ring.start(config)

    def refused() -> bool:
        return any(status.reason == "unavailable" for status in mail.ring.statuses())

    await mail.ring.until(refused, "the channel refuses the certificate")
    assert not any(status.up for status in mail.ring.statuses())
    await mail.ring.stop()


async def test_what_cannot_be_read_is_shown_and_blocks_nobody(mail: Mail) -> None:
    await mail.start()
    await mail.comes(b"From: nobody\r\nSubject: no address\r\n\r\nsecret words\r\n", letter("an ordinary one"))
    await mail.ring.message("an ordinary one")
    [broken] = [message for message in mail.ring.messages() if "quarantined" in message.marks]
    assert "could not be read" in broken.text
    path = await mail.ring.blobs.path(broken.original)
    assert path is not None
    assert b"secret words" in path.read_bytes()
    await until(lambda: "DeskbridgeQuarantine" in flags(mail.dovecot).get(1, ""), "it is marked as waiting")
    notice = await mail.ring.answer(broken, "We are closed", kind="notice", automatic=True)
    assert (await mail.ring.reached(notice, "failed")).reason == "no-such-address"


async def test_what_waits_in_quarantine_is_tried_again_at_each_start(mail: Mail) -> None:
    await mail.comes(letter("readable by now"))
    with mail.dovecot.opened("ask") as client:
        client.uid("store", "1", "+FLAGS", "(DeskbridgeQuarantine)")
    await mail.start(first="new")
    await mail.ring.message("readable by now")
    await until(lambda: "Quarantine" not in flags(mail.dovecot)[1], "it waits no more")


async def test_pictures_of_an_html_mail_are_shown_inside_it_and_files_are_kept(mail: Mail) -> None:
    part = b64encode(PIXEL).decode()
    body = (
        'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
        '<p>See <img src="cid:p1"><img src="https://tracker.example/x.png"></p>\r\n'
        "--b\r\nContent-Type: image/png\r\nContent-ID: <p1>\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: inline; filename="p.png"\r\n\r\n{part}\r\n'
        "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="plan.pdf"\r\n\r\n{b64encode(b"%PDF-1.4 plan").decode()}\r\n--b--\r\n'
    )
    head = f"From: pat@localhost\r\nTo: {MAILBOX}, Bob <bob@elsewhere.example>\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
    await mail.start()
    await mail.comes((head + body).encode())
    message = await mail.ring.until(lambda: next(iter(mail.ring.messages()), None), "the mail")
    assert message is not None
    path = await mail.ring.blobs.path(message.html)
    assert path is not None
    page = path.read_text()
    assert f'src="data:image/png;base64,{part}"' in page
    assert "tracker" not in page
    assert [(file.name, file.media_type) for file in message.attachments] == [("plan.pdf", "application/pdf")]
    assert "also to bob@elsewhere.example" in message.marks


def test_mailbox_names_are_written_as_imap_wants_them() -> None:
    """The example is RFC 3501's own, section 5.1.3."""
    assert modified_utf7("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert modified_utf7("A & B") == "A &- B"
