"""What Telegram says, read; and what its refusals mean."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from adapters.telegram import codec
from bridge.contract.adapter import Outcome, Rejected, Retry, Uncertain
from bridge.contract.message import Message, message_id

SAID = {
    "message_id": 7, "date": 1_796_000_000, "chat": {"id": 5, "type": "private"},
    "from": {"id": 5, "is_bot": False, "first_name": "Ada", "last_name": "King", "language_code": "pt-br"},
}  # fmt: skip


def read(fields: dict[str, Any], *, edited: bool = False) -> Message:
    raw = msgspec.json.encode({"update_id": 1, "edited_message" if edited else "message": SAID | fields})
    update = codec.update(msgspec.Raw(raw))
    said = update.message or update.edited_message
    assert said is not None
    return codec.message("bot", said, (), (), edited=edited)


@pytest.mark.parametrize(
    ("fields", "text", "marks"),
    [
        ({"text": "Hi"}, "Hi", ()),
        ({"text": "*not* <b>markup</b>"}, "*not* <b>markup</b>", ()),
        ({"sticker": {"file_id": "x", "emoji": "👋"}}, "👋", ()),
        ({"location": {"latitude": 48.2, "longitude": 16.4}},
         "48.200000, 16.400000\nhttps://www.openstreetmap.org/?mlat=48.200000&mlon=16.400000", ()),
        ({"venue": {"location": {"latitude": 1, "longitude": 2}, "title": "Library", "address": "Main St 1"}},
         "Library\nMain St 1\n1.000000, 2.000000\nhttps://www.openstreetmap.org/?mlat=1.000000&mlon=2.000000", ()),
        ({"location": {"latitude": 1e300, "longitude": 0}}, "", ("unshown",)),
        ({"contact": {"phone_number": "+43660", "first_name": "Bob"}}, "Bob: +43660", ()),
        ({"dice": {"emoji": "🎲", "value": 3}}, "", ("unshown",)),
        ({"text": "yes", "reply_to_message": {"message_id": 6, "text": "Is it\nin?"}}, "> Is it\n> in?\nyes", ("quotes",)),
        ({"text": "yes", "reply_to_message": {"message_id": 6}}, "yes", ()),
    ],
)  # fmt: skip
def test_what_a_message_says(fields: dict[str, Any], text: str, marks: tuple[str, ...]) -> None:
    found = read(fields)
    assert (found.text, found.marks) == (text, marks)
    assert (found.sender, found.source, found.name, found.language) == ("5", "5:7", "Ada King", "pt-BR")


def test_an_edited_message_corrects_the_one_that_it_was() -> None:
    first = read({"text": "Tuesdey"})
    for when in (1_796_000_009, 1_796_000_010):
        again = read({"text": "Tuesday", "edit_date": when}, edited=True)
        assert again.replaces == message_id("bot", first.sender, first.source)
        assert again.source == f"5:7:{when}"


def test_the_largest_size_of_a_picture_is_taken() -> None:
    sizes = [
        {"file_id": f"s{n}", "file_unique_id": "u", "width": n, "height": n, "file_size": n} for n in (90, 800, 320)
    ]
    raw = msgspec.json.encode({"update_id": 1, "message": SAID | {"photo": sizes, "caption": "The map"}})
    said = codec.update(msgspec.Raw(raw)).message
    assert said is not None
    assert [(file.file_id, file.file_name) for file in codec.files(said)] == [("s800", "photo.jpg")]


@pytest.mark.parametrize(
    ("status", "said", "after", "outcome"),
    [
        (401, "Unauthorized", 0, Retry("credentials")),
        (404, "Not Found", 0, Retry("credentials")),
        (429, "Too Many Requests: retry after 7", 7, Retry("busy", after=7)),
        (502, "Bad Gateway", 0, Uncertain("server-error")),
        (403, "Forbidden: bot was blocked by the user", 0, Rejected("blocked", "Forbidden: bot was blocked by the user")),
        (403, "Forbidden: bot can't initiate conversation with a user", 0,
         Rejected("unreachable", "Forbidden: bot can't initiate conversation with a user")),
        (400, "Bad Request: chat not found", 0, Rejected("no-such-address", "Bad Request: chat not found")),
        (400, "Bad Request: message is too long", 0, Rejected("too-large", "Bad Request: message is too long")),
        (413, "Request Entity Too Large", 0, Rejected("too-large", "Request Entity Too Large")),
        (400, "Bad Request: anything else", 0, Rejected("refused", "Bad Request: anything else")),
    ],
)  # fmt: skip
def test_what_a_refusal_means(status: int, said: str, after: float, outcome: Outcome) -> None:
    assert codec.refusal(status, said, after) == outcome
