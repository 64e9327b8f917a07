"""The stanzas that we send. Pure: strings in, strings out; anything that a person wrote becomes well-formed XML."""

from __future__ import annotations

from adapters.xmpp.codec import Invited, PatronWords, ReplyToken
from adapters.xmpp.jid import CHATSTATES, MARKERS, MUC_USER, NICK, OOB, RECEIPTS, SID, STANZAS, attribute, text
from bridge.contract.message import Delivery


def spoken(delivery: Delivery, *, sender: str = "") -> str:
    """Return an answer's stanza: with a thread, and asking for a receipt and a marker. `sender` is for components."""
    token = ReplyToken.decode(delivery.reply)
    parts = [f"<body>{text(delivery.text)}</body>"]
    if token.thread:
        parts.append(f"<thread>{text(token.thread)}</thread>")
    if delivery.author:
        parts.append(f"<nick xmlns='{NICK}'>{text(delivery.author)}</nick>")
    parts += [
        f"<active xmlns='{CHATSTATES}'/>",
        f"<request xmlns='{RECEIPTS}'/>",
        f"<markable xmlns='{MARKERS}'/>",
        f"<origin-id xmlns='{SID}' id={attribute(delivery.id)}/>",
    ]
    return chat(delivery.to, "".join(parts), id=delivery.id, sender=sender, language=delivery.language)


def linked(to: str, id: str, url: str, *, sender: str = "") -> str:
    """Return a file's stanza: the address is its text, so that any client can open it (XEP-0066, XEP-0363)."""
    parts = (
        f"<body>{text(url)}</body><x xmlns='{OOB}'><url>{text(url)}</url></x>"
        f"<request xmlns='{RECEIPTS}'/><origin-id xmlns='{SID}' id={attribute(id)}/>"
    )
    return chat(to, parts, id=id, sender=sender)


def chat(to: str, inside: str, *, id: str = "", sender: str = "", language: str = "", kind: str = "chat") -> str:
    """Return a message stanza around what is `inside`."""
    attributes = f" to={attribute(to)} type='{kind}'"
    for name, value in (("id", id), ("from", sender), ("xml:lang", language)):
        if value:
            attributes += f" {name}={attribute(value)}"
    return f"<message{attributes}>{inside}</message>"


def received(said: PatronWords, *, sender: str = "") -> str:
    """Return the receipt for a patron's message (XEP-0184)."""
    inside = f"<received xmlns='{RECEIPTS}' id={attribute(said.id)}/><store xmlns='urn:xmpp:hints'/>"
    return chat(said.full, inside, sender=sender)


def displayed(to: str, id: str, *, sender: str = "") -> str:
    """Return the marker that says a message was read (XEP-0333)."""
    inside = f"<displayed xmlns='{MARKERS}' id={attribute(id)}/><store xmlns='urn:xmpp:hints'/>"
    return chat(to, inside, sender=sender)


def typing(to: str, on: bool, *, sender: str = "") -> str:
    """Return a chat state on its own (XEP-0085); no server keeps it."""
    state = "composing" if on else "active"
    inside = f"<{state} xmlns='{CHATSTATES}'/><no-store xmlns='urn:xmpp:hints'/>"
    return chat(to, inside, sender=sender)


def declined(invited: Invited, reason: str, *, sender: str = "") -> str:
    """Return the answer to an invitation (XEP-0045, 7.8.2)."""
    inside = (
        f"<x xmlns='{MUC_USER}'><decline to={attribute(invited.inviter)}><reason>{text(reason)}</reason></decline></x>"
    )
    return chat(invited.room, inside, sender=sender, kind="normal")


def refused(said: PatronWords, kind: str, condition: str, words: str, *, sender: str = "") -> str:
    """Return an error for a message that was not taken, so that the patron's client can say so (RFC 6120, 8.3)."""
    inside = (
        f"<error type='{kind}'><{condition} xmlns='{STANZAS}'/><text xmlns='{STANZAS}'>{text(words)}</text></error>"
    )
    return chat(said.full, inside, id=said.id, sender=sender, kind="error")
