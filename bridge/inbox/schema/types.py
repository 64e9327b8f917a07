"""What every part of the schema is built from: the two base classes and the bounded types."""

from __future__ import annotations

from typing import Annotated, Literal, dataclass_transform

from msgspec import Meta, Struct, field

View = Literal["waiting", "mine", "open", "closed", "aside"]
ConversationState = Literal["waiting", "offered", "active", "closed"]
Who = Literal["patron", "librarian", "note", "desk", "system"]

Name = Annotated[str, Meta(max_length=200)]
Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[str, Meta(max_length=20_000)]
Moment = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # what JavaScript counts exactly
Ticket = Annotated[str, Meta(min_length=1, max_length=2000)]
Subject = Annotated[str, Meta(max_length=400)]
Copies = Annotated[list[Annotated[str, Meta(min_length=1, max_length=320)]], Meta(max_length=100)]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Shown(Struct, frozen=True, kw_only=True):
    """Base of what the interface answers."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what the interface is asked."""
