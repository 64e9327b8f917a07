"""What a library may ask and offer in its chat: few questions, each with a text; an invitation that gives people time to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from bridge.contract.chat_form import MOST_FIELDS, ChatInvitation, FormField
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.portal_validation import leads_to_the_web
from routing.organisation import ChatSettings, Naming

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
PATTERN = re.compile(r"[/*][!-~]{0,199}")
LONGEST_LABEL = 120  # characters
MOST_CHOICES = 30
MOST_PAGES = 20
SOONEST_S, LATEST_S = 5, 3600


def chat_faults(chat: ChatSettings) -> Iterator[FieldFault]:
    """Yield what is wrong with the settings of a chat."""
    if chat.naming not in get_args(Naming):
        yield FieldFault("chat.naming", f"{chat.naming!r} is none of {', '.join(get_args(Naming))}")
    if chat.privacy_url and not leads_to_the_web(chat.privacy_url):
        yield FieldFault("chat.privacy_url", "an address that begins with https:// or http:// is needed")
    if len(chat.fields) > MOST_FIELDS:
        yield FieldFault("chat.fields", f"there are more than {MOST_FIELDS} questions")
    keys = [field.key for field in chat.fields]
    for n, field in enumerate(chat.fields, 1):
        yield from _field(f"chat.fields[{n}]", field, field.key in keys[: n - 1])
    yield from _invitation(chat.invitation)


def _field(where: str, field: FormField, again: bool) -> Iterator[FieldFault]:
    if again or not KEY.fullmatch(field.key):
        yield FieldFault(f"{where}.key", f"{field.key!r} is not a short word of its own, like course-number")
    if not 0 < len(field.label.strip()) <= LONGEST_LABEL:
        yield FieldFault(f"{where}.label", f"a text of at most {LONGEST_LABEL} characters is needed")
    choices = [one.strip() for one in field.choices]
    if (
        len(choices) > MOST_CHOICES
        or len(set(choices)) < len(choices)
        or any(not 0 < len(one) <= 100 for one in choices)
    ):
        yield FieldFault(f"{where}.choices", f"at most {MOST_CHOICES} different choices of at most 100 characters")


def _invitation(invitation: ChatInvitation) -> Iterator[FieldFault]:
    if invitation.after_s and not SOONEST_S <= invitation.after_s <= LATEST_S:
        yield FieldFault("chat.invitation.after_s", f"it is 0 (never), or from {SOONEST_S} to {LATEST_S} seconds")
    if len(invitation.pages) > MOST_PAGES or not all(PATTERN.fullmatch(one) for one in invitation.pages):
        says = f"at most {MOST_PAGES} paths that begin with / or *, as /catalogue/*"
        yield FieldFault("chat.invitation.pages", says)
    if len(invitation.text) > LONGEST_LABEL:
        yield FieldFault("chat.invitation.text", f"it is longer than {LONGEST_LABEL} characters")
