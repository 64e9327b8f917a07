"""What a librarian wants to be told, and when."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Moment, Shown
from bridge.sql.people.staff_webhooks import WebhookEvent, WebhookShape

ClockTime = Annotated[str, Meta(max_length=5)]


class QuietHoursView(Asked):
    """When nothing rings for me: from `start` to `end`, each "HH:MM" by the clock of `timezone`."""

    on: bool
    start: ClockTime
    end: ClockTime
    timezone: Annotated[str, Meta(max_length=60)]


class PushView(Shown):
    """What a browser needs to subscribe to pushed notices: the desk's public key, an uncompressed point in URL-safe base64."""

    key: str
    devices: int  # that I have


class PushAsked(Asked):
    """A browser's subscription, as its `toJSON` has it."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2000)]
    p256dh: Annotated[str, Meta(max_length=200)]
    auth: Annotated[str, Meta(max_length=100)]


class PushEnded(Asked):
    """The address of a subscription that its browser ended."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2000)]


class TeamWebhookView(Shown):
    """How a library's team is told: never the address, only its host. `secret` only where it was made just now."""

    host: str = ""  # "" = there is none
    shape: WebhookShape = "slack"
    events: list[WebhookEvent] = []
    problem: str = ""  # of the last notice: "not-https", "private", "slow", "unreachable", "status 404"
    problem_at: Moment = 0
    sent_at: Moment = 0
    secret: str = ""


class TeamWebhookAsked(Asked):
    """Another webhook, or other wishes for the one that is kept (`url` "")."""

    shape: WebhookShape
    events: Annotated[list[WebhookEvent], Meta(max_length=10)]
    url: Annotated[str, Meta(max_length=2000)] = ""
