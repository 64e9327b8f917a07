"""Whether a mail answers another one, forwards one, or is the first of its kind.

The rule: each of these makes a reply. In-Reply-To, References, a subject that opens with "Re:" in any language, Outlook's index
of a thread with an answer in it; an address that only an answer of ours names. The outermost prefix of the subject decides
between a forward and a reply, for programs name the thread of what is forwarded, too. Anything else is a first mail, and has
nothing to quote.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from typing import Literal

from adapters.email.mime.fields import Fields
from adapters.email.trimming.wording import FORWARD_PREFIXES, REPLY_PREFIXES, folded

Relation = Literal["reply", "forward", "first"]
TAG = re.compile(r"^\s*(?:\[[^\[\]]{0,60}\]\s*|\([^()]{0,30}\)\s*){0,3}")
PREFIX = re.compile(r"^([^\s:：\[\](*^\d]{1,12})\s?(?:[\[(*^]?\d{1,3}[\])]?)?\s{0,2}[:：]")
INDEX_OF_FIRST = 22  # bytes of Outlook's Thread-Index; each answer adds five (MS-OXOMSG 2.2.1.3)


def relation(fields: Fields, recipients: Iterable[str], own: frozenset[str]) -> Relation:
    """Return how the mail with these header fields relates to another one. `recipients`, `own`: addresses, ours in lower case."""
    prefix = subject_prefix(fields.text("subject"))
    if prefix:
        return prefix
    if fields.ids("in-reply-to") or fields.ids("references"):
        return "reply"
    if _answers_in_index(fields.raw("thread-index")) or any(_only_in_answers(one, own) for one in recipients):
        return "reply"
    return "first"


def subject_prefix(subject: str) -> Literal["reply", "forward", ""]:
    """Return what the first prefix of a subject says; tags of lists before it ("[Ask]") are passed over."""
    match = PREFIX.match(TAG.sub("", subject))
    word = folded(match.group(1)).rstrip(".") if match else ""
    if word in FORWARD_PREFIXES:
        return "forward"
    return "reply" if word in REPLY_PREFIXES else ""


def _answers_in_index(index: str) -> bool:
    try:
        return len(binascii.a2b_base64("".join(index[:2_000].split()), strict_mode=True)) > INDEX_OF_FIRST
    except (binascii.Error, ValueError):
        return False


def _only_in_answers(address: str, own: frozenset[str]) -> bool:
    """An address of ours with something after a plus: nobody knows it but from a mail of ours."""
    local, at, domain = address.casefold().partition("@")
    name, plus, _ = local.partition("+")
    return bool(plus) and f"{name}{at}{domain}" in own
