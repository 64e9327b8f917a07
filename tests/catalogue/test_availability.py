"""Copies as DAIA and Koha tell them, and what a configuration may say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.app.config import ConfigError, parse
from bridge.catalogue.availability import copies_of
from bridge.catalogue.problems import CatalogueProblem
from bridge.catalogue.search_words import search_words
from bridge.catalogue.settings import CatalogueConfig
from tests.catalogue.odd_host import odd_host

DAIA = {
    "document": [
        {
            "id": "x",
            "item": [
                {
                    "label": "QB 910 : 1",
                    "department": {"content": "Main library"},
                    "storage": {"content": "2nd floor"},
                    "available": [{"service": "http://purl.org/ontology/dso#Loan"}, {"service": "presentation"}],
                },
                {"label": "QB 2", "available": [{"service": "presentation"}], "unavailable": [{"service": "loan"}]},
                {"unavailable": [{"service": "loan", "expected": "2026-12-24", "queue": 2}]},
                {"available": [{"service": "openaccess", "href": "javascript:alert(1)"}]},
                {"label": 7, "available": "no", "unavailable": [{"service": "loan", "queue": True}]},
            ],
        },
        "nonsense",
    ]
}
KOHA = [
    {"holding_library_id": "CPL", "location": "GEN", "callnumber": "QA 1", "checked_out_date": None},
    {"checked_out_date": "2026-12-01T00:00:00+00:00"},
    {"not_for_loan_status": 1},
    {"lost_status": 1, "checked_out_date": "2026-12-01"},
    None,
]


async def copies(kind: str, answer: object) -> list[tuple[str, str, str, str, int]]:
    async with odd_host() as host:
        host.body = json.dumps(answer).encode()
        config = CatalogueConfig(library="n", availability=kind, availability_url=host.url, own_network=True)  # type: ignore[arg-type]  # one of its choices
        return [(c.status, c.place, c.call_number, c.due, c.waiting) for c in await copies_of(config, "a/b")]


async def test_daia_tells_copies() -> None:
    assert await copies("daia", DAIA) == [
        ("in", "Main library 2nd floor", "QB 910 : 1", "", 0),
        ("here-only", "", "QB 2", "", 0),
        ("on-loan", "", "", "2026-12-24", 2),
        ("online", "", "", "", 0),
        ("away", "", "", "", 0),
    ]


async def test_koha_tells_copies() -> None:
    assert await copies("koha", KOHA) == [
        ("in", "CPL GEN", "QA 1", "", 0),
        ("on-loan", "", "", "2026-12-01", 0),
        ("here-only", "", "", "", 0),
        ("away", "", "", "2026-12-01", 0),
    ]


@pytest.mark.parametrize("kind", ["daia", "koha"])
async def test_nonsense_is_no_copy(kind: str) -> None:
    assert await copies(kind, {"document": {"item": 1}}) == []
    assert await copies(kind, "text") == []
    async with odd_host() as host:
        host.body = b"[" * 100_000
        config = CatalogueConfig(library="n", availability="daia", availability_url=host.url, own_network=True)
        with pytest.raises(CatalogueProblem, match="not-understood"):
            await copies_of(config, "1")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Hi, do you have a copy of Aida by Verdi?", "Aida Verdi"),
        ("Haben Sie „Die Verwandlung“ von Kafka?", "Die Verwandlung"),
        ("isbn 978-0-15-203865-6 please", "9780152038656"),
        ("hello? is there", ""),
        ("   ", ""),
    ],
)
def test_what_a_patron_looks_for(said: str, words: str) -> None:
    assert search_words(said) == words


def faults(**table: object) -> str:
    with pytest.raises(ConfigError) as error:
        parse({"catalogue": [{"library": "north", **table}]}, Path("/x/deskbridge.toml"), {})
    return "\n".join(str(fault) for fault in error.value.faults)


def test_a_configuration_that_cannot_be_is_told_by_its_field() -> None:
    assert "catalogue[1] (north).url: is missing" in faults()
    assert "url: is not encrypted" in faults(url="http://sru.example.org")
    assert "record_link: names no record" in faults(url="https://sru.example.org", record_link="https://x.example/")
    assert "search_link: names no words" in faults(profile="link")
    assert "profile: " in faults(profile="marc")
    assert "indexes.titel: is not known" in faults(url="https://sru.example.org", indexes={"titel": "dc.title"})
    assert "indexes.title: is not the name" in faults(url="https://sru.example.org", indexes={"title": 'a" or "b'})
    assert "availability_url: is missing" in faults(url="https://sru.example.org", availability="daia")
    with pytest.raises(ConfigError, match="has one already"):
        parse({"catalogue": [{"library": "a", "profile": "k10plus"}] * 2}, Path("/x"), {})


def test_a_shared_catalogue_needs_no_address() -> None:
    config = parse({"catalogue": [{"library": "a", "profile": "k10plus"}]}, Path("/x"), {})
    assert config.catalogues[0].resolved().url.startswith("https://")
