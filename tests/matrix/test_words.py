"""Events read as words, and written from deliveries: rules alone, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.matrix import codec
from adapters.matrix.config import MatrixConfig
from adapters.matrix.signing import USAGES, CrossSigner, canonical
from bridge.contract.adapter import Misconfigured, Rejected, Retry, Uncertain
from bridge.contract.message import Delivery, message_id

ADA = "@ada:example.org"
HERE = "Here\nhttps://www.openstreetmap.org/?mlat=51.5&mlon=-0.1"


def read(content: dict[str, Any], kind: str = codec.MESSAGE) -> Any:
    """Read an event of Ada's."""
    said = codec.RoomEvent(kind, "$1", ADA, 1_700_000_000_000, content)
    return codec.message("m", "!room:example.org", said, kind, content, "Ada", (), ())


def text(body: str, **more: Any) -> dict[str, Any]:
    """A content with words."""
    return {"msgtype": "m.text", "body": body, **more}


def test_an_edit_replaces_what_was_said() -> None:
    found = read(
        text("* new", **{"m.new_content": text("new"), "m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}})
    )
    assert found.text == "new"
    assert found.replaces == message_id("m", ADA, "$0")


def test_a_quotation_of_an_old_client_is_no_word_of_the_patron() -> None:
    related = {"m.relates_to": {"m.in_reply_to": {"event_id": "$0"}}}
    found = read(text("> <@ask:example.org> Which book?\n> This one?\n\nThe red one", **related))
    assert found.text == "The red one"
    assert found.marks == ("quotes",)
    assert read(text("> not a reply")).text == "> not a reply"


def test_a_thread_is_answered_in_the_thread() -> None:
    thread = {
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": "$t",
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": "$0"},
        }
    }
    found = read(text("more", **thread))
    assert found.marks == ()
    delivery = Delivery(id="d", channel="m", conversation="c", to=ADA, kind="text", at=0, text="yes", reply=found.reply)
    assert codec.place(delivery) == ("!room:example.org", "$t", "$1")
    assert codec.outgoing(codec.spoken(delivery), "d", "$t")["m.relates_to"]["event_id"] == "$t"


@pytest.mark.parametrize(
    ("kind", "content", "words", "marks"),
    [
        (codec.REACTION, {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$0", "key": "👍"}}, "👍", ("reaction",)),
        (codec.REDACTION, {}, "", ("retracted",)),
        (codec.MESSAGE, {"msgtype": "m.location", "body": "Here", "geo_uri": "geo:51.5,-0.1;u=35"}, HERE, ()),
        (codec.MESSAGE, {"msgtype": "m.location", "body": "Here", "geo_uri": "geo:99,0"}, "Here", ()),
        (codec.MESSAGE, {"msgtype": "m.image", "body": "a.png", "url": "mxc://x/y"}, "", ()),
        (codec.MESSAGE, {"msgtype": "m.image", "body": "Look", "filename": "a.png", "url": "mxc://x/y"}, "Look", ()),
        (codec.MESSAGE, {"msgtype": "org.example.poll"}, "", ("unshown",)),
        (codec.MESSAGE, {}, "", ("unshown",)),
    ],
)  # fmt: skip
def test_every_kind_of_event_says_something(
    kind: str, content: dict[str, Any], words: str, marks: tuple[str, ...]
) -> None:
    found = read(content, kind)
    assert (found.text, found.marks) == (words, marks)


NAMES = [
    "msgtype",
    "body",
    "m.relates_to",
    "m.new_content",
    "file",
    "url",
    "filename",
    "geo_uri",
    "m.in_reply_to",
    "rel_type",
    "event_id",
    "is_falling_back",
    "key",
]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1e300,
    "",
    "m.text",
    "m.replace",
    "m.thread",
    "m.file",
    "$0",
    "geo:1,1",
    [],
    ["x"],
    {},
]
flat = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD), max_size=6)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD) | flat, max_size=8),
    st.sampled_from(sorted(codec.SPOKEN)),
)
def test_no_content_breaks_the_reader(content: dict[str, Any], kind: str) -> None:
    found = read(content, kind)
    assert isinstance(found.text, str)
    codec.files(kind, content)
    codec.is_silent(kind, content)


def test_what_stays_in_clear_of_an_encrypted_answer_says_nothing() -> None:
    delivery = Delivery(id="d", channel="m", conversation="c", to=ADA, kind="text", at=0, text="secret")
    content = codec.outgoing(codec.spoken(delivery), "d", "$t")
    assert set(codec.in_clear(content)) == {codec.MARK, "m.relates_to"}
    assert "secret" not in repr(codec.in_clear(content))


def test_refusals_mean_what_the_outlet_must_know() -> None:
    assert codec.refusal(429, "M_LIMIT_EXCEEDED", "", 3.0) == Retry("busy", after=3.0)
    assert codec.refusal(401, "M_UNKNOWN_TOKEN", "", 0) == Retry("credentials")
    assert isinstance(codec.refusal(502, "", "", 0), Uncertain)
    assert codec.refusal(403, "M_FORBIDDEN", "not in room", 0) == Rejected("gone", "not in room")
    assert codec.refusal(413, "M_TOO_LARGE", "x", 0) == Rejected("too-large", "x")


def test_an_identity_signs_what_the_specification_says() -> None:
    signer = CrossSigner(ADA, CrossSigner.new_seeds())
    identity = signer.identity("DEV", lambda _: "by-the-device")
    assert set(identity) == {f"{usage}_key" for usage in USAGES}
    assert identity["master_key"]["signatures"][ADA] == {"ed25519:DEV": "by-the-device"}
    for usage in USAGES[1:]:
        assert f"ed25519:{signer.public('master')}" in identity[f"{usage}_key"]["signatures"][ADA]
    assert canonical({"b": 1, "a": "ä", "signatures": {}, "unsigned": {}}) == '{"a":"ä","b":1}'.encode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("server", "http://matrix.example.org"),
        ("server", "https://"),
        ("server", "https://x/y"),
        ("user", "ask"),
        ("user", "@a b:x"),
        ("password", ""),
        ("poll_s", 0),
    ],
)
def test_a_config_that_cannot_work_is_refused_by_its_field(field: str, value: object) -> None:
    fields: dict[str, Any] = {"server": "https://matrix.example.org", "user": "@ask:example.org", "password": "x"}
    MatrixConfig(**fields).check()
    with pytest.raises(Misconfigured, match=field):
        MatrixConfig(**fields | {field: value}).check()
