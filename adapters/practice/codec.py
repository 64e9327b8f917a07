"""Between a patron's lines in practice and Deskbridge's messages, by the manners of each kind of channel. Pure."""

from __future__ import annotations

from bridge.contract.message import Message, message_id
from bridge.training.session import PracticeProgress, PracticeSession

QUOTED = 1_500  # characters of the librarian's mail under an answer
STOP = "STOP"


def message(session: PracticeSession, progress: PracticeProgress, text: str) -> Message:
    """Return the patron's next line as the core wants it.

    A mail has a subject and quotes what it answers; with the first line comes what a form would say. Of the queue only practice
    can be chosen: see routing.practice.
    """
    number = progress.sent + 1
    mail = session.manners == "mail"
    later = number > 1
    subject = session.scenario.subject or session.scenario.title
    return Message(
        id=message_id(session.channel, session.address, str(number)),
        channel=session.channel,
        sender=session.address,
        source=str(number),
        text=quoted(text, progress.reply_to) if mail and later else text,
        name=session.scenario.patron.name,
        subject=("Re: " * later + subject) if mail else "",
        language=session.scenario.languages[0],
        thread=session.conversation if mail and later else "",
        queue=session.queue,
    )


def quoted(text: str, answered: str) -> str:
    """Return an answer by mail above what it answers."""
    if not answered:
        return text
    return "\n".join([text, "", *(f"> {line}" for line in answered[:QUOTED].splitlines())])
