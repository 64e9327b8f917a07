"""Words are found in every script, on both databases, by one rule for what is written and for what is asked."""

from __future__ import annotations

import time

import pytest
from alembic import command
from alembic.config import Config
from msgspec.structs import asdict
from sqlalchemy import Connection, insert, text

from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.database import MIGRATIONS, engine_for
from bridge.sql.transcripts import reindex
from bridge.sql.transcripts.lines import TranscriptLine
from bridge.sql.transcripts.search import CLOSE, OPEN, snippet_of
from bridge.sql.transcripts.search_words import Wanted, for_postgresql, for_sqlite, plain, tokens
from bridge.sql.transcripts.write_batch import write_lines

# What was written, what finds it, what does not.
CASES = [
    (
        "请问图书馆几点开门？",
        ["图书馆", "书馆", "馆", "图书馆 开门", "门", "图书馆几点"],
        ["馆图", "书店", "图馆", "关门"],
    ),
    ("国立国会図書館はどこですか", ["図書館", "国会", "どこ", "館"], ["図館", "図書室"]),
    ("ｶﾞｲﾄﾞを ＡＢＣ１２３ で", ["ガイド", "abc", "ABC123", "abc1", "ABC１２３"], ["カイド"]),
    ("도서관에서 책을 빌렸어요", ["도서관", "관에서", "책"], ["서도"]),
    ("ห้องสมุดเปิดกี่โมงครับ", ["สมุด", "เปิด", "กี่โมง", "ห้องสมุด"], ["กาโมง", "สมาด"]),
    ("ຫໍສະໝຸດ ເປີດ", ["ສະໝຸດ"], ["ສະໝດ"]),
    ("كِتَابٌ جَدِيدٌ عن المكتبة", ["كتاب", "كِتاب", "جديد", "المكتبة", "كتاب جديد"], ["كاتب"]),
    ("هل عندكم كتاب أحمد", ["كِتَابٌ", "احمد", "أَحْمَد", "كتـــاب"], ["كتب"]),
    ("کتاب‌های فارسی", ["كتاب", "کتابهای", "فارسی"], ["فارس ی کتب"]),
    ("שָׁלוֹם לכולם", ["שלום", "שָׁלוֹם"], ["שלים"]),
    ("हिन्दी की किताबें", ["हिन्दी", "किताब", "की"], ["हन्द", "कताब", "किताबों"]),
    ("Une œuvre sur les ﬁlles de Łódź", ["oeuvre", "œuvre", "filles", "lodz", "Łódź", "OEUVRE"], ["ouvre"]),
    (
        "Straße, Encyclopædia, Ærø, naïve",
        ["strasse", "STRASSE", "Straße", "encyclopaedia", "aero", "naive"],
        ["strase"],
    ),
    ("İstanbul ve Işık, ΟΔΟΣ οδός", ["istanbul", "isik", "ışık", "οδος", "ΟΔΌΣ"], ["stanbul"]),
    ("Ｆｕｌｌ ｗｉｄｔｈ ｌｅｔｔｅｒｓ", ["full", "width", "ｗｉｄ"], ["ull"]),
    ("cafe\u0301 and caf\u00e9; co\u00adoperate zero\u200bwidth", ["café", "cafe", "cooperate", "zerowidth"], ["cofe"]),
    ("Year ٢٠٢٦ and २०२५", ["2026", "२०२६", "2025"], ["2024"]),
    ("My iPhone手機 at jane.doe@example.org", ["手機", "iphone", "iphone手機", "doe@example.org", "example"], ["機手"]),
    ("Мы читаем «Ёлка»", ["елка", "ёлка", "читаем"], ["елк читал"]),
    ("Việt Nam: Thư viện", ["thu vien", "thư viện", "viet"], ["thi"]),
    ("plain ascii_words, don't stop", ["ascii", "words", "don't", "sto", "PLAIN"], ["lain", "stops"]),
    ("图书馆" * 9000, ["图书馆", "书馆图"], ["馆书"]),
]


def said(n: int, words: str) -> TranscriptLine:
    return TranscriptLine(id=f"l{n}", conversation="t", at=n, seq=n, part=0, who="patron", text=words)


async def conversation(archive: Archive) -> None:
    """One conversation of the library "north", for lines to stand in."""
    words = "id library channel address queue_entered queue name contact language subject page previous state owner last_text"
    row = dict.fromkeys((*words.split(), "last_who"), "") | {
        "id": "t",
        "library": "north",
        "live": True,
        "opened_at": 1,
        "last_at": 1,
    }
    async with archive.engine.begin() as sql:
        await sql.execute(insert(tables.conversation).values(**row))


async def found(archive: Archive, asked: str) -> list[str]:
    return [hit.line for hit in await archive.search.find(asked, ["north"])]


async def test_every_script_is_found_by_what_people_type(archive: Archive) -> None:
    await conversation(archive)
    async with archive.engine.begin() as sql:
        await write_lines(sql, [said(n, words) for n, (words, _, _) in enumerate(CASES)])
    wrong = []
    for n, (words, finds, misses) in enumerate(CASES):
        wrong += [f"{asked!r} misses {words[:40]!r}" for asked in finds if f"l{n}" not in await found(archive, asked)]
        wrong += [f"{asked!r} finds {words[:40]!r}" for asked in misses if f"l{n}" in await found(archive, asked)]
        for asked in finds:
            [hit] = [hit for hit in await archive.search.find(asked, ["north"]) if hit.line == f"l{n}"]
            if OPEN not in hit.snippet or len(hit.snippet) > 600:
                wrong.append(f"{asked!r} marks nothing in {hit.snippet[:200]!r}")
    assert not wrong, "\n".join(wrong)


async def test_what_is_deleted_is_found_no_more_and_what_changes_by_its_new_words(archive: Archive) -> None:
    await conversation(archive)
    async with archive.engine.begin() as sql:
        await write_lines(sql, [said(1, "図書館の本"), said(2, "plain words")])
        await sql.execute(text("UPDATE line SET stage = 'read'"))
        await sql.execute(text("DELETE FROM line WHERE id = 'l1'"))
    assert await found(archive, "図書館") == []
    assert await found(archive, "plain") == ["l2"]


async def test_nothing_asked_is_an_error_of_the_database(archive: Archive) -> None:
    await conversation(archive)
    for asked in [
        '"',
        "'",
        "'a' | 'b'",
        "a:*",
        "a*",
        "NOT a",
        "-a",
        "(",
        "\\",
        "\u0301",
        "\u0000",
        "\ud800",
        "図'館",
        "🦊",
        "{a b}",
        "a" * 400,
        "図" * 400,
    ]:
        await found(archive, asked)


def test_a_snippet_shows_the_words_around_the_first_one_found() -> None:
    long = "before " * 50 + "the œuvre itself " + "after " * 50
    shown = snippet_of(long, Wanted("oeuv"))
    assert f"{OPEN}œuvre{CLOSE}" in shown
    assert shown.startswith("…before")
    assert shown.endswith("…")
    assert len(shown) < 200
    assert snippet_of("図書館", Wanted("書")) == f"図{OPEN}書{CLOSE}館"
    assert snippet_of("كِتَابٌ جديد", Wanted("كتاب x")) == f"{OPEN}كِتَابٌ{CLOSE} جديد"
    assert snippet_of("ｶﾞｲﾄﾞ", Wanted("ガイ")) == f"{OPEN}ｶﾞｲ{CLOSE}ﾄﾞ"


@pytest.mark.timeout(60)
def test_hostile_texts_fold_quickly_and_to_a_bounded_size() -> None:
    for part in ("a", "é", "図", "ก", "\u0301", "كِ", "ﷺ", "a\u200b", "🦊", "ﬃ ", "한"):
        hostile = part * (100_000 // len(part))
        assert len(for_postgresql(hostile).encode()) < 1_000_000
        assert len(tokens(hostile)) <= 16_000
        for_sqlite(hostile)
        snippet_of(hostile, Wanted(part * 20))
    assert plain("ﬁ Ǆ") == "fi dz"


async def write_earlier(url: str, texts: list[str]) -> None:
    """Make a database of the release before there was the rule, with lines of its time."""
    engine = engine_for(url)

    def at_that_release(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")

    rows = [asdict(said(n, words)) | {"attachments": "[]", "marks": "[]"} for n, words in enumerate(texts)]
    names = ", ".join(TranscriptLine.__struct_fields__)
    values = ", ".join(f":{name}" for name in TranscriptLine.__struct_fields__)
    async with engine.execution_options(sqlite_write=True).begin() as sql:
        await sql.run_sync(at_that_release)
        await sql.execute(text(f"INSERT INTO line ({names}) VALUES ({values})"), rows)
    await engine.dispose()


async def test_what_an_earlier_release_wrote_is_read_over_in_small_steps(
    archive_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_earlier(archive_url, ["Where is the Straße atlas?", *(f"図書館の本、number{n}" for n in range(5))])
    monkeypatch.setattr(reindex, "BATCH", 2)
    archive = await Archive.open(archive_url)
    await conversation(archive)
    assert await found(archive, "書館") == []
    assert await found(archive, "atlas") == ["l0"]  # as before
    assert await archive.reindexing.some() == 2
    assert await found(archive, "書館") == ["l5", "l4"]  # the newest first
    await archive.reindexing.all()
    assert await archive.reindexing.some() == 0
    assert await found(archive, "書館") == ["l5", "l4", "l3", "l2", "l1"]
    for asked in ("strasse", "atlas", "where is the straße atl"):
        assert await found(archive, asked) == ["l0"]
    async with archive.engine.begin() as sql:
        await sql.execute(text("DELETE FROM line WHERE id <> 'l1'"))
    assert await found(archive, "atlas") == []
    assert await found(archive, "書館") == ["l1"]
    await archive.close()


@pytest.mark.long
async def test_a_hundred_thousand_lines_are_searched_faster_than_they_are_read(archive: Archive) -> None:
    await conversation(archive)
    scripts = [words for words, _, _ in CASES if len(words) < 200]
    lines = [said(n, f"{scripts[n % len(scripts)]} number {n}") for n in range(100_000)]
    async with archive.engine.begin() as sql:
        await write_lines(sql, lines)
    took: dict[str, float] = {}
    for asked in ("図書館", "館", "สมุด", "كتاب", "oeuvre", "number", "number 77777", "は", "ascii n"):
        began = time.monotonic()
        assert await found(archive, asked)
        took[asked] = time.monotonic() - began
    began = time.monotonic()
    async with archive.engine.connect() as sql:
        await sql.execute(text("SELECT count(*) FROM line WHERE lower(text) LIKE '%nowhere to be found%'"))
    scan = time.monotonic() - began
    print({asked: f"{seconds * 1000:.0f} ms" for asked, seconds in took.items()}, f"scan {scan * 1000:.0f} ms")
    assert sorted(took.values())[len(took) // 2] < scan
