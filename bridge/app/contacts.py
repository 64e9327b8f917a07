"""Which channel carries a library's answers to addresses that patrons leave (`contact_channel`), as an operator settles it.

A library that names none cannot send an answer to an address, so none is asked for and none is promised. `deskbridge setup` and
`desk load` name the library's own mail channel, else its own texts, where there is one; a library that names a channel itself
keeps it. `deskbridge check` says which library has none, or one that cannot carry answers. It reads, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from bridge.app.config import ChannelConfig, Config
from bridge.app.daemon import archive_url, consortia
from bridge.channels.plugins import load
from bridge.contract.adapter import Misconfigured
from bridge.sql.archive import Archive
from bridge.sql.people.glance import libraries
from routing.organisation import Library


def fitting(config: Config, consortium: str, library: str) -> str:
    """Return the channel of a library's own that carries answers to addresses, mail first; "" when it has none."""
    own = [one for one in config.channels if one.consortium == consortium and one.queue.startswith(f"{library}/")]
    found = sorted((rank, one.name) for one in own if (rank := _rank(one)))
    return found[0][1] if found else ""


def _rank(channel: ChannelConfig) -> int:
    """Return 1 for mail, 2 for texts, 0 for what carries no answer to an address."""
    try:
        answers = load(channel.kind).capabilities.answers
    except Misconfigured:
        return 0
    return 1 if "mail" in answers else 2 if "phone" in answers else 0


async def settle(config: Config, archive: Archive, consortium: str) -> list[str]:
    """Name a channel for each library that names none, where one fits; return what was done, in words."""
    done: list[str] = []
    organisation = archive.organisation(consortium)
    for entry in await organisation.entries():
        name = "" if entry.library.contact_channel else fitting(config, consortium, entry.library.id)
        if name:
            named = replace(entry.library, contact_channel=name)
            await organisation.put(named, entry.calendar, expected=entry.library.revision)
            done.append(
                f"{entry.library.id}: contact_channel is now {name!r}; it carries answers to addresses that patrons leave"
            )
    return done


def faults(config: Config, consortium: str, known: list[Library]) -> Iterator[str]:
    """Iterate over what is wrong with the libraries' channels for answers, in words."""
    channels = {one.name: one for one in config.channels if one.consortium == consortium}
    for library in known:
        name = library.contact_channel
        if not name:
            yield f"{library.id}: no contact_channel: no answer can be sent to an email address that a patron leaves"
        elif name not in channels:
            yield f"{library.id}: contact_channel {name!r} is no channel of this desk"
        elif not _rank(channels[name]):
            yield f"{library.id}: contact_channel {name!r} is of kind {channels[name].kind!r}, which carries no mail and no texts"


async def remarks(config: Config) -> list[str]:
    """Return the faults of all libraries that the archive holds; none where it cannot be read, or is not made yet."""
    if not config.archive.url and not (config.data / "archive.sqlite").is_file():
        return []
    found: list[str] = []
    for consortium in consortia(config):
        found += faults(config, consortium, await libraries(archive_url(config), consortium))
    return found
