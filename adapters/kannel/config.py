"""What a Kannel needs to know of us, and we of it: the keys of a `[[channel]]` with `kind = "kannel"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from adapters.kannel import numbers
from bridge.contract.adapter import Misconfigured

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LEAST_SECRET = 12
_NAME = re.compile(r"[\x21-\x7e]{1,64}")


class KannelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`username` and `password` are those of a `sendsms-user`; `number` is the library's own, as Kannel is to send it.

    hook_password  Kannel signs in with it, as user "kannel", when it brings a text: it stands in the `post-url`.
    url            where smsbox takes texts.
    hook_url       where Kannel reaches this desk, if that is not the `public_url` of [http].
    smsc           the id of the connection by which texts go out, where Kannel has several.
    country        ISO 3166: how numbers are read that come without a country code.
    patience_s     how long smsbox may take to answer.
    beat_s         how often it is asked whether it is there.
    """

    password: str
    hook_password: str
    number: str
    username: str = "deskbridge"
    url: str = "http://127.0.0.1:13013/cgi-bin/sendsms"
    hook_url: str = ""
    smsc: str = ""
    country: str = ""
    plain: bool = False
    patience_s: float = 20.0
    beat_s: float = 15.0

    def __repr__(self) -> str:
        return f"KannelConfig(url={self.url!r}, number={self.number!r})"

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(self._faults())
        if wrong:
            raise Misconfigured("; ".join(wrong))

    def _faults(self) -> Iterator[str]:
        if not _NAME.fullmatch(self.username) or not self.password.isprintable() or not self.password:
            yield "username and password must be those of a sendsms-user"
        if len(self.hook_password) < LEAST_SECRET:
            yield f"hook_password must have {LEAST_SECRET} characters or more"
        if not numbers.answerable(self.number) and not numbers.named(self.number):
            yield "number must be the library's own, as Kannel is to send it"
        if self.smsc and not _NAME.fullmatch(self.smsc):
            yield "smsc must be the id of a connection"
        for name, url in (("url", self.url), ("hook_url", self.hook_url)):
            if url and not _is_web_address(url):
                yield f"{name} must begin with https://, or with http:// on this machine"
        if min(self.patience_s, self.beat_s) <= 0:
            yield "patience_s and beat_s must be more than 0"


def _is_web_address(url: str) -> bool:
    """Say whether a password may travel to this address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
