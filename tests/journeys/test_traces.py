"""One text and its answer through the daemon's processes, as a collector sees them; and while no collector is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.journeys.house import House, free_port
from tests.journeys.librarian import Librarian
from tests.peers.collector import CollectedSpan, Collector
from tests.peers.kannel import HOOK, NUMBER, PASSWORD, USER, Airwaves, Kannel

QUESTION, ANSWER, PHONE = "Zebrafinken?", "Regal Quitte", "+43660555777"
WANTED = {
    "receive",
    "make durable",
    "decide",
    "tell the inbox",
    "write the transcript",
    "answer",
    "send",
    "receipt",
}
TEXT = """
[tracing]
endpoint = "{collector}"
sample = 1
[[channel]]
name = "text"
kind = "kannel"
queue = "north/reference"
number = "{number}"
username = "{user}"
password_file = "sendsms"
hook_password_file = "hook"
url = "http://127.0.0.1:{sendsms}/cgi-bin/sendsms"
hook_url = "http://127.0.0.1:{desk}"
"""


def whole(spans: list[CollectedSpan]) -> list[CollectedSpan]:
    """Return the spans of a message that was answered and of an answer that was reported, [] while there is none."""
    for trace in {span.trace for span in spans}:
        found = [span for span in spans if span.trace == trace]
        stages = {span.about.get("deskbridge.stage") for span in found}
        if {span.name for span in found} >= WANTED and stages >= {"sent", "delivered"}:
            return found
    return []


async def answered(ana: Librarian, airwaves: Airwaves, phone: str, question: str) -> None:
    """Let somebody ask and a librarian answer."""
    before = set(ana.rows)
    await airwaves.text(phone, question)
    await ana.until(lambda: bool(ana.rows.keys() - before))
    (talk,) = ana.rows.keys() - before
    assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
    assert (await ana.do(f"/conversations/{talk}/messages", {"text": ANSWER}))[0] == 200
    async with asyncio.timeout(60):
        while await airwaves.phone(phone).get() != ANSWER:
            pass


@pytest.mark.skipif(bool(Kannel.missing()), reason=Kannel.missing())
async def test_a_text_and_its_answer_are_one_tree_without_their_words(tmp_path: Path) -> None:
    house = House(tmp_path, ("magdalena",))
    kannel, collector = Kannel(house.port), Collector(free_port())
    kannel.config.write_text(kannel.config.read_text().replace("/in?", "/channels/text/in?"))
    for name, secret in (("sendsms", PASSWORD), ("hook", HOOK)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    house.more = TEXT.format(collector=collector.url, number=NUMBER, user=USER, sendsms=kannel.sendsms, desk=house.port)
    airwaves = Airwaves(kannel.centre)
    try:
        kannel.start()
        await airwaves.open()
        with house:
            await house.start()
            ana = Librarian(house.url, "magdalena")
            await ana.sign_in(house.codes["magdalena"])
            live = asyncio.create_task(ana.run())
            await ana.connected.wait()
            await ana.attend("north/reference")

            await answered(ana, airwaves, "+43660555778", "while no collector is there")
            await collector.open()
            await answered(ana, airwaves, PHONE, QUESTION)
            await collector.until(lambda: bool(whole(collector.spans)))
            live.cancel()
            await ana.close()
            assert house.stop() == 0
    finally:
        await airwaves.close()
        kannel.close()
        await collector.close()

    spans = whole(collector.spans)
    ids = {span.id for span in spans}
    assert len(ids) == len(spans)
    assert [span.name for span in spans if span.parent not in ids] == ["receive"]
    assert len({span.process for span in spans}) == 2
    assert all(span.took >= 0 for span in spans)
    parents = {span.id: span.name for span in spans}
    assert {parents[span.parent] for span in spans if span.name in ("answer", "send", "receipt")} == {"decide"}
    (root,) = [span for span in spans if span.name == "receive"]
    assert root.about["deskbridge.channel_kind"] == "kannel"
    assert {span.about["deskbridge.outcome"] for span in spans if span.name == "send"} == {"sent"}
    for words in (QUESTION, ANSWER, PHONE.strip("+"), "magdalena", "Magdalena", PASSWORD, HOOK):
        assert words.encode() not in collector.raw
