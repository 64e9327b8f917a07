"""What `[calls]` in deskbridge.toml means, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

LEAST_SECRET = 16
_TURN = re.compile(r"turns?:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?")


class CallsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Voice, video and screens between patrons and librarians, through a TURN server.

    turn         its addresses, like `turn:turn.library.example:3478?transport=udp` or `turns:turn.library.example:5349`
    secret       what it shares with the desk (`static-auth-secret` of coturn)
    relay_only   all goes through it: without that, either side may learn the other's address on the internet
    """

    turn: tuple[str, ...] = ()
    secret: str = ""
    relay_only: bool = True

    @property
    def offered(self) -> bool:
        """Say whether there is a TURN server: without one, no call is offered."""
        return bool(self.turn and self.secret)


CALLS_KEYS: dict[str, type] = {"turn": list, "secret": str, "relay_only": bool}


def calls_faults(config: CallsConfig) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong: the key, what it is, and what to do."""
    for url in config.turn:
        if not _TURN.fullmatch(str(url)):
            yield (
                "turn",
                f"{url!r} is no address of a TURN server",
                "write turn:host:3478?transport=udp or turns:host:5349",
            )
    if config.turn and not config.secret:
        yield "secret", "is missing", "name a file with coturn's static-auth-secret"
    if config.secret and len(config.secret) < LEAST_SECRET:
        yield "secret", f"is shorter than {LEAST_SECRET} characters", "make one with `openssl rand -hex 32`"
    if config.secret and not config.turn:
        yield "turn", "is missing", "write the address of the TURN server"
