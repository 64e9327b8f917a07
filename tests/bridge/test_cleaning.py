"""What patrons hand in is made fit to be kept: files are described by words that can be true."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bridge.channels.inbound.validate import fit
from bridge.contract.message import Attachment, Message, message_id


def message(*files: Attachment) -> Message:
    return Message(
        id=message_id("web", "ada", "1"), channel="web", sender="ada", source="1", text="look", attachments=files
    )


@pytest.mark.parametrize(
    "media_type",
    ["text/x-cleaned-html", "text/html\r\nX: y", "TEXT/HTML", "", "image", "a/b/c", "image/png; x=y", "é/x"],
)
@pytest.mark.parametrize("size", [10**30, -1, 2**63, 2**53])
def test_a_description_that_cannot_be_true_is_not_kept(media_type: str, size: int) -> None:
    file = Attachment(digest="0" * 64, media_type=media_type, size=size, name="x")
    (kept,) = fit(message(file), "web").attachments
    assert (kept.media_type, kept.size) == ("application/octet-stream", 0)


def test_a_true_one_is() -> None:
    file = Attachment(digest="0" * 64, media_type="application/vnd.ms-excel", size=12, name="x.xls")
    assert fit(message(file), "web").attachments == (file,)


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "../../etc/passwd", "0" * 64 + "\n"])
def test_a_digest_that_is_none_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        fit(message(Attachment(digest=digest, media_type="image/png", size=1, name="x")), "web")


def test_a_name_turns_no_sign_around() -> None:
    """Arabic and Hebrew names stay as they are; only what would make one read as another goes."""
    named = replace(message(), name="Mona \u202edaR\u2066 منى")
    assert fit(named, "web").name == "Mona daR منى"
