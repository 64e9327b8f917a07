"""Hostile markup through every field that a patron or a channel can fill: in the chat nothing runs, nothing is fetched."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from adapters.webchat import tokens
from adapters.webchat.codec import Post, read_post
from bridge.contract.message import Attachment, Delivery, Message, derive
from bridge.testing.rig import soon
from tests.browser.chat import Chat, chatting
from tests.corpora import rows

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
]
SECRET = b"s" * 32  # the ring's
PARTS = 4  # a page of thousands of messages costs with the square of their number
PLAIN = {"A", "BDI", "BUTTON", "CANVAS", "DIV", "P", "SPAN", "STRONG", "TIME"}
# What the chat itself draws beside words: a name apart from its surroundings, and the place of a picture, where there is none.
OURS = ".by > bdi, .file > .name > bdi, a + bdi, button.file > canvas[hidden]"


@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_runs_and_nothing_is_fetched(browser: Browser, tmp_path: Path, part: int) -> None:
    payloads = [row["payload"] for row in await asyncio.to_thread(rows, "xss")][part::PARTS]
    token = tokens.mint(SECRET, "hostile")
    async with chatting(tmp_path, browser, viewport={"width": 800, "height": 600}) as chat:
        wrote = await from_the_patron(chat, token, payloads)
        said = await from_the_desk(chat, token, payloads)
        await chat.alone()
        kept = json.dumps({"token": token, "unsent": [], "name": payloads[0], "contact": payloads[-1]})
        await chat.document.evaluate(f"localStorage.setItem('deskbridge:here', {json.dumps(kept)})")
        await chat.alone()
        await chat.frame.get_by_text("the very last").wait_for(timeout=60_000)
        texts = await chat.document.evaluate(
            "[...document.querySelectorAll('.bubble p, .notice p')].map(p => p.textContent)"
        )
        assert texts == [*wrote, *said, "the very last"]
        tags = await chat.document.evaluate(
            "[...new Set([...document.querySelectorAll('.log *')].map(e => e.tagName))]"
        )
        assert set(tags) <= PLAIN
        others = await chat.document.evaluate(
            f"[...document.querySelectorAll('.log bdi, .log canvas')].filter(e => !e.matches('{OURS}')).map(e => e.outerHTML)"
        )
        assert others == []
        links = await chat.document.evaluate(
            "[...document.querySelectorAll('.log a')].map(a => [a.protocol, a.rel, a.target])"
        )
        assert links
        assert {tuple(each) for each in links} <= {
            (scheme, "noopener noreferrer nofollow", "_blank") for scheme in ("http:", "https:", "mailto:")
        }
        attributes = await chat.document.evaluate(
            "[...new Set([...document.querySelectorAll('.log *')].flatMap(e => e.getAttributeNames()))]"
        )
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcdoc")]
        await chat.page.wait_for_timeout(500)
        assert chat.complaints == []


async def from_the_patron(chat: Chat, token: str, payloads: list[str]) -> list[str]:
    """Let every payload in as text, name, address, page and language; return the texts as they were taken."""
    inlet, sender = chat.ring.runner().inlet, tokens.address(token)
    taken: list[Message] = []
    for n, payload in enumerate(payloads):
        if not payload.strip():
            continue
        post = Post(
            id=f"payload-{n:05}",
            text=f"{payload}|",
            name=payload[:200],
            contact=payload[:200],
            page=f"https://library.example/{payload}"[:2000],
            language=payload[:35],
        )
        message = read_post(post, "here", sender, SECRET, 100_000, time.time_ns() // 1_000_000)
        assert not message.page or message.page.startswith("https://library.example/")
        assert not set("?#") & set(message.page)
        taken.append(message)
    for n in range(0, len(taken), 500):
        await asyncio.gather(*(inlet.receive(message) for message in taken[n : n + 500]))
    await soon("all are in", chat.ring.until(lambda: len(chat.ring.messages()) == len(taken), "messages"))
    return [message.text for message in chat.ring.messages()]


async def from_the_desk(chat: Chat, token: str, payloads: list[str]) -> list[str]:
    """Put every payload out as text, notice, author and name of a file; return the texts."""
    made = []
    for n, payload in enumerate(payloads):
        file = Attachment(digest="0" * 64, media_type=payload[:50], size=1, name=payload or "x")
        fields: dict[str, Any] = {"attachments": (file,)} if n % 50 == 0 else {}
        made.append(
            Delivery(
                id=derive("hostile", str(n)),
                channel="here",
                conversation="c",
                to=tokens.address(token),
                kind="notice" if n % 3 == 0 else "text",
                at=1_700_000_000_000,
                text=f"{payload}|",
                author=payload,
                event="greeting" if n % 3 == 0 else "",
                **fields,
            )
        )
    last = Delivery(
        id="t" * 20, channel="here", conversation="c", to=tokens.address(token), kind="text", at=1, text="the very last"
    )
    await chat.ring.put([*made, last])
    return [each.text for each in made]
