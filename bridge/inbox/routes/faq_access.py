"""Who may see and change which entry of the FAQ, and how entries look in lists.

Librarians see all entries of the libraries that they work for, and those that the whole cooperative shares. They write drafts and
entries for staff. What others than their library's staff read is published, changed and removed by the library's coordinators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import ndiff

from msgspec.structs import replace

from bridge.faq.feeds import entry_path
from bridge.inbox.http.responses import forbidden, not_found
from bridge.inbox.http.route import Call
from bridge.inbox.schema.faq import FaqDifference, FaqEntryView, FaqRow
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.sql.faq.counts import Remark, today
from bridge.sql.faq.entry import LEVELS, FaqEntry
from routing.access import coordinates

COUNTED = ("helpful", "unhelpful", "solved", "used")


def faq_libraries(call: Call) -> list[str]:
    """Return the libraries whose entries the librarian sees whole."""
    mine = [*libraries_of(call.state, call.me), *coordinated(call.state, call.me)]
    return list(dict.fromkeys(mine))


def other_libraries(call: Call) -> list[str]:
    """Return the libraries whose shared entries the librarian sees."""
    mine = set(faq_libraries(call))
    return [library for library in call.state.roster.libraries if library not in mine]


def publishes(call: Call, library: str) -> bool:
    """Say whether the librarian decides what others than the library's staff read."""
    return coordinates(call.state, call.me, library)


async def seen_entry(call: Call, id: str) -> FaqEntry:
    """Return an entry that the librarian may see. Raises Refusal 404."""
    entry = await call.services.archive.faq.get(id) if len(id) <= 64 else None
    if entry is None or not sees_entry(call, entry):
        raise not_found()
    return entry


def sees_entry(call: Call, entry: FaqEntry) -> bool:
    """Say whether the librarian may see an entry."""
    if entry.library in faq_libraries(call):
        return True
    return entry.level >= LEVELS["cooperative"] and entry.library in call.state.roster.libraries


def check_change(call: Call, before: FaqEntry | None, entry: FaqEntry) -> None:
    """Refuse a change that is not the librarian's to make. Raises Refusal 403, 404."""
    if entry.library not in faq_libraries(call) or (before is not None and before.library != entry.library):
        raise not_found()
    shared = entry.level >= LEVELS["cooperative"] or entry.state == "archived"
    was_shared = before is not None and (before.level >= LEVELS["cooperative"] or before.state == "archived")
    if (shared or was_shared) and not publishes(call, entry.library):
        raise forbidden("Only the coordinators of its library publish, change or archive what others read.")


def entry_view(call: Call, entry: FaqEntry, remarks: Sequence[Remark] = ()) -> FaqEntryView:
    """Return an entry as a page opens it."""
    mine = entry.library in faq_libraries(call)
    may = mine and publishes(call, entry.library)
    shared = entry.level >= LEVELS["cooperative"] or entry.state == "archived"
    public = entry.state == "public"
    return FaqEntryView(
        entry=entry if mine else replace(entry, source=""),
        writes=may or (mine and not shared),
        publishes=may,
        changed_by=rows.name_of(call.state, entry.changed_by),
        paths={one.language: entry_path(entry.library, one.language, one.slug) for one in entry.texts}
        if public
        else {},
        remarks=list(remarks),
    )


def entry_row(call: Call, entry: FaqEntry, counts: Mapping[str, int]) -> FaqRow:
    """Return an entry as a list shows it."""
    return FaqRow(
        id=entry.id,
        library=entry.library,
        title=entry.texts[0].title,
        languages=[text.language for text in entry.texts],
        state=entry.state,
        owner=entry.owner,
        owner_name=rows.name_of(call.state, entry.owner) if entry.owner else "",
        review_by=entry.review_by,
        due=is_due(entry),
        topics=list(entry.topics),
        featured=entry.featured,
        changed_at=entry.changed_at,
        changed_by=rows.name_of(call.state, entry.changed_by),
        views=counts.get("view", 0),
        **{name: counts.get(name, 0) for name in COUNTED},
    )


def is_due(entry: FaqEntry) -> bool:
    """Say whether somebody should look an entry over today."""
    return bool(entry.review_by) and entry.review_by <= today().isoformat() and entry.state != "archived"


def differences(before: FaqEntry | None, after: FaqEntry) -> list[FaqDifference]:
    """Return what a version changed, field by field."""
    old, new = _fields(before) if before is not None else {}, _fields(after)
    found = []
    for field in dict.fromkeys((*old, *new)):
        was, now = old.get(field, ""), new.get(field, "")
        if was != now:
            lines = [line for line in ndiff(was.splitlines(), now.splitlines()) if not line.startswith("?")]
            found.append(FaqDifference(field=field, lines=lines))
    return found


def _fields(entry: FaqEntry) -> dict[str, str]:
    found = {
        "state": entry.state, "owner": entry.owner, "review_by": entry.review_by, "topics": _lines(entry.topics),
        "related": _lines(entry.related), "featured": "yes" if entry.featured else "",
        "files": _lines(f"{file.name}: {file.alt}" for file in entry.files),
    }  # fmt: skip
    for text in entry.texts:
        for name in ("title", "slug", "body"):
            found[f"{text.language}: {name}"] = getattr(text, name)
        found[f"{text.language}: asked"] = _lines(text.asked)
    return found


def _lines(found: Iterable[str]) -> str:
    return "\n".join(found)
