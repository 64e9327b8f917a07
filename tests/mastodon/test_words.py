"""Mastodon's words and ours: what a stranger's server may say, and what an answer may not give away."""

from __future__ import annotations

import msgspec
import pytest

from adapters.mastodon import codec
from adapters.mastodon.codec import FediAccount, FediFile, FediNotification, FediStatus
from adapters.mastodon.config import MastodonConfig
from bridge.contract.adapter import Misconfigured, Outcome, Rejected, Retry, Uncertain

DOMAIN = "library.example"
ADA = FediAccount(id="1", acct="ada@social.example", display_name="  Ada\n Lovelace ")


def status(content: str, **fields: object) -> FediStatus:
    return msgspec.structs.replace(FediStatus(id="9", account=ADA, visibility="direct", content=content), **fields)


@pytest.mark.parametrize(
    "html, text",
    [
        ("<p>One<br>two</p><p>three</p>", "One\ntwo\n\nthree"),
        ('<p><a href="https://x.example/@ask" class="u-url mention">@<span>ask</span></a> Hello</p>', "Hello"),
        (
            '<p><span class="h-card"><a href="https://x/@ask" class="u-url mention">@<span>ask</span></a></span> Hi</p>',
            "Hi",
        ),
        ("<p>@ask@library.example @ASK  Where is it?</p>", "Where is it?"),
        ("<p>@asking is not us</p>", "@asking is not us"),
        ("<p>see @ask later</p>", "see @ask later"),
        (
            '<p><a href="https://cat.example/a?b=1&amp;c=2"><span class="invisible">https://</span>'
            '<span class="ellipsis">cat.example/a?b</span><span class="invisible">=1&amp;c=2</span></a></p>',
            "https://cat.example/a?b=1&c=2",
        ),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ('<a href="http://[">odd</a>', "odd"),
        ("<script>alert(1)</script><p>a &lt;b&gt; &amp;</p>", "a <b> &"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("<div>" * 5_000 + "deep", "deep"),
    ],
)
def test_html_becomes_the_words_that_were_meant(html: str, text: str) -> None:
    assert codec.message("m", status(html), DOMAIN, "ask", (), ()).text.replace("\n\n", "\n").strip() == text.replace(
        "\n\n", "\n"
    )


def test_all_that_came_with_the_words_is_told() -> None:
    said = status(
        "<p>@ask</p>",
        spoiler_text="illness",
        language="de",
        created_at="2026-11-30T10:00:00.000Z",
        media_attachments=(FediFile(description="A torn page"), FediFile(description=None)),
    )
    found = codec.message("m", said, DOMAIN, "ask", (), ("file-missing",))
    assert found.text == "[illness]\n\n[A torn page]"
    assert (found.sender, found.name, found.language) == ("ada@social.example", "Ada Lovelace", "de")
    assert found.sent_at == 1_796_032_800_000
    assert codec.message("m", status("<p>@ask</p>"), DOMAIN, "ask", (), ()).marks == ("unshown",)
    home = FediAccount(id="2", acct="bob")
    assert codec.address(home, DOMAIN) == "bob@library.example"


@pytest.mark.parametrize(
    "text, sent",
    [
        ("Ask @bob or .@carol@x.example", "@ada@social.example Ask @\u2060bob or .@\u2060carol@x.example"),
        ("Write to ask@library.example", "@ada@social.example Write to ask@library.example"),
        ("é@bob (@bob) @@bob", "@ada@social.example é@\u2060bob (@\u2060bob) @@\u2060bob"),
        ("5 @ 3 pounds", "@ada@social.example 5 @ 3 pounds"),
    ],
)
def test_nobody_else_is_named_in_an_answer(text: str, sent: str) -> None:
    """A name in a private mention would let its bearer read along."""
    assert codec.status(text, "ada@social.example", DOMAIN) == sent


def test_a_neighbour_is_named_without_the_server() -> None:
    assert codec.status("Hi", "bob@library.example", DOMAIN) == "@bob Hi"


@pytest.mark.parametrize("acct", ["", "ada lovelace", "a@b@c", "ada\r\nX: y", "a" * 101, "@ada"])
def test_a_name_that_can_be_none_is_refused(acct: str) -> None:
    with pytest.raises(ValueError, match="without a name"):
        codec.address(FediAccount(id="1", acct=acct), DOMAIN)
    assert not codec.is_address(acct)


def test_only_private_mentions_are_questions() -> None:
    for kind, visibility, ours in (
        ("mention", "direct", True),
        ("mention", "public", False),
        ("favourite", "direct", False),
    ):
        found = FediNotification(id="1", type=kind, status=status("x", visibility=visibility))
        assert codec.is_ours(found) is ours
    assert not codec.is_ours(FediNotification(id="1", type="mention"))


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"id": 5}', b'{"id": "x"}', b'{"id": null}', b"nonsense"])
def test_what_is_no_notification_raises(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- also msgspec's own
        codec.number(msgspec.Raw(raw))


@pytest.mark.parametrize(
    "code, said, outcome",
    [
        (401, "The access token is invalid", Retry("credentials")),
        (429, "", Retry("busy", after=30.0)),
        (500, "", Uncertain("server-error")),
        (504, "", Uncertain("server-error")),
        (404, "Record not found", Rejected("no-such-address", "Record not found")),
        (422, "Validation failed: Text is too long", Rejected("too-large", "Validation failed: Text is too long")),
        (422, "File type is not supported", Rejected("media-refused", "File type is not supported")),
        (422, "odd", Rejected("refused", "odd")),
    ],
)
def test_a_refusal_says_what_it_means(code: int, said: str, outcome: Outcome) -> None:
    assert codec.refusal(code, said, 30.0) == outcome


@pytest.mark.parametrize(
    "fields",
    [
        {"server": "http://social.example"},
        {"server": "https://"},
        {"server": "https://["},
        {"server": "https://social.example/api"},
        {"server": "https://me@social.example"},
        {"token": "short"},
        {"token": "with space in it"},
        {"poll_s": 0},
    ],
)
def test_a_config_that_cannot_work_says_why_without_the_token(fields: dict[str, object]) -> None:
    whole = MastodonConfig(server="https://social.example", token="0123456789")
    config = msgspec.structs.replace(whole, **fields)
    with pytest.raises(Misconfigured) as refused:
        config.check()
    assert str(config.token) not in str(refused.value)
    assert config.token not in repr(config)
