"""Pushed notices to my devices: a browser subscribes, renews and ends."""

from __future__ import annotations

from bridge.inbox import schema
from bridge.inbox.http.route import Call, Route
from bridge.inbox.views.faults import refusal
from bridge.push.sending import subscription_faults
from bridge.sql.people.push_subscriptions import PushSubscription


async def push_key(call: Call) -> schema.PushView:
    """The desk's public key, and how many devices of mine there are."""
    return await _shown(call)


async def push_to(call: Call) -> schema.PushView:
    """Push my notices to this browser, too."""
    asked: schema.PushAsked = call.body
    one = PushSubscription(endpoint=asked.endpoint, p256dh=asked.p256dh, auth=asked.auth, librarian=call.me)
    if found := subscription_faults(one, call.services.push.sender.allowed):
        raise refusal("faulty", found)
    await call.services.push.keep(one)
    return await _shown(call)


async def end_push(call: Call) -> schema.PushView:
    """Push no notices to this browser any more."""
    asked: schema.PushEnded = call.body
    await call.services.push.subscriptions.end(asked.endpoint, call.me)
    return await _shown(call)


async def _shown(call: Call) -> schema.PushView:
    push = call.services.push
    return schema.PushView(key=push.sender.key.public, devices=len(await push.subscriptions.of(call.me)))


ROUTES = (
    Route("GET", "/push", "The key for pushed notices, and my devices", push_key, gives=schema.PushView),
    Route(
        "POST",
        "/push",
        "Push my notices to this browser",
        push_to,
        asks=schema.PushAsked,
        gives=schema.PushView,
        secret=True,
        also={422: schema.LibraryFaults},
    ),
    Route(
        "POST",
        "/push/end",
        "Push no notices to this browser",
        end_push,
        asks=schema.PushEnded,
        gives=schema.PushView,
        secret=True,
    ),
)
