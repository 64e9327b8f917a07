"""Mastodon's words and ours (docs.joinmastodon.org/entities). Pure.

A patron's private mention is one message, and its HTML becomes plain text. Whoever is named with an @ in a private mention can read
it (docs.joinmastodon.org/user/posting). An answer is for one reader alone, so any other name in it is broken by a word joiner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bridge.contract.adapter import Outcome, Rejected, Retry, Uncertain
from bridge.contract.language_tag import language_tag
from bridge.contract.message import Attachment, Message

JOINER = "\N{WORD JOINER}"
LONGEST = 100_000  # characters of HTML that are read
_NAMED = re.compile(r"(?<![A-Za-z0-9_=/])@(?=\w)")
_WEB = re.compile(r"https?://[^\s/\[]")
_HANDLE = re.compile(r"[A-Za-z0-9_.-]{1,100}(?:@[\w.-]{1,253}(?::\d{1,5})?)?")


class FediAccount(msgspec.Struct, frozen=True):
    """An account: `acct` is its name, with its host where that is another server."""

    id: str
    acct: str
    display_name: str = ""


class FediFile(msgspec.Struct, frozen=True):
    """A file of a status."""

    url: str | None = None
    type: str = ""
    description: str | None = None


class FediStatus(msgspec.Struct, frozen=True):
    """A status, as far as we read it."""

    id: str
    account: FediAccount
    visibility: str
    content: str = ""
    spoiler_text: str = ""
    created_at: str = ""
    language: str | None = None
    media_attachments: tuple[FediFile, ...] = ()


class FediNotification(msgspec.Struct, frozen=True):
    """Something that happened to the library's account."""

    id: str
    type: str
    status: FediStatus | None = None


class NotificationId(msgspec.Struct, frozen=True):
    """All that is known of a notification that we cannot read."""

    id: str


def number(raw: msgspec.Raw) -> int:
    """Return the place of a notification; later ones have greater numbers. Raises ValueError."""
    return int(msgspec.json.decode(raw, type=NotificationId).id)


def notification(raw: msgspec.Raw) -> FediNotification:
    """Read a notification. Raises ValueError for one that is none."""
    return msgspec.json.decode(raw, type=FediNotification)


def is_ours(found: FediNotification) -> bool:
    """Say whether it is a private mention of the library."""
    return found.type == "mention" and found.status is not None and found.status.visibility == "direct"


def address(account: FediAccount, domain: str) -> str:
    """Return where an account is answered: its name with its host. Raises ValueError for a name that can be none."""
    if not _HANDLE.fullmatch(account.acct):
        raise ValueError("an account without a name")
    return account.acct if "@" in account.acct else f"{account.acct}@{domain}"


def is_address(text: str) -> bool:
    """Say whether a text is an account's name with its host."""
    return "@" in text and _HANDLE.fullmatch(text) is not None


def message(
    channel: str, said: FediStatus, domain: str, own: str, attachments: Sequence[Attachment], marks: Sequence[str]
) -> Message:
    """Return what a patron wrote; `own` is the library's name, which begins most mentions and says nothing."""
    words = without_own(plain(said.content), own, domain)
    if said.spoiler_text.strip():
        words = f"[{said.spoiler_text.strip()}]\n{words}"
    told = [f"[{shows}]" for file in said.media_attachments if (shows := (file.description or "").strip())]
    words = "\n".join([words, *told]) if words.strip() else "\n".join(told)
    return Message(
        id="",
        channel=channel,
        sender=address(said.account, domain),
        source=said.id,
        text=words,
        attachments=tuple(attachments),
        name=" ".join(said.account.display_name.split())[:200],
        language=language_tag(said.language or ""),
        sent_at=milliseconds(said.created_at),
        marks=tuple(marks) if words.strip() or attachments or marks else ("unshown",),
    )


def milliseconds(text: str) -> int:
    """Return a moment (ISO 8601) in ms; 0 when it cannot be read."""
    try:
        return max(0, int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return 0


def without_own(text: str, own: str, domain: str) -> str:
    """Return words without the library's own name at their beginning."""
    names = "|".join(re.escape(f"@{each}") for each in (f"{own}@{domain}", own))
    return re.sub(rf"\A(?:\s*(?:{names})(?![\w@.-]))+[ \t]*\n?", "", text, flags=re.IGNORECASE).strip("\n")


def plain(html: str) -> str:
    """Return HTML of a status as text: paragraphs, line breaks, links with their whole address."""
    root = LexborHTMLParser(html[:LONGEST]).body
    parts: list[str] = []
    if root is not None:
        _walk(root, parts)
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()


def _walk(root: LexborNode, parts: list[str]) -> None:
    """Add the words below a node, without a call for each level: a stranger chooses how deep it is."""
    waiting: list[LexborNode | str] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.tag == "-text":
            parts.append(node.text_content or "")
        elif node.tag == "br":
            parts.append("\n")
        elif node.tag == "a" and (link := _link(node)):
            parts.append(link)
        elif node.tag not in ("script", "style"):
            if node.tag in ("p", "div", "blockquote", "pre", "ul", "ol"):
                waiting.append("\n\n")
            elif node.tag == "li":
                waiting.append("\n")
            waiting += reversed(list(node.iter(include_text=True)))


def _link(node: LexborNode) -> str:
    """Return a link's whole address, which a server shortens for the eye; "" for a name or a tag, whose words say all."""
    classes = (node.attributes.get("class") or "").split()
    href = node.attributes.get("href") or ""
    told_by_words = "mention" in classes or "hashtag" in classes
    return "" if told_by_words or not _WEB.match(href) else href


def status(text: str, to: str, domain: str) -> str:
    """Return an answer as it is submitted: for the patron alone, whatever names stand in it."""
    name, _, host = to.partition("@")
    handle = name if host == domain else to
    return f"@{handle} {_NAMED.sub(f'@{JOINER}', text)}".strip()


def refusal(status: int, said: str, retry_after: float) -> Outcome:
    """Return what a refused submission means. A server that failed may have taken it all the same."""
    detail = " ".join(said.split())[:200]
    if status in (401, 403):
        return Retry("credentials")
    if status == 429:
        return Retry("busy", after=max(retry_after, 1.0))
    if status >= 500:
        return Uncertain("server-error")
    lower = detail.lower()
    if status == 413 or "too long" in lower or "too large" in lower:
        return Rejected("too-large", detail)
    if "file" in lower or "media" in lower or status == 415:
        return Rejected("media-refused", detail)
    return Rejected("no-such-address" if status == 404 else "refused", detail)
