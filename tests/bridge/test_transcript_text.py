"""A transcript to take away: names as the patron saw them, the library's time, whole or with the cut said."""

from __future__ import annotations

from bridge.channels.transcript_text import MOST, plain
from bridge.contract.adapter import HistoryLine
from bridge.contract.message import Attachment
from routing.organisation import Library

NORTH = Library(id="north", revision=1, name="North Library", timezone="Europe/Vienna")
MORNING = 1_732_431_540_000  # 2024-11-24 06:59 UTC
DAY = 86_400_000


def line(n: int, who: str, text: str, **more: object) -> HistoryLine:
    given = {
        "id": f"l{n}",
        "position": f"{n:04}",
        "conversation": "c",
        "who": who,
        "text": text,
        "at": MORNING + n * 60_000,
    }
    return HistoryLine(**(given | more))  # type: ignore[arg-type]  # drawn from a dictionary


def test_it_reads_as_the_chat_did() -> None:
    lines = [
        line(1, "patron", "Do you have a map\nof the harbour?"),
        line(2, "desk", "Hello, I'm Ada.", event="greeting"),
        line(3, "librarian", "On the second floor.", author="Ada"),
        line(
            4,
            "librarian",
            "",
            author="Ada",
            attachments=(Attachment(digest="0", media_type="a/b", size=1, name="plan.pdf"),),
        ),
        line(5, "patron", "Just what I wanted", event="rated:3"),
        line(6, "patron", "Thank you", at=MORNING + DAY),
    ]
    assert plain(lines, NORTH).split("\n\n") == [
        "Times: Europe/Vienna",
        "2024-11-24",
        "08:00 You:\nDo you have a map\nof the harbour?",
        "08:01 North Library:\nHello, I'm Ada.",
        "08:02 Ada:\nOn the second floor.",
        "08:03 Ada:\nFile: plan.pdf",
        "2024-11-25",
        "07:59 You:\nThank you",
    ]


def test_of_nothing_that_is_left_there_is_nothing() -> None:
    """What retention has blanked is no line any more."""
    assert plain([], NORTH) == plain([line(1, "patron", ""), line(2, "patron", "", event="rated:1")], NORTH) == ""


def test_a_long_one_is_whole_and_of_a_very_long_one_the_end_is_kept_and_the_cut_said() -> None:
    lines = [line(n, "patron", f"#{n}# " + "x" * 900) for n in range(MOST // 950)]
    whole = plain(lines, NORTH)
    assert all(f"#{n}#" in whole for n in range(len(lines)))
    assert "left out" not in whole
    lines += [line(n, "patron", f"#{n}# " + "x" * 900) for n in range(len(lines), len(lines) + 500)]
    cut = plain(lines, NORTH)
    count = sum(f"#{n}#" not in cut for n in range(len(lines)))
    assert 400 < count < 600
    assert f"The {count} messages before this one are left out." in cut
    assert len(cut) < MOST * 1.1
    assert cut.endswith(lines[-1].text)


def test_words_are_the_librarys_and_an_unknown_time_zone_stops_nothing() -> None:
    wording = {"transcript.you": "Sie", "transcript.times": "Zeiten: {timezone}"}
    library = Library(id="n", revision=1, name="Nord", timezone="Nowhere/Land", wording=wording)
    assert plain([line(1, "patron", "Guten Morgen")], library).startswith("Zeiten: UTC\n\n2024-11-24\n\n07:00 Sie:")
