"""The header of a mail or of one of its parts: fields in order, unfolded, readable (RFC 5322 2.2, 3.6.4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from adapters.email.mime.charset import codec_of, decode
from adapters.email.mime.words import MAX_FIELD, decode_words, split_parameters

MAX_HEADER = 1_048_576  # bytes
MAX_ID = 998  # characters of one message id, as of any line (RFC 5322 2.1.1)
NAME = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*(.*)$", re.DOTALL)
FOLD = re.compile(r"\r?\n[ \t]+|[\r\n]+")
MESSAGE_ID = re.compile(r"<([^<>]{1,2000})>")
BARE_ID = re.compile(r"(?<![^\s<>,;])[^\s<>,;]+@[^\s<>,;]+")
CHARSET = re.compile(rb"charset[ \t]{0,4}=[ \t]{0,4}[\"']?([A-Za-z0-9._:$-]{2,40})", re.IGNORECASE)
MAX_SEARCHED = 131_072  # bytes of a mail in which its charset is looked for
END = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
KNOWN = frozenset(
    {
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "sender",
        "reply-to",
        "message-id",
        "received",
        "return-path",
        "in-reply-to",
    }
    | {"mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id", "delivered-to"}
    | {"references", "x-mailer", "auto-submitted", "content-description", "envelope-to", "dkim-signature", "user-agent"}
)


class Fields:
    """Fields of one header, in order; names in lower case, values unfolded and without NUL, not yet decoded."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self._first: dict[str, str] = {}
        for name, value in pairs:
            self._first.setdefault(name, value)

    def __contains__(self, name: str) -> bool:
        return name in self._first

    def raw(self, name: str) -> str:
        """Return the first field of that name as it was written, unfolded; "" when there is none."""
        return self._first.get(name, "")

    def text(self, name: str) -> str:
        """Return the first field of that name with encoded words read and white space tidied."""
        return " ".join(decode_words(self.raw(name)).split())

    def all(self, name: str) -> list[str]:
        """Return every field of that name as written."""
        return [value for key, value in self.pairs if key == name]

    def parameters(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the first word of a field, in lower case, and its parameters."""
        return split_parameters(self.raw(name))

    def ids(self, name: str) -> list[str]:
        """Return the message ids in a field, without angle brackets, each once; a malformed field yields what it can."""
        found: dict[str, None] = {}
        for value in self.all(name):
            part = value[:MAX_FIELD]
            for identity in MESSAGE_ID.findall(part) or BARE_ID.findall(part):
                found.setdefault("".join(identity.split()))
        return [identity for identity in found if 0 < len(identity) <= MAX_ID]

    def date(self) -> int:
        """Return the Date field as milliseconds since the epoch, 0 when it cannot be read."""
        try:
            when = parsedate_to_datetime(self.raw("date")[:200])
            return max(0, int(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000))
        except (TypeError, ValueError, OverflowError, IndexError):
            return self._iso_date()

    def _iso_date(self) -> int:
        """Some programs write ISO 8601."""
        try:
            when = datetime.fromisoformat(self.raw("date")[:40].strip())
            return max(0, int(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000))
        except (ValueError, OverflowError):
            return 0


def named_charset(raw: bytes) -> str:
    """Return the first charset that a mail names, for fields with bytes of it; "" where it names none but plain ones."""
    for match in CHARSET.finditer(raw, 0, MAX_SEARCHED):
        label = match.group(1).decode("ascii")
        if codec_of(label) not in ("", "utf-8"):
            return label
    return ""


def split_header(raw: bytes, start: int, end: int, *, whole: bool = False, charset: str = "") -> tuple[Fields, int]:
    """Return the fields that open raw[start:end] and where the body begins.

    `whole`: this is a mail, not a part: without a single field that mails have, all of it is body. `charset`: of bytes in a
    field that are no UTF-8.
    """
    if whole:
        start = _opening(raw, start)
    if raw[start : start + 2] == b"\r\n":
        return Fields([]), start + 2
    if raw[start : start + 1] == b"\n":
        return Fields([]), start + 1
    blank = _blank_line(raw, start, end)
    stop, body = (blank.start(), blank.end()) if blank else (end, end)
    pairs, consumed = _pairs(raw[start : min(stop, start + MAX_HEADER)], whole, charset)
    if consumed is not None:  # a line that is no field ends the header, as in every mail program
        body = start + consumed
    fields = Fields(pairs)
    if not pairs or (whole and not KNOWN.intersection(name for name, _ in pairs)):
        return Fields([]), start
    return fields, body


def _blank_line(raw: bytes, start: int, end: int) -> re.Match[bytes] | None:
    """The blank line that ends a header; one of spaces with more of the header below it only folds a field."""
    blank = END.search(raw, start, end)
    while (
        blank is not None
        and (b" " in blank.group() or b"\t" in blank.group())
        and _goes_on(raw, start, blank.end(), end)
    ):
        blank = END.search(raw, blank.end() - 1, end)
    return blank


def _goes_on(raw: bytes, start: int, place: int, end: int) -> bool:
    """Whether the header goes on below a line of spaces: with a new field, or with a fold before a field or a blank line."""
    lines = raw[place : min(end, place + 4_000)].splitlines()
    folds = next((i for i, line in enumerate(lines) if line[:1] not in (b" ", b"\t")), len(lines))
    below = lines[folds] if folds < len(lines) else b""
    field = NAME.match(below[:80].decode("latin-1"))
    if folds and any(line.strip() for line in lines[:folds]):
        return not below or (field is not None and field.group(1).lower() in KNOWN)
    name = field.group(1).lower() if field else ""
    return name in KNOWN and not re.search(rb"(?:^|\n)" + name.encode() + rb":", raw[start:place].lower())


def _opening(raw: bytes, start: int) -> int:
    """Where the header of a mail begins: empty lines that a program put before it are passed over."""
    begun = start
    while raw[begun : begun + 1] in (b"\r", b"\n") and begun < start + 20:
        begun += 1
    name = NAME.match(raw[begun : begun + 80].decode("latin-1").partition("\n")[0])
    return begun if name and name.group(1).lower() in KNOWN else start


def _pairs(block: bytes, whole: bool, charset: str) -> tuple[list[tuple[str, str]], int | None]:
    """Fields of a header block; and the offset of the first line that is no field, if there is one.

    In a mail, one such line with a field that mails have right below it is passed over.
    """
    pairs: list[tuple[str, str]] = []
    pending: list[str] = []
    offset = 0
    lines = block.splitlines(keepends=True)
    for number, line in enumerate(lines):
        text = _line(line, charset)
        if text[:1] in (" ", "\t") and pending:
            pending.append(" " + text.strip())
        elif NAME.match(text):
            _keep(pairs, pending)
            pending = [text]
        elif not pending and text.startswith(("From ", ">From ")):
            pass
        elif whole and pending and _is_known(lines[number + 1 : number + 2]):
            _keep(pairs, pending)
            pending = []
        elif text.strip():
            _keep(pairs, pending)
            return pairs, offset
        offset += len(line)
    _keep(pairs, pending)
    return pairs, None


def _line(line: bytes, charset: str) -> str:
    """One line of a header; bytes that are no UTF-8 are in the charset that the mail names."""
    if charset and not line.isascii():
        try:
            return line.decode("utf-8").rstrip("\r\n").replace("\0", "")
        except UnicodeDecodeError:
            return decode(line, charset).rstrip("\r\n")
    return decode(line, "utf-8").rstrip("\r\n")


def _is_known(lines: list[bytes]) -> bool:
    match = NAME.match(lines[0][:80].decode("latin-1").rstrip("\r\n")) if lines else None
    return match is not None and match.group(1).lower() in KNOWN


def _keep(pairs: list[tuple[str, str]], pending: list[str]) -> None:
    match = NAME.match("".join(pending)) if pending else None
    if match:
        pairs.append((match.group(1).lower(), match.group(2).strip()))
