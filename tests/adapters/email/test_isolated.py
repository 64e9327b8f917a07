"""One bad mail stops nobody: a real worker process, a real deadline, real kills."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from adapters.email.codec import MAX_MAIL, parse
from adapters.email.parse.isolated import MailParser, parse_isolated
from tests.adapters.email.corpora import mail_of

GOOD = mail_of("A question\n\nOn 5 Jan 2021 10:15, Ann <ann@library.example> wrote:\n> old\n")


async def test_the_worker_says_the_same_as_the_parser() -> None:
    assert await parse_isolated(GOOD, own=("x@y.z",), deadline=60) == parse(GOOD, own=("x@y.z",))


async def test_a_mail_that_takes_too_long_is_quarantined_and_the_next_one_is_read() -> None:
    parser = MailParser(deadline=60)
    try:
        await parser.parse(GOOD)
        worker = parser._worker
        assert worker is not None
        os.kill(worker.pid, signal.SIGSTOP)  # a worker that never answers
        parser._deadline = 0.2
        mail = await parser.parse(GOOD)
        assert mail.quarantined == "parsing took longer than 0.2 s"
        assert mail.subject == "Re: books"
        parser._deadline = 60
        assert (await parser.parse(GOOD)).text == "A question"
    finally:
        await parser.close()
    assert worker.returncode is not None


async def test_a_mail_that_kills_the_worker_is_quarantined_and_the_next_one_is_read() -> None:
    parser = MailParser(deadline=60)
    try:
        await parser.parse(GOOD)
        worker = parser._worker
        assert worker is not None
        os.kill(worker.pid, signal.SIGSTOP)
        asking = asyncio.create_task(parser.parse(GOOD))
        await asyncio.sleep(0)
        os.kill(worker.pid, signal.SIGKILL)
        assert (await asking).quarantined == "the parser died of it"
        assert (await parser.parse(GOOD)).quarantined == ""
    finally:
        await parser.close()


async def test_giving_up_a_parse_does_not_mix_up_answers() -> None:
    parser = MailParser(deadline=60)
    try:
        await parser.parse(GOOD)
        asking = asyncio.create_task(parser.parse(mail_of("another")))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await parser.parse(GOOD)).text == "A question"
    finally:
        await parser.close()


async def test_what_is_too_large_is_not_even_sent_to_the_worker() -> None:
    parser = MailParser()
    mail = await parser.parse(GOOD + b"x" * MAX_MAIL)
    assert mail.quarantined.startswith("larger than")
    assert mail.author.address == "patron@example.org"
    assert parser._worker is None


def test_explain_mail_prints_one_line_per_file(tmp_path: Path) -> None:
    (tmp_path / "good.eml").write_bytes(GOOD)
    (tmp_path / "nobody.eml").write_bytes(b"Subject: x\r\n\r\nbody")
    head = b"From: MAILER-DAEMON@x.example\r\nX-Failed-Recipients: a@b.example\r\nSubject: Mail failed\r\n"
    bounce = head + b"\r\n550 5.1.1 User unknown"
    (tmp_path / "bounce.eml").write_bytes(bounce)
    files = [str(tmp_path / name) for name in ("good.eml", "nobody.eml", "bounce.eml")]
    done = subprocess.run(
        [sys.executable, "-m", "adapters.email.explain", *files], capture_output=True, check=True, timeout=90
    )
    lines = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    keys = ["from", "subject", "text", "full_text", "html", "attachments", "class", "bounce", "filters", "quarantined"]
    keys += ["taken", "patron", "cut"]
    assert [list(line) for line in lines] == [keys] * 3
    good, nobody, bounced = lines
    assert (good["from"], good["text"], good["class"], good["bounce"], good["quarantined"]) == (
        "Patron <patron@example.org>",
        "A question",
        "person",
        None,
        None,
    )
    assert nobody["quarantined"] == "no usable sender address"
    assert (bounced["class"], bounced["bounce"]) == (
        "bounce",
        {"recipients": ["a@b.example"], "status": "5.1.1", "hard": True},
    )


def test_explain_mail_names_what_it_cannot_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "adapters.email.explain", str(tmp_path / "none.eml")], capture_output=True, timeout=90
    )
    assert done.returncode == 2
    assert b"no such file" in done.stderr
