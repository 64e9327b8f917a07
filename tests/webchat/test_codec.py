"""Frames, tokens and limits, as pure functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from secrets import token_hex, token_urlsafe
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.webchat import tokens
from adapters.webchat.codec import (
    FrameRefused,
    Post,
    clean_page,
    clean_text,
    clean_word,
    desk_state,
    read_frame,
    read_poll,
    read_post,
    rounded,
)
from adapters.webchat.limits import Door
from adapters.webchat.pages import allowed_origin, listed
from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import message_id

SECRET = b"k" * 32
OTHER = b"o" * 32
SENDER = "web:someone"


def post(**fields: Any) -> Post:
    frame = read_frame(json.dumps({"t": "message", "id": "12345678", "text": "Hello"} | fields))
    assert isinstance(frame, Post)
    return frame


def taken(**fields: Any) -> Any:
    return read_post(post(**fields), "web", SENDER, SECRET, 100, 1_700_000_000_000)


# ---- frames ----


def refusal(read: Callable[[Any], object], raw: Any) -> str:
    """Return the code with which something is refused, "" when it is taken."""
    try:
        read(raw)
    except FrameRefused as why:
        return why.code
    return ""


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_whatever_comes_is_a_frame_or_a_refusal(raw: bytes | str) -> None:
    assert refusal(read_frame, raw) in ("", "malformed", "invalid")


SIMPLE = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_is_a_frame_or_a_refusal(value: Any) -> None:
    for raw in (json.dumps(value), json.dumps({"t": "message", "id": value, "text": value})):
        assert refusal(read_frame, raw) in ("", "malformed", "invalid")
        assert refusal(read_poll, raw.encode()) in ("", "malformed")


def test_a_deep_nest_is_refused() -> None:
    assert refusal(read_frame, "[" * 60_000) in ("malformed", "invalid")


def test_a_frame_that_is_not_ours_names_the_message_it_concerns() -> None:
    with pytest.raises(FrameRefused) as why:
        read_frame('{"t":"message","id":"abcdefgh","text":42}')
    assert (why.value.code, why.value.id) == ("invalid", "abcdefgh")


def test_an_id_is_derived_from_who_is_proven_and_not_from_what_is_said() -> None:
    message = taken(sender="web:somebody-else", channel="other")
    assert (message.sender, message.channel) == (SENDER, "web")
    assert message.id == message_id("web", SENDER, "12345678")


@pytest.mark.parametrize("fields, code", [
    ({"text": " \n\t "}, "empty"),
    ({"text": "\u200b\u2060\u3164"}, "empty"),
    ({"text": "x" * 101}, "too-long"),
    ({"later": True}, "contact"),
    ({"files": [{"digest": "0" * 64, "name": "a", "media_type": "image/png", "size": 1, "proof": "f" * 32}]}, "file"),
])  # fmt: skip
def test_what_cannot_be_taken_says_why(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(FrameRefused) as why:
        taken(**fields)
    assert (why.value.code, why.value.id) == (code, "12345678")


def test_a_file_needs_the_proof_made_for_this_patron() -> None:
    ref = {"digest": "a" * 64, "name": "map.png", "media_type": "image/png", "size": 9}
    mine = tokens.proof(SECRET, SENDER, "a" * 64)
    theirs = tokens.proof(SECRET, "web:another", "a" * 64)
    assert taken(files=[{**ref, "proof": mine}]).attachments[0].name == "map.png"
    with pytest.raises(FrameRefused):
        taken(files=[{**ref, "proof": theirs}])


def test_a_wrong_clock_is_not_believed() -> None:
    assert taken(at=1_699_999_999_000).sent_at == 1_699_999_999_000
    assert taken(at=1_700_009_999_000).sent_at == 0
    assert taken(at=-5).sent_at == 0


@pytest.mark.parametrize("url, kept", [
    ("https://lib.example/a/b?patron=1#frag", "https://lib.example/a/b"),
    ("https://user:secret@lib.example:8443/x", "https://lib.example:8443/x"),
    ("javascript:alert(1)", ""),
    ("data:text/html,x", ""),
    ("//lib.example/x", ""),
    ("https://[bad", ""),
    ("https://lib.example:99999/", ""),
    ("", ""),
])  # fmt: skip
def test_a_page_is_kept_without_what_could_tell_on_its_reader(url: str, kept: str) -> None:
    assert clean_page(url) == kept


def test_texts_lose_what_no_reader_sees() -> None:
    assert clean_text(" a\r\nb\x00\x1b[31m\tc ") == "a\nb[31m\tc"
    assert clean_word("Pat\u202e\u2066 \n Smith\x07") == "Pat Smith"


# ---- the desk ----


@given(st.integers(min_value=-100, max_value=100_000))
def test_a_wait_is_rounded_up_and_never_down(seconds: int) -> None:
    assert rounded(seconds) >= max(0, seconds)
    assert rounded(seconds) - max(0, seconds) < 300


def test_a_closed_desk_says_so_even_where_defaults_are_left_out() -> None:
    told = msgspec.json.decode(msgspec.json.encode(desk_state(ChannelDesk(open=False, online=False))))
    assert (told["open"], told["online"]) == (False, False)


# ---- tokens ----


def test_a_seed_always_mints_the_same_token_and_nobody_elses() -> None:
    assert tokens.mint(SECRET, "seed") == tokens.mint(SECRET, "seed")
    assert (
        len({tokens.mint(SECRET, "seed"), tokens.mint(SECRET, "tree"), tokens.mint(OTHER, "seed"), tokens.mint(SECRET)})
        == 4
    )


def test_a_token_is_256_bits_and_known_without_asking() -> None:
    token = tokens.mint(SECRET)
    assert len(token) == 64
    assert tokens.genuine(SECRET, token)
    assert not tokens.genuine(OTHER, token)
    assert token not in tokens.address(token)


@given(st.integers(min_value=0, max_value=63), st.characters())
def test_a_token_with_any_character_changed_is_forged(at: int, char: str) -> None:
    token = tokens.mint(SECRET, "seed")
    changed = token[:at] + char + token[at + 1 :]
    assert tokens.genuine(SECRET, changed) == (changed == token)


def test_a_token_has_one_spelling() -> None:
    """The other alphabet of base64 writes the same bytes, and would be another patron with other limits."""
    minted = (tokens.mint(SECRET, f"seed {n}") for n in range(100))
    token = next(found for found in minted if set("-_") & set(found))
    assert tokens.genuine(SECRET, token)
    assert not tokens.genuine(SECRET, token.replace("-", "+").replace("_", "/"))


@given(st.text(max_size=100))
def test_no_text_of_a_stranger_is_a_token(text: str) -> None:
    assert not tokens.genuine(SECRET, text)


# ---- limits ----


def test_an_address_is_remembered_only_as_a_hash_of_this_process() -> None:
    here, there = Door(per_address=2), Door(per_address=2)
    assert here.mark("192.0.2.7") == here.mark("192.0.2.7") != there.mark("192.0.2.7")
    assert "192.0.2.7" not in here.mark("192.0.2.7")
    assert here.mark("2001:db8::1") == here.mark("2001:db8::ffff") != here.mark("2001:db8:0:1::1")
    assert here.mark("::ffff:192.0.2.7") == here.mark("192.0.2.7") != here.mark("::ffff:192.0.2.8")


def test_one_address_holds_so_many_connections() -> None:
    door = Door(per_address=2)
    assert [door.enter("m"), door.enter("m"), door.enter("m"), door.enter("n")] == [True, True, False, True]
    door.leave("m")
    assert door.enter("m")
    for mark in ("m", "m", "n"):
        door.leave(mark)
    assert not door.connections


# ---- origins ----


def test_origins_are_written_as_browsers_write_them() -> None:
    for text, written in (
        ("https://WWW.Library.Example/", "https://www.library.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://library.example:443", "https://library.example"),
        ("http://library.example:80/", "http://library.example"),
        ("http://library.example:443", "http://library.example:443"),
        ("https://*.Library.Example:443", "https://*.library.example"),
        ("https://*.library.example:8443", "https://*.library.example:8443"),
        ("http://[::1]:80", "http://[::1]"),
    ):
        assert allowed_origin(text) == written


@pytest.mark.parametrize(
    "wrong",
    [
        "www.library.example",
        "https://a.example/page",
        "https://a.example#part",
        "https://u:p@a.example",
        "ftp://a.example",
        "https://a b",
        "https://*",
        "https://*a.example",
        "https://www.*.example",
        "https://a.example:*",
        "https://a.example:65536",
        "https://[::1",
    ],
)
def test_what_no_browser_would_match_is_no_origin(wrong: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        allowed_origin(wrong)


def test_a_star_stands_for_all_that_lies_below_a_host() -> None:
    """As in a Content-Security-Policy: one label or more, never the bare host, and the same scheme and port."""
    below = ("https://*.library.example",)
    for origin in ("https://www.library.example", "https://a.b.library.example"):
        assert listed(origin, below)
    for origin in (
        "",
        "null",
        "https://library.example",
        "http://www.library.example",
        "https://www.library.example:8443",
        "https://evillibrary.example",
        "https://library.example.evil.example",
    ):
        assert not listed(origin, below)
    assert listed("https://www.library.example:8443", ("https://*.library.example:8443",))
    assert listed("https://anybody.example", ("*",))


def test_a_ticket_says_the_name_of_an_upload_and_nothing_else() -> None:
    given = ""
    for name in ("map.png", "Plan – 1.º.pdf", ""):
        given = tokens.ticket(SECRET, "web:ada", "0" * 64, name)
        assert tokens.uploaded_as(SECRET, "web:ada", "0" * 64, given) == name
        assert tokens.uploaded_as(SECRET, "web:bob", "0" * 64, given) == ""
        assert tokens.uploaded_as(SECRET, "web:ada", "1" * 64, given) == ""
    for forged in ("", ".", "é", "x.!", "0" * 32 + ".bWFpbC5odG1s", given[:-1]):
        assert tokens.uploaded_as(SECRET, "web:ada", "0" * 64, forged) == ""


@pytest.mark.parametrize(
    "seed",
    ["1", "seed", "a" * 43, "0" * 64, "abcdefghijklmnopqrstuvwxyz", "ab" * 20, "seed-00000001", "é" * 43],
)
def test_a_seed_that_others_may_think_of_is_none(seed: str) -> None:
    """Who sends the same one is the same patron: it must be as long and as random as what a browser makes."""
    assert not tokens.is_random(seed)


def test_the_seeds_of_browsers_are() -> None:
    assert all(tokens.is_random(token_urlsafe(size)) for size in (16, 32, 48) for _ in range(500))
    assert all(tokens.is_random(token_hex(16)) for _ in range(500))
