"""Old and new daemons at one Redis: who may work, who leads, who must go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridge.log import releases
from bridge.log.releases import Releases, TooOld, words
from bridge.redis.store import Store
from tests.bridge.desk import until

OLD = words() - {"log said"}


async def daemon(store: Store, process: str, reads: frozenset[str], schema: str = "0100") -> Releases:
    """A daemon that has looked around and lives."""
    made = Releases(store, process, "core", reads=reads, schema=schema)
    await made.check()
    await store.beat(process, 60_000)
    return made


def test_the_words_are_those_of_the_streams() -> None:
    assert {"in message", "in tick", "log said", "table conversations"} <= words()


async def test_a_daemon_that_is_too_old_for_what_it_finds_refuses(store: Store) -> None:
    new = await daemon(store, "new", words())
    await new.may_lead(lambda: False)
    assert (await store.spoken()).keys() == words()
    with pytest.raises(
        TooOld, match=rf"Deskbridge {new.own.release} has written .*\(log said\): install .* on this host"
    ):
        await Releases(store, "old", "core", reads=OLD).check()
    assert (await store.registered()).keys() == {"new"}
    await daemon(store, "same", words())


async def test_a_newer_core_leaves_the_lead_to_an_older_one_until_the_old_daemons_are_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await daemon(store, "old", OLD)
    await old.may_lead(lambda: False)
    new = await daemon(store, "new", words())
    assert [one.process for one in new.older] == ["old"]
    leading = asyncio.create_task(new.may_lead(lambda: True))
    waited, _ = await asyncio.wait([leading], timeout=0.5)
    assert not waited
    await old.check()  # it goes on: nothing was written that it does not read
    await old.leave()
    await new.check()
    await asyncio.wait_for(leading, 20)
    assert await store.spoken() == dict.fromkeys(words(), new.own.release)


async def test_a_newer_core_leads_where_no_older_one_does_and_those_that_lack_its_words_are_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "PATIENCE_S", 0.5)
    monkeypatch.setattr(releases, "LOOK_S", 0.05)
    old = await daemon(store, "old", OLD)
    told: list[Any] = []
    old.on_too_old = told.append
    looking = asyncio.create_task(old.run())
    new = await daemon(store, "new", words())
    await asyncio.wait_for(new.may_lead(lambda: False), 20)

    async def heard() -> bool:
        return bool(told)

    await until(heard, "the old daemon was told")
    looking.cancel()
    assert isinstance(told[0], TooOld)


async def test_daemons_that_cannot_use_a_new_schema_are_named(store: Store) -> None:
    old = await daemon(store, "old", words(), "0099")
    new = await daemon(store, "new", words(), "0101")
    assert [new.lacking(schema) for schema in ("0099", "0100")] == [[], [f"{old.own.release} on {old.own.host}"]]
    alone = Releases(store, "alone", "core", schema="0101", alone=True)
    await alone.check()
    assert (alone.lacking("0100"), alone.older) == ([], [])
    await old.leave()
    await new.check()
    assert new.lacking("0100") == []
