"""A library's webhook to its team's chat: seen, changed and tried by its coordinators. The address is never shown again."""

from __future__ import annotations

from msgspec.structs import replace
from yarl import URL

from bridge.inbox import schema
from bridge.inbox.http.responses import not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.views.faults import refusal
from bridge.push.staff_notices import staff_notice
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.staff_webhooks import StaffWebhook, fresh_secret, webhook_faults


async def team_webhook(call: Call) -> schema.TeamWebhookView:
    """How a library's team is told."""
    return _shown((await call.services.webhooks.kept.all()).get(call.id))


async def keep_team_webhook(call: Call) -> schema.TeamWebhookView:
    """Tell the team by this webhook. Without an address the one that is kept stays. A new secret is shown this once."""
    asked: schema.TeamWebhookAsked = call.body
    kept = call.services.webhooks.kept
    before = (await kept.all()).get(call.id)
    if not asked.url and before is None:
        raise refusal("faulty", [FieldFault("url", "is missing")])
    if asked.url and (found := webhook_faults(asked.url)):
        raise refusal("faulty", found)
    fresh = before is None or bool(asked.url)
    one = StaffWebhook(
        library=call.id,
        url=asked.url or (before.url if before is not None else ""),
        shape=asked.shape,
        events=tuple(dict.fromkeys(asked.events)),
        secret=fresh_secret() if fresh or before is None else before.secret,
    )
    await kept.keep(one)
    await _audit(call, "webhook-kept")
    return replace(_shown(one), secret=one.secret if fresh else "")


async def drop_team_webhook(call: Call) -> None:
    """Tell the team nothing more."""
    await call.services.webhooks.kept.drop([call.id])
    await _audit(call, "webhook-dropped")


async def try_team_webhook(call: Call) -> schema.TeamWebhookView:
    """Send a notice that says it is a test."""
    webhooks = call.services.webhooks
    one = (await webhooks.kept.all()).get(call.id)
    if one is None:
        raise not_found()
    await webhooks.tell(one, staff_notice(call.state, "test", call.id, 0))
    return _shown((await webhooks.kept.all()).get(call.id))


async def _audit(call: Call, what: str) -> None:
    await call.services.archive.access_audit.record(call.me, f"desk/{call.id}", what, "")


def _shown(one: StaffWebhook | None) -> schema.TeamWebhookView:
    if one is None:
        return schema.TeamWebhookView()
    return schema.TeamWebhookView(
        host=URL(one.url).host or "",
        shape=one.shape,
        events=list(one.events),
        problem=one.problem,
        problem_at=one.problem_at,
        sent_at=one.sent_at,
    )


ROUTES = (
    Route(
        "GET",
        "/organisation/{id}/webhook",
        "How a library's team is told",
        team_webhook,
        access="coordinator",
        scope="library",
        gives=schema.TeamWebhookView,
    ),
    Route(
        "PUT",
        "/organisation/{id}/webhook",
        "Tell a library's team by a webhook",
        keep_team_webhook,
        access="coordinator",
        scope="library",
        asks=schema.TeamWebhookAsked,
        gives=schema.TeamWebhookView,
        secret=True,
        also={422: schema.LibraryFaults},
    ),
    Route(
        "DELETE",
        "/organisation/{id}/webhook",
        "Tell a library's team nothing more",
        drop_team_webhook,
        access="coordinator",
        scope="library",
    ),
    Route(
        "POST",
        "/organisation/{id}/webhook/test",
        "Send a library's team a notice that says it is a test",
        try_team_webhook,
        access="coordinator",
        scope="library",
        gives=schema.TeamWebhookView,
        keyed=True,
    ),
)
