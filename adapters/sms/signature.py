"""Who sent a webhook: the X-Twilio-Signature header.

The rule (Twilio, "Webhooks security"): HMAC of the address as Twilio called it, followed by the form's fields. Their names and
values come in the order of the names, without separators; each name's different values in order, once. A JSON body is covered by
its SHA-256 in the address's `bodySHA256`. SHA-1 with the account's token, SHA-256 where X-Twilio-Webhooks-Signature-Settings says
so. Twilio itself writes default ports in two ways, and an apostrophe in the query too (the URL standard writes `%27`). All these
spellings of the address are valid.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}

Pairs = Iterable[tuple[str, str]]


def sign(token: str, url: str, fields: Pairs = (), algorithm: str = "HMAC_SHA1") -> str:
    """Return the signature of a request to `url`. Raises ValueError for an algorithm that is not known."""
    name = _ALGORITHMS.get(algorithm.upper())
    if name is None:
        raise ValueError("unknown algorithm of signatures")
    text = url + "".join(key + value for key, value in sorted(set(fields)))
    return b64encode(hmac.digest(token.encode(), text.encode("utf-8", "surrogatepass"), name)).decode("ascii")


def signed(
    token: str, url: str, signature: str, fields: Pairs = (), *, body: bytes | None = None, settings: str = ""
) -> bool:
    """Whether `signature` is right. `body` is given where it is no form; `settings` is the header of that name."""
    if body is not None:
        told = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not hmac.compare_digest(told.encode(), sha256(body).hexdigest().encode()):
            return False
        fields = ()
    known = tuple(fields)
    try:
        return any(
            hmac.compare_digest(
                sign(token, each, known, algorithm(settings)).encode(), signature.encode("utf-8", "replace")
            )
            for each in spellings(url)
        )
    except ValueError:
        return False


def algorithm(settings: str) -> str:
    """Return the algorithm that the settings header names, SHA-1 where it names none."""
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip()
    return "HMAC_SHA1"


def spellings(url: str) -> list[str]:
    """Return the address without its port, and with it (the scheme's own where none is given), and again with apostrophes encoded.

    Raises ValueError.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    user, at, host = parts.netloc.rpartition("@")
    bare = f"{user}{at}{host.removesuffix(f':{parts.port}') if parts.port else host}"
    both = [url.replace(parts.netloc, netloc, 1) for netloc in (bare, f"{bare}:{port}")]
    return list(dict.fromkeys([*both, *map(_encoded, both)]))


def _encoded(url: str) -> str:
    path, mark, query = url.partition("?")
    return path + mark + query.replace("'", "%27")
