"""Who counts as one when attempts are counted."""

from __future__ import annotations

import pytest

from bridge.inbox.http.rate_limits import InboxLimits, network


def test_sixty_addresses_of_one_household_are_one() -> None:
    limits = InboxLimits(clock=lambda: 0.0)
    let_in = [n for n in range(60) if not limits.sign_in_by_host.wait_s(network(f"2001:db8:1:2:{n:x}::{n:x}"))]
    assert len(let_in) == 20
    assert not limits.sign_in_by_host.wait_s(network("2001:db8:1:3::1")), "the neighbours may"


@pytest.mark.parametrize(
    "one, other",
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2002:c000:207::1", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("2001:DB8::1", "2001:db8:0:0:ffff::"),
    ],
)
def test_one_network_is_one_however_it_is_spelled(one: str, other: str) -> None:
    assert network(one) == network(other)


def test_others_are_not() -> None:
    places = ["192.0.2.7", "192.0.2.8", "::ffff:192.0.2.9", "2001:db8::1", "2001:db8:0:1::1", "", "unix"]
    assert len({network(place) for place in places}) == len(places)
