"""Synapse, the real homeserver, in an environment of its own (tests/install-peers): one for all tests of a process."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.peers.kept import KeptServer

ENVIRONMENT = Path(__file__).parents[2] / ".venv" / "peers" / "synapse"
SHARED_SECRET = "only for this run"
CONFIG = """
server_name: "{name}"
pid_file: "{folder}/synapse.pid"
public_baseurl: "http://127.0.0.1:{port}/"
listeners:
  - {{port: {port}, type: http, tls: false, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: "{folder}/synapse.db"}}}}
log_config: "{folder}/log.yaml"
media_store_path: "{folder}/media"
signing_key_path: "{folder}/signing.key"
macaroon_secret_key: "a"
form_secret: "b"
registration_shared_secret: "{secret}"
report_stats: false
trusted_key_servers: []
enable_metrics: false
bcrypt_rounds: 4
presence: {{enabled: false}}
url_preview_enabled: false
max_upload_size: 50M
rc_message: {{per_second: 10000, burst_count: 10000}}
rc_registration: {{per_second: 10000, burst_count: 10000}}
rc_joins: {{local: {{per_second: 10000, burst_count: 10000}}}}
rc_invites:
  per_room: {{per_second: 10000, burst_count: 10000}}
  per_user: {{per_second: 10000, burst_count: 10000}}
  per_issuer: {{per_second: 10000, burst_count: 10000}}
rc_login:
  address: {{per_second: 10000, burst_count: 10000}}
  account: {{per_second: 10000, burst_count: 10000}}
  failed_attempts: {{per_second: 10000, burst_count: 10000}}
"""
LOG = "version: 1\nroot: {level: ERROR}\ndisable_existing_loggers: false\n"


class SynapseServer(KeptServer):
    """One homeserver named `test`, on 127.0.0.1 alone: it federates with nobody."""

    name = "test"

    def __init__(self) -> None:
        if not (ENVIRONMENT / "bin" / "python").exists():
            pytest.skip("Synapse is not installed: run tests/install-peers")
        self._folder = Path(tempfile.mkdtemp(prefix="deskbridge-synapse-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = CONFIG.format(folder=self._folder, port=self.port, name=self.name, secret=SHARED_SECRET)
        (self._folder / "homeserver.yaml").write_text(config)
        (self._folder / "log.yaml").write_text(LOG)
        seed = hashlib.sha256(secrets.token_bytes(32)).digest()
        (self._folder / "signing.key").write_text(f"ed25519 a_1 {_unpadded(seed)}\n")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        python = ENVIRONMENT / "bin" / "python"
        self._process = subprocess.Popen(
            [python, "-W", "ignore", "-m", "synapse.app.homeserver", "-c", self._folder / "homeserver.yaml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=self._folder,
        )
        deadline = time.monotonic() + 100
        while True:
            try:
                self.ask("GET", "/_matrix/client/versions")
                return
            except OSError:
                assert self._process.poll() is None, "Synapse ended"
                assert time.monotonic() < deadline, "Synapse does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, with all that it started; what it has acknowledged is on the disk."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)

    def stop(self) -> None:
        """End it and delete what it kept."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def account(self, name: str) -> tuple[str, str]:
        """Return name and password of a new account, whose name begins with `name`."""
        user, password = f"{name}_{secrets.token_hex(4)}", secrets.token_hex(12)
        nonce = self.ask("GET", "/_synapse/admin/v1/register")["nonce"]
        parts = "\0".join((nonce, user, password, "notadmin")).encode()
        mac = hmac.new(SHARED_SECRET.encode(), parts, hashlib.sha1).hexdigest()
        fields = {"nonce": nonce, "username": user, "displayname": name.title(), "password": password, "mac": mac}
        made = self.ask("POST", "/_synapse/admin/v1/register", fields)
        return str(made["user_id"]), password

    def ask(self, method: str, path: str, fields: Any = None, token: str = "") -> Any:
        """Ask the server something."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = json.dumps(fields).encode() if fields is not None else None
        question = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(question, timeout=60) as answer:
            return json.load(answer)


def _unpadded(raw: bytes) -> str:
    from base64 import b64encode

    return b64encode(raw).decode().rstrip("=")
