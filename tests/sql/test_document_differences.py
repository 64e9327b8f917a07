"""What differs between two editions of a library, and how a change is taken back beside later ones."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bridge.sql.people.calendar import Calendar
from bridge.sql.people.document_differences import Document, differences, document, from_document, undone
from routing.organisation import Librarian, Library, Queue, Script, Team, Tier, Timers

NORTH = Library(
    id="north",
    revision=1,
    name="North",
    queues=(Queue(id="north/a", name="A", tiers=(Tier(teams=("north/desk",)),)),),
    teams=(Team(id="north/desk", name="Desk", members=("ana",)),),
    librarians=(
        Librarian(id="ana", name="Ana"),
        Librarian(id="ben", name="Ben", live=2),
        Librarian(id="cem", name="Cem"),
    ),
    scripts=(Script(key="greeting", title="Greeting", text="Hi"), Script(key="", title="Hours", text="9-17")),
)
DOCUMENT = document(NORTH, Calendar())


def _edited(**changes: Any) -> Document:
    return document(replace(NORTH, revision=2, **changes), Calendar())


def _people(*people: Librarian) -> Document:
    return _edited(librarians=people)


def _said(before: Document, after: Document) -> list[tuple[str, str, Any, Any]]:
    found = differences(before, after)
    return [("/".join(one.path), one.kind, one.before, one.after) for one in found]


def test_a_document_reads_back_to_the_same_library() -> None:
    assert from_document(DOCUMENT) == (replace(NORTH, revision=0), Calendar())


def test_a_newer_revision_alone_is_no_difference() -> None:
    assert _said(DOCUMENT, _edited()) == []


def test_a_field_is_named_by_its_path() -> None:
    ana, ben, cem = NORTH.librarians
    assert _said(DOCUMENT, _people(ana, replace(ben, live=5), cem)) == [("librarians/ben/live", "changed", 2, 5)]
    assert _said(DOCUMENT, _edited(timers=Timers(grace_s=9))) == [("timers/grace_s", "changed", 30, 9)]


def test_entries_that_come_go_and_move_are_told_apart() -> None:
    ana, ben, cem = NORTH.librarians
    dee = Librarian(id="dee", name="Dee")
    found = _said(DOCUMENT, _people(cem, ana, dee))
    assert [(path, kind) for path, kind, _, _ in found] == [
        ("librarians/ben", "removed"),
        ("librarians/dee", "added"),
        ("librarians", "moved"),
    ]
    assert found[2][2:] == (["ana", "cem"], ["cem", "ana"])
    assert ben.id == found[0][2]["id"]


def test_scripts_without_a_key_are_compared_by_title() -> None:
    greeting, hours = NORTH.scripts
    edited = _edited(scripts=(greeting, replace(hours, text="9-18")))
    assert _said(DOCUMENT, edited) == [("scripts/Hours/text", "changed", "9-17", "9-18")]


def test_every_change_is_undone_to_what_was_there() -> None:
    ana, ben, cem = NORTH.librarians
    for edited in (
        _people(ana, replace(ben, live=5), cem),
        _people(cem, ana, Librarian(id="dee", name="Dee")),
        _people(),
        _edited(scripts=(), descriptive=("loans",), wording={"waiting": "A moment"}),
        _edited(queues=(replace(NORTH.queues[0], tiers=(Tier(teams=("north/desk",), after_s=9),)),)),
    ):
        assert undone(edited, list(differences(DOCUMENT, edited))) == (DOCUMENT, [])
        assert undone(DOCUMENT, list(differences(edited, DOCUMENT))) == (edited, []), "and the undoing, too"


def test_what_others_changed_elsewhere_stays() -> None:
    ana, ben, cem = NORTH.librarians
    first = _people(ana, replace(ben, live=5), cem)
    second = _people(ana, replace(ben, live=5, slow=3), replace(cem, name="Cem C."))
    found, conflicts = undone(second, list(differences(DOCUMENT, first)))
    assert (found, conflicts) == (_people(ana, replace(ben, slow=3), replace(cem, name="Cem C.")), [])


def test_a_field_that_somebody_changed_since_is_named_and_left() -> None:
    ana, ben, cem = NORTH.librarians
    first = list(differences(DOCUMENT, _people(ana, replace(ben, live=5, slow=1), cem)))
    found, conflicts = undone(_people(ana, replace(ben, live=7, slow=1), cem), first)
    assert ["/".join(one.path) for one in conflicts] == ["librarians/ben/live"]
    assert found == _people(ana, replace(ben, live=7), cem)
    found, conflicts = undone(_people(ana, cem), first)
    assert (found, len(conflicts)) == (_people(ana, cem), 2), "nobody to undo it for"


def test_who_was_removed_and_is_there_again_is_no_twin() -> None:
    ana, _, cem = NORTH.librarians
    again = _people(ana, cem, Librarian(id="ben", name="Ben Two"))
    found, conflicts = undone(again, list(differences(DOCUMENT, _people(ana, cem))))
    assert (found, len(conflicts)) == (again, 1)
