"""What stanzas mean: the rules of the codec, the specifications' own examples, and all that a generator thinks of."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.xmpp import codec, stanzas
from adapters.xmpp.codec import Invited, PatronWords, Reached, ReplyToken, ReturnedMessage, Sealed, TypingSign
from adapters.xmpp.jid import bare, text
from adapters.xmpp.stanza_ids import STANZAS, StanzaIds
from bridge.contract.memory import MemoryRow
from bridge.contract.message import Delivery, message_id
from bridge.testing.memory import ProcessMemory
from tests.corpora import rows

OWN = "ask@library.example"
HEAD = f"<message xmlns='jabber:client' from='ada@home.example/phone' to='{OWN}' type='chat' id='m1'>"


def read(inside: str, head: str = HEAD) -> list[codec.Heard]:
    return codec.read(ElementTree.fromstring(f"{head}{inside}</message>"), OWN)


def said(inside: str, head: str = HEAD) -> PatronWords:
    found = [each for each in read(inside, head) if isinstance(each, PatronWords)]
    assert len(found) == 1
    return found[0]


def test_a_message_is_known_by_its_origin_id() -> None:
    origin = "<origin-id xmlns='urn:xmpp:sid:0' id='o-1'/><stanza-id xmlns='urn:xmpp:sid:0' by='ask@library.example' id='77'/>"
    found = said(f"<body>hello</body>{origin}")
    assert (found.source, found.archived) == ("o-1", "77")


def test_else_by_our_own_servers_number_and_nobody_elses() -> None:
    ours = "<stanza-id xmlns='urn:xmpp:sid:0' by='ask@library.example' id='77'/>"
    theirs = ours.replace("ask@library.example", "mallory.example")
    assert said(f"<body>hello</body>{ours}").source.startswith("archive:77:")
    forged = ours.replace("77", "1")
    assert said(f"<body>hello</body>{forged}{ours}") == said(f"<body>hello</body>{ours}")
    assert said(f"<body>hello</body>{ours}").source != said(f"<body>other</body>{ours}").source
    assert "77" not in said(f"<body>hello</body>{theirs}").source


def test_else_by_its_id_and_words_since_plain_clients_count_from_one() -> None:
    assert said("<body>hello</body>").source == said("<body>hello</body>").source
    assert said("<body>hello</body>").source != said("<body>good morning</body>").source


def test_what_is_no_patrons_word_is_nothing() -> None:
    body = "<body>words</body>"
    for kind in ("groupchat", "headline"):
        assert read(body, HEAD.replace("'chat'", f"'{kind}'")) == []
    assert read(body, HEAD.replace("ada@home.example/phone", f"{OWN}/other")) == []
    assert read(body, HEAD.replace("ada@home.example/phone", "not an address")) == []
    inner = f"<forwarded xmlns='urn:xmpp:forward:0'>{HEAD}{body}</message></forwarded>"
    for way in ("sent", "received"):
        assert read(f"<{way} xmlns='urn:xmpp:carbons:2'>{inner}</{way}>{body}") == []


def test_what_shows_nothing_is_nothing() -> None:
    """Zero-width characters and marks of direction alone are no message; a subject that can be read is one, and so is a link."""
    for nothing in ("\u200b", "\u200e\u200f", "\u2060\ufeff", "\u3164", " \u00ad\n"):
        assert read(f"<body>{nothing}</body>") == []
        assert read(f"<subject>{nothing}</subject><body>{nothing}</body>") == []
        assert said(f"<subject>Opening hours</subject><body>{nothing}</body>").text == "Opening hours"
        assert said(f"<body xml:lang='de'>{nothing}</body><body xml:lang='en'>hello</body>").text == "hello"
    assert said("<body>\u200bhello</body>").text == "\u200bhello"


def test_signs() -> None:
    assert read("<received xmlns='urn:xmpp:receipts' id='d1'/>") == [Reached("d1", "delivered", "ada@home.example")]
    assert read("<displayed xmlns='urn:xmpp:chat-markers:0' id='d1'/>") == [Reached("d1", "read", "ada@home.example")]
    states = "http://jabber.org/protocol/chatstates"
    assert read(f"<composing xmlns='{states}'/>") == [TypingSign("ada@home.example", True, OWN)]
    assert read(f"<gone xmlns='{states}'/>") == [TypingSign("ada@home.example", False, OWN)]
    late = "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>"
    assert read(f"<composing xmlns='{states}'/>{late}") == []


def test_what_comes_back_says_why() -> None:
    space = "urn:ietf:params:xml:ns:xmpp-stanzas"
    error = f"<error type='cancel'><item-not-found xmlns='{space}'/><text xmlns='{space}'>nobody</text></error>"
    head = HEAD.replace("'chat'", "'error'")
    assert read(error, head) == [ReturnedMessage("m1", "item-not-found", "nobody", "ada@home.example")]
    assert read("<body>all alone</body>", head) == [
        ReturnedMessage("m1", "undefined-condition", "", "ada@home.example")
    ]


@pytest.mark.parametrize(
    "sealed",
    [
        "<encrypted xmlns='eu.siacs.conversations.axolotl'/><body>[this is encrypted]</body>",
        "<encrypted xmlns='urn:xmpp:omemo:2'/>",
        "<openpgp xmlns='urn:xmpp:openpgp:0'>x</openpgp>",
        "<body>?OTRv23?</body>",
    ],
)
def test_encrypted_words_are_not_taken_for_words(sealed: str) -> None:
    assert [type(each) for each in read(sealed)] == [Sealed]


def test_invitations() -> None:
    mediated = "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='eve@home.example'/></x><body>come</body>"
    head = HEAD.replace("ada@home.example/phone", "room@rooms.example")
    assert read(mediated, head) == [Invited("room@rooms.example", "eve@home.example", OWN)]
    direct = "<x xmlns='jabber:x:conference' jid='room@rooms.example'/>"
    assert read(direct) == [Invited("room@rooms.example", "", OWN)]


def test_a_correction_names_what_it_corrects() -> None:
    found = said("<body>new</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>")
    made = codec.message("im", found, [], message_id("im", "ada@home.example", "m0"))
    assert made.replaces == message_id("im", "ada@home.example", "m0")


REACTIONS = "<reactions xmlns='urn:xmpp:reactions:0' id='d1'>{}</reactions>"
FALLBACK = "<fallback xmlns='urn:xmpp:fallback:0' for='{}'/>"


@pytest.mark.parametrize(
    ("inside", "marks", "text", "corrects"),
    [
        (
            REACTIONS.format("<reaction>👋</reaction><reaction>👍🏽</reaction><reaction>👋</reaction>"),
            ("reaction",),
            "👋 👍🏽",
            "",
        ),
        (REACTIONS.format(""), ("reaction-removed",), "", ""),
        (
            REACTIONS.format("<reaction>👍</reaction>")
            + FALLBACK.format("urn:xmpp:reactions:0")
            + "<body>reacted: 👍</body>",
            ("reaction",),
            "👍",
            "",
        ),
        (REACTIONS.format("<reaction>👍</reaction>") + "<body>and a question</body>", (), "and a question", ""),
        ("<retract xmlns='urn:xmpp:message-retract:1' id='m0'/>", ("retracted",), "", "m0"),
        (
            "<retract xmlns='urn:xmpp:message-retract:1' id='m0'/>"
            + FALLBACK.format("urn:xmpp:message-retract:1")
            + "<body>/me retracted something</body>",
            ("retracted",),
            "",
            "m0",
        ),
        ("<retract xmlns='urn:xmpp:message-retract:1' id='m0'/><body>sorry</body>", ("retracted",), "sorry", "m0"),
        (
            "<apply-to xmlns='urn:xmpp:fasten:0' id='m0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
            ("retracted",),
            "",
            "m0",
        ),
        ("<retract xmlns='urn:xmpp:message-retract:1'/><body>words</body>", (), "words", ""),
    ],
)
def test_reactions_and_retractions_leave_a_trace(inside: str, marks: tuple[str, ...], text: str, corrects: str) -> None:
    found = said(inside)
    assert (found.marks, found.text, found.corrects) == (marks, text, corrects)


def test_two_signs_are_two_messages_and_one_is_one() -> None:
    one, other = (said(REACTIONS.format(f"<reaction>{face}</reaction>")) for face in ("👍", "👎"))
    assert one.source != other.source
    assert one.source == said(REACTIONS.format("<reaction>👍</reaction>")).source


async def test_stanzas_are_known_after_a_restart_and_by_their_sender_alone() -> None:
    memory = ProcessMemory()
    await StanzaIds(b"s" * 32, memory).put("ada@home.example", "m1", "message 1")
    again = StanzaIds(b"s" * 32, memory)
    assert await again.get("ada@home.example", "m1") == "message 1"
    assert await again.get("eve@home.example", "m1") == await again.get("ada@home.example", "m2") == ""
    (row,) = await memory.rows(STANZAS)
    assert "ada" not in row.key
    assert STANZAS.read is not None
    former = STANZAS.read(f'["{row.key}", "message 1"]\n["cut'.encode(), 7)  # as an earlier version wrote it
    assert list(former) == [MemoryRow(row.key, b"message 1", 7)]


def test_times_and_languages() -> None:
    found = said(
        "<body xml:lang='de'>Guten Tag</body><delay xmlns='urn:xmpp:delay' stamp='2026-03-01T12:00:00+01:00'/>"
    )
    assert (found.sent_at, found.language) == (1772362800000, "de")
    for stamp in ("0000-99-99T99:99:99Z", "yesterday", "9999-12-31T23:59:59-23:59", ""):
        assert codec.moment(stamp) >= 0


def test_several_bodies_are_one_message() -> None:
    head = HEAD.replace("id='m1'", "id='m1' xml:lang='en'")
    found = said("<body xml:lang='de'>eins</body><body xml:lang='en'>one</body>", head)
    assert (found.text, found.language) == ("one", "en")


def test_a_files_address_is_not_its_text() -> None:
    link = "https://files.example/a/plan.png"
    oob = f"<x xmlns='jabber:x:oob'><url>{link}</url></x>"
    assert (said(f"<body>{link}</body>{oob}").text, said(f"<body>{link}</body>{oob}").urls) == ("", (link,))
    assert said(f"<body>the plan</body>{oob}").text == "the plan"
    assert said("<body>x</body><x xmlns='jabber:x:oob'><url>file:///etc/passwd</url></x>").urls == ()


def test_the_reply_token_comes_back_whole() -> None:
    token = ReplyToken("law@ask.library.org", "t-1", "m1", "o-1")
    assert ReplyToken.decode(token.encode()) == token
    assert ReplyToken.decode("what others mint") == ReplyToken()


@pytest.mark.parametrize("words", ["<b>&amp;</b> \"'", "\x00\x1b[2J\ud800\uffff", "\u202e אבג", "a\nb\tc"])
def test_what_goes_out_is_xml_whatever_it_says(words: str) -> None:
    delivery = Delivery(
        id="d1",
        channel="im",
        conversation="c",
        to="o'neil&co@home.example",
        kind="text",
        at=0,
        text=words,
        author=words,
    )
    stanza = ElementTree.fromstring(stanzas.spoken(delivery))
    assert stanza.get("to") == delivery.to
    assert stanza.findtext("body") == "".join("\ufffd" if char in "\x00\x1b\ud800\uffff" else char for char in words)


def test_addresses() -> None:
    assert bare("Ada@HOME.example/x/y@z") == "Ada@home.example"
    for nobody in ("", "@", "a b@c", "@home.example", "ada@", "x" * 4000):
        assert bare(nobody) == ""


def examples() -> list[Element]:
    """Return every message of the specifications' examples."""
    found: list[Element] = []
    for row in rows("xep_messages"):
        found += list(ElementTree.fromstring(f"<all xmlns='jabber:client'>{row['xml']}</all>"))
    return [stanza for stanza in found if stanza.tag == "{jabber:client}message"]


def told_to_us(stanza: Element) -> bool:
    """Whether somebody else says words to us here: no room, no error, no copy of what went elsewhere."""
    spoken = (
        stanza.get("type", "normal") in ("chat", "normal") and (stanza.findtext("{jabber:client}body") or "").strip()
    )
    copies = ("urn:xmpp:carbons:2", "urn:xmpp:forward:0")
    return bool(spoken and bare(stanza.get("from", ""))) and not any(
        each.tag.partition("}")[0].strip("{") in copies for each in stanza
    )


def test_every_example_of_the_specifications_is_read() -> None:
    """None raises, and no words are lost but those that are nobody's to read."""
    found = [(stanza, codec.read(stanza, OWN)) for stanza in examples()]
    told = [(stanza, heard) for stanza, heard in found if told_to_us(stanza)]
    unheard = [
        ElementTree.tostring(stanza, "unicode")
        for stanza, heard in told
        if not any(isinstance(each, PatronWords | Sealed | Invited) for each in heard)
    ]
    if not told:
        pytest.skip("nobody says anything to us in these examples")
    assert unheard == []


_names = st.sampled_from(
    ["body", "delay", "replace", "received", "displayed", "x", "url", "error", "nick", "thread", "invite", "composing"]
)
_spaces = st.sampled_from(
    [
        "jabber:client", "urn:xmpp:delay", "urn:xmpp:message-correct:0", "urn:xmpp:receipts", "urn:xmpp:chat-markers:0",
        "jabber:x:oob", "http://jabber.org/protocol/muc#user", "http://jabber.org/protocol/chatstates", "urn:x", "",
        "urn:xmpp:sid:0", "jabber:x:conference", "http://jabber.org/protocol/nick",
    ]
)  # fmt: skip
_words = st.text(max_size=30)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> Element:
    """Return a tree of names that mean something in places where they mean nothing."""
    made = Element(
        f"{{{draw(_spaces)}}}{draw(_names)}",
        draw(st.dictionaries(st.sampled_from(["id", "stamp", "from", "jid", "by"]), _words, max_size=3)),
    )
    made.text = draw(_words)
    if depth:
        made.extend(draw(st.lists(elements(depth - 1), max_size=3)))
    return made


@settings(max_examples=150, deadline=None)
@given(
    children=st.lists(elements(), max_size=5),
    attributes=st.dictionaries(st.sampled_from(["from", "to", "id", "type"]), _words, max_size=4),
    sender=st.booleans(),
)
def test_no_stanza_is_too_strange(children: list[Element], attributes: dict[str, str], sender: bool) -> None:
    """Read or passed over, never raised; what goes on fits its limits and can be answered."""
    stanza = Element("{jabber:client}message", attributes | ({"from": "eve@home.example/x"} if sender else {}))
    stanza.extend(children)
    for heard in codec.read(stanza, OWN):
        if isinstance(heard, PatronWords):
            assert heard.sender
            assert 0 < len(heard.source) <= codec.MAX_SOURCE
            made = codec.message("im", heard, [], "")
            ElementTree.fromstring(stanzas.received(heard))
            ElementTree.fromstring(stanzas.refused(heard, "wait", "resource-constraint", heard.text))
            assert ReplyToken.decode(made.reply).to == bare(heard.to) or "\x1f" in "".join(
                (heard.to, heard.thread, heard.id)
            )


def test_text_is_escaped() -> None:
    assert text("<&>") == "&lt;&amp;&gt;"
