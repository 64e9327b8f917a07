"""What may be said of a library's staff: their languages and subjects, its guests, and who may make an administrator.

Only an administrator makes, deactivates or removes one, and one who is active always remains. Else a coordinator could make
themselves an administrator by saving their own library. The operator, at the command line, may do all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bridge.contract.language_tag import language_tag
from bridge.sql.people.field_fault import FieldFault
from routing.organisation import Library


def staff_faults(library: Library) -> Iterator[FieldFault]:
    """Yield what is wrong with what a library says of its librarians."""
    for n, person in enumerate(library.librarians, 1):
        if not person.id.strip():
            yield FieldFault(f"librarians[{n}].id", "a librarian needs an id")
        for tag in person.languages:
            if not language_tag(tag):
                yield FieldFault(f"librarians[{n}].languages", f"{tag!r} is not a language tag like en or pt-BR")
        if not all(word.strip() for word in person.subjects):
            yield FieldFault(f"librarians[{n}].subjects", "a subject needs a word")


def guest_faults(library: Library, people: Collection[str]) -> list[FieldFault]:
    """Return the guests that a library cannot have; `people` holds everybody whom a library ever listed."""
    own = {person.id for person in library.librarians}
    found: list[FieldFault] = []
    for n, name in enumerate(library.guests, 1):
        if name in own:
            found.append(FieldFault(f"guests[{n}]", f"{name!r} is a librarian of this library already"))
        elif name not in people:
            found.append(FieldFault(f"guests[{n}]", f"there is no librarian {name!r}"))
    return found


def role_faults(library: Library, before: Library | None, others: Collection[Library], by: str) -> list[FieldFault]:
    """Return what is wrong with the administrators after an edit by the librarian `by`, "" = the operator."""
    if not by:
        return []
    held, now = _administrators(before), _administrators(library)
    elsewhere = {
        name for other in others if other.id != library.id for name, active in _administrators(other) if active
    }
    if (by, True) not in held and by not in elsewhere and now != held:
        changed = ", ".join(sorted({name for name, _ in held ^ now}))
        return [FieldFault("librarians", f"only an administrator changes who is one: {changed}")]
    if not elsewhere and any(active for _, active in held) and not any(active for _, active in now):
        return [FieldFault("librarians", "the consortium needs one administrator")]
    return []


def _administrators(library: Library | None) -> set[tuple[str, bool]]:
    """Return a library's administrators, each with whether they are active."""
    people = library.librarians if library is not None and not library.removed else ()
    return {(one.id, one.active) for one in people if one.role == "administrator"}
