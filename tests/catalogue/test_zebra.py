"""The catalogue against Zebra, the engine inside Koha's SRU, and against YAZ's test server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from bridge.catalogue.citation import STYLES
from bridge.catalogue.marc import CatalogueRecord
from bridge.catalogue.search import Catalogues
from bridge.catalogue.settings import CatalogueConfig
from tests.peers.zebra import YazTest, Zebra

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def zebra() -> Iterator[Zebra]:
    with Zebra() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def catalogues(zebra: Zebra) -> AsyncIterator[Catalogues]:
    yield Catalogues(
        CatalogueConfig(
            library=version,
            url=zebra.url,
            version=version,
            own_network=True,
            record_link="https://catalogue.example/record/{id}",
        )
        for version in ("1.1", "1.2")
    )


@pytest.mark.parametrize(
    ("words", "field", "titles"),
    [
        ("aida", "title", 3),
        ("arithmetic sandburg", "any", 1),
        ("verdi", "author", 2),
        ("0-15-203865-5", "isbn", 1),
        ("no such book anywhere", "any", 0),
        ('" or cql.serverChoice="a', "any", 0),
        ("arith* or verdi", "any", 0),
        ("arith? ^verdi \\", "any", 0),
    ],
)
@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_it_finds_what_is_there_and_takes_words_as_words(
    catalogues: Catalogues, version: str, words: str, field: str, titles: int
) -> None:
    found = await catalogues.search(version, words, field)  # type: ignore[arg-type]  # one of its choices
    assert (found.problem, found.total, len(found.records)) == (None, titles, titles)


async def test_a_record_is_read_whole(catalogues: Catalogues) -> None:
    found = await catalogues.search("1.1", "arithmetic")
    assert found.records[0] == CatalogueRecord(
        id="92005291",
        title="Arithmetic",
        authors=["Sandburg, Carl", "Rand, Ted"],
        year="1993",
        publisher="Harcourt Brace Jovanovich",
        place="San Diego",
        edition="1st ed.",
        isbn="0152038655",
        language="eng",
        call_number="PS3537.A618 A88 1993",
    )


CITED = {
    "apa": "Sandburg, C., & Rand, T. (1993). Arithmetic (1st ed.). Harcourt Brace Jovanovich.",
    "mla": "Sandburg, Carl, and Ted Rand. Arithmetic. 1st ed., Harcourt Brace Jovanovich, 1993.",
    "chicago": "Sandburg, Carl, and Ted Rand. 1993. Arithmetic. 1st ed. Harcourt Brace Jovanovich.",
    "din": "Sandburg, Carl ; Rand, Ted: Arithmetic. 1st ed. San Diego : Harcourt Brace Jovanovich, 1993 — ISBN 0152038655",
    "iso690": "SANDBURG, Carl and RAND, Ted, 1993. Arithmetic. 1st ed. San Diego: Harcourt Brace Jovanovich. ISBN 0152038655.",
}


@pytest.mark.parametrize("style", STYLES)
async def test_a_record_is_cited_in_every_style(catalogues: Catalogues, style: str) -> None:
    found = await catalogues.detail("1.1", ("arithmetic", "any", 1), "92005291", style, "en")  # type: ignore[arg-type]  # one of them
    assert found is not None
    assert (found.citation, found.link) == (CITED[style], "https://catalogue.example/record/92005291")


async def test_every_record_of_the_examples_can_be_cited(catalogues: Catalogues) -> None:
    records = {}
    for words in ("music", "the", "der", "and", "opera", "1999", "library"):
        for record in (await catalogues.search("1.1", words)).records:
            records[record.id] = (words, record)
    assert len(records) > 10
    for words, record in records.values():
        found = await catalogues.detail("1.1", (words, "any", 1), record.id, "mla", "de")
        assert found is not None
        assert record.title.split()[0].lower() in found.citation.lower()


async def test_a_search_goes_on_to_its_next_page() -> None:
    """YAZ's test server makes up an answer to everything."""
    with YazTest() as server:
        catalogues = Catalogues([CatalogueConfig(library="north", url=server.url, own_network=True)])
        first = await catalogues.search("north", "computer")
        assert first.next == 11
        second = await catalogues.search("north", "computer", "any", first.next)
        assert (second.problem, second.total) == (None, first.total)
        assert len(first.records) == 10


async def test_what_the_server_says_is_told(zebra: Zebra) -> None:
    """An index that it doesn't have (SRU diagnostic 16)."""
    config = CatalogueConfig(library="north", url=zebra.url, own_network=True, indexes={"title": "dc.nonsense"})
    found = await Catalogues([config]).search("north", "aida", "title")
    assert (found.problem, found.records) == ("diagnostic", [])
    assert "index" in found.detail.lower()
