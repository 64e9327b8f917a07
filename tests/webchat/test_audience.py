"""Who is told what, while others come, write and go."""

from __future__ import annotations

from adapters.webchat.audience import Audience, Peer, SocketPeer


class Window(SocketPeer):
    """A browser that writes down what it is told; with the first frame, everybody else begins to be told a place."""

    __slots__ = ("everybody", "told", "watched")

    def __init__(self, sender: str, watched: dict[str, None], everybody: list[str], told: list[str]) -> None:
        Peer.__init__(self, "here", 0.0, sender)
        self.watched, self.everybody, self.told = watched, everybody, told

    async def push(self, frame: bytes) -> None:
        self.told.append(self.sender)
        self.watched |= dict.fromkeys(self.everybody)


async def test_who_begins_to_wait_during_a_broadcast_keeps_his_place() -> None:
    """What is meant for all was made before their place was told, and would hide it until that changes."""
    audience, watched, everybody, told = Audience(), dict[str, None](), ["jane", "kim", "lou"], list[str]()
    audience.sockets |= {Window(sender, watched, everybody, told) for sender in everybody}
    await audience.tell_all(b"{}", but=watched)
    assert len(told) == 1
