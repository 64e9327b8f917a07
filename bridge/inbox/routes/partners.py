"""Partner deployments: an administrator invites them, accepts their invitation, confirms after comparing fingerprints, and revokes.

An invitation and its secret are answered once and kept nowhere. No answer holds a key's seed.
"""

from __future__ import annotations

from contextlib import suppress

from bridge.contract.adapter import Busy
from bridge.contract.partners import INVITED_MS, Partner, fingerprint, public_key
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.services import PartnerChannel
from bridge.inbox.views import rows
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.organisation import Faulty, Outdated
from bridge.sql.people.partners import NoInvitation, list_as_library

HERE_MS = 60_000


async def partners(call: Call) -> schema.PartnerList:
    """Every partnership there is or was, and the channels by which partners reach us."""
    found: list[Partner] = []
    for each in call.services.partners.values():
        found += await each.book.listed()
    return schema.PartnerList(
        channels=[
            schema.PartnerChannelView(channel=name, address=each.address, queue=each.queue)
            for name, each in call.services.partners.items()
        ],
        partners=[_view(call, one) for one in sorted(found, key=lambda one: -one.made_at)],
    )


def _view(call: Call, one: Partner) -> schema.PartnerView:
    desk = one.desk
    return schema.PartnerView(
        id=one.id,
        channel=one.channel,
        state=one.state,
        name=one.name,
        library=one.library,
        url=one.url,
        ours=fingerprint(public_key(one.seed)),
        theirs=fingerprint(one.key) if one.key else "",
        agreed=one.agreed,
        works=one.works,
        here=one.works and now_ms() - one.heard_at < HERE_MS,
        made_at=one.made_at,
        heard_at=one.heard_at,
        expires_at=one.made_at + INVITED_MS if one.state in ("invited", "joining") else 0,
        version=one.version,
        doubt=one.doubt,
        open=desk.open,
        staffed=desk.staffed,
        busy=desk.busy,
        wait_s=desk.wait_s or 0,
        confirmed_by=rows.name_of(call.state, one.confirmed_by) if one.confirmed_by else "",
        ended_by=rows.name_of(call.state, one.ended_by) if one.ended_by else "",
    )


def _channel(call: Call, name: str) -> PartnerChannel:
    found = call.services.partners.get(name)
    if found is None:
        raise Refusal(422, "invalid", "channel: there is no such channel to partners.")
    return found


async def _partner(call: Call) -> tuple[PartnerChannel, Partner]:
    for each in call.services.partners.values():
        found = await each.book.find(call.id)
        if found is not None:
            return each, found
    raise not_found()


async def invite_partner(call: Call) -> schema.PartnerInvitation:
    """Make an invitation for another deployment."""
    asked: schema.InvitationAsked = call.body
    channel = _channel(call, asked.channel)
    try:
        made, invitation = await channel.book.invite(asked.library, channel.address)
    except NoInvitation as error:
        raise Refusal(422, "invitation", str(error)) from None
    return schema.PartnerInvitation(partner=_view(call, made), invitation=invitation)


async def accept_partner(call: Call) -> schema.PartnerView:
    """Accept an invitation; the channel tells the other side."""
    asked: schema.InvitationAccepted = call.body
    channel = _channel(call, asked.channel)
    try:
        made = await channel.book.accept(asked.invitation, asked.library, channel.address)
    except NoInvitation as error:
        raise Refusal(422, "invitation", str(error)) from None
    return _view(call, made)


async def confirm_partner(call: Call) -> schema.PartnerView:
    """Confirm a partnership whose fingerprints were compared."""
    channel, partner = await _partner(call)
    if partner.state != "unconfirmed":
        raise Refusal(409, "not-unconfirmed", "There is nothing to confirm.")
    await _list(call, partner, active=True)
    try:
        return _view(call, await channel.book.confirm(partner.id, call.me))
    except LookupError:
        raise Refusal(409, "not-unconfirmed", "There is nothing to confirm.") from None


async def revoke_partner(call: Call) -> schema.PartnerView:
    """End a partnership at once."""
    channel, partner = await _partner(call)
    try:
        ended = await channel.book.revoke(partner.id, call.me)
    except LookupError:
        raise Refusal(409, "over", "This partnership is over already.") from None
    await _list(call, ended, active=False)
    return _view(call, ended)


async def _list(call: Call, partner: Partner, *, active: bool) -> None:
    """Let the partner's desk be asked, or not any more, and tell the core."""
    try:
        saved = await list_as_library(call.services.organisation, partner, active=active, by=call.me)
    except Faulty as faulty:
        raise Refusal(422, "faulty", "; ".join(str(one) for one in faulty.faults)[:4000]) from None
    except Outdated:
        raise Refusal(409, "outdated", "Somebody else saved this library meanwhile. Try again.") from None
    if saved is not None:
        with suppress(Busy):  # it is kept; the core is told when the store is back
            await call.services.gathering.ingest([saved])


ROUTES = (
    Route("GET", "/partners", "Partner deployments", partners, access="administrator", gives=schema.PartnerList),
    Route(
        "POST",
        "/partners/invite",
        "Invite another deployment",
        invite_partner,
        access="administrator",
        asks=schema.InvitationAsked,
        gives=schema.PartnerInvitation,
        secret=True,
    ),
    Route(
        "POST",
        "/partners/accept",
        "Accept another deployment's invitation",
        accept_partner,
        access="administrator",
        asks=schema.InvitationAccepted,
        gives=schema.PartnerView,
        secret=True,
    ),
    Route(
        "POST",
        "/partners/{id}/confirm",
        "Confirm a partnership",
        confirm_partner,
        access="administrator",
        gives=schema.PartnerView,
        keyed=True,
        also={409: schema.Problem},
    ),
    Route(
        "POST",
        "/partners/{id}/revoke",
        "End a partnership",
        revoke_partner,
        access="administrator",
        gives=schema.PartnerView,
        keyed=True,
        also={409: schema.Problem},
    ),
)
