"""The form before the first message: the library's own questions, and a queue."""

from __future__ import annotations

import pytest

from adapters.webchat.codec import FieldAnswer, FrameRefused, Post
from adapters.webchat.form import with_form
from bridge.contract.adapter import ChannelDesk
from bridge.contract.chat_form import FormField, QueueOffer
from bridge.contract.message import FormAnswer, Message

DESK = ChannelDesk(
    open=True,
    online=True,
    fields=(
        FormField(key="who", label="You are", choices=("Student", "Guest"), required=True),
        FormField(key="course", label="Course"),
    ),
    queues=(QueueOffer(id="north/ask", name="Ask"), QueueOffer(id="north/law", name="Law")),
)
MESSAGE = Message(id="m", channel="web", sender="pat", source="s", text="Hello")


def told(*answers: tuple[str, str], queue: str = "", first: bool = True, desk: ChannelDesk | None = DESK) -> Message:
    """Return the message of a patron who filled in the form so."""
    given = tuple(FieldAnswer(key=key, text=text) for key, text in answers)
    return with_form(MESSAGE, Post(id="12345678", text="Hello", answers=given, queue=queue), desk, first=first)


def test_answers_are_told_under_the_question_and_only_to_questions_that_are_asked() -> None:
    found = told(("who", "Guest"), ("course", " Law\n101 "), ("secret", "x"), queue="north/law")
    assert found.answers == (FormAnswer(label="You are", text="Guest"), FormAnswer(label="Course", text="Law 101"))
    assert found.queue == "north/law"
    assert told(("who", "Guest"), queue="south/ask").queue == ""
    assert told(first=False) == MESSAGE
    assert told(desk=None) == MESSAGE


@pytest.mark.parametrize("answers", [(), (("who", " "),), (("who", "Emperor"),)], ids=["none", "blank", "no choice"])
def test_a_required_question_is_answered_with_one_of_the_choices(answers: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(FrameRefused, match="field"):
        told(*answers)
