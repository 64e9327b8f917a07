"""The server's archive of our account (XEP-0313): what arrived since, and whether a message of ours is in it.

The server keeps a message before it hands it on, in either direction. So a question that is not in the archive was never
taken, and the archive's order is the order of arrival.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from adapters.xmpp.codec import moment
from adapters.xmpp.connection import XmppConnection
from adapters.xmpp.jid import DELAY, DISCO_INFO, FORMS, FORWARD, MAM, RSM, STREAMS, bare, content, split, text

PAGE = 100


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """One archived message: its number, when it came (ms), and its stanza."""

    id: str
    at: int
    stanza: Element


class MessageArchive:
    """The archive of the account that `link` is signed in with."""

    def __init__(self, link: XmppConnection) -> None:
        self._link = link
        self._pages: dict[str, list[ArchivedMessage]] = {}

    async def offered(self) -> bool:
        """Whether the server keeps an archive for us; if so it is asked to keep everything. Raises StreamLost, StanzaRefused."""
        info = await self._link.ask(f"<query xmlns='{DISCO_INFO}'/>", to=self._link.own)
        features = {each.get("var") for each in info.iter(f"{{{DISCO_INFO}}}feature")}
        if MAM not in features:
            return False
        await self._link.ask(f"<prefs xmlns='{MAM}' default='always'><always/><never/></prefs>", kind="set")
        return True

    def take(self, stanza: Element) -> bool:
        """Take a result; False when the stanza is none. Only our own server's are results, others' are just messages."""
        result = stanza.find(f"{{{MAM}}}result")
        if result is None or bare(stanza.get("from", self._link.own)) != self._link.own:
            return False
        page = self._pages.get(result.get("queryid", ""))
        inner = result.find(f"{{{FORWARD}}}forwarded")
        if page is None or inner is None:
            return True
        delay = inner.find(f"{{{DELAY}}}delay")
        for each in inner:
            if split(each.tag)[1] == "message" and split(each.tag)[0] in STREAMS:
                page.append(
                    ArchivedMessage(
                        result.get("id", ""), moment(delay.get("stamp", "")) if delay is not None else 0, each
                    )
                )
        return True

    async def last(self) -> str:
        """Return the newest message's number, "" when there is none."""
        kept, _ = await self._page({}, "<max>1</max><before/>")
        return kept[-1].id if kept else ""

    async def is_behind(self, place: str) -> bool:
        """Whether there is a newest message and `place` is not its number: where nothing came after `place`, nobody knows it."""
        newest = await self.last()
        return bool(newest) and newest != place

    async def since(self, *, after: str = "", start: int = 0, with_: str = "") -> AsyncIterator[list[ArchivedMessage]]:
        """Iterate over pages, oldest first: behind message `after`, from `start` (ms) on, with one address only.

        Raises StanzaRefused("item-not-found") when the server knows `after` no more.
        """
        fields = {"with": with_, "start": _stamp(start) if start else ""}
        while True:
            place = f"<after>{text(after)}</after>" if after else ""
            kept, complete = await self._page(fields, f"<max>{PAGE}</max>{place}")
            if kept:
                yield kept
                after = kept[-1].id
            if complete or not kept:
                return

    async def _page(self, fields: dict[str, str], place: str) -> tuple[list[ArchivedMessage], bool]:
        query = secrets.token_hex(6)
        filled = "".join(
            f"<field var='{name}'><value>{text(value)}</value></field>" for name, value in fields.items() if value
        )
        kind = f"<field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>"
        form = f"<x xmlns='{FORMS}' type='submit'>{kind}{filled}</x>"
        page = self._pages[query] = []
        try:
            answer = await self._link.ask(
                f"<query xmlns='{MAM}' queryid='{query}'>{form}<set xmlns='{RSM}'>{place}</set></query>", kind="set"
            )
        finally:
            del self._pages[query]
        fin = answer.find(f"{{{MAM}}}fin")
        complete = fin is None or fin.get("complete") in ("true", "1")
        last = content(fin.find(f"{{{RSM}}}set/{{{RSM}}}last")) if fin is not None else ""
        return page, complete or not last


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
