"""A Prosody of one's own: loopback, free ports, a folder that goes away; StartTLS and direct TLS with a certificate made for it.

`start` again after `kill` keeps accounts, archive and ports. Files are taken over plain HTTP (mod_http_file_share).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import trustme

from tests.peers.daemon import free_port

DEADLINE = 30.0
DOMAIN = "localhost"
COMPONENT = "desk.localhost"
SECRET = "the-component-secret-0815"

CONFIG = """
daemonize = false
run_as_root = {root}
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ {{ levels = {{ min = "{level}" }}, to = "file", filename = "{folder}/prosody.log" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ {direct} }}
s2s_ports = {{ }}
component_ports = {{ {component} }}
component_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {http} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{ }}
http_host = "127.0.0.1"
authentication = "{authentication}"
storage = "internal"
c2s_require_encryption = {tls}
allow_unencrypted_plain_auth = true
network_backend = "epoll"
modules_enabled = {{
    "roster", "saslauth", "disco", "presence", "message", "iq", "c2s", "offline", "carbons", "pep", "ping", "smacks",
    "blocklist", "time", "version", {extra}
}}
modules_disabled = {{ "s2s" }}
smacks_hibernation_time = {hibernation}
default_archive_policy = true
{certificate}
VirtualHost "{domain}"
{components}
Component "files.localhost" "http_file_share"
    http_external_url = "http://127.0.0.1:{http}/"
Component "rooms.localhost" "muc"
"""
STANDARD = f'Component "{COMPONENT}"\n    component_secret = "{SECRET}"'


class Certificate:
    """A certificate authority of one's own, and what it certifies for `localhost`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.chain, self.key = folder / "ca.pem", folder / "chain.pem", folder / "key.pem"
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(self.ca)
        self.renew()

    def renew(self) -> None:
        """Make another certificate by the same authority."""
        made = self._authority.issue_cert(DOMAIN, "127.0.0.1")
        made.private_key_pem.write_to_path(self.key)
        self.chain.write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))


class Prosody:
    """One server. `tls`: encryption is offered and required. `mam`: it keeps an archive."""

    name = "prosody"

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        tls: bool = True,
        mam: bool = True,
        level: str = "info",
        hibernation: int = 60,
        components: str = STANDARD,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbprosody-", dir="/tmp"))
        self.c2s, self.direct, self.component, self.http = free_port(), free_port(), free_port(), free_port()
        self.certificate = Certificate(self.folder / "certs")
        self.tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        self._components = components
        self._config = {"mam": mam, "level": level, "hibernation": hibernation}
        (self.folder / "data" / DOMAIN / "accounts").mkdir(parents=True)
        for name, password in accounts.items():
            self.account(name, password)
        self.configure()

    def account(self, name: str, password: str) -> None:
        """Make an account, or change its password (which a running server notices at the next sign-in)."""
        path = self.folder / "data" / DOMAIN / "accounts" / f"{name}.dat"
        path.write_text(f'return {{\n\t["password"] = "{password}";\n}};\n')

    def configure(self) -> None:
        """Write the configuration."""
        keys = f'certificate = "{self.certificate.chain}", key = "{self.certificate.key}"'
        text = CONFIG.format(
            root="true" if os.geteuid() == 0 else "false",
            folder=self.folder,
            level=self._config["level"],
            hibernation=self._config["hibernation"],
            c2s=self.c2s,
            direct=self.direct if self.tls else "",
            component=self.component,
            http=self.http,
            authentication="internal_plain",
            tls="true" if self.tls else "false",
            extra=('"tls", ' if self.tls else "") + ('"mam"' if self._config["mam"] else ""),
            certificate=f"ssl = {{ {keys} }}\nc2s_direct_tls_ssl = {{ {keys} }}" if self.tls else "",
            domain=DOMAIN,
            components=self._components,
        )
        (self.folder / "prosody.cfg.lua").write_text(text)

    def start(self) -> Prosody:
        """Start it, and return when it listens."""
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["prosody", "--config", str(self.folder / "prosody.cfg.lua"), "-F"],
                cwd=self.folder, env={**os.environ, "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        ports = [self.c2s, self.component, self.http, *([self.direct] if self.tls else [])]
        listening(ports, self._process, self.folder / "out.log")
        return self

    def freeze(self) -> None:
        """Stop it without ending it."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """End it and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._signal(how)
            self._process.wait(DEADLINE)
            self._process = None

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, which)


def listening(ports: list[int], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when a server listens on all its ports."""
    deadline = time.monotonic() + DEADLINE
    while ports:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", ports[0]), 0.3).close()
            ports = ports[1:]
        except OSError:
            time.sleep(0.03)
