"""`deskbridge partner`: the partnerships with other deployments, for who runs the daemon.

An invitation is read from standard input and printed to standard output: arguments are seen by everybody on the machine.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bridge.app.commands import open_archive
from bridge.app.config import ChannelConfig, Config, convert
from bridge.app.consortium import partner_address
from bridge.channels.plugins import load
from bridge.contract.partners import Partner, fingerprint, public_key
from bridge.sql.archive import Archive
from bridge.sql.people.organisation import Faulty, Outdated
from bridge.sql.people.partners import NoInvitation, Partners, list_as_library


@asynccontextmanager
async def _book(config: Config, channel: str) -> AsyncIterator[tuple[Archive, ChannelConfig | None, Partners | None]]:
    """Open the partners of a channel, of the only one there is where none is named."""
    those = [each for each in config.channels if load(each.kind).capabilities.partners]
    found = [each for each in those if channel in ("", each.name)]
    async with open_archive(config) as archive:
        if len(found) != 1:
            names = ", ".join(each.name for each in those) or "none is configured"
            print(f"name the channel to partners with --channel: {names}", file=sys.stderr)
            yield archive, None, None
        else:
            yield archive, found[0], archive.partners(found[0].name, found[0].consortium)


def _address(config: Config, channel: ChannelConfig) -> str:
    settings = convert(channel.settings, load(channel.kind).Config, channel.name)
    return partner_address(channel.name, settings, config)


async def invite(config: Config, library: str, channel: str) -> int:
    """Print an invitation for another deployment, which gets the library id `library` here."""
    async with _book(config, channel) as (_, found, book):
        if found is None or book is None:
            return 1
        try:
            made, invitation = await book.invite(library, _address(config, found))
        except NoInvitation as error:
            print(error, file=sys.stderr)
            return 1
    print("our fingerprint:", fingerprint(public_key(made.seed)), file=sys.stderr)
    print(invitation)
    return 0


async def accept(config: Config, library: str, channel: str) -> int:
    """Accept the invitation that standard input holds."""
    async with _book(config, channel) as (_, found, book):
        if found is None or book is None:
            return 1
        try:
            made = await book.accept(sys.stdin.readline(), library, _address(config, found))
        except NoInvitation as error:
            print(error, file=sys.stderr)
            return 1
    print(f"accepted as {made.id}; our fingerprint: {fingerprint(public_key(made.seed))}")
    return 0


async def listed(config: Config, channel: str) -> int:
    """Print the partnerships, newest first."""
    async with _book(config, channel) as (_, found, book):
        if found is None or book is None:
            return 1
        for one in await book.listed():
            print(*_told(one), sep="\n    ")
    return 0


def _told(one: Partner) -> list[str]:
    heard = datetime.fromtimestamp(one.heard_at / 1000, UTC).isoformat(timespec="seconds") if one.heard_at else "never"
    lines = [
        f"{one.id} {one.state} {one.name or one.url or '(not accepted yet)'}",
        f"library here: {one.library}; confirmed there: {'yes' if one.agreed else 'no'}; last heard: {heard}",
        f"our fingerprint:   {fingerprint(public_key(one.seed))}",
    ]
    lines += [f"their fingerprint: {fingerprint(one.key)}"] if one.key else []
    return [*lines, f"in doubt: {one.doubt}"] if one.doubt else lines


async def settle(config: Config, partner: str, channel: str, *, confirm: bool) -> int:
    """Confirm a partnership, or end it."""
    async with _book(config, channel) as (archive, found, book):
        if found is None or book is None:
            return 1
        organisation = archive.organisation(found.consortium)
        try:
            one = await book.find(partner)
            if one is not None and confirm and one.state == "unconfirmed":
                await list_as_library(organisation, one, active=True, by="")
            one = await (book.confirm(partner, "") if confirm else book.revoke(partner, ""))
            if not confirm:
                await list_as_library(organisation, one, active=False, by="")
        except LookupError:
            print(f"there is no partnership {partner!r} to {'confirm' if confirm else 'end'}", file=sys.stderr)
            return 1
        except (Faulty, Outdated) as error:
            print(str(error) or "the library was changed meanwhile; try again", file=sys.stderr)
            return 1
    print(f"{partner}: {'confirmed' if confirm else 'ended'}")
    return 0
