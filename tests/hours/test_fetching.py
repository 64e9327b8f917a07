"""Getting a calendar's bytes: from public hosts, unless the operator says otherwise, in bounded time and size."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from yarl import URL

from bridge.contract.public_address import is_public
from bridge.hours.fetching import MOST_BYTES, Fetched, fetch
from bridge.hours.problems import CalendarProblem
from bridge.hours.public_hosts import NotPublic, PublicResolver
from tests.hours.calendar_host import CalendarHost, calendar_host

LOOPBACK = ("127.0.0.1",)


@pytest_asyncio.fixture
async def host() -> AsyncIterator[CalendarHost]:
    """A host of a calendar."""
    async with calendar_host() as found:
        yield found


async def _why(url: str, within_s: float = 10.0) -> str:
    with pytest.raises(CalendarProblem) as refused:
        await fetch(url, allowed=LOOPBACK, within_s=within_s)
    return refused.value.why


async def test_what_did_not_change_is_not_sent_again(host: CalendarHost) -> None:
    host.body, host.etag = b"one", '"1"'
    first = await fetch(host.url, allowed=LOOPBACK)
    assert first == Fetched(b"one", '"1"', "")
    assert await fetch(host.url, etag='"1"', allowed=LOOPBACK) is None
    host.body, host.etag = b"two", '"2"'
    assert await fetch(host.url, etag='"1"', allowed=LOOPBACK) == Fetched(b"two", '"2"', "")
    assert not any("Cookie" in asked or "Authorization" in asked for asked in host.asked)


async def test_a_calendar_that_is_too_large_is_refused_packed_or_not(host: CalendarHost) -> None:
    host.body = b"x" * (MOST_BYTES + 1)
    assert await _why(host.url) == "too-large"
    host.packed = True
    assert len(zlib.compress(host.body)) < 10_000
    assert await _why(host.url) == "too-large"
    host.body = b"small"
    assert await fetch(host.url, allowed=LOOPBACK) == Fetched(b"small")


async def test_a_host_that_does_not_answer_in_time_is_given_up(host: CalendarHost) -> None:
    host.hang.clear()
    assert await _why(host.url, within_s=0.2) == "too-slow"


async def test_a_status_that_is_no_calendar_is_told(host: CalendarHost) -> None:
    host.status = 404
    assert await _why(host.url) == "refused"


@pytest.mark.parametrize(
    "target, why",
    [
        ("https://192.168.1.1/hours", "private-host"),
        ("https://[::ffff:10.0.0.1]/hours", "private-host"),
        ("https://[::1]/hours", "private-host"),
        ("https://169.254.169.254/latest/meta-data", "private-host"),
        ("https://localhost/hours", "private-host"),
        ("http://calendar.example.org/hours", "not-https"),
        ("file:///etc/passwd", "redirects"),
        ("/hours", "redirects"),
    ],
)
async def test_a_redirect_leads_to_no_place_that_could_not_be_asked(host: CalendarHost, target: str, why: str) -> None:
    host.location = target
    assert await _why(host.url) == why


async def test_loopback_is_asked_only_where_the_operator_allows_it(host: CalendarHost) -> None:
    with pytest.raises(CalendarProblem, match="not-https"):
        await fetch(host.url)
    with pytest.raises(CalendarProblem, match="not-https"):
        await fetch(host.url, allowed=["127.0.0.1:1"])
    port = URL(host.url).port
    assert await fetch(host.url, allowed=[f"127.0.0.1:{port}"]) == Fetched(b"")
    with pytest.raises(CalendarProblem, match="private-host"):
        await fetch(f"https://127.0.0.1:{port}/hours")


@pytest.mark.parametrize("name", ["localhost", "2130706433", "0x7f.1", "127.1"])
async def test_a_name_or_number_of_a_private_address_is_not_asked(name: str) -> None:
    """The short spellings go past the resolver: aiohttp takes them for addresses."""
    assert await _why(f"https://{name}/") == "private-host"
    with pytest.raises(NotPublic):
        await PublicResolver().resolve(name, 443)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
        *("255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "240.0.0.1", "192.0.2.1", "x"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)
