"""Between stanzas and Deskbridge's words. Pure: nothing here waits, and it is tested without a network.

A patron's message is known by (XEP-0359)
    its origin-id      the patron's own client made it, once, and repeats it
    its stanza-id      our server's, where the client gave none: the same live, from offline storage and from the archive;
                       with a hash of what it says, so that a forged number suppresses nothing
    its plain id       with a hash of what it says: plain clients count from 1 in every session

A reaction (XEP-0444) and a retraction (XEP-0424) are lines of the patron too, marked as such: they leave a trace and ask nothing.

`Heard` is everything that a stanza may mean to the desk; what means nothing is `Silence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from xml.etree.ElementTree import Element

from adapters.xmpp.jid import (
    CARBONS,
    CHATSTATES,
    CONFERENCE,
    CORRECT,
    DELAY,
    FALLBACK,
    FASTEN,
    MARKERS,
    MUC_USER,
    NICK,
    OOB,
    REACTIONS,
    RECEIPTS,
    RETRACT,
    RETRACT_0,
    SID,
    STANZAS,
    STREAMS,
    bare,
    child,
    content,
    split,
)
from bridge.contract.message import Attachment, Message, Stage, is_blank, message_id

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MAX_SOURCE = 200
MAX_FILES = 10
MAX_REACTIONS = 8
REACTION, UNREACTED, RETRACTED = "reaction", "reaction-removed", "retracted"  # marks
ENCRYPTED = frozenset(
    {
        ("eu.siacs.conversations.axolotl", "encrypted"),
        ("urn:xmpp:omemo:1", "encrypted"),
        ("urn:xmpp:omemo:2", "encrypted"),
        ("urn:xmpp:openpgp:0", "openpgp"),
        ("jabber:x:encrypted", "x"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatronWords:
    """A patron's words. `id` is the stanza's own, by which receipts and corrections name it."""

    sender: str
    full: str
    to: str
    source: str
    id: str
    text: str
    sent_at: int = 0
    thread: str = ""
    language: str = ""
    subject: str = ""
    name: str = ""
    corrects: str = ""
    urls: tuple[str, ...] = ()
    receipt: bool = False  # the sender wants to know that it arrived
    markable: bool = False  # and that it was read
    states: bool = False  # the sender's client speaks of typing
    archived: str = ""  # its number in our server's archive
    marks: tuple[str, ...] = ()  # what it is where it is no words


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of a message of ours."""

    id: str
    stage: Stage
    sender: str


@dataclass(frozen=True, slots=True)
class ReturnedMessage:
    """A message of ours came back."""

    id: str
    condition: str
    words: str
    sender: str


@dataclass(frozen=True, slots=True)
class TypingSign:
    """The patron types, or stopped."""

    sender: str
    on: bool
    to: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Words that we cannot read: encrypted end to end."""

    sender: str
    to: str
    language: str
    thread: str


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation to a room. `inviter` is "" where it cannot be declined in the protocol (XEP-0249)."""

    room: str
    inviter: str
    to: str


@dataclass(frozen=True, slots=True)
class ClientPresence:
    """A librarian's own client came or went."""

    full: str
    librarian: str
    here: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing to the desk."""


Heard = PatronWords | Reached | ReturnedMessage | TypingSign | Sealed | Invited | ClientPresence | Silence
SILENCE = Silence()


def read(stanza: Element, own: str, *, archived: str = "", archived_at: int = 0) -> list[Heard]:
    """Return what a message stanza means to `own`, our bare address. Never raises for any stanza."""
    sender = bare(stanza.get("from", ""))
    kind = stanza.get("type", "normal")
    if not sender or sender == own or kind in ("groupchat", "headline"):
        return []
    if kind == "error":
        return _failed(stanza, sender)
    if child(stanza, "sent", CARBONS) is not None or child(stanza, "received", CARBONS) is not None:
        return []
    heard = [*_signs(stanza, sender), *_invitations(stanza, sender)]
    if any(isinstance(each, Invited) for each in heard):
        return heard
    if _encrypted(stanza):
        return [
            *heard,
            Sealed(sender, stanza.get("to", ""), stanza.get(XML_LANG, ""), content(child(stanza, "thread"))),
        ]
    said = _said(stanza, sender, own, archived, archived_at)
    return [*heard, said] if said is not None else heard


def replaced(said: PatronWords, words: str) -> PatronWords:
    """Return the same with other words."""
    return said if said.text == words else replace(said, text=words)


# ---- what a stanza holds ----


def _said(stanza: Element, sender: str, own: str, archived: str, archived_at: int) -> PatronWords | None:
    words, language = _body(stanza)
    urls = _urls(stanza)
    subject = content(child(stanza, "subject")).strip()
    marks, words, retracted = _sign_of(stanza, words)
    if is_blank(words) and is_blank(subject) and not (urls or marks):
        return None
    id = stanza.get("id", "")
    archived = archived or _stanza_id(stanza, own)
    return PatronWords(
        sender=sender,
        full=stanza.get("from", ""),
        to=stanza.get("to", ""),
        source=_source(stanza, archived, words if not marks else f"{marks} {retracted} {words}"),
        id=id[:MAX_SOURCE],
        text="" if words.strip() in urls else words if not is_blank(words) else ("" if urls else subject),
        sent_at=_delayed(stanza) or archived_at,
        thread=content(child(stanza, "thread"))[:MAX_SOURCE],
        language=language,
        subject=subject[:MAX_SOURCE],
        name=content(child(stanza, "nick", NICK)).strip()[:80],
        corrects=_attribute(stanza, "replace", CORRECT) or retracted,
        urls=urls,
        receipt=bool(id) and child(stanza, "request", RECEIPTS) is not None,
        markable=bool(id) and child(stanza, "markable", MARKERS) is not None,
        states=any(split(each.tag)[0] == CHATSTATES for each in stanza),
        archived=archived,
        marks=marks,
    )


def _sign_of(stanza: Element, words: str) -> tuple[tuple[str, ...], str, str]:
    """Return marks, words and the id that is taken back, of a reaction or a retraction; words that stand beside one are kept.

    What a client adds for others that know neither (XEP-0428) is left out.
    """
    fastened = child(stanza, "apply-to", FASTEN)
    older = fastened if fastened is not None and child(fastened, "retract", RETRACT_0) is not None else None
    retract = child(stanza, "retract", RETRACT)
    retract = retract if retract is not None else older
    if retract is not None and (id := retract.get("id", "")[:MAX_SOURCE]):
        return (RETRACTED,), _beside(stanza, words, RETRACT, RETRACT_0), id
    reactions = child(stanza, "reactions", REACTIONS)
    if reactions is None or _beside(stanza, words, REACTIONS).strip():
        return (), words, ""
    given = [content(each).strip()[:32] for each in reactions.findall(f"{{{REACTIONS}}}reaction")][:MAX_REACTIONS]
    shown = " ".join(dict.fromkeys(each for each in given if each))
    return (REACTION if shown else UNREACTED,), shown, ""


def _beside(stanza: Element, words: str, *spaces: str) -> str:
    """Return the words without those that replace elements of `spaces` where they are not known."""
    for fallback in stanza.findall(f"{{{FALLBACK}}}fallback"):
        if fallback.get("for", "") not in spaces:
            continue
        part = fallback.find(f"{{{FALLBACK}}}body")
        start, end = (part.get("start", ""), part.get("end", "")) if part is not None else ("", "")
        if not (start.isdecimal() and end.isdecimal()):
            return ""
        words = words[: int(start)] + words[int(end) :]
    return words


def _body(stanza: Element) -> tuple[str, str]:
    """Return the words and their language: of several bodies, the one in the stanza's own language, or else the first."""
    whole = stanza.get(XML_LANG, "")
    bodies = [each for each in stanza if split(each.tag)[1] == "body"]
    bodies = [each for each in bodies if split(each.tag)[0] in STREAMS and not is_blank(content(each))]
    if not bodies:
        return "", whole[:35]
    own = next((each for each in bodies if each.get(XML_LANG, whole) == whole), bodies[0])
    return content(own), own.get(XML_LANG, whole)[:35]


def _source(stanza: Element, archived: str, words: str) -> str:
    given = _attribute(stanza, "origin-id", SID)
    if given:
        return given
    if archived:
        return f"archive:{archived[:100]}:{_hash(words)}"
    return f"{stanza.get('id', '')[:100]}:{_hash(stanza.get('from', ''), words, _attribute(stanza, 'delay', DELAY, 'stamp'))}"


def _hash(*words: str) -> str:
    return blake2b("\x1f".join(words).encode("utf-8", "replace"), digest_size=9).hexdigest()


def _stanza_id(stanza: Element, own: str) -> str:
    """Return our own server's number of a message: the last, for a forged one that it let through comes before its own."""
    ours = [each.get("id", "") for each in stanza.findall(f"{{{SID}}}stanza-id") if bare(each.get("by", "")) == own]
    return ours[-1][:MAX_SOURCE] if ours else ""


def _urls(stanza: Element) -> tuple[str, ...]:
    found = [content(each.find(f"{{{OOB}}}url")).strip() for each in stanza.findall(f"{{{OOB}}}x")]
    return tuple(dict.fromkeys(url for url in found if url.startswith(("https://", "http://"))))[:MAX_FILES]


def _signs(stanza: Element, sender: str) -> list[Heard]:
    signs: list[Heard] = []
    if id := _attribute(stanza, "received", RECEIPTS) or _attribute(stanza, "received", MARKERS):
        signs.append(Reached(id, "delivered", sender))
    if id := _attribute(stanza, "displayed", MARKERS) or _attribute(stanza, "acknowledged", MARKERS):
        signs.append(Reached(id, "read", sender))
    for each in stanza:
        if split(each.tag)[0] == CHATSTATES and child(stanza, "delay", DELAY) is None:
            signs.append(TypingSign(sender, split(each.tag)[1] == "composing", stanza.get("to", "")))
            break
    return signs


def _invitations(stanza: Element, sender: str) -> list[Heard]:
    mediated = child(stanza, "x", MUC_USER)
    invitation = mediated.find(f"{{{MUC_USER}}}invite") if mediated is not None else None
    if invitation is not None:
        inviter = invitation.get("from", "")  # an occupant of the room has an address with a resource
        return [Invited(sender, inviter if bare(inviter) else "", stanza.get("to", ""))]
    direct = child(stanza, "x", CONFERENCE)
    room = bare(direct.get("jid", "")) if direct is not None else ""
    return [Invited(room, "", stanza.get("to", ""))] if room else []


def _encrypted(stanza: Element) -> bool:
    if any(split(each.tag) in ENCRYPTED for each in stanza):
        return True
    return content(child(stanza, "body")).startswith("?OTR")


def _failed(stanza: Element, sender: str) -> list[Heard]:
    id = stanza.get("id", "")[:MAX_SOURCE]
    error = child(stanza, "error")
    condition, words = problem(error)
    return [ReturnedMessage(id, condition, words, sender)] if id else []


def problem(error: Element | None) -> tuple[str, str]:
    """Return an error's condition (RFC 6120, 8.3.3) and its words."""
    if error is None:
        return "undefined-condition", ""
    condition, words = "undefined-condition", ""
    for each in error:
        space, name = split(each.tag)
        if space == STANZAS and name == "text":
            words = content(each)[:300]
        elif space == STANZAS:
            condition = name
    return condition, words


def _delayed(stanza: Element) -> int:
    stamp = _attribute(stanza, "delay", DELAY, "stamp")
    return moment(stamp) if stamp else 0


def moment(stamp: str) -> int:
    """Return a XEP-0082 time as milliseconds since the epoch, 0 for what is none."""
    try:
        found = datetime.fromisoformat(stamp.strip())
        return max(0, int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return 0


def _attribute(stanza: Element, name: str, space: str, attribute: str = "id") -> str:
    found = child(stanza, name, space)
    return found.get(attribute, "")[:MAX_SOURCE] if found is not None else ""


# ---- what the core gets ----


def message(channel: str, said: PatronWords, attachments: Sequence[Attachment], corrects: str) -> Message:
    """Return a patron's words as the core wants them; `corrects` is the id of the message that is corrected, or ""."""
    return Message(
        id=message_id(channel, said.sender, said.source),
        channel=channel,
        sender=said.sender,
        source=said.source,
        text=said.text,
        attachments=tuple(attachments),
        sent_at=said.sent_at,
        reply=ReplyToken(said.to, said.thread, said.id if said.markable else "", said.source).encode(),
        name=said.name,
        subject=said.subject if said.text != said.subject else "",
        language=said.language,
        replaces=corrects,
        marks=said.marks,
    )


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """What an answer needs: which address of ours was written to, the thread, and the stanza that a read mark names."""

    to: str = ""
    thread: str = ""
    id: str = ""
    source: str = ""

    def encode(self) -> str:
        """Return it as the opaque string that the core keeps."""
        return "\x1f".join((bare(self.to), self.thread, self.id, self.source))

    @classmethod
    def decode(cls, token: str) -> ReplyToken:
        """Read it back; a foreign one is empty."""
        parts = token.split("\x1f")
        return cls(*parts) if len(parts) == 4 else cls()
