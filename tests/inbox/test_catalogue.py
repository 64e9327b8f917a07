"""The catalogue of the patron's library beside the chat: for who sees the conversation, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bridge.catalogue.search import Catalogues
from bridge.catalogue.settings import CatalogueConfig
from tests.catalogue.odd_host import odd_host, sru, titled
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk
from tests.inbox.desk import desk as running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk whose north has a catalogue, and whose south has a page of its own for searching."""
    async with odd_host() as host:
        host.body = sru(titled("Aida", "a/1"))
        config = CatalogueConfig(
            library="north",
            url=host.url,
            own_network=True,
            record_link="https://opac.example/{id}",
            name="North's books",
        )
        link = CatalogueConfig(library="south", profile="link", search_link="https://south.example/?q={words}")
        async with running(tmp_path_factory.mktemp("desk"), catalogues=Catalogues([config, link])) as found:
            yield found


async def test_a_librarian_searches_and_gets_a_citation(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("reader", "Do you have a copy of Aida?")
    ana = await browsers.of("ana")
    where = f"/conversations/{conversation}/catalogue"
    panel = {"name": "North's books", "searched": True, "words": "Aida", "link": ""}
    assert await ana.get(where) == (200, panel)
    status, found = await ana.get(f"{where}/search?q=Aida")
    assert (status, found["total"], found["records"][0]["title"], found["problem"]) == (200, 1, "Aida", "")
    status, record = await ana.get(f"{where}/record?q=Aida&record=a/1&style=mla")
    assert (status, record["citation"], record["link"]) == (200, "Aida.", "https://opac.example/a%2F1")
    assert (await ana.get(f"{where}/record?q=Aida&record=other"))[1]["error"] == "gone"
    assert (await ana.get(f"{where}/search?q=Aida&field=shelf"))[0] == 422


async def test_another_librarys_catalogue_is_for_its_conversations(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("southern", "Do you have Die Räuber & more?", channel="south-web")
    where = f"/conversations/{conversation}/catalogue"
    assert (await (await browsers.of("ana")).get(where))[0] == 404
    panel = (await (await browsers.of("dora")).get(where))[1]
    assert (panel["searched"], panel["link"]) == (False, "https://south.example/?q=R%C3%A4uber+more")
