"""What a patron types and has not sent: shown to who has joined, where the library says so; kept nowhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.contract.adapter import Signal
from bridge.sql.people.calendar import Calendar
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, Page, until
from tests.inbox.test_colleagues import everything

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSENT = "my doctor says it is quince-7731"


async def switch(desk: Desk, *, on: bool) -> None:
    """Let the north library show previews, or not."""
    now = desk.services.replica.state.libraries["north"]
    put = await desk.services.organisation.put(replace(now, typing_preview=on), Calendar())
    await desk.services.gathering.ingest([put])
    await until(lambda: desk.services.replica.state.libraries["north"].typing_preview is on, "the switch")


def holding(folder: Path, text: bytes) -> list[Path]:
    """Return the files that hold a text."""
    return [path for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


async def heard(page: Page, desk: Desk, sender: str, text: str) -> list[Any]:
    """Type, and return the kind and text of the sign that the page hears; a sign may be lost, and is told again."""
    sign = Signal(kind="draft", channel="web", address=sender, text=text)

    async def tell() -> None:
        while True:
            await desk.services.signs.tell(sign)
            await asyncio.sleep(0.3)

    telling = asyncio.create_task(tell())
    found = await page.until(lambda m: m["t"] == "signal" and not m["librarian"])
    telling.cancel()
    await asyncio.wait([telling])
    return [found["kind"], found["text"]]


async def test_only_who_has_joined_sees_what_is_typed_and_only_where_the_library_says_so(
    desk: Desk, browsers: Browsers
) -> None:
    conversation = await desk.patron("types-first", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    a, b = await ana.live(), await ben.live()
    assert await heard(a, desk, "types-first", UNSENT) == ["typing", ""]
    await switch(desk, on=True)
    a, b = await ana.live(), await ben.live()
    assert await heard(a, desk, "types-first", UNSENT) == ["draft", UNSENT]
    assert await heard(b, desk, "types-first", UNSENT) == ["typing", ""]
    await switch(desk, on=False)


async def test_nothing_of_what_is_typed_is_kept(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("types-second", "hello?")
    ana = await browsers.of("ana")
    await switch(desk, on=True)
    await ana.deed(conversation, "claim")
    assert await heard(await ana.live(), desk, "types-second", UNSENT) == ["draft", UNSENT]
    await switch(desk, on=False)
    kept = [each async for each in everything(desk)]
    assert kept
    assert [each for each in kept if UNSENT.encode() in each] == []
    await until(lambda: holding(desk.data, b"types-second"), "the archive holds what was sent")
    assert holding(desk.data, UNSENT.encode()) == []
    assert UNSENT not in repr(vars(desk.services.signs))
    assert UNSENT not in repr((await ana.get(f"/conversations/{conversation}"))[1])
