"""The operator's page, for administrators: the parts of the desk, and what becomes of inputs that could not be decided.

A dead letter is retried once a release can decide it: it goes into `in` again, and is dropped here. Both are audited. What a letter
says is told to nobody, because an administrator reads the transcripts of the libraries that they work for alone.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version

import msgspec

from bridge.inbox import schema
from bridge.inbox.http.responses import not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.services import InboxServices
from bridge.redis.store import DeadLetter
from bridge.sql.people.account_events import AccountDeed
from routing import wire
from routing.events import Faulted

LETTERS = 50  # shown at once
LONGEST = 200  # characters of an error


async def operations(call: Call) -> schema.Operations:
    """How the desk is, right now, as this process sees it."""
    services = call.services
    ring = services.ring_watch
    letters = await services.store.dead_letters(LETTERS + 1)
    return schema.Operations(
        release=version("deskbridge"),
        python=platform.python_version(),
        redis=await services.store.server_version(),
        database=services.archive.engine.dialect.name,
        position=ring.pulse.seq if ring.pulse is not None else 0,
        input_age_ms=ring.pulse.waiting_ms if ring.pulse is not None else 0,
        memory_used=ring.server.get("used_memory", 0),
        memory_limit=ring.server.get("maxmemory", 0),
        parts=[
            schema.PartView(name=one.name, ready=one.ready, required=one.required, why=one.why)
            for one in (services.health.report() if services.health is not None else ())
        ],
        channels=list(_channels(services)),
        leases=list(_leases(services)),
        processes=list(_processes(services)),
        followers=[
            schema.FollowerView(name=name, lag_ms=round(seconds * 1000)) for name, seconds in ring.lag_s.items()
        ],
        streams=[schema.StreamView(name=name, entries=entries) for name, entries in ring.depths.items()],
        kept=await _kept(services),
        letters=[await _letter(services, one) for one in letters[:LETTERS]],
        more=len(letters) > LETTERS,
    )


def _channels(services: InboxServices) -> Iterator[schema.ChannelNow]:
    state, depths, serving = services.replica.state, services.ring_watch.depths, services.channel_health()
    for name, facts in services.channels.items():
        here = serving.get(name)
        known = state.channels.get(name)
        yield schema.ChannelNow(
            channel=name,
            kind=facts.kind,
            up=here.state == "up" if here is not None else known is not None and known.up,
            state=here.state if here is not None else "elsewhere",
            reason=here.reason if here is not None else known.reason if known is not None else "",
            since=round(here.since * 1000) if here is not None else 0,
            failures=here.failures if here is not None else 0,
            waiting=depths.get(f"out:{name}", 0),
        )


def _leases(services: InboxServices) -> Iterator[schema.LeaseView]:
    if services.leases is not None:
        for name, one in sorted(services.leases.holders.items()):
            yield schema.LeaseView(lease=name, host=one.host, since=one.since, took_ms=one.took_ms)


def _processes(services: InboxServices) -> Iterator[schema.ProcessView]:
    if services.releases is not None:
        for one in (services.releases.own, *services.releases.others):
            here = one is services.releases.own
            yield schema.ProcessView(host=one.host, release=one.release, roles=one.roles, since=one.since, here=here)


async def _kept(services: InboxServices) -> list[schema.KeptView]:
    found = [(channel, kind) for channel, facts in services.channels.items() for kind in facts.remembers]
    return [
        schema.KeptView(channel=channel, kind=kind, rows=await services.store.count_remembered(channel, kind))
        for channel, kind in found
    ]


# ---- dead letters ------------------------------------------------------------


async def _letter(services: InboxServices, letter: DeadLetter) -> schema.LetterView:
    kinds, channels = [], []
    for payload in letter.payloads:
        try:
            given = wire.decode_input(payload)
        except msgspec.DecodeError:
            kinds.append("unreadable")
            continue
        kinds.append(str(type(given).__struct_config__.tag))
        channels.append(str(getattr(given, "channel", "")))
    return schema.LetterView(
        id=letter.id,
        at=letter.at,
        kinds=sorted(set(kinds)),
        channels=sorted({channel for channel in channels if channel}),
        errors=await _errors(services, letter),
    )


async def _errors(services: InboxServices, letter: DeadLetter) -> list[str]:
    """Return why it could not be decided, as the log says, while the log still holds that commit."""
    found = await services.store.read_log(letter.seq - 1, count=1)
    if not found or found[0].seq != letter.seq:
        return []
    events = [event for step in wire.decode_steps(found[0].steps) for event in step.events if type(event) is Faulted]
    return list(dict.fromkeys(event.error[:LONGEST] for event in events))


async def retry_letter(call: Call) -> None:
    """Hand a dead letter in again."""
    try:
        if not await call.services.store.retry_dead(call.id):
            raise not_found()
    except ValueError:
        raise not_found() from None
    await _noted(call, "letter-retried")


async def drop_letter(call: Call) -> None:
    """Delete a dead letter."""
    try:
        if not await call.services.store.drop_dead(call.id):
            raise not_found()
    except ValueError:
        raise not_found() from None
    await _noted(call, "letter-dropped")


async def _noted(call: Call, what: AccountDeed) -> None:
    await note(call.services, call.me, call.who.library, what, call.id, by=call.me)


ROUTES = (
    Route(
        "GET",
        "/operations",
        "The operator's page",
        operations,
        access="administrator",
        gives=schema.Operations,
    ),
    Route(
        "POST",
        "/operations/letters/{id}/retry",
        "Hand a dead letter in again",
        retry_letter,
        access="administrator",
        keyed=True,
        also={404: schema.Problem},
    ),
    Route(
        "POST",
        "/operations/letters/{id}/drop",
        "Delete a dead letter",
        drop_letter,
        access="administrator",
        keyed=True,
        also={404: schema.Problem},
    ),
)
