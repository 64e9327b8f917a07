"""The try of a TURN server: a real coturn lets us in with the shared secret, and refuses us with another."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from bridge.calls.settings import CallsConfig, calls_faults
from bridge.calls.turn import TurnRefused, try_turn, turn_password, turn_place
from tests.peers.coturn import SECRET, Coturn

pytestmark = pytest.mark.skipif(bool(Coturn.missing()), reason=Coturn.missing())


async def test_coturn_lets_us_in_by_udp_and_tcp_and_refuses_another_secret() -> None:
    with Coturn() as coturn:
        for url in coturn.urls:
            await try_turn(url, SECRET)
            with pytest.raises(TurnRefused, match="refuses our password"):
                await try_turn(url, "another-secret-0815")
        port = coturn.port
    with pytest.raises(ConnectionRefusedError):
        await try_turn(f"turn:127.0.0.1:{port}?transport=tcp", SECRET)
    with pytest.raises((ConnectionRefusedError, TimeoutError)):
        await try_turn(f"turn:127.0.0.1:{port}", SECRET, within_s=0.5)


def test_a_password_is_that_of_the_rest_scheme() -> None:
    name, password = turn_password("north", "c1p", now=1_000)
    assert name == "4600:c1p"
    assert password == base64.b64encode(hmac.new(b"north", b"4600:c1p", hashlib.sha1).digest()).decode()


def test_addresses_are_read_and_faults_are_named() -> None:
    assert turn_place("turn:turn.example") == ("turn", "turn.example", 3478, True)
    assert turn_place("turns:turn.example") == ("turns", "turn.example", 5349, False)
    assert turn_place("turn:[::1]:7?transport=tcp") == ("turn", "::1", 7, False)
    long = "0123456789abcdef"
    for config, keys in (
        (CallsConfig(), []),
        (CallsConfig(turn=("turn:turn.example:3478",), secret=long), []),
        (CallsConfig(turn=("stun:turn.example",), secret=long), ["turn"]),
        (CallsConfig(turn=("turn:turn.example",)), ["secret"]),
        (CallsConfig(turn=("turn:turn.example",), secret="short"), ["secret"]),
        (CallsConfig(secret=long), ["turn"]),
    ):
        assert [key for key, _, _ in calls_faults(config)] == keys
