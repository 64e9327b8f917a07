"""A mention waits for a librarian who is signed out: told at the next sign-in, until they open the conversation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _told(client: Client) -> list[dict[str, Any]]:
    """Return the mentions that a page hears when it is opened."""
    page = await client.live()
    await page.next()
    await page.say(t="pong", at=0)  # answered once all that waits is told
    await page.until(lambda m: m["t"] == "ping")
    await page.close()
    return [one for one in page.heard if one["t"] == "mention"]


async def _named(desk: Desk, browsers: Browsers, patron: str, who: str) -> str:
    conversation = await desk.patron(patron, "An odd question")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "notes", {"text": f"Do you know, {who}?", "mentions": [who]})
    await archived(desk)
    return conversation


async def test_it_is_told_at_each_sign_in_until_the_conversation_is_opened(desk: Desk, browsers: Browsers) -> None:
    conversation = await _named(desk, browsers, "odd", "ben")
    ben = await browsers.of("ben")
    for _ in range(2):
        (told,) = await _told(ben)
        assert (told["conversation"], told["by_name"], told["text"]) == (conversation, "Ana Alves", "Do you know, ben?")
    assert (await ben.get(f"/conversations/{conversation}"))[0] == 200
    assert await _told(ben) == []
    await (await browsers.of("ana")).deed(conversation, "notes", {"text": "Ben, again?", "mentions": ["ben"]})
    await archived(desk)
    assert [one["text"] for one in await _told(ben)] == ["Ben, again?"]


async def test_a_note_that_was_read_before_the_archive_had_it_waits_no_longer(desk: Desk, browsers: Browsers) -> None:
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    for n in range(5):
        conversation = await desk.patron(f"quick{n}", "A quick question")
        await ana.deed(conversation, "claim")
        await ana.deed(conversation, "notes", {"text": "Ben, at once?", "mentions": ["ben"]})
        assert (await ben.get(f"/conversations/{conversation}"))[0] == 200
    await archived(desk)
    assert [one for one in await _told(ben) if one["text"] == "Ben, at once?"] == []


async def test_who_may_not_see_the_conversation_is_told_nothing(desk: Desk, browsers: Browsers) -> None:
    await _named(desk, browsers, "private", "dora")
    assert await _told(await browsers.of("dora")) == []


async def test_what_was_told_while_the_conversation_was_open_waits_no_longer(desk: Desk, browsers: Browsers) -> None:
    conversation = await _named(desk, browsers, "watched", "cora")
    cora = await browsers.of("cora")
    await cora.get(f"/conversations/{conversation}")
    page = await cora.live()
    await page.say(t="watch", conversation=conversation)
    live = desk.inbox.consortia[0].live
    await until(lambda: live.viewing(conversation, "nobody"), "she looks at it")
    await (await browsers.of("ana")).deed(conversation, "notes", {"text": "Cora?", "mentions": ["cora"]})
    await page.until(lambda m: m["t"] == "mention")
    await archived(desk)
    assert await _told(cora) == []
    await page.close()


async def test_forgetting_forgets_it(desk: Desk, browsers: Browsers) -> None:
    conversation = await _named(desk, browsers, "forgotten", "ben")
    await (await browsers.of("ana")).deed(conversation, "close", {"code": "answered"})
    cora, ben = await browsers.of("cora"), await browsers.of("ben")
    assert conversation in [one["conversation"] for one in await _told(ben)]
    await archived(desk)
    assert (await cora.post(f"/conversations/{conversation}/forget", {}))[0] == 200
    await archived(desk)
    assert conversation not in [one["conversation"] for one in await _told(ben)]
