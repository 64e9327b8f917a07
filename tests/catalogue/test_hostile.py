"""Catalogues that are down, slow, huge, broken or hostile: each is told in a word, and nothing is lost."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from bridge.catalogue.fetching import MOST_BYTES, bounded_get
from bridge.catalogue.problems import CatalogueProblem
from bridge.catalogue.search import FAILED_S, KEPT_S, Catalogues
from bridge.catalogue.settings import CatalogueConfig
from bridge.catalogue.sru import read_sru
from tests.catalogue.odd_host import RECORD, odd_host, sru, titled

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<searchRetrieveResponse>&b;</searchRetrieveResponse>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><searchRetrieveResponse>&e;</searchRetrieveResponse>'


def at(url: str, **more: Any) -> Catalogues:
    return Catalogues([CatalogueConfig(library="north", url=url, own_network=True)], **more)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (BOMB, "not-understood"),
        (OUTSIDE, "not-understood"),
        (b"<html><body>Sign in</body></html>", "not-understood"),
        (b"", "not-understood"),
        (b"<searchRetrieveResponse><records>", "not-understood"),
        (b"<a>" * 200_000, "not-understood"),
        (b"x" * (MOST_BYTES + 1), "too-large"),
    ],
)
async def test_an_answer_that_is_none_is_told(body: bytes, problem: str) -> None:
    async with odd_host() as host:
        host.body = body
        found = await at(host.url).search("north", "aida")
    assert (found.problem, found.records) == (problem, [])


async def test_a_refusal_and_a_packed_answer_are_told() -> None:
    async with odd_host() as host:
        host.status = 503
        assert (await at(host.url).search("north", "aida")).problem == "refused"
        host.status, host.body, host.headers = 200, gzip.compress(sru(titled("A"))), {"Content-Encoding": "gzip"}
        assert (await at(host.url).search("north", "aida")).problem == "not-understood"


async def test_a_slow_server_ends_at_its_time_and_one_that_is_down_at_once() -> None:
    async with odd_host() as host:
        host.hang.clear()
        with pytest.raises(CatalogueProblem, match="too-slow"):
            await bounded_get(host.url, {}, accept="*/*", own_network=True, within_s=0.05)
        url = host.url
    assert (await at(url).search("north", "aida")).problem == "unreachable"


@pytest.mark.parametrize("url", ["http://catalogue.example/sru", "https://127.0.0.1/sru", "https://2130706433/sru"])
async def test_a_private_or_plain_host_is_not_asked(url: str) -> None:
    with pytest.raises(CatalogueProblem, match="private-host"):
        await bounded_get(url, {}, accept="*/*")


async def test_a_redirect_to_our_own_network_is_not_followed() -> None:
    async with odd_host() as host:
        host.status, host.headers = 302, {"Location": "file:///etc/passwd"}
        assert (await at(host.url).search("north", "aida")).problem == "redirects"
        host.headers = {"Location": host.url}
        assert (await at(host.url).search("north", "aida")).problem == "redirects"


def test_broken_records_are_counted_and_the_others_read() -> None:
    answer = read_sru(
        sru(
            titled("Aida /"),
            RECORD.format(""),
            RECORD.format(
                "<leader>x</leader><datafield><subfield>no code</subfield></datafield><datafield tag='245'/>"
            ),
            RECORD.format(
                '<controlfield tag="008">short</controlfield><datafield tag="100"><subfield code="a"/></datafield>'
            ),
            "<other/>",
            "plain words",
            RECORD.format(f'<datafield tag="245"><subfield code="a">{"long " * 5000}</subfield></datafield>'),
            total=99,
        )
    )
    assert (answer.total, answer.records[0].title, answer.broken) == (99, "Aida", 4)
    assert len(answer.records) == 2
    assert len(answer.records[1].title) <= 600


def test_a_record_packed_as_text_is_read() -> None:
    packed = titled("Aida").replace("<", "&lt;").replace(">", "&gt;")
    assert [record.title for record in read_sru(sru(packed)).records] == ["Aida"]


async def test_answers_are_kept_for_a_while_and_asked_for_once() -> None:
    clock = [0.0]
    async with odd_host() as host:
        host.body = sru(titled("Aida"))
        catalogues = at(host.url, clock=lambda: clock[0])
        host.hang.clear()
        both = asyncio.gather(*(catalogues.search("north", "aida") for _ in range(5)))
        while not host.asked:
            await asyncio.sleep(0.01)
        host.hang.set()
        assert {len(found.records) for found in await both} == {1}
        assert len(host.asked) == 1
        clock[0] = KEPT_S + 1
        host.status = 500
        assert (await catalogues.search("north", "aida")).problem == "refused"
        host.status = 200
        assert (await catalogues.search("north", "aida")).problem == "refused"
        clock[0] += FAILED_S + 1
        assert (await catalogues.search("north", "aida")).problem is None
        assert len(host.asked) == 3
