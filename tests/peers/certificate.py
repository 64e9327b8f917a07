"""A certificate authority of one's own, and one server's certificate for this machine's loopback."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificate:
    """Files in `folder`: `ca` (who signed), `chain` and `key` of a server at 127.0.0.1 and localhost."""

    def __init__(self, folder: Path, *names: str) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert(*(names or ("localhost", "127.0.0.1")))
        self.ca, self.chain, self.key = folder / "ca.pem", folder / "chain.pem", folder / "key.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        issued.private_key_pem.write_to_path(str(self.key))
        for number, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(str(self.chain), append=number > 0)

    def server(self) -> ssl.SSLContext:
        """Return what a server of ours shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context
