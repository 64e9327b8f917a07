"""The FAQ in SQL: versions and clashes, addresses that move, and a search that ranks alike on both databases."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from bench.faq import SCOPE, entries, hits, mistyped, questions
from bridge.sql.archive import Archive
from bridge.sql.faq.counts import today
from bridge.sql.faq.entries import AddressTaken, EntryChanged
from bridge.sql.faq.entry import EntryFile, EntryText, FaqEntry, entry_faults
from bridge.sql.faq.search import FITS, Scope


def entry(title: str = "How do I print?", **more: object) -> FaqEntry:
    text = EntryText(language="en", title=title, body="At a printer.", asked=("printing costs",))
    return msgspec.structs.replace(FaqEntry(library="north", state="public", texts=(text,)), **more)


async def test_a_set_of_questions_is_answered_with_typos_too(archive: Archive) -> None:
    """The same shares on both databases: they rank alike, digit by digit."""
    for one in entries():
        await archive.faq.save(one, "cora")
    asked, chance = questions(), random.Random(20261130)
    typos = {title: [mistyped(one, chance) for one in wordings] for title, wordings in asked.items()}
    clean, wrong = await hits(archive.faq_search, asked), await hits(archive.faq_search, typos)
    assert (round(clean[3], 3), round(wrong[3], 3)) == (0.773, 0.729)


async def test_two_who_edit_at_once_are_told_and_nothing_is_lost(archive: Archive) -> None:
    first = await archive.faq.save(entry(), "cora")
    second = await archive.faq.save(msgspec.structs.replace(first, topics=("Printing",)), "ana")
    with pytest.raises(EntryChanged) as clash:
        await archive.faq.save(msgspec.structs.replace(first, topics=("Mine",)), "cora")
    assert clash.value.now == second
    assert [(one.who, one.entry.topics) for one in await archive.faq.versions(first.id)] == [
        ("ana", ("Printing",)),
        ("cora", ()),
    ]
    await archive.faq.remove(first.id)
    with pytest.raises(EntryChanged) as gone:
        await archive.faq.save(second, "cora")
    assert gone.value.now is None
    assert not await archive.faq.versions(first.id)
    assert not await archive.faq_search.find("printing", SCOPE)


async def test_an_old_address_leads_to_the_entry(archive: Archive) -> None:
    first = await archive.faq.save(entry(), "cora")
    again = await archive.faq.save(entry(), "cora")
    assert [one.texts[0].slug for one in (first, again)] == ["how-do-i-print", "how-do-i-print-2"]
    text = msgspec.structs.replace(first.texts[0], slug="printing")
    moved = await archive.faq.save(msgspec.structs.replace(first, texts=(text,)), "cora")
    assert await archive.faq.at_address("north", "en", "how-do-i-print") == (moved, True)
    assert await archive.faq.at_address("north", "en", "printing") == (moved, False)
    taken = msgspec.structs.replace(again.texts[0], slug="printing")
    with pytest.raises(AddressTaken):
        await archive.faq.save(msgspec.structs.replace(again, texts=(taken,)), "cora")


async def test_what_is_found_depends_on_the_state_the_library_and_the_language(archive: Archive) -> None:
    german = EntryText(language="de", title="Wie verlängere ich meine Bücher?", body="Im Konto.")
    english = EntryText(language="en", title="How do I renew my books?", body="In your account.")
    both = await archive.faq.save(entry(texts=(english, german)), "cora")
    for state in ("draft", "staff", "cooperative", "archived"):
        await archive.faq.save(entry(f"How do I renew a {state} pass?", state=state), "cora")

    async def titles(scope: Scope, asked: str = "renew", language: str = "en") -> set[str]:
        return {hit.title for hit in await archive.faq_search.find(asked, scope, language=language)}

    assert await titles(SCOPE) == {"How do I renew my books?"}
    assert len(await titles(Scope(("north",), 1))) == 3
    assert len(await titles(Scope(("south",), 1, ("north",)))) == 2
    assert not await titles(Scope(("south",), 1))
    assert await titles(SCOPE, "Buch verlaengern verlängerte Bücher", "de") == {"Wie verlängere ich meine Bücher?"}
    assert not await archive.faq_search.find("weather in Lisbon", SCOPE, fits=FITS)
    assert [hit.entry for hit in await archive.faq_search.find("how do I renwe boooks", SCOPE, fits=FITS)] == [both.id]
    assert not await titles(SCOPE, "' OR 1=1; --%_\\ \" *")


async def test_days_gaps_and_remarks_are_counted(archive: Archive) -> None:
    one = await archive.faq.save(entry(), "cora")
    counts = archive.faq_counts
    for _ in range(3):
        await counts.count(one.id, "view")
        await counts.missed("north", "en", "parking")
    await counts.missed("north", "en", "once only")
    assert await counts.of_library("north", today() - timedelta(days=1)) == {one.id: {"view": 3}}
    assert [(gap.words, gap.count) for gap in await counts.gaps("north")] == [("parking", 3)]
    await counts.remark(one.id, "It doesn't say where.")
    remark = (await counts.remarks("north"))[0]
    await counts.drop_remark("south", remark.n)
    assert await counts.remarks("north") == [remark]
    await counts.drop_remark("north", remark.n)
    assert not await counts.remarks("north")


def test_faults_name_their_field() -> None:
    wrong = FaqEntry(
        library="north",
        texts=(
            EntryText(language="english", title=" "),
            EntryText(language="en", title="a\nb", slug="Not-Good", asked=("x" * 300,)),
        ),
        review_by="tomorrow",
        topics=("",),
        files=(EntryFile(file="a", name="a.svg", type="image/svg+xml", size=1),),
    )
    assert {fault.field for fault in entry_faults(wrong)} == {
        "texts[1].language", "texts[1].title", "texts[2].title", "texts[2].slug", "texts[2].asked[1]", "review_by", "topics[1]",
        "files[1].alt", "files[1].type",
    }  # fmt: skip
    assert not entry_faults(entry())
