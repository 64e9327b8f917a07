"""Every change of a library is kept with before and after, can be undone, and decides who may sign in. Libraries are removed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.sql.archive import Archive
from bridge.sql.people.accounts import SignInRefused, WeakPassword, now_ms
from bridge.sql.people.calendar import Calendar
from bridge.sql.people.invitations import INVITATION_MS
from bridge.sql.people.organisation import Faulty, NotYours, OrganisationStore
from bridge.sql.people.organisation_undo import NotUndoable, Overtaken, undo
from routing.organisation import Agreement, Librarian, Library, Queue, Team, Tier

PASSWORD = "correct horse battery"


def _library(name: str, *people: str, **changes: Any) -> Library:
    found = Library(
        id=name,
        revision=0,
        name=name.title(),
        queues=(Queue(id=f"{name}/ask", name="Ask", tiers=(Tier(teams=(f"{name}/desk",)),)),),
        teams=(Team(id=f"{name}/desk", name="Desk", members=people),),
        librarians=tuple(Librarian(id=one, name=one.title()) for one in people),
    )
    return replace(found, **changes)


async def _kept(store: OrganisationStore, name: str) -> Library:
    return next(one.library for one in await store.entries() if one.library.id == name)


async def _edit(store: OrganisationStore, library: str, by: str = "", /, **changes: Any) -> None:
    await store.put(replace(await _kept(store, library), **changes), Calendar(), by=by)


async def _two(archive: Archive) -> OrganisationStore:
    store = archive.organisation()
    for library in (_library("north", "ana", "ben"), _library("south", "sue")):
        await store.put(library, Calendar())
    return store


def _said(change: Any) -> list[tuple[str, Any, Any]]:
    return [("/".join(one.path), one.before, one.after) for one in change.differences]


async def test_who_changed_what_is_kept_newest_first(archive: Archive) -> None:
    store = await _two(archive)
    await _edit(store, "north", "ana", name="North Library")
    await _edit(store, "north", "ben", name="North Library")  # nothing differs
    changed, made = await store.changes("north")
    assert (made.what, made.who, changed.what, changed.who) == ("made", "", "changed", "ana")
    assert _said(changed) == [("name", "North", "North Library")]
    assert [one.library for one in await store.changes(limit=2)] == ["north", "south"]
    assert await store.changes("north", before=changed.n) == [made]


async def test_hours_that_are_worked_out_again_are_no_change(archive: Archive) -> None:
    store = await _two(archive)
    await store.refresh(["north"])
    assert [one.what for one in await store.changes("north")] == ["made"]


async def test_a_change_is_undone_and_that_too(archive: Archive) -> None:
    store = await _two(archive)
    await _edit(store, "north", "ana", librarians=(Librarian(id="ana", name="Ana"),))
    [removal, _] = await store.changes("north")
    await undo(store, "north", removal.n, by="ben")
    assert [one.id for one in (await _kept(store, "north")).librarians] == ["ana", "ben"]
    [undoing, undone, _] = await store.changes("north")
    assert (undoing.undoes, undoing.who, undone.undone_by) == (removal.n, "ben", undoing.n)
    await undo(store, "north", undoing.n, by="ana")
    assert [one.id for one in (await _kept(store, "north")).librarians] == ["ana"]


async def test_what_was_changed_since_is_named_and_not_overwritten(archive: Archive) -> None:
    store = await _two(archive)
    await _edit(store, "north", name="A", accent="#0b5a86")
    [first, _] = await store.changes("north")
    await _edit(store, "north", name="B")
    with pytest.raises(Overtaken, match="name") as refused:
        await undo(store, "north", first.n, by="ana")
    assert refused.value.all_of_it is False
    assert (await _kept(store, "north")).accent == "#0b5a86", "nothing happened"
    await undo(store, "north", first.n, by="ana", partly=True)
    kept = await _kept(store, "north")
    assert (kept.name, kept.accent) == ("B", "")
    with pytest.raises(Overtaken):
        await undo(store, "north", first.n, by="ana", partly=True)


async def test_an_undo_is_checked_like_any_change(archive: Archive) -> None:
    store = await _two(archive)
    ana = Librarian(id="ana", name="Ana")
    await _edit(store, "north", librarians=(ana, Librarian(id="ben", name="Ben", role="administrator")))
    [promotion, _] = await store.changes("north")
    with pytest.raises(Faulty, match="administrator"):
        await undo(store, "north", promotion.n, by="ana")
    await _edit(store, "north", librarians=(ana,))
    [removal, _, _] = await store.changes("north")
    await store.release("north", "ben")
    await _edit(store, "south", librarians=(Librarian(id="sue", name="Sue"), Librarian(id="ben", name="Ben")))
    with pytest.raises(NotYours):
        await undo(store, "north", removal.n, by="")
    with pytest.raises(LookupError):
        await undo(store, "south", removal.n, by="")
    with pytest.raises(NotUndoable):
        await undo(store, "south", (await store.changes("south"))[-1].n, by="")


async def test_a_library_that_others_name_is_removed_only_when_that_is_cleared(archive: Archive) -> None:
    store = await _two(archive)
    north = await _kept(store, "north")
    await _edit(
        store,
        "north",
        queues=(replace(north.queues[0], tiers=(*north.queues[0].tiers, Tier(teams=("south/desk",), after_s=9))),),
        teams=(replace(north.teams[0], members=("ana", "sue")),),
        guests=("sue",),
        agreements=(Agreement(queue="south/ask"),),
    )
    with pytest.raises(Faulty) as refused:
        await store.remove("south", by="ada")
    places = [(one.library, one.field) for one in refused.value.found]
    assert places == [
        ("north", "queues[1].tiers[2].teams"),
        ("north", "teams[1].members"),
        ("north", "guests[1]"),
        ("north", "agreements[1].queue"),
    ]
    told = await store.remove("south", by="ada", clear=True)
    assert [(one.id, one.removed) for one in told] == [("north", False), ("south", True)]
    north = await _kept(store, "north")
    assert (len(north.queues[0].tiers), north.teams[0].members, north.guests, north.agreements) == (1, ("ana",), (), ())
    assert [one.library.id for one in await store.entries()] == ["north"]
    assert {one.id: one.removed for one in await store.current()} == {"north": False, "south": True}
    assert [(one.library, one.what, one.who) for one in await store.changes(limit=2)] == [
        ("south", "removed", "ada"),
        ("north", "changed", "ada"),
    ]


async def test_a_library_that_would_leave_a_queue_without_anybody_stays(archive: Archive) -> None:
    store = await _two(archive)
    north = await _kept(store, "north")
    await _edit(store, "north", queues=(replace(north.queues[0], tiers=(Tier(teams=("south/desk",)),)),))
    with pytest.raises(Faulty, match="no tier"):
        await store.remove("south", clear=True)
    assert (await _kept(store, "south")).name == "South"
    assert (await _kept(store, "north")).queues[0].tiers, "nothing was cleared"


async def test_a_removed_library_comes_back_by_undo_and_its_people_may_move_before(archive: Archive) -> None:
    store = await _two(archive)
    before = (await _kept(store, "south")).revision
    await store.remove("south")
    [removal, _] = await store.changes("south")
    await undo(store, "south", removal.n, by="ada")
    south = await _kept(store, "south")
    assert (south.revision > before + 1, [one.id for one in south.librarians]) == (True, ["sue"])
    await store.remove("south")
    await _edit(store, "north", librarians=(Librarian(id="ana", name="Ana"), Librarian(id="sue", name="Sue")))
    [removal, *_] = await store.changes("south")
    with pytest.raises(NotYours, match="sue"):
        await undo(store, "south", removal.n, by="ada")


async def test_a_library_is_not_removed_by_saving_it(archive: Archive) -> None:
    store = await _two(archive)
    with pytest.raises(Faulty, match="removed"):
        await _edit(store, "north", removed=True)


# ---- who may sign in -----------------------------------------------------------------------------------------------------------


async def _account(archive: Archive, librarian: str) -> str:
    """Make an account with a password and return a session's token."""
    accounts = archive.accounts
    await accounts.sign_in(librarian, await accounts.add(librarian, librarian, "north"))
    await accounts.change_password(librarian, PASSWORD, old=None)
    return (await accounts.open_session(librarian))[0]


async def test_who_is_deactivated_is_signed_out_and_comes_back_with_the_change_undone(archive: Archive) -> None:
    store = await _two(archive)
    token = await _account(archive, "ben")
    await archive.invitations.invite("ben", "north", "ana")
    ana, ben = (await _kept(store, "north")).librarians
    await _edit(store, "north", "ana", librarians=(ana, replace(ben, active=False)))
    assert await archive.accounts.session(token) is None
    with pytest.raises(SignInRefused):
        await archive.accounts.sign_in("ben", PASSWORD)
    assert await archive.invitations.open("north") == []
    [change, _] = await store.changes("north")
    await undo(store, "north", change.n, by="ana")
    assert (await archive.accounts.sign_in("ben", PASSWORD)).librarian == "ben"


async def test_who_is_removed_is_signed_out_and_the_others_are_not(archive: Archive) -> None:
    store = await _two(archive)
    ben, ana = await _account(archive, "ben"), await _account(archive, "ana")
    await _edit(store, "north", "ana", librarians=(Librarian(id="ana", name="Ana"),))
    assert await archive.accounts.session(ben) is None
    assert await archive.accounts.session(ana) is not None


# ---- invitations ---------------------------------------------------------------------------------------------------------------


async def test_an_invitation_is_good_once(archive: Archive) -> None:
    await _two(archive)
    old = await _account(archive, "ben")
    first, _ = await archive.invitations.invite("ben", "north", "ana")
    secret, until = await archive.invitations.invite("ben", "north", "ana")
    assert until > now_ms()
    assert await archive.invitations.find(first) is None, "the newer one ends it"
    found = await archive.invitations.find(secret)
    assert found is not None
    assert (found.librarian, found.library, found.by) == ("ben", "north", "ana")
    with pytest.raises(WeakPassword):
        await archive.invitations.accept(secret, "password")
    assert (await archive.accounts.sign_in("ben", PASSWORD)).librarian == "ben", (
        "the old one holds until the link is used"
    )
    assert await archive.invitations.accept(secret, "another horse battery") == "ben"
    assert await archive.accounts.session(old) is None
    with pytest.raises(SignInRefused):
        await archive.invitations.accept(secret, "a third horse battery")
    assert (await archive.accounts.sign_in("ben", "another horse battery")).must_change is False


async def test_an_invitation_ends(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    await _two(archive)
    await _account(archive, "ben")
    secret, _ = await archive.invitations.invite("ben", "north", "ana")
    late = now_ms() + INVITATION_MS
    monkeypatch.setattr("bridge.sql.people.invitations.now_ms", lambda: late)
    assert await archive.invitations.find(secret) is None
    with pytest.raises(SignInRefused):
        await archive.invitations.accept(secret, "another horse battery")


async def test_the_archive_does_not_hold_the_secret_of_a_link(archive: Archive) -> None:
    await _two(archive)
    await _account(archive, "ben")
    secret, _ = await archive.invitations.invite("ben", "north", "ana")
    async with archive.engine.connect() as sql:
        rows = (await sql.exec_driver_sql("SELECT * FROM invitation")).all()
    assert len(rows) == 1
    assert secret not in str(rows)
