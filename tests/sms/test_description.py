"""The local server and our requests, held against Twilio's own description of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.sms.config import SmsConfig
from adapters.sms.twilio_api import TwilioApi
from bridge.contract.adapter import Rejected, Sent
from bridge.testing.limits import PNG
from bridge.testing.twilio import Twilio
from bridge.testing.twilio_description import Description
from tests.corpora import corpus_file

OURS, ADA = "+15005550100", "+14155550123"


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """A server that nobody texts yet; the test opens it."""
    server = Twilio([OURS], service="MG" + "a" * 32)
    yield server
    await server.close()


async def test_every_request_and_answer_fits_the_description(twilio: Twilio) -> None:
    description = Description(corpus_file("twilio_api_v2010.json"))
    description.watch(twilio)
    await twilio.open()
    twilio.inbound = f"{twilio.url}/nobody"
    account = TwilioApi(
        SmsConfig(account_sid=twilio.account, auth_token=twilio.token, numbers=(OURS,), api=twilio.base)
    )
    try:
        await account.check()
        record = twilio.text(ADA, "with a picture", [("cat.png", PNG)])
        for number in range(1200):
            twilio.text(ADA, f"number {number}").made = record.made
        assert len(await account.inbound("", 0)) == 1201  # over two pages
        assert len(await account.media(record.sid)) == 1
        media = twilio.url + record.path + f"/Media/{record.media[0].sid}"
        async with account.file(media, 1 << 20) as (name, chunks):
            assert b"".join([chunk async for chunk in chunks]) == PNG
            assert name == "picture.png"
        sent = await account.submit(
            {"to": ADA, "from_": OURS, "body": "plain", "status_callback": "https://desk.example.org/status?delivery=1"}
        )
        assert isinstance(sent, Sent)
        service = {"to": ADA, "messaging_service_sid": twilio.service, "body": "by the service"}
        assert isinstance(await account.submit(service), Sent)
        pictures = {"to": ADA, "from_": OURS, "body": "", "media_url": [f"{twilio.url}/a", f"{twilio.url}/b"]}
        assert await account.submit(pictures) == Rejected("media-refused", "Twilio 21620")
        assert await account.submit({"to": "nobody", "from_": OURS, "body": "x"}) == Rejected(
            "no-such-address", "Twilio 21211"
        )
        assert [each.body for each in await account.outbound(ADA, 0)] == ["by the service", "plain"]
        assert await account.cost(sent.network_id) == "1 segments, -0.0079 USD"
    finally:
        await account.close()
    assert description.checked >= 10
    assert description.faults == []


async def test_the_description_notices_what_does_not_fit(twilio: Twilio) -> None:
    description = Description(corpus_file("twilio_api_v2010.json"))
    description.watch(twilio)
    twilio.account = "AC" + "z" * 32
    await twilio.open()
    account = TwilioApi(
        SmsConfig(account_sid=twilio.account, auth_token=twilio.token, numbers=(OURS,), api=twilio.base)
    )
    try:
        await account.check()
    finally:
        await account.close()
    assert description.faults
