"""What we say to questions of protocol: who are you, what can you do, are you there (RFC 6120, 8.2.3). Pure.

Every question gets an answer, and what we do not know is refused, so that nobody waits.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha1
from xml.etree.ElementTree import Element

from adapters.xmpp.jid import (
    CAPS,
    CHATSTATES,
    CORRECT,
    DISCO_INFO,
    DISCO_ITEMS,
    MARKERS,
    OOB,
    PING,
    RECEIPTS,
    SID,
    STANZAS,
    VCARD,
    VERSION,
    attribute,
    split,
    text,
)

NODE = "https://deskbridge.example/xmpp"
FEATURES = (
    *(CAPS, CHATSTATES, DISCO_INFO, DISCO_ITEMS, VERSION, OOB, CORRECT, PING, RECEIPTS, SID, MARKERS, "urn:xmpp:delay"),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers. `items` are the addresses below this one, `card` the inside of its vCard."""

    category: str
    kind: str
    name: str
    items: tuple[tuple[str, str], ...] = ()
    card: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """What this address can do."""
        return tuple(sorted((*FEATURES, *((VCARD,) if self.card else ()))))

    def caps(self) -> str:
        """Return the element that goes with presence, so that clients need not ask (XEP-0115)."""
        seed = f"{self.category}/{self.kind}//{self.name}<" + "".join(f"{feature}<" for feature in self.features)
        version = b64encode(sha1(seed.encode(), usedforsecurity=False).digest()).decode()
        return f"<c xmlns='{CAPS}' hash='sha-1' node='{NODE}' ver='{version}'/>"


def answer(question: Element, identity: Identity) -> str:
    """Return the answer to an iq of type get or set; "" for what wants none."""
    if question.get("type") not in ("get", "set"):
        return ""
    inside = next(iter(question), None)
    space, name = split(inside.tag) if inside is not None else ("", "")
    match space, name, question.get("type"):
        case ("urn:xmpp:ping", "ping", "get") | ("jabber:iq:roster", "query", "set"):
            return result(question, "")
        case (space, "query", "get") if space == DISCO_INFO:
            return result(question, _info(identity, inside))
        case (space, "query", "get") if space == DISCO_ITEMS:
            items = "".join(f"<item jid={attribute(jid)} name={attribute(name)}/>" for jid, name in identity.items)
            return result(question, f"<query xmlns='{DISCO_ITEMS}'>{items}</query>")
        case (space, "query", "get") if space == VERSION:
            return result(question, f"<query xmlns='{VERSION}'><name>Deskbridge</name></query>")
        case (space, "vCard", "get") if space == VCARD and identity.card:
            return result(question, f"<vCard xmlns='{VCARD}'>{identity.card}</vCard>")
        case _:
            return refusal(question, "service-unavailable")


def _info(identity: Identity, query: Element | None) -> str:
    node = query.get("node", "") if query is not None else ""
    features = "".join(f"<feature var='{feature}'/>" for feature in identity.features)
    return (
        f"<query xmlns='{DISCO_INFO}'{f' node={attribute(node)}' if node else ''}>"
        f"<identity category='{identity.category}' type='{identity.kind}' name={attribute(identity.name)}/>"
        f"{features}</query>"
    )


def card(title: str, url: str, picture: bytes) -> str:
    """Return the inside of a vCard (XEP-0054)."""
    parts = [f"<FN>{text(title)}</FN>"] if title else []
    if url:
        parts.append(f"<URL>{text(url)}</URL>")
    if picture:
        kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
        parts.append(f"<PHOTO><TYPE>{kind}</TYPE><BINVAL>{b64encode(picture).decode()}</BINVAL></PHOTO>")
    return "".join(parts)


def result(question: Element, inside: str) -> str:
    """Return a positive answer."""
    return f"<iq type='result'{_back(question)}>{inside}</iq>"


def refusal(question: Element, condition: str, kind: str = "cancel") -> str:
    """Return a negative answer."""
    return f"<iq type='error'{_back(question)}><error type='{kind}'><{condition} xmlns='{STANZAS}'/></error></iq>"


def _back(question: Element) -> str:
    """Return the attributes of an answer: everything turned round."""
    pairs = (("id", question.get("id", "")), ("to", question.get("from", "")), ("from", question.get("to", "")))
    return "".join(f" {name}={attribute(value)}" for name, value in pairs if value)
