"""Malformed and legacy mail against the standard library, hostile markup, and that nothing raises or takes long."""

from __future__ import annotations

import email
import email.policy
import random
import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest

from adapters.email.codec import parse
from adapters.email.mail import Mail
from adapters.email.parse.markup import ATTRIBUTES, TAGS, clean_html
from tests.adapters.email.corpora import alike, mail_of, raw, squeezed
from tests.corpora import HOME, allowed, rows

FIELDS = ("from", "to", "subject", "text", "files", "names")


def library_view(content: bytes) -> dict[str, Any]:
    """What Python's own parser makes of a mail."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    view: dict[str, Any] = {"from": [], "to": [], "subject": "", "text": "", "names": []}
    for name in ("from", "to"):
        try:
            view[name] = [(one.display_name, one.addr_spec) for one in message[name].addresses] if message[name] else []
        except Exception:  # it raises for some, which counts against it
            view[name] = [("?", "?")]
    try:
        view["subject"] = str(message["subject"] or "")
        body = message.get_body(("plain", "html"))
        view["text"] = body.get_content() if body else ""
        view["names"] = [one.get_filename() for one in message.iter_attachments()]
    except Exception:
        view["text"] = view["text"] or "?"
    return view


def our_view(content: bytes) -> dict[str, Any]:
    mail = parse(content)
    return {
        "from": [(mail.author.name, mail.author.address)],
        "to": [(one.name, one.address) for one in mail.to],
        "subject": mail.subject,
        "text": mail.full_text,
        "names": [one.name for one in mail.files],
    }


def marks(row: dict[str, Any], view: dict[str, Any]) -> dict[str, bool]:
    """Which fields are right; a field that the case does not state is left out."""
    right: dict[str, bool] = {}
    for name in ("from", "to"):
        if name in row:
            wanted = row[name]
            right[name] = len(wanted) == len(view[name]) and all(
                alike(one[0], other[0]) and squeezed(one[1]) == squeezed(other[1])
                for one, other in zip(wanted, view[name], strict=True)
            )
    if "subject" in row:
        right["subject"] = alike(row["subject"], view["subject"])
    first = next((text for text in row["text_parts"] if text is not None), "")
    words = squeezed(re.sub(r"<[^>]*>", " ", first) if "<html" in first else first)
    found = squeezed(re.sub(r"<[^>]*>", " ", view["text"]) if "<html" in view["text"] else view["text"])
    pieces = [piece for piece in re.split("\ufffd+", words) if piece]
    right["text"] = all(piece in found for piece in pieces) if "<html" not in first else words[:40] in found
    right["files"] = len(view["names"]) == row["n_attachments"]
    named = [name for name in row["attachment_names"] if name]
    right["names"] = all(any(alike(name, other) for other in view["names"]) for name in named)
    return right


def test_at_least_as_good_as_the_standard_library() -> None:
    cases = rows("stalwart")
    ours, theirs = dict.fromkeys(FIELDS, 0), dict.fromkeys(FIELDS, 0)
    for row in cases:
        for name, right in marks(row, our_view(raw(row))).items():
            ours[name] += right
        for name, right in marks(row, library_view(raw(row))).items():
            theirs[name] += right
    print(f"\nstalwart: ours {ours}, standard library {theirs}, of {len(cases)}")
    assert sum(ours.values()) >= sum(theirs.values())
    slack = allowed(len(cases), 0.04)  # what the third parser that wrote the cases means may differ in a few
    assert {name: ours[name] >= theirs[name] - slack for name in FIELDS} == dict.fromkeys(FIELDS, True)


EVERY = ("email_reply_trimmer", "talon", "crisp", "mail_parser_reply", "sisimai", "flufl_bounce", "stalwart")


@pytest.mark.parametrize("name", EVERY)
def test_every_mail_gives_one_message_or_one_visible_quarantine(name: str) -> None:
    for row in rows(name):
        if "raw_b64" in row:
            mail = parse(raw(row))
            assert mail.message_id
            assert "failed" not in mail.quarantined, (row["id"], mail.quarantined)


def test_no_mail_of_the_corpora_is_slow() -> None:
    """Together they take less than a single hostile one takes the standard parser; generous for a loaded machine."""
    present = [name for name in EVERY if (HOME / f"{name}.jsonl").is_file()]
    contents = [raw(row) for name in present for row in rows(name) if "raw_b64" in row]
    begun = time.process_time()
    mails: list[Mail] = [parse(content) for content in contents]
    assert len(mails) == len(contents)
    assert time.process_time() - begun < 5 + 0.05 * len(contents)


class Inspector(HTMLParser):
    """An independent reader of what we let through: collects what could run or fetch."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            allowed = ATTRIBUTES.get(tag, set()) | ({"rel", "target"} if tag == "a" else set())
            if name not in allowed or (name == "src") or (name == "href" and not self.outside(value or "")):
                self.wrong.append(f"{tag} {name}={value}")

    @staticmethod
    def outside(value: str) -> bool:
        return bool(re.match(r"(?:https?://|mailto:)", value.strip(), re.IGNORECASE))

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def handle_comment(self, data: str) -> None:
        self.wrong.append("comment")


PLACES = (
    "{}",
    "<p>{}</p>",
    '<a href="{}">x</a>',
    "<img src='{}'>",
    "<div style={}>x</div>",
    "<b {}>x</b>",
    "<!--{}",
    "<td background={}>",
)


def test_hostile_markup_can_neither_run_nor_fetch() -> None:
    cases = rows("xss")
    wrong: list[str] = []
    for row in cases:
        for place in PLACES:
            inspector = Inspector()
            inspector.feed(clean_html(place.replace("{}", row["payload"]), {}))
            inspector.close()
            wrong += [f"{row['id']}: {one}" for one in inspector.wrong]
    print(f"\nxss: {len(cases)} payloads in {len(PLACES)} places, {len(wrong)} let through {wrong[:10]}")
    assert not wrong


def test_hostile_markup_in_a_mail_stays_text() -> None:
    """As a plain body nothing becomes HTML; as an HTML body the text can be made without raising."""
    for row in rows("xss")[::10]:
        assert parse(mail_of(row["payload"])).html == ""
        parse(mail_of(row["payload"], "html"))


def test_damaged_mails_still_give_a_mail() -> None:
    """Real mails, cut, doubled and with bytes changed (always the same way): the parser never fails on them."""
    chance = random.Random(20240105)
    for name in [name for name in ("stalwart", "sisimai", "flufl_bounce") if (HOME / f"{name}.jsonl").is_file()]:
        for row in rows(name)[::4]:
            content = bytearray(raw(row) or b"\n")
            for _ in range(20):
                content[chance.randrange(len(content))] = chance.randrange(256)
            start, end = sorted((chance.randrange(len(content)), chance.randrange(len(content))))
            for damaged in (content, content[start:end], content[:end] + content[start:]):
                assert "failed" not in parse(bytes(damaged)).quarantined, row["id"]
