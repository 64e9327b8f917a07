"""Files that go with an answer: chosen, sent, shown, and sent again where they did not arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS, Librarian, lines_of
from tests.browser.picture import png
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def attach(one: Librarian, *files: Path) -> None:
    """Choose files in the composer and wait until they are taken in."""
    async with one.page.expect_file_chooser() as chooser:
        await one.page.get_by_role("button", name="Attach").focus()
        await one.page.keyboard.press("Enter")
    await (await chooser.value).set_files(files)
    for file in files:
        await one.page.get_by_role("button", name=f"Remove {file.name}").wait_for()


async def loaded(one: Librarian, name: str, times: int) -> None:
    """Wait until a picture is in the transcript so many times, and was really drawn."""
    await expect(one.log.get_by_role("img", name=name)).to_have_count(times)
    drawn = "n => [...document.querySelectorAll('[role=log] img')].filter(one => one.naturalWidth > 0).length === n"
    await one.page.wait_for_function(drawn, arg=times)


async def claimed(people: People, desk: Desk, sender: str, **more: Any) -> tuple[Librarian, str]:
    """Ana with a conversation of hers open, ready to write."""
    conversation = await desk.patron(sender, "Could you send me the map?", name="Matt Map")
    ana = await people.of("ana", **more)
    await ana.open(conversation)
    await ana.page.keyboard.press("c")
    await expect(ana.composer).to_be_focused()
    return ana, conversation


@pytest.mark.parametrize("look", LOOKS)
async def test_files_that_did_not_arrive_are_sent_again(
    look: dict[str, Any], desk: Desk, people: People, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A picture and a text file fail; one button sends both again, and what is being written meanwhile stays."""
    name = request.node.callspec.id
    ana, conversation = await claimed(people, desk, f"again-{name}", **look)
    picture, list_ = tmp_path / "map of 1790.png", tmp_path / "shelves.txt"
    picture.write_bytes(png())
    list_.write_text("Shelf 12 to 14.")
    await attach(ana, picture, list_)
    await ana.look(f"{name}-files-chosen")
    await ana.composer.fill("Here it is.")
    await ana.page.keyboard.press("Control+Enter")
    await loaded(ana, picture.name, 1)
    said = next(line for line in await lines_of(desk, conversation, 3) if line.who == "librarian")
    await desk.receipt(said.id, "failed", reason="unreachable")
    await expect(ana.log).to_contain_text("not delivered")
    await ana.composer.fill("Half a thought")
    await ana.look(f"{name}-files-failed")
    await ana.log.get_by_role("button", name="Try again").focus()
    await ana.page.keyboard.press("Enter")
    await loaded(ana, picture.name, 2)
    await expect(ana.composer).to_have_value("Half a thought")
    both = [line for line in await lines_of(desk, conversation, 4) if line.who == "librarian"]
    assert [line.text for line in both] == ["Here it is."] * 2
    assert both[1].attachments == both[0].attachments
    assert [file.name for file in both[1].attachments] == [picture.name, list_.name]
    await ana.look(f"{name}-files-again")


async def test_files_without_words_wait_in_sight(desk: Desk, people: People, tmp_path: Path) -> None:
    """Without a network what waits shows the files' names; with it they arrive once."""
    ana, conversation = await claimed(people, desk, "offline-files")
    picture = tmp_path / "plan.png"
    picture.write_bytes(png())
    await attach(ana, picture)
    await ana.cut()
    await ana.page.get_by_role("button", name="Send to Matt Map").click()
    await expect(ana.log.get_by_text("waiting for a connection")).to_be_visible()
    await expect(ana.log.get_by_text("plan.png")).to_be_visible()
    assert await ana.axe() == []
    await ana.mend()
    await loaded(ana, "plan.png", 1)
    await expect(ana.log.get_by_text("waiting for a connection")).to_have_count(0)
    said = [line for line in await lines_of(desk, conversation, 3) if line.who == "librarian"]
    assert [file.name for line in said for file in line.attachments] == ["plan.png"]


@pytest.mark.parametrize("look", LOOKS)
async def test_a_file_for_the_patron_waits_while_a_note_is_written(
    look: dict[str, Any], desk: Desk, people: People, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It is none of the note's; it is beside its name, however long that is; and so it does where the answer is refused."""
    name = request.node.callspec.id
    ana, conversation = await claimed(people, desk, f"waits-{name}", **look)
    file = tmp_path / "the opening hours of all our branches as they were before the move.txt"
    file.write_text("Nine to five.")
    await attach(ana, file)
    remove = ana.page.get_by_role("button", name=f"Remove {file.name}")
    beside = ana.page.get_by_role("region", name="Write").get_by_text(file.name)
    button, words = await remove.bounding_box(), await beside.bounding_box()
    assert button is not None
    assert words is not None
    assert button["y"] < words["y"] + words["height"]
    await ana.look(f"{name}-attached")
    await ana.page.get_by_role("button", name="Note", exact=True).click()
    await expect(remove).to_have_count(0)
    await expect(ana.page.get_by_role("button", name="Save note")).to_be_disabled()
    await ana.composer.fill("She wants the old hours.")
    await ana.page.keyboard.press("Control+Enter")
    await expect(ana.log.get_by_text("She wants the old hours.")).to_have_count(1)
    await ana.page.get_by_role("button", name="Reply", exact=True).click()
    await expect(remove).to_be_visible()
    await ana.composer.fill("word " * 400)
    await expect(ana.page.get_by_role("button", name="Send to")).to_be_in_viewport(ratio=1)
    await ana.composer.fill("Here they are.")
    await ana.page.route(
        "**/messages", lambda route: route.fulfill(status=500, json={"error": "fault", "detail": "no"})
    )
    await ana.page.keyboard.press("Control+Enter")
    await expect(ana.log).to_contain_text("nothing was done")
    assert await ana.fits()
    await ana.page.unroute("**/messages")
    await ana.log.get_by_role("button", name="Try again").click()
    [said] = [line for line in await lines_of(desk, conversation, 6) if line.who == "librarian"]
    assert (said.text, [each.name for each in said.attachments]) == ("Here they are.", [file.name])


@pytest.mark.parametrize("look", LOOKS)
async def test_a_recording_is_played_where_it_stands(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """By keys as well, and its words stand below it. Nothing is fetched before somebody plays it."""
    name = request.node.callspec.id

    async def sound() -> AsyncIterator[bytes]:
        yield b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 400

    file = await desk.services.blobs.save(sound(), "voicemail-4711.mp3", 1 << 20)
    caller = f"caller-{name}"
    conversation = await desk.patron(caller, "0:07", attachments=(file,), marks=("voicemail",))
    await desk.patron(caller, "Please renew my books.", marks=("machine-transcript",))
    ana = await people.of("ana", **look)
    fetched: list[str] = []
    ana.page.on("request", lambda asked: fetched.append(asked.url) if file.digest in asked.url else None)
    await ana.open(conversation)
    player = ana.log.get_by_label("Recording: voicemail-4711.mp3")
    await expect(player).to_be_visible()
    await expect(ana.log).to_contain_text("written down by a machine")
    await ana.look(f"{name}-recording")
    assert fetched == []
    answer = await ana.page.request.get(f"{desk.url}{await player.get_attribute('src')}")
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")
    await player.focus()
    await expect(player).to_be_focused()
