"""`deskbridge explain-mail [--own ADDRESS]... FILE...`: what the pipeline makes of mails, one JSON line per file.

No network, no store.

Keys: from, subject, text (the new words), full_text, html, attachments, class, bounce (recipients, status, hard; null for what
is no bounce), filters (what each decided), quarantined (why; null when it is not), taken (whether it opens or joins a
conversation by itself), patron (the address that an answer goes to). And cut: the lines that the first view hides, "" for none.
`--own` names an address of the mailbox; it may be given several times.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from adapters.email.addresses import MailAddress
from adapters.email.mail import Mail
from adapters.email.parse.isolated import MailParser


def verdict(mail: Mail) -> dict[str, Any]:
    """Return the line for one mail; exactly the keys above."""
    bounce = None
    if mail.bounce is not None:
        found = [recipient.address for recipient in mail.bounce.recipients]
        bounce = {"recipients": found, "status": mail.bounce.status, "hard": mail.bounce.hard}
    return {
        "from": str(mail.author),
        "subject": mail.subject,
        "text": mail.text,
        "full_text": mail.full_text,
        "html": mail.html,
        "attachments": [
            {"name": one.name, "type": one.media_type, "size": len(one.content), "inline": one.inline}
            for one in mail.files
        ],
        "class": mail.kind,
        "bounce": bounce,
        "filters": list(mail.filters),
        "quarantined": mail.quarantined or None,
        "taken": mail.taken,
        "patron": mail.patron.address,
        "cut": mail.hidden,
    }


async def verdicts(paths: Sequence[Path], own: Sequence[str] = ()) -> AsyncIterator[dict[str, Any]]:
    """Yield one verdict per file, in order; each is parsed as the daemon does it, in a worker with a deadline."""
    parser = MailParser()
    try:
        for path in paths:
            yield verdict(await parser.parse(path.read_bytes(), tuple(own)))
    finally:
        await parser.close()


async def _print(paths: Sequence[Path], own: Sequence[str]) -> None:
    async for line in verdicts(paths, own):
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdicts on the files named; 2 when a file cannot be read or an address of `--own` is none."""
    parser = argparse.ArgumentParser(
        prog="explain-mail", description="Say what is made of mails, one JSON line a file."
    )
    parser.add_argument("--own", action="append", default=[], metavar="ADDRESS", help="an address of the mailbox")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    told = parser.parse_intermixed_args(arguments)
    missing = [str(path) for path in told.files if not path.is_file()]
    wrong = [address for address in told.own if not MailAddress("", address).valid]
    if missing or wrong or not told.files:
        said = f"no such file: {', '.join(missing)}" if missing else "name at least one file"
        sys.stderr.write(f"explain-mail: {f'--own: {wrong[0]!r} is no mail address' if wrong else said}\n")
        return 2
    asyncio.run(_print(told.files, told.own))
    return 0


if __name__ == "__main__":
    sys.exit(main())
