"""Where a partner may say that it is: on a public host, however its address is spelt."""

from __future__ import annotations

import pytest

from adapters.partner.peer import ForbiddenAddress, check_address


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "10.0.0.1", "[::1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]",
     "169.254.169.254", "100.64.0.1", "localhost", "desk.internal", "desk"],
)  # fmt: skip
def test_a_host_of_our_own_network_is_refused(host: str) -> None:
    with pytest.raises(ForbiddenAddress, match="public"):
        check_address(f"https://{host}/channels/partner/", private=False)


@pytest.mark.parametrize("host", ["desk.example.org", "9.9.9.9", "[2606:4700::1]", "1e100.net"])
def test_a_public_host_is_taken(host: str) -> None:
    check_address(f"https://{host}/channels/partner/", private=False)
