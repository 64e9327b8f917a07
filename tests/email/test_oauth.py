"""OAuth2 against Dovecot's own oauth2 and a local token server: refresh, expiry, rotation, revocation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from adapters.email.adapter import EmailAdapter
from adapters.email.config import EmailConfig
from adapters.email.network.oauth import REFRESH_TOKEN, Tokens
from bridge.contract.adapter import BadCredentials, Unavailable
from bridge.testing import ProcessMemory, Ring
from tests.email.conftest import Mail
from tests.email.site import MAILBOX
from tests.email.test_mailbox import letter
from tests.email.tokens import TokenServer
from tests.peers.certificate import Certificate
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim


@asynccontextmanager
async def mailbox(tmp_path: Path, tokens: TokenServer) -> AsyncIterator[Mail]:
    """A Dovecot and an Exim that take the tokens of this server, and a ring."""
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    certificate = Certificate(tmp_path)
    dovecot = Dovecot(certificate, oauth=tokens.introspection_url)
    ring = Ring(EmailAdapter, tmp_path)
    with dovecot, Exim(dovecot.lmtp, {}, certificate) as exim:
        await ring.open()
        try:
            mail = Mail(certificate, dovecot, exim, ring)
            fields = {name: getattr(mail.config, name) for name in mail.config.__struct_fields__}
            fields |= {
                "password": "",
                "token_url": tokens.token_url,
                "client_id": "desk",
                "refresh_token": tokens.refresh,
            }
            mail.config = EmailConfig(**fields)
            tokens.told = exim.trust
            exim.trust()
            yield mail
        finally:
            await ring.close()


async def test_a_mailbox_is_read_with_a_token_and_a_dead_one_is_renewed(tmp_path: Path) -> None:
    async with TokenServer(MAILBOX) as tokens, mailbox(tmp_path, tokens) as mail:
        await mail.start()
        await mail.comes(letter("with a token"))
        await mail.ring.answer(await mail.ring.message("with a token"), "welcome")
        await mail.gets("pat", 1)
        assert tokens.granted == 1
        tokens.expire()
        await mail.ring.break_session()
        await mail.comes(letter("with another token"))
        await mail.ring.message("with another token")
        assert tokens.granted == 2


async def test_a_rotated_refresh_token_outlives_a_restart(tmp_path: Path) -> None:
    async with TokenServer(MAILBOX, expires_in=1, rotates=True) as tokens, mailbox(tmp_path, tokens) as mail:
        await mail.start()
        await mail.ring.stop()
        mail.ring.elsewhere()
        granted = tokens.granted
        await mail.start()
        await mail.comes(letter("after the restart"))
        await mail.ring.message("after the restart")
        assert tokens.granted > granted > 0
        assert await mail.ring.kept(tokens.refresh) == []  # nobody reads it there


async def test_a_refresh_token_that_an_earlier_version_kept_is_used_and_encrypted() -> None:
    async with TokenServer(MAILBOX) as tokens:
        config = EmailConfig(
            address=MAILBOX,
            imap_host="localhost",
            smtp_host="localhost",
            token_url=tokens.token_url,
            client_id="desk",
            refresh_token="dead",
        )
        memory, mark = ProcessMemory(), sha256(b"dead").hexdigest()
        assert REFRESH_TOKEN.read is not None
        former = msgspec.json.encode({"configured": mark, "refresh_token": tokens.refresh})
        await memory.put(REFRESH_TOKEN, list(REFRESH_TOKEN.read(former, 7)))
        for _ in range(2):
            assert await Tokens(config, memory, b"s" * 32).token()
            (row,) = await memory.rows(REFRESH_TOKEN)
            assert tokens.refresh.encode() not in row.value
        with pytest.raises(BadCredentials):
            await Tokens(config, memory, b"t" * 32).token()
        memory.away = True
        with pytest.raises(Unavailable):
            await Tokens(config, memory, b"s" * 32).token()


async def test_a_revoked_mailbox_asks_for_a_person(tmp_path: Path) -> None:
    async with TokenServer(MAILBOX) as tokens, mailbox(tmp_path, tokens) as mail:
        await mail.start()
        tokens.revoke()
        mail.dovecot.stop(kill=True)
        mail.dovecot.start()
        await mail.ring.down("bad-credentials")
        assert mail.ring.health().state == "blocked"
