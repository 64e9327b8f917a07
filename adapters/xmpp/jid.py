"""XML names and addresses, and the little of them that everybody here needs. Pure.

Addresses come from our server, which has checked them (RFC 6120, 8.1.2.1); what still looks like none is treated as nobody.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

STREAMS = frozenset({"jabber:client", "jabber:component:accept", "jabber:server", ""})  # the same stanzas in each

DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
RECEIPTS = "urn:xmpp:receipts"
MARKERS = "urn:xmpp:chat-markers:0"
CHATSTATES = "http://jabber.org/protocol/chatstates"
CORRECT = "urn:xmpp:message-correct:0"
DELAY = "urn:xmpp:delay"
SID = "urn:xmpp:sid:0"
OOB = "jabber:x:oob"
NICK = "http://jabber.org/protocol/nick"
MUC_USER = "http://jabber.org/protocol/muc#user"
CONFERENCE = "jabber:x:conference"
CARBONS = "urn:xmpp:carbons:2"
REACTIONS = "urn:xmpp:reactions:0"
RETRACT = "urn:xmpp:message-retract:1"
RETRACT_0 = "urn:xmpp:message-retract:0"
FASTEN = "urn:xmpp:fasten:0"
FALLBACK = "urn:xmpp:fallback:0"
FORWARD = "urn:xmpp:forward:0"
HINTS = "urn:xmpp:hints"
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
FORMS = "jabber:x:data"
PING = "urn:xmpp:ping"
VERSION = "jabber:iq:version"
VCARD = "vcard-temp"
UPLOAD = "urn:xmpp:http:upload:0"
BLOCKING = "urn:xmpp:blocking"
CAPS = "http://jabber.org/protocol/caps"
SM = "urn:xmpp:sm:3"

MAX_ADDRESS = 3071  # bytes of a JID (RFC 7622, 3.1)

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_ADDRESS = re.compile("[\x00-\x20\x7f\ud800-\udfff]")


def text(words: str) -> str:
    """Return words as XML character data; what XML 1.0 cannot carry becomes U+FFFD."""
    return escape(_ILLEGAL.sub("\ufffd", words))


def attribute(words: str) -> str:
    """Return words as an attribute's value, quotation marks included."""
    return quoteattr(_ILLEGAL.sub("\ufffd", words))


def split(tag: str) -> tuple[str, str]:
    """Return namespace and local name of an ElementTree tag."""
    space, brace, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    return (space, name) if brace or not space else ("", tag)


def child(element: Element, name: str, space: str | None = None) -> Element | None:
    """Return the first child of that name; without `space`, of any stream's own namespace."""
    if space is not None:
        return element.find(f"{{{space}}}{name}")
    for each in element:
        found, local = split(each.tag)
        if local == name and found in STREAMS:
            return each
    return None


def content(element: Element | None) -> str:
    """Return an element's own text, "" when there is no element."""
    return (element.text or "") if element is not None else ""


def bare(address: str) -> str:
    """Return an address without its resource; "" for what cannot be an address."""
    found = address.partition("/")[0]
    user, at, domain = found.rpartition("@")
    if (
        not domain
        or (at and not user)
        or _NO_ADDRESS.search(found)
        or len(address.encode("utf-8", "replace")) > MAX_ADDRESS
    ):
        return ""
    return f"{user}{at}{domain.lower()}"


def user(address: str) -> str:
    """Return the part before the @, "" when nothing does."""
    return address.partition("/")[0].rpartition("@")[0]


def domain(address: str) -> str:
    """Return the part behind the @."""
    return address.partition("/")[0].rpartition("@")[2]
