"""What the rules say of a mail's sender."""

from __future__ import annotations

from typing import Literal

import msgspec

Class = Literal["person", "auto", "bounce", "complaint", "list"]


class Verdict(msgspec.Struct, frozen=True):
    """Who sent a mail, and the rule that says so.

    `aside`: why it opens no conversation by itself ("automatic", "notice", "list", "report", "complaint", "own"; "" = it does).
    `quiet`: it is taken and gets no automatic answers. `proven`: a report that its form proves, which may count as a receipt.
    """

    kind: Class
    rule: str
    aside: str = ""
    quiet: bool = False
    proven: bool = False
