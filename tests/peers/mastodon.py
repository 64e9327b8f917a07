"""A server that answers like Mastodon: mastodon-mock, in a process of its own. No real server can be had here.

It keeps accounts, statuses, notifications and markers in a database, which a test may reach into for what no client can do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.peers.kept import KeptServer

CONFIG = """
media_storage_path = "{folder}/media"
[database]
path = "{folder}/mastodon.db"
"""


class FediServer(KeptServer):
    """One server, for all tests of a process: each makes accounts of its own."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="deskbridge-mastodon-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.domain = ""
        config = self._folder / "mock.toml"
        config.write_text(CONFIG.format(folder=self._folder))
        program = Path(__file__).with_name("mastodon_server.py")
        command = [sys.executable, "-W", "ignore", str(program), "serve", "--config", str(config)]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "critical"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=self._folder
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.domain = str(self.ask("GET", "/api/v2/instance")["domain"])
                return
            except OSError:
                assert self._process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)

    def stop(self) -> None:
        """End it with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def account(self, name: str) -> FediClient:
        """Return a new account, whose name begins with `name`."""
        username = f"{name}_{secrets.token_hex(4)}"
        made = self.ask("POST", "/api/v1/_mock/dev_user", {"username": username, "display_name": name.title()})
        return FediClient(self, username, made["access_token"])

    def ask(self, method: str, path: str, fields: Any = None, token: str = "", kind: str = "application/json") -> Any:
        """Ask by HTTP; raises OSError."""
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode() if fields is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, method=method)
        request.add_header("Content-Type", kind)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def change(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Change the server's database behind its back."""
        with contextlib.closing(sqlite3.connect(self._folder / "mastodon.db", timeout=20)) as database, database:
            database.execute(statement, values)

    def notify_again(self, status: str) -> None:
        """Have a mention be told once more, under a number of its own."""
        self.change(
            "insert into notifications (id, account_id, type, from_account_id, status_id, created_at, read) "
            "select (select max(id) + 1 from notifications), account_id, type, from_account_id, status_id, created_at, 0 "
            "from notifications where status_id = ? limit 1",
            (int(status),),
        )


class FediClient:
    """A person's client, over HTTP."""

    def __init__(self, server: FediServer, name: str, token: str) -> None:
        self.name = name
        self.token = token
        self._server = server

    async def ask(self, method: str, path: str, fields: Any = None, kind: str = "application/json") -> Any:
        """Ask beside the loop."""
        return await asyncio.to_thread(self._server.ask, method, path, fields, self.token, kind)

    async def post(self, text: str, media: list[str] | None = None, visibility: str = "direct") -> str:
        """Write a status; return its id."""
        fields = {"status": text, "visibility": visibility, "media_ids": media or []}
        return str((await self.ask("POST", "/api/v1/statuses", fields))["id"])

    async def upload(self, name: str, data: bytes) -> str:
        """Hand in a file; return its id."""
        border = secrets.token_hex(8)
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = (
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + data + f"\r\n--{border}--\r\n".encode()
        )
        made = await self.ask("POST", "/api/v2/media", body, f"multipart/form-data; boundary={border}")
        return str(made["id"])

    async def mentions(self, after: str) -> list[Any]:
        """Return the mentions after a notification, oldest first."""
        path = f"/api/v1/notifications?types[]=mention&limit=40&min_id={after or 0}"
        found: list[Any] = await self.ask("GET", path)
        return sorted(found, key=lambda each: int(each["id"]))
