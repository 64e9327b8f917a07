"""Seals: tokens that earlier releases handed out are read for ever, and nothing else is.

The tokens below were made by the code before it had one `Seal`. They are in patrons' mail boxes, browsers and phones: a change
here is a change for them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from adapters.email.desk.matching import Proof, Signer
from adapters.email.desk.twins import SEAL as TWINS
from adapters.sms import media
from adapters.webchat import tokens
from adapters.xmpp import staff
from adapters.xmpp.files import SEAL as XMPP_FILE
from adapters.xmpp.stanza_ids import SEAL as STANZA
from bridge.contract.message import Attachment
from bridge.contract.sealed_token import Seal, derived_key, same
from bridge.inbox.http import sessions, upload_tickets
from bridge.inbox.http.responses import Refusal

SECRET = bytes(range(32))
THEN = 1_700_000_000
FILE = Attachment(digest="ab" * 32, media_type="image/png", size=12, name="Übersicht 1.png")
SEED = "0123456789abcdefABCDEF"
PATRON = "web:DIupZVuQzVl7K-u6Saea"


def test_chat_tokens_of_earlier_releases_are_read() -> None:
    undated = "s9TnuBDu9QcQaz_9UEbRWTXmJeBsJnHJK1PXSevBGHzktOrz6x1BOYqIYnvHHALB"
    dated = "AgyLqWVbkM1ZeyvrukmnmgAHNJ5yI0gJJVDt7xWVFZV-JsYUcbvJVvTYN0n46Ak="
    assert tokens.read(SECRET, undated) == (PATRON, 0)
    assert tokens.read(SECRET, dated) == (PATRON, THEN // 3600 * 3600)
    assert [tokens.mint(SECRET, SEED), tokens.mint(SECRET, SEED, THEN)] == [undated, dated]


def test_proofs_of_chat_files_are_read() -> None:
    assert tokens.proven(SECRET, PATRON, FILE.digest, "7cf99804e4d7ec336f2b02fa4de8ac9c")
    ticket = "5948226b50f27a148a1b080599bf3770.w5xiZXJzaWNodCAxLnBuZw=="
    assert tokens.ticket(SECRET, PATRON, FILE.digest, FILE.name) == ticket
    assert tokens.uploaded_as(SECRET, PATRON, FILE.digest, ticket) == FILE.name
    assert tokens.uploaded_as(SECRET, PATRON, f"{FILE.digest}\x1f", ticket) == ""


def test_signed_reply_addresses_are_read() -> None:
    signer = Signer(SECRET, "mail")
    conversation = "cbng3r26pyegfdaaiigecrq4qjlm3744dhoen7m2qocl2"
    assert signer.token("c", "abcdefghijABCDEFGHIJ", "Pat@Example.org") == conversation
    assert signer.read(conversation.upper()) == Proof("c", "abcdefghijABCDEFGHIJ", "lm3744")
    assert signer.read("dtmnxw45rngel2bz454txdsdmu7tal2") == Proof("d", "conv-1", signer.who("pät@example.org"))
    assert signer.read(conversation[:-1] + "3") is None


def test_lent_files_of_texts_are_found() -> None:
    token = (
        "7MRb_F_pfb0OUoZsCQtRGmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYW"
        "IgMTcwMDA4NjQwMCBpbWFnZS9wbmc"
    )
    assert media.lend(SECRET, FILE, THEN) == f"media/{token}/%C3%9Cbersicht%201.png"
    assert media.lent(SECRET, token, THEN + 86_000) == (FILE.digest, FILE.media_type)
    with pytest.raises(LookupError):
        media.lent(SECRET, token, THEN + 90_000)


def test_link_codes_and_files_of_messengers_are_read() -> None:
    assert staff.linked(SECRET, "link:cora:1700000900:u6cirgoq7mueslnvzlidcv6c", THEN) == "cora"
    assert XMPP_FILE.proves("sn3RH9QxiZbjp4E6F6Vncw", SECRET, FILE.digest, FILE.name)


def test_upload_tickets_are_read() -> None:
    ticket = (
        "mPr46HnrYWeCeeoViRv_YllFowc49UKchaFrqmF0dGFjaG1lbnSmZGlnZXN02UBhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYm"
        "FiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiqm1lZGlhX3R5cGWpaW1hZ2UvcG5npHNpemUMpG5hbWWww5xiZXJzaWNodCAxLnBuZw=="
    )
    assert upload_tickets.attachment(SECRET, ticket, "cora", "c1") == FILE
    assert upload_tickets.ticket(SECRET, FILE, "cora", "c1") == ticket
    with pytest.raises(Refusal):
        upload_tickets.attachment(SECRET, ticket, "cora", "c2")


def test_a_browser_stays_familiar() -> None:
    seal = "909bedca2af1c2f7bbb72c50841fad51cb19844c8a68a19a7f73b58dd4d69f88"
    cookies = {"desk-known-" + "x": ""}
    request = SimpleNamespace(cookies=cookies, secure=False, app={}, headers={}, host="localhost", scheme="http")
    name = sessions._familiar_name(cast(Any, request), "cora")
    cookies[name] = f"{'aa' * 16}.{seal}"
    assert sessions.familiar_mark(cast(web.Request, request), SECRET, "cora") == "aa" * 16


def test_kept_fingerprints_and_keys_stay_the_same() -> None:
    assert STANZA.text(SECRET, "pat@example.org", "s1") == "abe44e9828b70ed54c62af7c"
    assert TWINS.of(SECRET, "x\x1fé").hex() == "f87c4f00f72d50e5225d481d"
    assert derived_key(SECRET, "channel mail").hex().startswith("6e1c35f4c95181210e689c61a3f355a3")
    assert derived_key(SECRET, "staff link").hex().startswith("c682f268cbfbd42e69d820259694c658")


def test_a_seal_is_good_for_its_purpose_its_fields_and_its_secret_alone() -> None:
    seal = Seal("lend", 16)
    given = seal.text(SECRET, "a", "b")
    assert seal.proves(given, SECRET, "a", "b")
    others = [
        seal.proves(given, SECRET, "ab"),
        seal.proves(given, SECRET, "a", "c"),
        seal.proves(given, b"x", "a", "b"),
    ]
    others += [Seal("tend", 16).proves(given, SECRET, "a", "b"), seal.proves(given.upper(), SECRET, "a", "b")]
    others += [seal.proves(bad, SECRET, "a", "b") for bad in ("", "é", given[:-1], given + "0", "\ud800")]
    assert not any(others)


def test_no_field_can_be_read_as_two() -> None:
    seal = Seal("lend")
    with pytest.raises(ValueError, match="0x1F"):
        seal.of(SECRET, "a\x1fb", "c")
    assert not seal.proves(seal.text(SECRET, "a", "b\x1fc"), SECRET, "a\x1fb", "c")


def test_secrets_of_any_characters_are_compared() -> None:
    assert same("é", "é")
    assert not same("\ud800", "a")
