"""`deskbridge explain-mail FILE...`: what the pipeline makes of mails, one JSON line per file. No network, no store.

Keys: from, subject, text (the new words), full_text, html, attachments, class, bounce (recipients, status, hard; null for what
is no bounce), filters (what each decided), quarantined (why; null when it is not).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from adapters.email.isolated import MailParser
from adapters.email.mail import Mail


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
    }


async def verdicts(paths: Sequence[Path]) -> AsyncIterator[dict[str, Any]]:
    """Yield one verdict per file, in order; each is parsed as the daemon does it, in a worker with a deadline."""
    parser = MailParser()
    try:
        for path in paths:
            yield verdict(await parser.parse(path.read_bytes()))
    finally:
        await parser.close()


async def _print(paths: Sequence[Path]) -> None:
    async for line in verdicts(paths):
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdicts on the files named; 2 when a file cannot be read."""
    paths = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        sys.stderr.write(
            "explain-mail: " + (f"no such file: {', '.join(missing)}" if missing else "name at least one file") + "\n"
        )
        return 2
    asyncio.run(_print(paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
