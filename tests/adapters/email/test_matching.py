"""Which conversation a mail joins: every rule of the corpus thread_semantics, and forged, foreign and mutilated ids."""

from __future__ import annotations

import pytest

from adapters.email.addresses import MailAddress
from adapters.email.codec import mint_reply, parse, read_reply
from adapters.email.desk.compose import Outgoing, compose, outgoing_id
from adapters.email.desk.matching import CONVERSATION, Signer, reply_address, trail
from adapters.email.mail import Mail
from bridge.contract.message import message_id

MAILBOX = "ask@library.example"
PATRON = "jane@example.org"
CONVERSATION_ID, DELIVERY_ID = "Conv_abcdefghij-0123", "Deli_abcdefghij-4567"
SIGNER = Signer(b"s" * 32, "mail")
ELSEWHERE = Signer(b"s" * 32, "other-mailbox")


def mail(
    headers: str = "", body: str = "I still have a question.", sender: str = f"Jane <{PATRON}>", to: str = MAILBOX
) -> Mail:
    lines = f"From: {sender}\r\nTo: {to}\r\nMessage-ID: <new@example.org>\r\nSubject: Re: books\r\n{headers}"
    return parse(f"{lines}\r\n{body}\r\n".encode(), own=(MAILBOX,))


def token(addressee: str = PATRON, signer: Signer = SIGNER) -> str:
    return signer.token(CONVERSATION, CONVERSATION_ID, addressee)


def ours(signer: Signer = SIGNER) -> str:
    return outgoing_id(DELIVERY_ID, PATRON, MAILBOX, signer)


def looked_up(found: Mail) -> list[str]:
    return [lookup.id for lookup in trail(found, MAILBOX, SIGNER).lookups]


def test_our_message_id_in_in_reply_to_names_the_delivery() -> None:
    """thread/01"""
    lookup = trail(mail(f"In-Reply-To: <{ours()}>\r\n"), MAILBOX, SIGNER).lookups[0]
    assert (lookup.id, lookup.rule, lookup.other_sender) == (DELIVERY_ID, "in-reply-to", False)


def test_our_root_id_alone_proves_the_conversation() -> None:
    """thread/02: the fallback that names only the conversation."""
    found = trail(mail(f"In-Reply-To: <db.{token()}@library.example>\r\n"), MAILBOX, SIGNER)
    assert (found.conversation, found.rule, found.other_sender) == (CONVERSATION_ID, "in-reply-to", False)


def test_an_id_of_the_patrons_own_mail_is_looked_up() -> None:
    """thread/03: what this channel received from this sender under that id."""
    assert message_id("mail", PATRON, "first@example.org") in looked_up(mail("In-Reply-To: <first@example.org>\r\n"))


def test_several_ids_are_all_tried() -> None:
    """thread/04"""
    found = looked_up(mail(f"In-Reply-To: <unknown@x> <{ours()}>\r\n"))
    assert DELIVERY_ID in found
    assert message_id("mail", PATRON, "unknown@x") in found


@pytest.mark.parametrize("header", ["", "In-Reply-To:\r\n", "In-Reply-To: <>\r\n", "In-Reply-To: <<<>>> @@ \x01\r\n"])
def test_absent_empty_or_malformed_ids_prove_nothing(header: str) -> None:
    """thread/05, thread/08"""
    assert trail(mail(header), MAILBOX, SIGNER).conversation == ""


def test_an_unknown_id_is_only_a_question_to_the_desk() -> None:
    """thread/06, thread/07: nothing is proven, nothing raises; the desk does not know the id and a new conversation opens."""
    found = trail(mail("In-Reply-To: <whatever@nowhere>\r\n"), MAILBOX, SIGNER)
    assert found.conversation == ""
    assert [lookup.rule for lookup in found.lookups] == ["in-reply-to"] * len(found.lookups)


def test_references_join_in_all_three_forms_and_any_of_a_chain_counts() -> None:
    """thread/09, thread/10"""
    assert DELIVERY_ID in looked_up(mail(f"References: <a@x> <{ours()}> <b@x>\r\n"))
    assert trail(mail(f"References: <a@x> <db.{token()}@l> <b@x>\r\n"), MAILBOX, SIGNER).rule == "references"
    assert message_id("mail", PATRON, "a@x") in looked_up(mail("References: <a@x> <b@x>\r\n"))


def test_an_id_of_another_mailbox_proves_nothing() -> None:
    """thread/11: no mail moves into another queue's conversation."""
    found = trail(mail(f"References: <db.{token(signer=ELSEWHERE)}@l> <{ours(ELSEWHERE)}>\r\n"), MAILBOX, SIGNER)
    assert found.conversation == ""
    assert DELIVERY_ID not in [lookup.id for lookup in found.lookups]


def test_a_foreign_id_does_not_spoil_a_valid_one() -> None:
    """thread/12"""
    header = f"References: <db.{token(signer=ELSEWHERE)}@l>\r\n <db.{token()}@l>\r\n"
    assert trail(mail(header), MAILBOX, SIGNER).conversation == CONVERSATION_ID


def test_one_of_several_recipients_is_enough() -> None:
    """thread/13"""
    to = f"Bob <bob@example.net>, {reply_address(MAILBOX, token())}"
    assert trail(mail(to=to), MAILBOX, SIGNER).conversation == CONVERSATION_ID


def test_case_of_the_reply_address_does_not_matter() -> None:
    """thread/14"""
    assert trail(mail(to=reply_address(MAILBOX, token()).upper()), MAILBOX, SIGNER).conversation == CONVERSATION_ID


@pytest.mark.parametrize("change", ["{}extra", "x{}", "{}-", "{}="])
def test_text_around_the_token_makes_it_nothing(change: str) -> None:
    """thread/15"""
    assert trail(mail(to=f"ask+{change.format(token())}@library.example"), MAILBOX, SIGNER).conversation == ""


@pytest.mark.parametrize("address", [MAILBOX, "ask+@library.example", "ask+zzzz@library.example", "{}@library.example"])
def test_malformed_unknown_or_no_token(address: str) -> None:
    """thread/16"""
    assert trail(mail(to=address.format(token())), MAILBOX, SIGNER).conversation == ""


def test_a_token_for_another_mailbox_name_is_not_ours() -> None:
    assert trail(mail(to=f"other+{token()}@library.example"), MAILBOX, SIGNER).conversation == ""


def test_reply_to_is_preferred_and_from_used_when_it_is_malformed() -> None:
    """thread/17, thread/18"""
    assert mail("Reply-To: Jane <private@example.org>\r\n").patron.address == "private@example.org"
    assert mail("Reply-To: not an address\r\n").patron.address == PATRON


@pytest.mark.parametrize("sender", ["", "nobody at all", "<>", "a@@b"])
def test_a_malformed_sender_is_quarantined_and_seen(sender: str) -> None:
    """thread/19"""
    assert mail(sender=sender).quarantined == "no usable sender address"


def test_nul_is_removed_everywhere() -> None:
    """thread/20"""
    content = b"From: J\0ane <jane@example.org>\r\nSubject: bo\0oks\r\nMessage-ID: <a\0b@x>\r\n\r\nqu\0estion"
    found = parse(content)
    assert "\0" not in "".join((found.author.name, found.subject, found.message_id, found.text, found.full_text))
    assert (found.subject, found.text) == ("books", "question")


def test_our_own_mail_is_known_in_any_case() -> None:
    """thread/21"""
    assert mail(sender="Library <ASK@Library.Example>").own


def test_a_bounce_from_nobody_is_a_bounce() -> None:
    """thread/22"""
    report = (
        "Return-Path: <>\r\nFrom: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nsorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; jane@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{ours()}>\r\n--b--\r\n"
    )
    found = parse(report.encode())
    assert found.kind == "bounce"
    assert found.quarantined == ""
    assert found.bounce is not None
    assert found.bounce.hard
    assert found.bounce.ids == (ours(),)


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: OOF, AutoReply", "Precedence: auto_reply"]
)
def test_automatic_mail_is_flagged(header: str) -> None:
    """thread/23"""
    assert mail(f"{header}\r\n").kind == "auto"


def parts(*more: str) -> Mail:
    head = f"From: {PATRON}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return parse((head + "".join(f"--b\r\n{part}\r\n" for part in more) + "--b--\r\n").encode())


def test_attachments_without_a_name_get_one() -> None:
    """thread/24"""
    found = parts("\r\nhello", "Content-Type: application/pdf\r\n\r\nx", "Content-Disposition: attachment\r\n\r\ny")
    assert [one.name for one in found.files] == ["attachment-1.pdf", "attachment-2.txt"]


def test_the_first_fifteen_attachments_are_kept_and_the_rest_is_said() -> None:
    """thread/25"""
    files = [f"Content-Type: application/pdf; name=f{number}.pdf\r\n\r\nx" for number in range(20)]
    found = parts("\r\nhello", *files)
    assert [one.name for one in found.files] == [f"f{number}.pdf" for number in range(15)]
    assert "files-left-out" in found.marks


def test_inline_pictures_are_shown_in_place_and_inline_documents_are_kept() -> None:
    """thread/26"""
    found = parts(
        'Content-Type: text/html\r\n\r\n<p>see <img src="cid:one@x" alt="map"></p>',
        "Content-Type: image/png; name=map.png\r\nContent-ID: <one@x>\r\nContent-Disposition: inline\r\n\r\nx",
        "Content-Type: application/pdf; name=plan.pdf\r\nContent-Disposition: inline\r\n\r\nx",
    )
    assert [(one.name, one.inline) for one in found.files] == [("map.png", True), ("plan.pdf", False)]
    assert 'src="cid:one@x"' in found.html


def test_attachments_without_words_are_accepted() -> None:
    """thread/27"""
    found = parts("Content-Type: application/pdf; name=plan.pdf\r\n\r\nx")
    assert (found.text, len(found.files), found.quarantined) == ("", 1, "")


def test_somebody_else_joins_flagged() -> None:
    found = trail(mail(sender="eve@evil.example", to=reply_address(MAILBOX, token())), MAILBOX, SIGNER)
    assert (found.conversation, found.other_sender) == (CONVERSATION_ID, True)


def test_our_id_in_the_quoted_part_joins_but_not_in_the_patrons_own_words() -> None:
    quoted = f"More please.\r\n\r\nOn 5 Jan 2021 10:15, Library <{MAILBOX}> wrote:\r\n> An answer\r\n> -- \r\n> ref-{token()}"
    assert trail(mail(body=quoted), MAILBOX, SIGNER).rule == "quoted"
    assert trail(mail(body=f"My friend got ref-{token()} from you."), MAILBOX, SIGNER).conversation == ""


def test_the_subject_alone_never_joins() -> None:
    found = trail(mail(f"X-Subject: {token()}\r\n"), MAILBOX, SIGNER)
    assert (found.conversation, found.lookups) == ("", ())


def test_an_answer_to_our_mail_finds_its_conversation_whatever_the_program_keeps() -> None:
    sent = parse(compose(OUTGOING, SIGNER))
    kept = {
        "reply-address": mail(to=sent.patron.address),
        "in-reply-to": mail(f"In-Reply-To: <{sent.references[0]}>\r\n"),
        "references": mail(f"References: <{'> <'.join(sent.references)}>\r\n"),
        "quoted": mail(body="Thanks!\r\n\r\n" + "\r\n".join(f"> {line}" for line in sent.full_text.split("\n"))),
    }
    assert {rule: trail(found, MAILBOX, SIGNER).rule for rule, found in kept.items()} == {rule: rule for rule in kept}
    assert {trail(found, MAILBOX, SIGNER).conversation for found in kept.values()} == {CONVERSATION_ID}


OUTGOING = Outgoing(
    delivery=DELIVERY_ID,
    conversation=CONVERSATION_ID,
    mailbox=MAILBOX,
    to=MailAddress("Jane", PATRON),
    text="Yes, we have it.",
    at=1_700_000_000_000,
)


def test_the_reply_path_comes_back() -> None:
    found = mail("References: <a@x>\r\nCc: Bob <bob@example.net>, ask@library.example\r\n")
    path = read_reply(mint_reply(found, (MAILBOX,)))
    assert path is not None
    assert (path.message_id, path.references, path.others) == ("new@example.org", ("a@x",), ("Bob <bob@example.net>",))
    assert read_reply("") is None
    assert read_reply("nonsense") is None


@pytest.mark.parametrize("identity", ["x", "Conv_abcdefghij-0123", "queue-7/42", "ü" * 10])
def test_tokens_carry_any_short_id(identity: str) -> None:
    proof = SIGNER.read(SIGNER.token(CONVERSATION, identity, PATRON).upper())
    assert proof is not None
    assert proof.id == identity


def test_a_token_with_one_changed_character_is_nothing() -> None:
    good = token()
    for place in range(len(good)):
        changed = good[:place] + ("a" if good[place] != "a" else "b") + good[place + 1 :]
        assert SIGNER.read(changed) is None
