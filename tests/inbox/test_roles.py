"""Who gets in: every route of the table asked by every role, and what no coordinator may make of a colleague."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import pytest_asyncio

from bridge.inbox.app import ROUTES
from bridge.inbox.http.responses import BASE, not_found
from bridge.inbox.http.route import Route
from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian, Library
from tests.conftest import ROOT
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until
from tests.inbox.test_routes import BODIED, BODIES, ask, named, path

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLES = {"librarian": "ana", "coordinator": "cora", "administrator": "ada", "counter": "cole"}
MAY = {
    "counter": ("anyone", "counter"),
    "librarian": ("anyone", "counter", "staff"),
    "coordinator": ("anyone", "counter", "staff", "coordinator"),
    "administrator": ("anyone", "counter", "staff", "coordinator", "administrator"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def centre(desk: Desk) -> None:
    """The consortium's office: Ada administers, Cole counts."""
    people = (
        Librarian(id="ada", name="Ada Ames", role="administrator"),
        Librarian(id="cole", name="Cole Cox", role="counter"),
    )
    services = desk.services
    library = Library(id="centre", revision=0, name="Consortium", librarians=people)
    kept = await services.organisation.put(library, Calendar())
    await services.gathering.ingest([kept])
    await until(lambda: "cole" in services.replica.state.roster.home, "the core takes it")
    for name in ("ada", "cole"):
        await services.archive.accounts.sign_in(name, await services.archive.accounts.add(name, name, "centre"))
        await services.archive.accounts.change_password(name, "correct horse battery", old=None)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", [route for route in ROUTES if route.access != "anyone"], ids=named)
async def test_each_route_lets_in_the_roles_it_names(browsers: Browsers, route: Route, role: str) -> None:
    """What is asked for is mostly not there: only the guard's own answer counts."""
    client = await browsers.of(ROLES[role])
    headers = client.headers("a-key-of-its-own-" + route.name) if route.writes else {}
    url, body = f"{client.desk.url}{BASE}{path(route)}", BODIES.get(route.name)
    async with client.session.request(route.method, url, json=body, headers=headers) as response:
        refused = response.status == 403 and b'"wrong-role"' in await response.read()
    assert refused is (route.access not in MAY[role]), response.status


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope == "library"], ids=named)
async def test_an_administrator_is_let_into_every_library(browsers: Browsers, route: Route) -> None:
    status, problem = await ask(await browsers.of("ada"), route, "south")
    assert (status, problem) != (404, not_found().body), "the guard's own answer"


@pytest.mark.parametrize("route", [route for route in BODIED if route.access == "administrator"], ids=named)
@pytest.mark.parametrize("body", [[1], {"unheard": 1}, {"text": "\0"}])
async def test_a_body_that_is_not_as_described_is_refused(browsers: Browsers, route: Route, body: Any) -> None:
    status, problem = await (await browsers.of("ada")).post(path(route, "south"), body)
    assert (status, problem["error"]) == (422, "invalid")


async def _document(client: Any, library: str) -> dict[str, Any]:
    status, found = await client.get(f"/organisation/{library}")
    assert status == 200, found
    return dict(found)


def _people(document: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    people = [one | changes if one["id"] == name else one for one in document["library"]["librarians"]]
    return document | {"library": document["library"] | {"librarians": people}}


async def test_a_coordinator_makes_no_administrator(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    document = await _document(cora, "north")
    for name in ("cora", "ana"):
        status, problem = await cora.put("/organisation/north", _people(document, name, role="administrator"))
        assert (status, problem["error"]) == (422, "faulty")
        assert f"only an administrator changes who is one: {name}" in problem["detail"]


async def test_the_last_administrator_stays(browsers: Browsers) -> None:
    ada = await browsers.of("ada")
    document = await _document(ada, "centre")
    for change in ({"role": "coordinator"}, {"active": False}):
        status, problem = await ada.put("/organisation/centre", _people(document, "ada", **change))
        assert (status, problem["detail"]) == (422, "centre: librarians: the consortium needs one administrator")


async def test_no_coordinator_gets_in_as_an_administrator(desk: Desk, browsers: Browsers) -> None:
    ada, services = await browsers.of("ada"), desk.services
    document = _people(await _document(ada, "north"), "ben", role="administrator")
    assert (await ada.put("/organisation/north", document))[0] == 200
    await until(lambda: services.replica.state.roster.librarians["ben"].role == "administrator", "the core takes it")
    assert (await (await browsers.of("cora")).post("/organisation/north/librarians/ben/code"))[0] == 403
    document = _people(await _document(ada, "north"), "ben", role="librarian")
    assert (await ada.put("/organisation/north", document))[0] == 200


async def test_a_guest_sees_both_libraries_and_edits_neither(desk: Desk, browsers: Browsers) -> None:
    talk = await desk.patron("of-south", "hello?", channel="south-web")
    ana, services = await browsers.of("ana"), desk.services
    assert (await ana.get(f"/conversations/{talk}"))[0] == 404
    [south] = [one.library for one in await services.organisation.entries() if one.library.id == "south"]
    kept = await services.organisation.put(msgspec.structs.replace(south, guests=("ana",)), Calendar(), by="eve")
    await services.gathering.ingest([kept])
    await until(lambda: services.replica.state.roster.works["ana"] == ("north", "south"), "the core takes it")
    assert (await ana.get(f"/conversations/{talk}"))[0] == 200
    assert (await ana.get("/me"))[1]["libraries"] == ["north", "south"]
    assert (await ana.get("/organisation/south"))[0] == 403
    assert (await (await browsers.of("eve")).post("/organisation/south/librarians/ana/code"))[0] == 404, (
        "north's person"
    )


# Routes for one thing of somebody's that no scope guards: each asks itself whose it is. Where a stranger is refused, by test.
ASK_THEMSELVES = {
    "faq_entry": "tests/inbox/test_faq.py::test_librarians_write_drafts_and_coordinators_publish",
    "save_faq_entry": "tests/inbox/test_faq.py::test_librarians_write_drafts_and_coordinators_publish",
    "remove_faq_entry": "tests/inbox/test_faq.py::test_librarians_write_drafts_and_coordinators_publish",
    "faq_versions": "tests/inbox/test_faq.py::test_librarians_write_drafts_and_coordinators_publish",
    "faq_file": "tests/inbox/test_faq.py::test_a_file_is_kept_for_its_library_and_shown_with_its_entry",
    "drop_search": "tests/inbox/test_search.py::test_searches_are_kept_for_oneself_and_shared_by_coordinators",
    "retry_letter": "tests/inbox/test_roles.py::test_each_route_lets_in_the_roles_it_names",
    "drop_letter": "tests/inbox/test_roles.py::test_each_route_lets_in_the_roles_it_names",
    "remove_factor": "tests/inbox/test_roles.py::test_nobody_ends_the_sessions_or_factors_of_another",
    "end_session": "tests/inbox/test_roles.py::test_nobody_ends_the_sessions_or_factors_of_another",
    "pair_room": "tests/inbox/test_colleagues.py::test_only_the_author_changes_a_message",
    "confirm_partner": "tests/inbox/test_roles.py::test_each_route_lets_in_the_roles_it_names",
    "revoke_partner": "tests/inbox/test_roles.py::test_each_route_lets_in_the_roles_it_names",
    "undo_any_change": "tests/inbox/test_roles.py::test_each_route_lets_in_the_roles_it_names",
    "set_follow_up": "tests/inbox/test_conversations.py::test_a_follow_up_has_an_owner_an_address_and_a_deadline",
    "place": "tests/inbox/test_roles.py::test_a_colleague_of_another_library_is_not_there",
    "sign_out": "tests/inbox/test_board.py::test_signed_out_by_a_coordinator_hears_nothing_more",
    "holdings": "tests/inbox/test_roles.py::test_a_colleague_of_another_library_is_not_there",
    "acknowledge": "tests/inbox/test_board.py::test_a_notice_reaches_all_staff_of_the_library_until_they_have_read_it",
    "practice_session": "tests/training/test_practice.py::test_a_stranger_neither_sees_nor_changes_a_session",
    "practice_talk": "tests/training/test_practice.py::test_a_stranger_neither_sees_nor_changes_a_session",
    "patron_line": "tests/training/test_practice.py::test_a_stranger_neither_sees_nor_changes_a_session",
    "patron_part": "tests/training/test_practice.py::test_a_stranger_neither_sees_nor_changes_a_session",
    "end_practice": "tests/training/test_practice.py::test_a_stranger_neither_sees_nor_changes_a_session",
    "sheet": "tests/inbox/test_training.py::test_a_rehearsal_is_played_and_its_sheet_is_the_trainees",
    "share_sheet": "tests/inbox/test_training.py::test_a_rehearsal_is_played_and_its_sheet_is_the_trainees",
    "keep_sheet": "tests/inbox/test_training.py::test_a_rehearsal_is_played_and_its_sheet_is_the_trainees",
    "drop_sheet": "tests/inbox/test_training.py::test_a_rehearsal_is_played_and_its_sheet_is_the_trainees",
    "write_sheet_words": "tests/inbox/test_training.py::test_a_rehearsal_is_played_and_its_sheet_is_the_trainees",
    "shipped_scenario": "tests/inbox/test_training.py::test_coordinators_write_scenarios_and_faults_name_their_field",
    "take_back": "tests/inbox/test_counter.py::test_what_is_counted_counts_once_and_can_be_taken_back",
    "counted_faq_draft": "tests/inbox/test_counter.py::test_an_entry_is_made_of_a_question_without_persons",
    "practice_sheet": "tests/training/test_practice.py::test_a_stranger_neither_sees_nor_changes_a_session",
    "end_notice": "tests/inbox/test_board.py::test_a_notice_reaches_all_staff_of_the_library_until_they_have_read_it",
}


async def test_no_route_for_one_thing_of_somebodys_is_without_a_guard() -> None:
    unguarded = {route.name for route in ROUTES if "{" in route.path and not route.scope and route.access != "anyone"}
    assert unguarded == set(ASK_THEMSELVES), "give the route a scope, or name the test that refuses a stranger"
    for place in ASK_THEMSELVES.values():
        file, _, name = place.partition("::")
        assert f"async def {name}(" in (ROOT / file).read_text(), place


async def test_nobody_ends_the_sessions_or_factors_of_another(browsers: Browsers) -> None:
    cora, eve = await browsers.of("cora"), await browsers.of("eve")
    _, held = await cora.get("/sessions")
    for one in held["sessions"][:20]:  # each test before has opened some, and writes are limited
        assert (await eve.call("DELETE", f"/sessions/{one['id']}", headers=eve.headers()))[0] == 404
        assert (await eve.call("DELETE", f"/second-factor/{one['id']}", headers=eve.headers()))[0] in (403, 404)
    assert await cora.get("/sessions") == (200, held)


async def test_a_colleague_of_another_library_is_not_there(browsers: Browsers) -> None:
    eve = await browsers.of("eve")
    assert (await eve.post("/board/people/ana/queues", {"queues": []}))[0] == 404
    assert (await eve.get("/board/people/ana/conversations"))[0] == 404
