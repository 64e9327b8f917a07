"""Writing first over the interface: who may, what strangers get, what leaves the desk, and what a report counts."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.log.follower import START
from routing.events import Forwarded
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk
from tests.inbox.test_forget import archived
from tests.inbox.test_reports import numbers

pytestmark = pytest.mark.asyncio(loop_scope="module")


def mail(address: str, **more: Any) -> dict[str, Any]:
    """What a page asks to begin a mail."""
    return {"channel": "mail", "address": address, "subject": "Your book", "text": "It is here."} | more


async def test_who_may_and_what_each_sees_of_the_recipients(desk: Desk, browsers: Browsers) -> None:
    cora, ben, dora = await browsers.of("cora"), await browsers.of("ben"), await browsers.of("dora")
    _, offered = await cora.get("/begin")
    assert [(one["channel"], one["kinds"], one["copies"]) for one in offered["channels"]] == [("mail", ["mail"], True)]
    assert (await ben.get("/begin"))[1] == {"channels": []}
    for other in (ben, dora):
        status, refused = await other.post("/begin", mail("ida@example.org"))
        assert (status, refused["reason"]) == (409, "may-not-begin")
    status, wrong = await cora.post("/begin", mail("ida@example.org", subject=" "))
    assert (status, wrong["detail"].partition(":")[0]) == (422, "subject")
    status, wrong = await cora.post("/begin", mail("ida@example.org\r\nBcc: all@example.org"))
    assert (status, wrong["reason"]) == (409, "address-not-understood")

    asked = mail("ida@example.org", cc=["bob@example.org"], bcc=["hidden@example.org"])
    status, begun = await cora.post("/begin", asked, key="once-and-again")
    assert status == 200, begun
    assert (await cora.post("/begin", asked, key="once-and-again"))[1]["conversation"] == begun["conversation"]
    assert (begun["line"]["cc"], begun["line"]["bcc"]) == (["bob@example.org"], ["hidden@example.org"])
    talk = begun["conversation"]
    for who, hidden in ((cora, ["hidden@example.org"]), (ben, [])):
        _, seen = await who.get(f"/conversations/{talk}")
        (line,) = (each for each in seen["lines"] if each["who"] == "librarian")
        assert (line["cc"], line["bcc"], line["marks"]) == (["bob@example.org"], hidden, [])
    assert (await dora.get(f"/conversations/{talk}"))[0] == 404
    status, clash = await cora.post("/begin", mail("IDA@example.org"))
    assert (status, clash["reason"], clash["conversation"]) == (409, "already-open", talk)


async def test_what_is_sent_on_holds_no_note_and_no_address(desk: Desk, browsers: Browsers) -> None:
    cora, ben, dora = await browsers.of("cora"), await browsers.of("ben"), await browsers.of("dora")
    talk = await desk.patron("pia@example.org", "Where is it?", channel="mail", subject="A map", name="Pia")
    assert (await cora.post(f"/conversations/{talk}/claim", {}))[0] == 200
    assert (await cora.post(f"/conversations/{talk}/notes", {"text": "A difficult person"}))[0] == 200
    said = {"text": "In the hall.", "bcc": ["h@example.org"]}
    assert (await cora.post(f"/conversations/{talk}/messages", said))[0] == 200
    _, seen = await cora.get(f"/conversations/{talk}")
    note = next(line["id"] for line in seen["lines"] if line["who"] == "note")
    onward = {"address": "expert@example.org", "what": "transcript", "note": "Please look."}
    assert (await dora.post(f"/conversations/{talk}/forward", onward))[0] == 404
    assert (await ben.post(f"/conversations/{talk}/forward", onward))[1]["reason"] == "may-not-begin"
    status, _ = await cora.post(f"/conversations/{talk}/forward", onward | {"what": "message", "line": note})
    assert status == 422
    status, done = await cora.post(f"/conversations/{talk}/forward", onward)
    assert status == 200, done
    steps = await desk.services.tail.steps(talk, START)
    (sent,) = (event for _, step in steps for event in step.events if isinstance(event, Forwarded))
    text = sent.delivery.text
    assert text.startswith("Please look.\n\n")
    assert text.index("Pia:\nWhere is it?") < text.index("Cora:\nIn the hall.")
    assert not any(word in text for word in ("difficult", "pia@", "h@example.org"))
    await archived(desk)
    _, audit = await cora.get(f"/conversations/{talk}/audit")
    assert ("forwarded-transcript", "expert@example.org") in [(one["what"], one["detail"]) for one in audit["deeds"]]


async def test_what_the_library_began_is_counted_apart(desk: Desk, browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    await archived(desk)  # what other tests have begun
    before = await numbers(cora)
    status, begun = await cora.post("/begin", mail("counted@example.org"))
    assert status == 200, begun
    await desk.patron("somebody", "A question")
    await archived(desk)
    after = await numbers(cora)
    assert (after["total"], after["begun"]) == (before["total"] + 1, before["begun"] + 1)
