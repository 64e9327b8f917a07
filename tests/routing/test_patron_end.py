"""A patron ends the chat, chooses a queue, answers the library's questions; and by which name librarians are called."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.contract.chat_form import FormField
from bridge.contract.message import FormAnswer, Message, message_id
from routing import desk_view
from routing.events import Closed, Noticed, Said
from routing.organisation import ChatSettings, Librarian, Naming
from tests.routing.play import Play, north

ASKED = "> ana comes\n> ana serves north/ask\n> pat{}: Where are the maps?\n"


@pytest.mark.parametrize(
    ("before", "code"),
    [
        pytest.param(ASKED.format(""), "lost_call", id="in line"),
        pytest.param(ASKED.format("") + "> ana claims pat", "lost_call", id="nobody answered"),
        pytest.param(ASKED.format("") + "> ana claims pat\n> ana says pat: There.", "answered", id="answered"),
        pytest.param(
            ASKED.format(" contact=pat@example.org") + "> ana claims pat", "follow_up_library", id="with an address"
        ),
    ],
)
def test_the_end_by_the_patron_is_told_and_loses_no_question(before: str, code: str) -> None:
    play = Play().script(before)
    play.drop()
    play.script("> pat ends")
    ended = play.of("pat")
    closed = next(event for event in play.events if isinstance(event, Closed))
    assert (ended.state, ended.code, closed.by, closed.by_default, closed.reason) == (
        *("closed", code, ""),
        *(True, "patron-ended"),
    )
    assert bool(ended.follow_up) is (code == "follow_up_library")
    play.drop()
    play.script("> pat ends\n< nothing\n> pat: One thing more")
    assert play.of("pat").state != "closed"


@pytest.mark.parametrize(
    ("naming", "author", "greeting"),
    [
        ("full", "Ana Maria Lopez", "I'm Ana Maria Lopez."),
        ("first", "Ana", "I'm Ana."),
        ("initial", "A.", "I'm A.."),
        ("librarian", "", "I'm a librarian."),
    ],
)
def test_patrons_hear_the_name_that_the_library_likes(naming: Naming, author: str, greeting: str) -> None:
    staff = (Librarian(id="ana", name="Ana Maria Lopez"),)
    play = Play(north(librarians=staff, chat=ChatSettings(naming=naming)))
    play.script(ASKED.format("") + "> ana claims pat\n> ana says pat: There.")
    greeted, said = (event.delivery for event in play.events if isinstance(event, Noticed | Said))
    assert (greeted.author, said.author) == (author, author)
    assert greeting in greeted.text


def test_a_queue_counts_where_the_library_lets_patrons_choose() -> None:
    for chat, queue in ((ChatSettings(), "north/ask"), (ChatSettings(choose_queue=True), "north/law")):
        play = Play(north(chat=chat))
        offered = [one.id for one in desk_view.view(play.state, "web", play.now).queues]
        assert offered == (["north/ask", "north/law"] if chat.choose_queue else [])
        asked = message("pat", queue="north/law")
        play.give(asked)
        assert play.of("pat").queue == queue
        play.give(replace(message("eve", queue="south/ask"), sender="eve"))
        assert play.of("eve").queue == "north/ask"


def test_answers_to_the_library_s_questions_stay_with_the_conversation() -> None:
    fields = (FormField(key="who", label="You are", choices=("Student", "Guest")),)
    play = Play(north(chat=ChatSettings(fields=fields)))
    given = (FormAnswer(label="You are", text="Student"),)
    play.give(message("pat", answers=given))
    assert play.of("pat").answers == given
    assert desk_view.view(play.state, "web", play.now).fields == fields


def message(sender: str, **fields: Any) -> Message:
    """Return a patron's first message by web."""
    id = message_id("web", sender, "s")
    return replace(Message(id=id, channel="web", sender=sender, source="s", text="Hello"), **fields)
