"""Profanity, a messenger for terminals, in a terminal of its own (tmux): keys go in, the pane's text is what a person sees."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
from pathlib import Path

PROFILE = """
[connection]
autoping=0
reconnect=1
[ui]
splash=false
wrap=true
[chatstates]
enabled=true
outtype=true
gone=0
[notifications]
message=off
"""


class Profanity:
    """One person's messenger."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"deskbridge-{secrets.token_hex(4)}"
        (folder / "config" / "profanity").mkdir(parents=True)
        (folder / "config" / "profanity" / "profrc").write_text(PROFILE)

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-L", self._name, "-f", "/dev/null", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return done.stdout

    async def start(self) -> None:
        """Open the terminal."""
        folder = self._folder
        places = {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "share"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "TERM": "screen-256color",
        }
        words = [f"{name}={value}" for name, value in places.items()]
        program = shutil.which("profanity") or "profanity"
        size = ("-x", "180", "-y", "60")
        self._tmux("new-session", "-d", *size, "env", "-i", *words, program, "-l", "WARN")
        await self.sees("Profanity")

    async def type(self, line: str, *, enter: bool = True) -> None:
        """Type a line."""
        self._tmux("send-keys", "-l", line)
        if enter:
            self._tmux("send-keys", "Enter")

    def pane(self) -> str:
        """Return what is on the screen."""
        return self._tmux("capture-pane", "-p", "-J")

    async def sees(self, words: str, *, within: float = 40.0) -> str:
        """Return the pane once it shows these words."""
        try:
            async with asyncio.timeout(within):
                while words not in (pane := await asyncio.to_thread(self.pane)):
                    await asyncio.sleep(0.1)
                return pane
        except TimeoutError:
            raise AssertionError(f"the screen never showed {words!r}:\n{self.pane()}") from None

    async def sign_in(self, address: str, password: str, port: int) -> None:
        """Connect as a person does."""
        await self.type(f"/connect {address} server 127.0.0.1 port {port} tls trust")
        await self.sees("nter password")
        await self.type(password)
        await self.sees("logged in successfully")

    def stop(self) -> None:
        """Close the terminal."""
        self._tmux("kill-server")
