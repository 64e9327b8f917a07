"""A private Zebra behind SRU with the MARC records that its examples bring, and YAZ's test server; both from Debian.

Zebra is the engine inside Koha's SRU. Its example has no keyword index, and the ISBN only as a number: both are added.
"""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.peers.daemon import DEADLINE, Daemon, free_port

EXAMPLES = Path("/usr/share/doc/idzebra-2.0/examples/marcxml")
MODULES = "/usr/lib/x86_64-linux-gnu/idzebra-2.0/modules"
INDEXES = re.compile(r'name="(Title|Author|Subject-heading|Abstract):w"')

CQL = """
set.cql = info:srw/cql-context-set/1/cql-v1.1
set.dc = info:srw/cql-context-set/1/dc-v1.1
set.bath = http://zing.z3950.org/cql/bath/2.0/
set = info:srw/cql-context-set/1/cql-v1.1
index.cql.serverChoice = 1=any
index.dc.title = 1=Title
index.dc.creator = 1=Author
index.dc.subject = 1=Subject-heading
index.bath.isbn = 1=ISBN
relation.eq = 2=3
relation.scr = 2=3
structure.all = 4=6
structure.any = 4=105
structure.* = 4=1
truncation.right = 5=1
truncation.none = 5=100
position.any = 3=3 6=1
"""

SERVER = """<yazgfs>
  <listen id="sru">tcp:127.0.0.1:{port}</listen>
  <server id="main" listenref="sru">
    <cql2rpn>cql.txt</cql2rpn>
    <config>zebra.cfg</config>
    <retrievalinfo>
      <retrieval syntax="xml" name="marcxml" identifier="info:srw/schema/1/marcxml-v1.1">
        <backend syntax="xml" name="marc"/>
      </retrieval>
      <retrieval syntax="xml"/>
    </retrievalinfo>
  </server>
</yazgfs>
"""


class _Listening(Daemon):
    """A server that says nothing first: it works once its port is open."""

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/Default"

    def ports(self) -> Sequence[int]:
        return []

    def start(self) -> None:
        """Start it; return when its port is open."""
        super().start()
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self.program} did not start: {self.logs()}") from None
                time.sleep(0.02)


class Zebra(_Listening):
    """The catalogue with 105 records."""

    program = "/usr/bin/zebrasrv-2.0"

    def __init__(self) -> None:
        super().__init__("zebra-")
        self._furnish()

    def command(self) -> Sequence[str]:
        return [self.program, "-f", "yazgfs.xml"]

    def _furnish(self) -> None:
        for path in EXAMPLES.iterdir():
            if path.suffix == ".gz":
                (self.folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
            else:
                shutil.copy(path, self.folder)
        index = self.folder / "MARC21slim2INDEX.xsl"
        text = INDEXES.sub(r'name="\1:w any:w"', index.read_text()).replace('name="ISBN:n"', 'name="ISBN:n ISBN:w"')
        index.write_text(text)
        config = (self.folder / "zebra.cfg").read_text()
        config = re.sub(r"profilePath:.*", "profilePath: .:/usr/share/idzebra-2.0/tab", config)
        (self.folder / "zebra.cfg").write_text(re.sub(r"modulePath:.*", f"modulePath: {MODULES}", config))
        (self.folder / "cql.txt").write_text(CQL)
        (self.folder / "yazgfs.xml").write_text(SERVER.format(port=self.port))
        collections = sorted(path.name for path in self.folder.glob("collection-*.xml"))
        for step in (["init"], ["update", *collections]):
            done = subprocess.run(
                ["zebraidx-2.0", "-c", "zebra.cfg", *step], cwd=self.folder, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RuntimeError(done.stderr)


class YazTest(_Listening):
    """YAZ's own test server: it answers every search with made-up records of its own format."""

    program = "/usr/bin/yaz-ztest"

    def __init__(self) -> None:
        super().__init__("yaz-")

    def command(self) -> Sequence[str]:
        return [self.program, f"tcp:127.0.0.1:{self.port}"]
