"""mastodon-mock as a program, without the emphasis that it makes of stars and ticks: Mastodon makes none."""

from __future__ import annotations

import re

from mastodon_mock import cli, content_format

NEVER = re.compile(r"(?!)()")

for name in ("_BOLD_RE", "_STRIKE_RE", "_CODE_RE", "_ITALIC_RE"):
    assert hasattr(content_format, name), name
    setattr(content_format, name, NEVER)

if __name__ == "__main__":
    cli.main()
