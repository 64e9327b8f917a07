"""Which conversation a mail joins.

The rule: the first proof wins. First the signed address it was sent to (`ask+<token>@`). Then an id of ours in In-Reply-To, in
any of References, in the quoted part of the body. Ids of ours are signed with this channel's secret, so an id of another mailbox,
a guessed or a mutilated one proves nothing. Its mail opens a new conversation. Ids that patrons' own mails carried are
looked up among what this channel received from the people on this mail. The subject never joins. Each proof says whom we wrote
to: a mail from somebody else joins too, but marked "other-sender". A transcript's id proves nothing: it went where nobody may
know who the patron is. So a person who answers it asks something new. It is ours alone to tell which transcript came back.

A token is base32 of the id, of a hash of the addressee (30 bits) and of an HMAC-SHA256 (64 bits); case does not matter, and
nothing may follow it, for mail programs change the former and people the latter.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode

import msgspec

from adapters.email.mail import Mail
from bridge.contract.message import message_id
from bridge.contract.sealed_token import Seal

MAC = 13  # characters: 64 bits
WHO = 6  # characters: 30 bits
SEAL = Seal("mail", 8, "base32")
ADDRESSEE = Seal("who", 4, "base32")
CONVERSATION, DELIVERY, TRANSCRIPT = "c", "d", "t"  # what a token names; the last joins nothing
QUOTED = re.compile(r"\b(?:ref-|\+|db\.)([cd][a-z2-7]{20,90})\b", re.IGNORECASE)
HINTS = ("ref-c", "ref-d", "+c", "+d", "db.c", "db.d")  # without one of these QUOTED finds nothing
OUR_ID = re.compile(r"^db\.([cdt][a-z2-7]{20,90})@", re.IGNORECASE)
MAX_QUOTED = 20
MAX_LOOKUPS = 60


class Proof(msgspec.Struct, frozen=True):
    """What a valid token names, and the hash of the address that it was given to."""

    kind: str
    id: str
    who: str


class Lookup(msgspec.Struct, frozen=True):
    """An id to ask the desk for, which rule found it, and whether this sender is not the one it was written to or by."""

    id: str
    rule: str
    other_sender: bool


class Trail(msgspec.Struct, frozen=True):
    """What a mail proves about its conversation: a conversation id outright, or ids to look up, best first."""

    conversation: str = ""
    rule: str = ""
    other_sender: bool = False
    lookups: tuple[Lookup, ...] = ()


class Signer(msgspec.Struct, frozen=True):
    """Signs and reads the tokens of one channel; `secret` is the channel's and the same in every process."""

    secret: bytes
    channel: str

    def token(self, kind: str, identity: str, addressee: str) -> str:
        """Return the token for a conversation or delivery id given to `addressee`.

        Raises ValueError for an id over 40 characters.
        """
        if not 0 < len(identity) <= 40:
            raise ValueError("an id has 1 to 40 characters")
        body = kind + _packed(identity) + self.who(addressee)
        return body + SEAL.text(self.secret, self.channel, body)

    def read(self, token: str) -> Proof | None:
        """Return what a token proves, None when it is not exactly one of ours."""
        folded = token.strip().lower()
        body, mac = folded[:-MAC], folded[-MAC:]
        if len(body) < WHO + 3 or not SEAL.proves(mac, self.secret, self.channel, body):
            return None
        identity = _unpacked(body[1:-WHO])
        kinds = (CONVERSATION, DELIVERY, TRANSCRIPT)
        return Proof(body[0], identity, body[-WHO:]) if identity and body[0] in kinds else None

    def who(self, address: str) -> str:
        """Return the short hash by which a token remembers an address."""
        return ADDRESSEE.text(self.secret, address.strip().casefold())[:WHO]


def reply_address(mailbox: str, token: str) -> str:
    """Return `local+token@domain`, or the plain mailbox when the local part would be over 64 characters (RFC 5321 4.5.3.1.1)."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{token}@{domain}" if len(local) + 1 + len(token) <= 64 else mailbox


def trail(mail: Mail, mailbox: str, signer: Signer) -> Trail:
    """Return what `mail`, which came to `mailbox`, proves. Never raises; an unreadable id proves nothing."""
    who = {signer.who(address) for address in (mail.author.address, mail.patron.address) if address}
    lookups: dict[str, Lookup] = {}
    proofs = _proofs(mail, mailbox, signer)
    for rule, proof in proofs:
        if proof.kind == CONVERSATION:
            return Trail(proof.id, rule, proof.who not in who)
    for rule, proof in proofs:
        lookups.setdefault(proof.id, Lookup(proof.id, rule, proof.who not in who))
    for rule, ids in (("in-reply-to", mail.in_reply_to), ("references", tuple(reversed(mail.references)))):
        for identity in ids:
            for sender, other in _writers(mail):
                found = message_id(signer.channel, sender, identity)
                lookups.setdefault(found, Lookup(found, rule, other))
    return Trail(lookups=tuple(list(lookups.values())[:MAX_LOOKUPS]))


def _proofs(mail: Mail, mailbox: str, signer: Signer) -> list[tuple[str, Proof]]:
    """Every valid token, in the order of the rules."""
    told = [("reply-address", token) for token in _address_tokens(mail, mailbox)]
    reported = mail.bounce.ids if mail.bounce is not None else ()
    for rule, ids in (
        ("in-reply-to", mail.in_reply_to),
        ("references", tuple(reversed(mail.references))),
        ("reported", reported),
    ):
        told += [(rule, match.group(1)) for identity in ids if (match := OUR_ID.match(identity))]
    told += [("quoted", token) for token in _quoted_tokens(mail)]
    proofs = [(rule, proof) for rule, token in told if (proof := signer.read(token)) is not None]
    return [(rule, proof) for rule, proof in proofs if proof.kind != TRANSCRIPT]


def _address_tokens(mail: Mail, mailbox: str) -> list[str]:
    local, _, domain = mailbox.casefold().rpartition("@")
    every = [*mail.delivered_to, *(one.address for one in (*mail.to, *mail.cc))]
    found: dict[str, None] = {}
    for address in every:
        its_local, _, its_domain = address.casefold().rpartition("@")
        base, plus, token = its_local.partition("+")
        if plus and base == local and its_domain == domain:
            found.setdefault(token)
    return list(found)


def _quoted_tokens(mail: Mail) -> list[str]:
    """Tokens in what the mail quotes; the patron's own words prove nothing (they may be telling of another conversation)."""
    folded = mail.full_text[:400_000].lower()
    if not any(hint in folded for hint in HINTS):  # a hundred times as fast as the pattern
        return []
    new = set(QUOTED.findall(mail.text))
    return [token for token in dict.fromkeys(QUOTED.findall(mail.full_text[:400_000])) if token not in new][:MAX_QUOTED]


def _writers(mail: Mail) -> list[tuple[str, bool]]:
    """Who may have written the mail that is answered: this sender, else (flagged) anybody else on this mail."""
    sender = mail.patron.address.casefold()
    everybody = dict.fromkeys(one.address.casefold() for one in (mail.author, *mail.to, *mail.cc) if one.address)
    return [(sender, False), *((address, True) for address in list(everybody)[:10] if address != sender)]


def _base32(raw: bytes) -> str:
    return b32encode(raw).decode("ascii").rstrip("=").lower()


def _packed(identity: str) -> str:
    """Ids that are base64 of 15 bytes, as ours are, fit into 24 characters; others are written as text."""
    if re.fullmatch(r"[A-Za-z0-9_-]{20}", identity):
        return "b" + _base32(urlsafe_b64decode(identity))
    return "t" + _base32(identity.encode("utf-8"))


def _unpacked(text: str) -> str:
    try:
        raw = b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
        return urlsafe_b64encode(raw).decode("ascii") if text[0] == "b" else raw.decode("utf-8")
    except (ValueError, IndexError):
        return ""
