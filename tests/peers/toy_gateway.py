"""A gateway of Slidge to a network that is a toy: runs in Slidge's own environment, never in ours.

The toy network is a TCP line at TOY_PORT. {"from": .., "id": .., "text": ..} is a person's message to the registered account;
{"to": .., "id": .., "text": ..} is what the account answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from slidge import BaseGateway, BaseSession, LegacyContact, entrypoint  # type: ignore[import-not-found]  # it lives in another environment


class Gateway(BaseGateway):  # type: ignore[misc]  # Slidge's classes are not here
    """The component."""

    COMPONENT_NAME = "Toy"
    REGISTRATION_FIELDS = ()

    async def validate(self, _user: Any, _form: Any) -> None:
        """Everybody may register."""


class Contact(LegacyContact):  # type: ignore[misc]  # Slidge's classes are not here
    """A person on the toy network."""

    RECEIPTS = True

    async def available_emojis(self, _id: str | None = None) -> None:
        """Any."""

    async def create_thread(self, xmpp_id: str) -> str:
        """The toy has no threads."""
        return str(xmpp_id)

    async def on_message(self, message: Any) -> str:
        """Carry an answer."""
        id = f"toy-{next(self.session.numbers)}"
        self.session.write({"to": self.legacy_id, "id": id, "text": message.body})
        self.received(id)
        return id

    async def on_chat_state(self, state: Any, thread: str | None) -> None:
        """The toy shows no typing."""

    async def on_displayed(self, legacy_msg_id: str, thread: str | None) -> None:
        """Carry a read mark."""
        self.session.write({"to": self.legacy_id, "read": legacy_msg_id})


class Session(BaseSession):  # type: ignore[misc]  # Slidge's classes are not here
    """The registered account's line to the toy network."""

    async def login(self) -> str:
        """Connect."""
        self.numbers = iter(range(1, 1_000_000))
        reader, self._writer = await asyncio.open_connection("127.0.0.1", int(os.environ["TOY_PORT"]))
        self.create_task(self._read(reader))
        return "connected"

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            said = json.loads(line)
            contact = await self.contacts.by_legacy_id(said["from"])
            contact.is_friend = True
            await contact.add_to_roster()
            contact.online()
            contact.send_text(said["text"], said["id"])

    def write(self, said: dict[str, Any]) -> None:
        """Tell the toy network."""
        self._writer.write(json.dumps(said).encode() + b"\n")

    async def logout(self) -> None:
        """Hang up."""
        self._writer.close()

    async def on_presence(self, *_: Any) -> None:
        """The toy shows no presence."""


if __name__ == "__main__":
    sys.argv[0] = "toy_gateway"
    entrypoint("__main__")
