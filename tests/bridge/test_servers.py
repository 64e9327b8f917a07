"""The store over servers as operators run them: encrypted, with accounts, watched by Sentinel, spread over a Cluster, refusing.

By each of these ways a working day is done. When a server goes away, nothing that was acknowledged is lost, a refusal is told as
StoreUnavailable, and work goes on when the server does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.redis.address import RedisUrl
from bridge.redis.connection import ServerAddress
from bridge.redis.store import Store, StoreError, StoreUnavailable
from tests.bridge.desk import until
from tests.bridge.working_day import WorkingDay
from tests.peers.certificate import Certificate
from tests.peers.daemon import free_port
from tests.peers.redis import Cluster, RedisServer, Sentinel, servers

IMPATIENCE = 1.0  # s of silence that count as an end, where something is to end
PATIENCE = 10.0
WITHIN = 60.0  # a deadline, not a pace
KEPT = "pa/ss:w@rd#?"
ESCAPED = "pa%2Fss%3Aw%40rd%23%3F"

of_every_program = pytest.mark.parametrize("program", servers(), ids=lambda path: path.rsplit("/", 1)[-1])
_names = itertools.count()


@contextlib.asynccontextmanager
async def opened(url: str, *, replicas: int = 0, name: str = "", patience: float = PATIENCE) -> AsyncIterator[Store]:
    """A store until the end of the block, over a consortium that nobody has used unless it is named."""
    store = await Store.open(url, name or f"desk{next(_names)}", replicas=replicas, patience=patience)
    try:
        yield store
    finally:
        await store.close()


async def a_day_is_done(url: str) -> None:
    """Work for a while, and check the end."""
    async with opened(url) as store, WorkingDay.over(store) as day:
        await day.until_it_goes_on(WITHIN)
        await day.ends_well(WITHIN)
        assert day.refusals == 0


async def is_refused(url: str, match: str, kind: type[StoreError] = StoreUnavailable) -> None:
    """Check that a store cannot be opened, and why."""
    with pytest.raises(kind, match=match) as told:
        async with opened(url) as store:
            await store.ingest([("a", b"1")])
    assert KEPT not in str(told.value)
    assert ESCAPED not in str(told.value)


# ---- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """An authority that this machine does not know, and a certificate for this machine."""
    return Certificate(tmp_path_factory.mktemp("tls"))


def over_tls(certificate: Certificate) -> dict[str, str]:
    """Return the options of a server that listens by TLS on a port, and asks nobody for a certificate."""
    files = {"tls_cert_file": certificate.chain, "tls_key_file": certificate.key, "tls_ca_cert_file": certificate.ca}
    return {"tls_port": str(free_port()), "tls_auth_clients": "no", **{name: str(path) for name, path in files.items()}}


@contextlib.contextmanager
def encrypted(program: str, certificate: Certificate, **more: str) -> Iterator[RedisServer]:
    """A server that speaks TLS alone; the test is skipped where the program cannot."""
    options = {**over_tls(certificate), **more}
    try:
        with RedisServer(program, tcp=False, **options) as server:
            server.port = int(options["tls_port"])
            server.url = f"rediss://localhost:{server.port}"
            yield server
    except RuntimeError as error:
        if "tls" not in str(error).lower():
            raise
        pytest.skip("this server is built without TLS")


@of_every_program
async def test_tls_with_an_authority_of_ones_own(program: str, certificate: Certificate) -> None:
    with encrypted(program, certificate) as server:
        await a_day_is_done(f"{server.url}?ca_file={certificate.ca}")


@of_every_program
async def test_a_certificate_that_nobody_vouches_for_is_refused(program: str, certificate: Certificate) -> None:
    with encrypted(program, certificate) as server:
        await is_refused(server.url, "certificate verify failed")
        await is_refused(f"{server.url}?ca_file={certificate.ca}.gone", "ca.pem.gone: No such file")


@of_every_program
async def test_a_certificate_of_another_name_is_refused(program: str, tmp_path: Path) -> None:
    other = Certificate(tmp_path, "redis.example.org")
    with encrypted(program, other) as server:
        await is_refused(f"{server.url}?ca_file={other.ca}", "Hostname mismatch")


@of_every_program
async def test_a_server_that_asks_for_a_certificate_gets_ours(program: str, certificate: Certificate) -> None:
    with encrypted(program, certificate, tls_auth_clients="yes") as server:
        known = f"{server.url}?ca_file={certificate.ca}"
        await a_day_is_done(f"{known}&cert_file={certificate.chain}&key_file={certificate.key}")
        await is_refused(known, "Redis")


# ---- accounts and databases


@of_every_program
@pytest.mark.parametrize("way", ["redis", "unix"])
async def test_an_account_and_a_database_are_kept_to(program: str, way: str) -> None:
    with RedisServer(program, tcp=True) as server:
        server.admin(
            "ACL", "SETUSER", "desk", "on", f">{KEPT}", "~db:*", "&db:*", "+@all", "-@admin", "-@dangerous", "+info"
        )
        who = f"desk:{ESCAPED}"
        place = f"127.0.0.1:{server.port}/3" if way == "redis" else f"{server.socket}?db=3"
        async with opened(f"{way}://{who}@{place}") as store, WorkingDay.over(store) as day:
            await day.until_it_goes_on(WITHIN)
            ours = [row for row in server.admin("CLIENT", "LIST").decode().splitlines() if "cmd=client|list" not in row]
            assert len(ours) > 3
            assert all(" user=desk " in row and " db=3 " in row for row in ours)
            await day.ends_well(WITHIN)
            assert day.refusals == 0
        assert server.admin("DBSIZE") == 0
        assert b"db3:" in server.admin("INFO", "keyspace")


@of_every_program
async def test_a_password_alone_is_the_default_user(program: str) -> None:
    with RedisServer(program, tcp=True, requirepass=KEPT) as server:
        host = server.url.removeprefix("redis://")
        await a_day_is_done(f"redis://:{ESCAPED}@{host}")
        await is_refused(server.url, "name or password")
        await is_refused(f"redis://:wrong{ESCAPED}@{host}", "name or password")
        await is_refused(f"redis://nobody:{ESCAPED}@{host}", "name or password")


async def test_an_account_without_password_is_not_the_default_user() -> None:
    with RedisServer(tcp=True) as server:
        server.admin("ACL", "SETUSER", "desk", "on", "nopass", "~*", "&*", "+@all", "-fcall")
        await is_refused(server.url.replace("//", "//desk@"), "does not let this user")
        await is_refused(f"{server.url}/99", "DB index is out of range", StoreError)


# ---- Sentinel


@contextlib.contextmanager
def replicated(program: str, replicas: int) -> Iterator[tuple[RedisServer, ...]]:
    """A master and its replicas."""
    with contextlib.ExitStack() as stack:
        master, *others = (stack.enter_context(RedisServer(program, tcp=True)) for _ in range(1 + replicas))
        for other in others:
            other.replicate(master)
        yield master, *others


@pytest.mark.parametrize(
    "program, end",
    [*((program, "killed") for program in servers()), (servers()[0], "frozen")],
    ids=lambda word: word.rsplit("/", 1)[-1],
)
async def test_work_follows_to_the_master_that_sentinel_promotes(program: str, end: str) -> None:
    with replicated(program, 2) as (master, *others), Sentinel(master) as sentinel:
        sentinel.knows(2)
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/desk"
        async with opened(url, replicas=1, patience=IMPATIENCE) as store, WorkingDay.over(store) as day:
            await day.until_it_goes_on(WITHIN)
            if end == "killed":
                master.kill()
            else:
                master.freeze()
            await until(lambda: asyncio.to_thread(lambda: any(other.leads() for other in others)), "one is promoted")
            await day.until_it_goes_on(WITHIN)
            await day.ends_well(WITHIN)
            assert day.refusals > 0


async def test_a_master_that_was_relieved_is_left_and_nothing_is_lost() -> None:
    with replicated("", 1) as (old, new), Sentinel(old) as sentinel:
        sentinel.knows(1)
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/desk"
        async with opened(url, replicas=1, patience=IMPATIENCE) as store, WorkingDay.over(store) as day:
            await day.until_it_goes_on(WITHIN)
            sentinel.admin("SENTINEL", "FAILOVER", "desk")
            await until(lambda: asyncio.to_thread(new.leads), "the other is promoted")
            await until(lambda: asyncio.sleep(0, day.refusals > 5), "what one server has alone is not believed")
            await until(lambda: asyncio.to_thread(asked, new), "the old one is left, though it still leads")
            assert old.leads()
            await asyncio.to_thread(old.replicate, new)  # as the Sentinel would, after ten seconds
            await day.until_it_goes_on(WITHIN)
            await day.ends_well(WITHIN)
            assert new.admin("XLEN", store.keys.log) > 0


@pytest.mark.parametrize("links", ["kept", "cut"])
async def test_a_master_that_became_a_replica_is_left(links: str) -> None:
    with replicated("", 1) as (old, new), Sentinel(old) as sentinel:
        sentinel.knows(1)
        async with opened(f"redis+sentinel://127.0.0.1:{sentinel.port}/desk", patience=IMPATIENCE) as store:
            assert await store.ingest([("a", b"1")]) == [True]
            assert await store.read_inputs("0-0", count=1, block_ms=1)  # leaves a link behind
            reading = asyncio.create_task(store.read_inputs("9999999999999-0", count=1, block_ms=30_000))
            await until(lambda: asyncio.to_thread(blocked, old), "a read waits")
            sentinel.admin("SENTINEL", "FAILOVER", "desk")
            await until(lambda: asyncio.to_thread(new.leads), "the other is promoted")
            await asyncio.to_thread(old.replicate, new)
            if links == "cut":
                old.admin("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            with pytest.raises(StoreUnavailable):
                await reading
            async with WorkingDay.over(store) as day:
                await day.until_it_goes_on(WITHIN)
            assert new.admin("XLEN", store.keys.log) > 0
            assert all(f"{store.keys.prefix}" not in key.decode() for key in old.admin("PUBSUB", "CHANNELS"))


def asked(server: RedisServer) -> bool:
    """Return whether one of our functions was ever called there; a replica is sent only what they did."""
    return b"cmdstat_fcall:" in server.admin("INFO", "commandstats")


def blocked(server: RedisServer) -> bool:
    """Return whether somebody waits there."""
    return b"blocked_clients:1" in server.admin("INFO", "clients")


@of_every_program
async def test_one_sentinel_that_answers_is_enough(program: str) -> None:
    with (
        RedisServer(program, tcp=True, requirepass=KEPT) as master,
        Sentinel(master, requirepass=KEPT) as sentinel,
    ):
        nobody, somebody = f"127.0.0.1:{free_port()}", f"127.0.0.1:{sentinel.port}"
        await a_day_is_done(f"redis+sentinel://:{ESCAPED}@{nobody},{somebody}/desk?db=2")
        assert b"db2:" in master.admin("INFO", "keyspace")
        await is_refused(f"redis+sentinel://:{ESCAPED}@{nobody}/desk", "nobody knows the master")
        await is_refused(f"redis+sentinel://{somebody}/desk", "nobody knows the master")
        await is_refused(f"redis+sentinel://:{ESCAPED}@{somebody}/other", "does not watch 'other'")


async def test_sentinel_and_its_master_may_speak_tls(certificate: Certificate) -> None:
    options = over_tls(certificate)
    with encrypted(servers()[0], certificate) as master, Sentinel(master, tls_replication="yes", **options):
        place = f"localhost:{options['tls_port']}"
        await a_day_is_done(f"rediss+sentinel://{place}/desk?ca_file={certificate.ca}")
        await is_refused(f"redis+sentinel://{place}/desk", "nobody knows the master")


# ---- Cluster


@pytest.fixture(scope="module", params=servers(), ids=lambda path: path.rsplit("/", 1)[-1])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three masters and a replica of the first, which every test leaves whole."""
    with Cluster(request.param) as cluster:
        yield cluster


def at_home(cluster: Cluster, node: RedisServer) -> tuple[str, int]:
    """Return the name of an unused consortium whose keys are a node's, and their slot."""
    for name in (f"desk{next(_names)}" for _ in itertools.count()):
        slot = cluster.nodes[0].admin("CLUSTER", "KEYSLOT", f"db:{{{name}}}:log")
        if cluster.owner(slot) is node:
            return name, slot
    raise AssertionError


async def test_consortia_spread_over_a_cluster_each_in_one_slot(cluster: Cluster) -> None:
    masters = [node for node in cluster.nodes if node.leads()]
    for node in masters:
        name, slot = at_home(cluster, node)
        async with opened(cluster.url, name=name) as store, WorkingDay.over(store) as day:
            await day.until_it_goes_on(WITHIN)
            await day.ends_well(WITHIN)
            assert day.refusals == 0
        keys = [key.decode() for key in node.admin("KEYS", f"db:{{{name}}}:*")]
        assert node.admin("CLUSTER", "COUNTKEYSINSLOT", slot) == len(keys) > 5
        assert node.admin("FUNCTION", "LIST", "LIBRARYNAME", "deskbridge_*")


async def test_any_master_sends_us_on(cluster: Cluster) -> None:
    here, there, *_ = (node for node in cluster.nodes if node.leads())
    name, _ = at_home(cluster, there)
    async with opened(here.url, name=name) as store, WorkingDay.over(store) as day:
        await day.until_it_goes_on(WITHIN)
        await day.ends_well(WITHIN)


async def test_work_follows_a_slot_that_moves(cluster: Cluster) -> None:
    here, there, *_ = (node for node in cluster.nodes if node.leads())
    name, slot = at_home(cluster, here)
    async with opened(cluster.url, name=name) as store, WorkingDay.over(store) as day:
        await day.until_it_goes_on(WITHIN)
        with cluster.moving(slot, here, there) as move:
            refused = day.refusals
            await until(lambda: asyncio.sleep(0, day.refusals > refused), "what is half here is refused")
            await asyncio.to_thread(move)
        await day.until_it_goes_on(WITHIN)
        await day.ends_well(WITHIN)
        assert there.admin("XLEN", store.keys.log) > 0


async def test_work_follows_to_the_replica_that_takes_over(cluster: Cluster) -> None:
    master = next(node for node in cluster.nodes if node.leads() and node.admin("ROLE")[2])
    name, _ = at_home(cluster, master)
    replica = cluster.replica(master)
    async with opened(cluster.url, name=name, replicas=1, patience=IMPATIENCE) as store, WorkingDay.over(store) as day:
        await day.until_it_goes_on(WITHIN)
        master.kill()
        await until(lambda: asyncio.to_thread(replica.leads), "the replica takes over")
        await asyncio.to_thread(master.start)
        await day.until_it_goes_on(WITHIN)
        await day.ends_well(WITHIN)
        assert day.refusals > 0
        assert replica.admin("XLEN", store.keys.log) > 0
    await asyncio.to_thread(cluster.settle)


# ---- servers that refuse


@of_every_program
async def test_a_server_that_cannot_save_is_unavailable_until_it_can(program: str) -> None:
    with RedisServer(program, tcp=True, save="3600 1") as server:
        async with opened(server.url) as store, WorkingDay.over(store) as day:
            await day.until_it_goes_on(WITHIN)
            (server.folder / "dump.rdb").mkdir()
            server.admin("BGSAVE")
            await until(lambda: asyncio.sleep(0, day.refusals > 5), "writing is refused")
            acknowledged, written = day.acknowledged, server.admin("XLEN", store.keys.inputs)
            with pytest.raises(StoreUnavailable, match="MISCONF"):
                await store.ingest([("never", b"never")])
            assert (await store.head()).seq > 0  # reading goes on
            assert (day.acknowledged, server.admin("XLEN", store.keys.inputs)) == (acknowledged, written)
            (server.folder / "dump.rdb").rmdir()
            server.admin("BGSAVE")
            await day.until_it_goes_on(WITHIN)
            await day.ends_well(WITHIN)


@of_every_program
async def test_a_server_that_is_read_only_is_unavailable_until_it_is_not(program: str) -> None:
    with RedisServer(program, tcp=True) as server:
        async with opened(server.url) as store, WorkingDay.over(store) as day:
            await day.until_it_goes_on(WITHIN)
            server.admin("REPLICAOF", "127.0.0.1", free_port())
            await until(lambda: asyncio.sleep(0, day.refusals > 5), "writing is refused")
            acknowledged, written = day.acknowledged, server.admin("XLEN", store.keys.inputs)
            with pytest.raises(StoreUnavailable, match="READONLY"):
                await store.ingest([("never", b"never")])
            assert (day.acknowledged, server.admin("XLEN", store.keys.inputs)) == (acknowledged, written)
            server.admin("REPLICAOF", "NO", "ONE")
            await day.until_it_goes_on(WITHIN)
            await day.ends_well(WITHIN)


async def test_a_listener_notices_a_server_that_went_silent() -> None:
    with RedisServer(tcp=True) as server:
        async with opened(server.url, patience=IMPATIENCE / 2) as store:
            signals = aiter(store.subscribe())
            hearing = asyncio.ensure_future(anext(signals))
            await until(lambda: asyncio.to_thread(server.admin, "PUBSUB", "CHANNELS"), "somebody listens")
            await asyncio.sleep(1.5 * IMPATIENCE)  # silence alone is no reason to go
            await store.publish(b"hello")
            assert await hearing == b"hello"
            server.freeze()
            with pytest.raises(StoreUnavailable):
                async with asyncio.timeout(WITHIN):
                    await anext(signals)


# ---- urls


@pytest.mark.parametrize(
    "url, kind, hosts, port",
    [
        ("redis://", "", ["127.0.0.1"], 6379),
        ("redis://[::1]:7000/2", "", ["::1"], 7000),
        ("redis+sentinel://u:p%40@a,b,c/desk?db=2", "sentinel", ["a", "b", "c"], 26379),
        ("rediss+cluster://:p@a:7000,b:7000", "cluster", ["a", "b"], 7000),
    ],
)
def test_a_url_names_servers(url: str, kind: str, hosts: list[str], port: int) -> None:
    place = RedisUrl.parse(url)
    assert (place.kind, [server.host for server in place.servers]) == (kind, hosts)
    assert {server.port for server in place.servers} == {port}
    assert bool(place.servers[0].tls) is url.startswith("rediss")
    assert place.servers[0].database == (2 if "2" in url.partition("]")[2] + url.partition("?")[2] else 0)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret/@host",
        "redis://:secret#@host",
        "redis://:secret?@host",
        "redis://:12#secret@host",
        "redis://:1]secret@host",
        "redis://:secret@host:99999",
        "redis://:secret@host/one",
        "redis://:secret@host?ca_file=ca.pem",
        "redis+sentinel://:secret@host",
    ],
)
def test_a_url_that_cannot_be_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="not a Redis url") as told:
        RedisUrl.parse(url)
    assert "secret" not in str(told.value)
    assert "secret" not in repr(ServerAddress(password="secret"))
