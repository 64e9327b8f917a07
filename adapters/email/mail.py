"""A mail as it was understood: what the filters fill in, and what leaves the parser."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from adapters.email.addresses import MailAddress
from adapters.email.classify.bounce import Bounce
from adapters.email.classify.verdict import Class, Verdict
from adapters.email.mime.structure import MimePart
from adapters.email.parse.selection import Choice


class MailFile(msgspec.Struct, frozen=True):
    """An attachment. `inline`: a picture that the HTML shows by its `content_id`; `media_type` is only what the mail says."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail, understood. `text`: the new words; `full_text`: everything as text; `html`: clean, with `cid:` links
    to inline files.

    `patron` is whom an answer goes to (a valid Reply-To, else From); `author` is From. `quarantined` says why a mail must be
    looked at by a person instead of opening a conversation ("" = fine). `filters`: "name: what it decided", in order.
    `return_path`: the envelope's sender as the last server wrote it down, "<>" for nobody, "" when it is not known. `caller`: the
    number behind a voicemail that a telephone system sent on.
    """

    author: MailAddress
    patron: MailAddress
    to: tuple[MailAddress, ...] = ()
    cc: tuple[MailAddress, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: int = 0
    text: str = ""
    full_text: str = ""
    html: str = ""
    files: tuple[MailFile, ...] = ()
    kind: Class = "person"
    bounce: Bounce | None = None
    marks: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    own: bool = False
    quarantined: str = ""
    aside: str = ""
    caller: str = ""
    quiet: bool = False
    proven: bool = False

    @property
    def hidden(self) -> str:
        """The lines that the first view hides, in order: those of `full_text` that do not occur in `text`."""
        waiting = [line.strip() for line in self.text.split("\n") if line.strip()]
        left: list[str] = []
        place = 0
        for line in self.full_text.split("\n"):
            bare, wanted = line.strip(), waiting[place] if place < len(waiting) else ""
            rest = bare[len(wanted) :].strip() if wanted and bare.startswith(wanted) else line.rstrip()
            shown = bool(wanted) and (bare == wanted or (rest != line.rstrip() and rest.startswith("--")))
            place += shown
            left += [rest if shown else line.rstrip()] if rest and bare else []
        return "\n".join(left)

    @property
    def taken(self) -> bool:
        """Whether it opens or joins a conversation by itself."""
        return not self.aside and not self.quarantined

    return_path: str = ""


NOT_ASKED = Verdict("person", "")


@dataclass(slots=True)
class DraftMail:
    """What the chain of filters works on; each reads what those before it found."""

    raw: bytes
    root: MimePart
    faults: list[str]
    own: frozenset[str] = frozenset()
    trusted: str = ""
    choice: Choice = field(default_factory=Choice)
    author: MailAddress = field(default_factory=lambda: MailAddress("", ""))
    patron: MailAddress = field(default_factory=lambda: MailAddress("", ""))
    to: list[MailAddress] = field(default_factory=list)
    cc: list[MailAddress] = field(default_factory=list)
    delivered_to: list[str] = field(default_factory=list)
    caller: str = ""
    subject: str = ""
    message_id: str = ""
    text: str = ""
    full_text: str = ""
    from_html: bool = False
    html: str = ""
    files: list[MailFile] = field(default_factory=list)
    verdict: Verdict = NOT_ASKED
    bounce: Bounce | None = None
    marks: list[str] = field(default_factory=list)
    is_own: bool = False
    quarantined: str = ""
