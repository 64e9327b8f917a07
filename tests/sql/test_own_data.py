"""What is kept of one patron, for that patron: theirs whole, of what they took part in their part, and of others nothing."""

from __future__ import annotations

import msgspec

from bridge.contract.message import Delivery, Message, message_id
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.privacy.own_data import KeptConversation, OwnDataReader
from bridge.sql.privacy.own_data_grants import OwnDataGrants
from routing import events as ev
from tests.sql.test_erasures import followed_up
from tests.sql.test_follow import Desk, chat, desk, opened, received

__all__ = ["desk"]  # a fixture


def by_mail(talk: str, source: str, text: str, sender: str, *marks: str) -> ev.Received:
    message = Message(
        id=message_id("mail", sender, source), channel="mail", sender=sender, source=source, text=text, marks=marks
    )
    return ev.Received(conversation=talk, message=message)


async def texts(reader: OwnDataReader, one: KeptConversation) -> list[str]:
    return [line.text async for line in reader.lines(one)]


async def of(reader: OwnDataReader, channel: str, address: str) -> list[KeptConversation]:
    held = await reader.held_of(channel, address)
    return [one async for one in reader.kept(held, {f"{channel}|{address}"})]


async def test_an_address_gets_what_it_wrote_and_no_fact_of_who_began(desk: Desk, archive: Archive) -> None:
    reader = OwnDataReader(archive.engine)
    named = msgspec.structs.replace(opened("t1"), name="Fay", subject="My illness", contact="joe@patron.example")
    async with desk.following():
        await desk.commit(named, received("t1", "s1", "A private thing"))
        await desk.commit(followed_up("t1"))
        await desk.commit(ev.Noted(conversation="t1", id="n1", by="ana", text="In a hurry"))
        await desk.commit(by_mail("t1", "m1", "Joe here, by mail", "joe@patron.example"))
        await desk.commit(by_mail("t1", "m2", "A stranger", "eve@elsewhere.example", "other-sender"))
        await desk.commit(ev.Rated(conversation="t1", id="r1", score=3, comment="Thanks"))
        await chat(desk, "t2")
        await desk.caught_up()
        mine, later = await of(reader, "web", "web:1")
        assert (mine.id, later.id, mine.notes) == ("t1", "t2", 1)
        assert mine.talk is not None
        assert (mine.talk.subject, mine.talk.name, mine.talk.contact) == ("My illness", "", ""), "a stranger wrote, too"
        assert len(mine.follow_ups) == 1
        assert await texts(reader, mine) == ["A private thing", "Thanks"]
        assert await texts(reader, later) == ["Where is the Straße atlas?", "On the second floor."]
        [part] = await of(reader, "mail", "joe@patron.example")
        assert (part.talk, part.follow_ups, part.notes) == (None, (), 0)
        assert await texts(reader, part) == ["Joe here, by mail"]
        assert await of(reader, "mail", "eve@elsewhere.example") == [], "another person's conversation"
        assert await of(reader, "web", "web:") == []
        await desk.commit(ev.Erased(conversation="t1", by="cora", places=("web|web:1",)))
        await desk.caught_up()
        assert [one.id for one in await of(reader, "web", "web:1")] == ["t2"]


async def test_a_link_opens_once_while_its_line_is_there(desk: Desk, archive: Archive) -> None:
    grants = OwnDataGrants(archive.engine)
    sent = Delivery(
        id="the-delivery", channel="web", conversation="t1", to="web:1", kind="notice", at=0, event="own-data"
    )
    async with desk.following():
        await desk.commit(opened("t1"), received("t1", "s1", "What do you have?"))
        await desk.commit(ev.OwnDataOffered(conversation="t1", by="ana", delivery=sent))
        await desk.caught_up()
        grant = await grants.of("the-delivery", "own-data", since=0)
        assert grant is not None
        assert (grant.library, grant.channel, grant.address) == ("north", "web", "web:1")
        assert await grants.of("the-delivery", "own-data", since=now_ms()) is None, "over"
        assert await grants.of("the-delivery", "text", since=0) is None
        assert [await grants.use(grant), await grants.use(grant)] == [True, False]
        assert await grants.of("the-delivery", "own-data", since=0) is None
        await grants.broke_off(grant)
        assert await grants.of("the-delivery", "own-data", since=0) == grant
        deeds = await archive.access_audit.of(["t1"])
        assert {(one.who, one.what) for one in deeds} == {("ana", "own-data-offered"), ("", "own-data-taken")}
        await desk.commit(ev.Erased(conversation="t1", by="cora", places=("web|web:1",)))
        await desk.caught_up()
        assert await grants.of("the-delivery", "own-data", since=0) is None
