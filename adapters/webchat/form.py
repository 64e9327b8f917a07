"""What a patron says in the form before the first message: answers to the library's own questions, and a queue. Pure.

The rules: a question counts as the library asks it now; an answer to one that it asks no more is dropped. A required one must be
answered with the first message, and a choice must be one of those offered. What is wrong refuses the message, and nothing is lost.
"""

from __future__ import annotations

from msgspec.structs import replace

from adapters.webchat.codec import FrameRefused, Post, clean_word
from bridge.contract.adapter import ChannelDesk
from bridge.contract.chat_form import FormField
from bridge.contract.message import FormAnswer, Message


def with_form(message: Message, post: Post, desk: ChannelDesk | None, *, first: bool) -> Message:
    """Return a message with what the form says; `first`: the patron has written nothing before. Raises FrameRefused `field`."""
    if desk is None or not (first or post.answers or post.queue):
        return message
    given = {one.key: clean_word(one.text) for one in post.answers}
    answers = [_answer(field, given.get(field.key, ""), post.id, first) for field in desk.fields]
    queue = post.queue if any(one.id == post.queue for one in desk.queues) else ""
    return replace(message, answers=tuple(one for one in answers if one.text), queue=queue)


def _answer(field: FormField, text: str, id: str, first: bool) -> FormAnswer:
    if (first and field.required and not text) or (text and field.choices and text not in field.choices):
        raise FrameRefused("field", id)
    return FormAnswer(label=field.label, text=text)
