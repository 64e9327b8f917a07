"""A real server that speaks S3: moto's, in a process of its own, in memory, by HTTPS with a private authority."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from tests.peers.certificate import Certificate
from tests.peers.daemon import free_port


class S3Server:
    """A server of one test process; `fresh` gives an empty bucket."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"https://127.0.0.1:{self.port}"
        self._folder = TemporaryDirectory()
        self._certificate = Certificate(Path(self._folder.name))
        self.authority = self._certificate.ca.read_text()
        self._trust = ssl.create_default_context(cadata=self.authority)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> S3Server:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        command += ["-c", str(self._certificate.chain), "-k", str(self._certificate.key)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self._ask("GET", "/moto-api/")
                return self
            except OSError:
                assert self._process.poll() is None, "moto's server ended"
                assert time.monotonic() < deadline, "moto's server does not answer"
                time.sleep(0.05)

    def fresh(self) -> str:
        """Return the name of a new, empty bucket."""
        name = f"desk-{secrets.token_hex(6)}"
        self._ask("PUT", f"/{name}")
        return name

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object as somebody else would."""
        self._ask("PUT", f"/{bucket}/{key}", body)

    def keys(self, bucket: str) -> list[str]:
        """Return what a bucket holds, as the server lists it."""
        listing = self._ask("GET", f"/{bucket}?list-type=2").decode()
        return [part.partition("</Key>")[0] for part in listing.split("<Key>")[1:]]

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.endpoint + path, data=body, method=method)
        request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=tests/20260101/us-east-1/s3/aws4_request")
        with urllib.request.urlopen(request, timeout=10, context=self._trust) as answer:
            found: bytes = answer.read()
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
        self._folder.cleanup()
