"""Links of public entries that lead nowhere, looked for once a week, and never into our own network.

An address in an entry makes the server ask. So only public hosts are asked, by the rule of calendars (bridge/hours/public_hosts):
each address that a name resolves to is checked, and each redirect like the first address. Nothing of what is there is kept, only
whether it is there. Hosts that refuse robots (401, 403, 405, 429) count as there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bridge.contract.public_address import is_number, is_public
from bridge.hours.public_hosts import NotPublic, PublicResolver, is_allowed
from bridge.pages.markdown import links_of
from bridge.sql.faq.counts import BrokenLink, FaqCounts
from bridge.sql.faq.entries import FaqEntries
from bridge.sql.faq.entry import FaqEntry

WITHIN_S = 15.0
MOST_REDIRECTS = 5
APART_S = 0.5  # between two questions: one host may hold many of them
MOST_LINKS = 40  # of an entry
_THERE = frozenset((401, 403, 405, 429))

log = structlog.get_logger("bridge.faq.link_check")


async def problem_of(url: str, allowed: Collection[str] = (), within_s: float = WITHIN_S) -> str:
    """Return why a link leads nowhere: "gone", "unreachable", "private"; "" for one that is there."""
    try:
        async with asyncio.timeout(within_s):
            return await _asked(URL(url), allowed)
    except NotPublic:
        return "private"
    except (ClientError, OSError, ValueError, TimeoutError) as error:
        return "private" if isinstance(error.__cause__, NotPublic) else "unreachable"


async def _asked(url: URL, allowed: Collection[str]) -> str:
    for _ in range(MOST_REDIRECTS + 1):
        open_to_all = is_allowed(url, allowed)
        if url.scheme not in ("http", "https") or not url.host:
            return "gone"
        if not open_to_all and is_number(url.host) and not is_public(url.host):
            return "private"
        connector = TCPConnector(resolver=None if open_to_all else PublicResolver(), force_close=True)
        async with (
            ClientSession(
                connector=connector, cookie_jar=DummyCookieJar(), timeout=ClientTimeout(total=None)
            ) as session,
            session.get(url, allow_redirects=False, headers={"Accept": "*/*"}) as answer,
        ):
            target = answer.headers.get("Location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return "gone" if answer.status >= 400 and answer.status not in _THERE and answer.status < 500 else ""
            url = url.join(URL(target))
    return "unreachable"


async def check_entry(entry: FaqEntry, counts: FaqCounts, allowed: Collection[str] = ()) -> list[BrokenLink]:
    """Ask for each link of an entry, and keep which lead nowhere."""
    links = list(dict.fromkeys(link for text in entry.texts for link in links_of(text.body)))[:MOST_LINKS]
    broken = []
    for url in links:
        if problem := await problem_of(url, allowed):
            broken.append(BrokenLink(entry.id, url, time.time_ns() // 1_000_000, problem))
        await asyncio.sleep(APART_S)
    await counts.note_links(entry.id, broken)
    return broken


async def check_library(
    library: str, entries: FaqEntries, counts: FaqCounts, allowed: Collection[str] = (), *, since: int = 0
) -> int:
    """Look over the links of a library's entries that somebody reads and that were changed since `since` (ms).

    Returns how many lead nowhere.
    """
    found = 0
    for entry in await entries.of_library(library, states=["public", "cooperative", "staff"]):
        if entry.changed_at < since:
            continue
        try:
            found += len(await check_entry(entry, counts, allowed))
        except Exception as error:
            log.warning("links-not-checked", entry=entry.id, error=type(error).__name__)
    return found
