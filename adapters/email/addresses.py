"""Mail addresses in header fields (RFC 5322 3.4), as written by real programs.

The rule: the name and the address that a mail program would show; one pass from left to right, so that a hostile field costs no
more than its length. Groups are opened, comments name an address that has no other name, route addresses lose their route.
What programs and people wrap an address in is removed: Outlook's quotes, `mailto:`, dots at the ends of the domain. A comma in
the place of a domain's dot is read as the dot. A comma inside the local part is not guessed at: such an address stays whole
and is not valid.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from adapters.email.mime.words import MAX_FIELD, decode_words

MAX_ADDRESSES = 1_000
ADDRESS = re.compile(r"^[^\s@<>\"(),;]+@[^\s@<>\"(),;]+$")
ENCODED = r"=\?[^?\s]{1,60}\?[BbQq]\?[^?\s]*\?="  # may hold commas that divide nothing
TOKEN = re.compile(ENCODED + r'|"((?:[^"\\]|\\.)*+)"?|<([^<>]*)>?|([,;])|(:)|\(|([^"<(,;:]+)|(.)', re.DOTALL)
BRACKETED = re.compile(r"\A([^<>]*)<([^<>\s@]+@[^<>\s]+)>?\Z")
WRAPPED = re.compile(r"^(?:mailto|smtp)\s*:\s*(?://)?", re.IGNORECASE)
QUOTES = "'\"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
NEXT = re.compile(r"[^\s,;<>()\":]+(?=\s*(?:[,;]|$))")  # what follows a comma at once
LOCAL = re.compile(r"[a-z0-9._+-]{1,64}")
DOTS = re.compile("[\uff0e\u3002\uff61]")
LABELS = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?")
INSIDE = re.compile(r"[^()\\]+|\\.|\(|\)", re.DOTALL)


class MailAddress(msgspec.Struct, frozen=True):
    """A name ("" when there is none) and an address; `valid` when it can be answered to."""

    name: str
    address: str

    @property
    def valid(self) -> bool:
        """Whether this is a full address: local part, one @, domain."""
        return bool(ADDRESS.match(self.address))

    def __str__(self) -> str:
        if not self.name:
            return self.address
        name = self.name.replace('"', "'").replace(chr(92), "")  # a quotation mark inside would end the name
        return f'"{name}" <{self.address}>' if re.search(r"[,;:<>()@\[\]']", name) else f"{name} <{self.address}>"


def read_addresses(field: str) -> list[MailAddress]:
    """Return the addresses of a field in order. Never raises; words without an address are kept as a name."""
    found: list[MailAddress] = []
    words: list[str] = []
    comments: list[str] = []
    angle: str | None = None
    text = field[:MAX_FIELD]
    text = text if "@" in text else text.replace("\uff20", "@")
    position = 0
    while position < len(text) and len(found) < MAX_ADDRESSES:
        match = TOKEN.match(text, position)
        if match is None:
            break
        position = match.end()
        quoted, bracket, comma, colon, plain, odd = match.groups()
        if match.lastindex is None and match.group(0) != "(":
            words.append(match.group(0))
        elif match.group(0) == "(":
            comment, position = _comment(text, position)
            comments.append(comment)
        elif quoted is not None:
            words.append(_glued(re.sub(r"\\(.)", r"\1", quoted), text, position, words))
        elif bracket is not None:
            angle = bracket if angle is None or "@" in bracket else angle
        elif comma and angle is None and comma == "," and (joint := _mutilated(words, text, position)):
            words.append(joint)
        elif comma:
            _keep(found, words, angle, comments)
            words, comments, angle = [], [], None
        elif colon:
            words, comments, angle = _after_colon(words, text, position), [], None
        elif (plain or "").strip() != ">":  # the second bracket of <<jane@example.org>>
            words.append(plain if plain is not None else odd)
    _keep(found, words, angle, comments)
    return found


def _after_colon(words: list[str], text: str, position: int) -> list[str]:
    """A colon ends a group's name, unless it is inside an address or a subject-like name."""
    joined = "".join(words)
    return [] if "@" not in joined and ";" in text[position:] else [joined, ":"]


def _glued(text: str, field: str, position: int, words: list[str]) -> str:
    """A quoted local part ("a b"@example.org) stays with its domain."""
    return f'"{text}"' if field[position : position + 1] == "@" and " " in text else text


def _comment(text: str, position: int) -> tuple[str, int]:
    depth, out = 1, []
    while depth:
        match = INSIDE.match(text, position)
        if match is None:
            break
        position = match.end()
        piece = match.group(0)
        depth += (piece == "(") - (piece == ")")
        out.append(piece if depth else "")
    return "".join(out), position


def _keep(found: list[MailAddress], words: list[str], angle: str | None, comments: list[str]) -> None:
    phrase = _tidy("".join(words))
    if angle is None and (not phrase or ("@" in phrase and " " not in phrase)):
        address, phrase = decode_words("".join(words)).strip(' "\t\r\n').replace("\\", ""), ""
    elif angle is None:
        inside = BRACKETED.match(phrase) if words and words[0].startswith("=?") else None  # encoded as one
        phrase, address = (inside.group(1).strip(), inside.group(2)) if inside else _split_phrase(phrase)
    else:
        address = angle.rpartition(":")[2] if angle.startswith("@") else angle
        if not address.strip() and "@" in phrase and " " not in phrase:  # "jane@example.org" <>
            address, phrase = phrase, ""
    name = phrase or _tidy(" ".join(comments))
    if address or name:
        found.append(MailAddress(name, _unwrapped(decode_words(address))))


def _mutilated(words: list[str], text: str, position: int) -> str:
    """What a comma inside a bare address means: "." in the domain, itself in the local part, "" where it divides addresses."""
    before = "".join(words).strip()
    after = NEXT.match(text, position)
    if after is None or not before or " " in before:
        return ""
    local, at, domain = before.rpartition("@")
    if at and local and "." not in domain and LABELS.fullmatch(after[0].strip()):
        return "."
    return "," if not at and LOCAL.fullmatch(before) and "@" in after[0] and not after[0].startswith("@") else ""


def _unwrapped(address: str) -> str:
    """Return an address without what it is wrapped in; full-width letters of its domain become plain."""
    address = UNSEEN.sub("", address)
    if WRAPPED.match(bare := address.lstrip(QUOTES + "[")):
        address = WRAPPED.sub("", bare).partition("?")[0].rstrip("]")
    if address.endswith(tuple(QUOTES)):
        address = address.strip(QUOTES)
    local, at, domain = address.rpartition("@")
    if not at or domain.startswith("["):
        return address
    domain = domain if domain.isascii() else DOTS.sub(".", unicodedata.normalize("NFKC", domain))
    dotted = re.sub(r"[.]{2,}", ".", domain.replace(",", ".")).strip(".")
    return f"{local}@{dotted}" if "," not in domain or LABELS.fullmatch(dotted) else address


def _split_phrase(phrase: str) -> tuple[str, str]:
    """`Jane jane@example.org`: the word that looks like an address is the address."""
    words = phrase.replace(" @", "@").replace("@ ", "@").split()
    at = [word for word in words if ADDRESS.match(word)]
    if not at:
        return phrase, ""
    return " ".join(word for word in words if word != at[-1]), at[-1]


def _tidy(text: str) -> str:
    return " ".join(decode_words(text).split()).strip(" '\"").replace("\\", "")
