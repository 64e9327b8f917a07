"""A bot at the local server that answers like Telegram, and at aiogram's side of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from msgspec.structs import replace

from bridge.testing.rig import soon
from bridge.testing.scene import Scene, eventually
from tests.conformance.rig_telegram import TelegramRig
from tests.peers.telegram import TOKEN


async def test_who_opens_the_chat_is_welcomed_and_opens_no_conversation(scene: Scene, rig: TelegramRig) -> None:
    await scene.begin(replace(rig.config(), welcome="Ask away."))
    ada = await rig.patron("ada")
    await ada.say("/start")
    assert (await soon("the welcome", ada.hear())).text == "Ask away."
    await ada.say("Is the book in?")
    await scene.ring.message("Is the book in?")
    assert len(scene.ring.messages()) == 1


async def test_a_group_is_left(scene: Scene, rig: TelegramRig) -> None:
    await scene.begin()
    said = rig.server.message(5, 1, text="a word among members") | {
        "chat": {"id": -77, "type": "supergroup", "title": "Club"}
    }
    await rig.server.push({"message": said})
    assert await eventually(lambda: _truth(rig.server.left == [-77]), 20)
    assert scene.ring.messages() == []


async def test_a_patron_who_blocked_the_bot_is_said_to_have(scene: Scene, rig: TelegramRig) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    message = await scene.hello(ada)
    rig.server.blocked.add(ada.chat)
    refused = await scene.ring.answer(message, "Here you are.")
    assert (await scene.ring.reached(refused, "failed")).reason == "blocked"


async def test_a_server_that_failed_leaves_a_doubt_and_one_that_is_busy_is_asked_again(
    scene: Scene, rig: TelegramRig
) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    message = await scene.hello(ada)
    rig.server.mishaps.append((502, {"ok": False, "error_code": 502, "description": "Bad Gateway"}))
    doubt = await scene.ring.answer(message, "one")
    await scene.ring.reached(doubt, "uncertain")
    busy = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
    rig.server.mishaps.append((429, busy))
    later = await scene.ring.answer(message, "two")
    await scene.ring.reached(later, "sent")
    assert (await ada.hear()).text == "two"


async def test_several_files_go_as_one_album_with_the_words(scene: Scene, rig: TelegramRig) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    message = await scene.hello(ada)
    files = [await scene.ring.blobs.save(_chunks(f"page {n}"), f"{n}.txt", 1_000) for n in range(3)]
    await scene.ring.answer(message, "All three:", attachments=tuple(files))
    shown = [await soon("a file", ada.hear()) for _ in files]
    assert [one.text for one in shown] == ["All three:", "", ""]
    assert [one.files[0].name for one in shown] == ["0.txt", "1.txt", "2.txt"]
    assert [method for method, _ in rig.server.said if method.startswith("send")] == ["sendMediaGroup"]


async def test_a_file_that_telegram_does_not_hand_out_is_said_to_be_too_large(scene: Scene, rig: TelegramRig) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    big = rig.server.keep("film.mp4", b"x") | {"file_size": 30_000_000}
    await rig.server.say(ada.chat, document=big, caption="my film")
    assert (await scene.ring.message("my film")).marks == ("file-too-large",)


async def test_a_webhook_of_another_program_is_named(scene: Scene, rig: TelegramRig) -> None:
    rig.server.webhook = True
    await scene.ring.start(rig.config())
    await scene.ring.down("misconfigured")


async def test_another_program_that_reads_the_updates_is_noticed(scene: Scene, rig: TelegramRig) -> None:
    """aiogram, which shares no code with us, asks with the same token: Telegram ends one of the two questions."""
    await scene.begin()
    base = f"http://127.0.0.1:{rig.server.port}"
    session = AiohttpSession(api=TelegramAPIServer.from_base(base))
    async with Bot(TOKEN, session=session) as bot:
        assert (await bot.get_me()).username == "ask_us_bot"
        task = asyncio.create_task(bot.get_updates(timeout=5))
        await scene.ring.down("unavailable")
        task.cancel()
        await asyncio.wait([task])
    ada = await rig.patron("ada")
    await ada.say("still there?")
    await scene.ring.message("still there?")


async def _chunks(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def _truth(held: bool) -> bool:
    return held
