"""A private coturn: a TURN server that relays on loopback alone, with passwords by a secret that it shares with the desk.

By default it refuses to relay to loopback, as a real one must (CVE-2020-26262). The browsers of a test are on this machine, and
browsers leave loopback out when they look for addresses of their own: what is relayed goes from one relayed address to the other.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Sequence

from tests.peers.daemon import Daemon, free_port

BINDING = bytes.fromhex("000100002112a442")  # a request without attributes, and the magic cookie
SECRET = "turn-secret-4711-for-tests"

CONFIG = """
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
min-port=33000
max-port=33999
use-auth-secret
static-auth-secret={secret}
realm=desk.example
fingerprint
allow-loopback-peers
cli-password={secret}
no-cli
no-tls
no-dtls
no-multicast-peers
log-file=stdout
simple-log
pidfile={folder}/turnserver.pid
userdb={folder}/turndb
verbose
"""


class Coturn(Daemon):
    """Debian's turnserver."""

    program = "/usr/bin/turnserver"

    def __init__(self) -> None:
        super().__init__("coturn-")
        self.port = free_port()
        self.config = self.folder / "turnserver.conf"
        self.config.write_text(CONFIG.format(port=self.port, secret=SECRET, folder=self.folder))

    @property
    def urls(self) -> list[str]:
        """Its addresses, by UDP and by TCP."""
        return [f"turn:127.0.0.1:{self.port}?transport={way}" for way in ("udp", "tcp")]

    def command(self) -> Sequence[str]:
        return [self.program, "-c", str(self.config)]

    def ports(self) -> Sequence[int]:
        return []

    def start(self) -> None:
        """Start it; return when it listens."""
        super().start()
        self.until_open()

    def until_open(self) -> None:
        """Wait until it answers by both ways: it opens one after the other."""
        deadline = time.monotonic() + 20
        while not all(self._answers(kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.02)

    def _answers(self, kind: socket.SocketKind) -> bool:
        """Say whether it answers what every such server must (RFC 8489, a binding request)."""
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.settimeout(0.5)
            try:
                probe.connect(("127.0.0.1", self.port))
                probe.send(BINDING + secrets.token_bytes(12))
                return bool(probe.recv(100))
            except OSError:
                return False
