"""The parts of a mail: raw bytes to a tree (RFC 2045, RFC 2046), in one pass over each level.

The rule: a broken mail is still a mail. A missing end, a missing boundary, a wrong encoding or a part inside nothing yields
what a person can read, with a word in `faults`. Depth and number of parts are bounded, so the work grows with the size and with
nothing else.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from adapters.email.mime.charset import decode
from adapters.email.mime.fields import Fields, named_charset, split_header
from adapters.email.mime.smime import TYPES, inside, is_signed
from adapters.email.mime.words import decode_base64, decode_words
from adapters.email.parse.plain_forms import ENRICHED, PLAIN, enriched, flowed

MAX_DEPTH = 24
MAX_PARTS = 500
ENCODING_NOISE = re.compile(r"\([^)]{0,40}\)|[\s\"']")
TYPE = re.compile(r"^[!#$&^_.+\-a-z0-9]+/[!#$&^_.+\-a-z0-9]+$")
GUESS = re.compile(rb"^--([^\r\n]{1,200})\r?\n(?=[!-9;-~]+:)", re.MULTILINE)
UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]+)\r?\n", re.MULTILINE)
UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")


@dataclass(slots=True)
class MimePart:
    """One node. A leaf has `body`, still encoded; a multipart has `children` and its `prologue`."""

    fields: Fields
    media_type: str
    parameters: dict[str, str]
    disposition: str
    name: str
    body: bytes
    children: list[MimePart] = field(default_factory=list)

    @property
    def content_id(self) -> str:
        """The id that `cid:` links name, without brackets; "" when there is none."""
        return self.fields.raw("content-id").strip().strip("<>")

    @property
    def charset(self) -> str:
        """The declared charset, "" when there is none."""
        return self.parameters.get("charset", "")

    def content(self) -> bytes:
        """The bytes of a leaf with the transfer encoding undone; what cannot be decoded is left as it is."""
        said = self.fields.raw("content-transfer-encoding")[:200].partition(";")[0]
        encoding = ENCODING_NOISE.sub("", said).lower()
        if encoding == "base64":
            return decode_base64(self.body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return decode_uu(self.body)
        return self.body

    def text(self) -> str:
        """The content as text, with \\n as line end and lines that a program broke joined."""
        text = decode(self.content(), self.charset).replace("\r\n", "\n").replace("\r", "\n")
        if self.media_type in ENRICHED:
            return enriched(text)
        if self.media_type in PLAIN and self.parameters.get("format", "").strip().lower() == "flowed":
            return flowed(text, delete_space=self.parameters.get("delsp", "").strip().lower() == "yes")
        return text

    def walk(self) -> list[MimePart]:
        """This part and all below it, in the order in which they stand in the mail."""
        found, waiting = [], [self]
        while waiting:
            part = waiting.pop()
            found.append(part)
            waiting.extend(reversed(part.children))
        return found


class Walk:
    """Reads one mail into parts and remembers what was wrong with it."""

    def __init__(self, raw: bytes, charset: str = "") -> None:
        self.raw = raw
        self.charset = charset or named_charset(raw)  # of fields with bytes that are no UTF-8
        self.faults: list[str] = []
        self.count = 0

    def root(self, depth: int = 0) -> MimePart:
        """The whole mail, or a part of one that was packed."""
        return self._part(0, len(self.raw), "text/plain", depth)

    def _part(self, start: int, end: int, default: str, depth: int) -> MimePart:
        self.count += 1
        fields, body = split_header(self.raw, start, end, whole=depth == 0, charset=self.charset)
        media_type, parameters = fields.parameters("content-type")
        if not TYPE.match(media_type):
            media_type = _nearest(media_type, default)
        disposition, hints = fields.parameters("content-disposition")
        name = hints.get("filename") or parameters.get("name") or hints.get("name") or ""
        part = MimePart(fields, media_type, parameters, disposition, safe_name(name), b"")
        if media_type.startswith("multipart/") and depth < MAX_DEPTH:
            self._split(part, body, end, depth)
        if not part.children:
            part.body = self.raw[body:end]
            if media_type.startswith("multipart/"):
                self._fault("multipart without parts")
                part.media_type = "text/plain"
        if (media_type in TYPES or part.name.lower().endswith(".p7m")) and depth < MAX_DEPTH:
            self._unpack(part, depth)
        return part

    def _unpack(self, part: MimePart, depth: int) -> None:
        """A package of S/MIME that needs no key holds the part that is meant."""
        package = part.content()
        content = inside(package)
        if content and self.count < MAX_PARTS:
            walk = Walk(content, self.charset)
            walk.count = self.count
            part.children.append(walk.root(depth + 1))
            part.parameters["smime-type"] = "signed-data" if is_signed(package) else "compressed-data"
            part.media_type = "application/pkcs7-mime"
            self.count = walk.count
            self.faults += [fault for fault in walk.faults if fault not in self.faults]

    def _split(self, part: MimePart, start: int, end: int, depth: int) -> None:
        boundary = part.parameters.get("boundary", "").rstrip(" ").encode("utf-8", "replace")
        spans = self._spans(boundary, start, end) if boundary else []
        if not spans:
            guess = GUESS.search(self.raw, start, end)
            spans = self._spans(guess.group(1).rstrip(), start, end) if guess else []
            self._fault("boundary missing or not found")
        default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        for first, last in spans:
            if self.count >= MAX_PARTS:
                self._fault("too many parts")
                return
            part.children.append(self._part(first, last, default, depth + 1))

    def _spans(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between the delimiter lines are; a missing last delimiter is forgiven."""
        line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\r|\Z)", re.MULTILINE)
        spans: list[tuple[int, int]] = []
        opened: int | None = None
        for match in line.finditer(self.raw, start, end):
            if opened is not None:
                spans.append((opened, max(opened, self._before_break(match.start()))))
            opened = None if match.group(1) else match.end()
            if match.group(1):
                break
            if len(spans) > MAX_PARTS:
                return spans
        if opened is not None:
            self._fault("last boundary missing")
            spans.append((opened, end))
        return spans

    def _before_break(self, position: int) -> int:
        """The line break before a delimiter belongs to the delimiter (RFC 2046 5.1.1)."""
        if self.raw[position - 2 : position] == b"\r\n":
            return position - 2
        return position - 1 if self.raw[position - 1 : position] in (b"\n", b"\r") else position

    def _fault(self, word: str) -> None:
        if word not in self.faults:
            self.faults.append(word)


def _nearest(media_type: str, default: str) -> str:
    """What a media type that cannot be one most likely means."""
    if media_type in ("text", "plain"):
        return "text/plain"
    if media_type == "html":
        return "text/html"
    return default if not media_type else "application/octet-stream"


def read_structure(raw: bytes) -> tuple[MimePart, list[str]]:
    """Return the tree of a mail and what was wrong with it; never raises on any bytes."""
    walk = Walk(raw)
    root = walk.root()
    return root, walk.faults


def safe_name(name: str) -> str:
    """Return a file name without path, control or direction characters, at most 200 characters, "" when nothing is left."""
    last = decode_words(name).replace("\\", "/").rpartition("/")[2]
    clean = UNSAFE_NAME.sub("_", " ".join(last.split())).strip(" .")
    if len(clean) <= 200:
        return clean
    stem, dot, ending = clean.rpartition(".")
    return f"{stem[:180]}{dot}{ending[:18]}" if dot else clean[:200]


def decode_uu(raw: bytes) -> bytes:
    """Return what uuencoded lines hold; lines that cannot be read are passed over."""
    begin = UU_BEGIN.search(raw)
    out = []
    for line in raw[begin.end() if begin else 0 :].splitlines():
        if line.strip() == b"end":
            break
        if not line.strip():
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            size = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:size]))
            except binascii.Error:
                continue
    return b"".join(out)
