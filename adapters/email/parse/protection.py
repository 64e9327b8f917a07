"""Marks beside the sender: encrypted or signed mail, and what a trusted server found about SPF, DKIM and DMARC (RFC 8601).

The rule: signatures are shown as such and never called valid, since nothing here checks them. Results are believed only from a
server that the configuration names, and only its topmost field: anybody can write such a field into a mail.
"""

from __future__ import annotations

import re

from adapters.email.mime.structure import MimePart

RESULT = re.compile(
    r"(?:^|;)\s*(spf|dkim|dmarc)\s*=\s*(pass|fail|softfail|neutral|none|temperror|permerror)\b", re.IGNORECASE
)
COMMENT = re.compile(r"\([^()]*\)")
WORST = ("pass", "none", "neutral", "softfail", "temperror", "permerror", "fail")


def protection_marks(root: MimePart) -> list[str]:
    """Return "encrypted", "signed", each with its kind ("smime", "pgp"), for the librarian to see."""
    marks: dict[str, None] = {}
    for part in root.walk():
        kind = part.media_type
        if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
            said = part.parameters.get("smime-type", "").lower()
            how = {"signed-data": "signed", "compressed-data": "smime"}.get(said, "encrypted")
            marks.update(dict.fromkeys((how, "smime")))
        elif kind == "multipart/encrypted":
            marks.update(dict.fromkeys(("encrypted", "pgp")))
        elif kind == "multipart/signed":
            protocol = part.parameters.get("protocol", "").lower()
            marks.update(dict.fromkeys(("signed", "pgp" if "pgp" in protocol else "smime")))
        elif kind == "text/plain" and b"-----BEGIN PGP " in part.body[:200_000]:
            inline = b"-----BEGIN PGP MESSAGE-----" in part.body
            marks.update(dict.fromkeys(("encrypted" if inline else "signed", "pgp")))
    return list(marks)


def authentication_marks(root: MimePart, trusted: str) -> list[str]:
    """Return marks such as "dkim-pass" from the topmost Authentication-Results of the server `trusted`; [] when there is none."""
    if not trusted:
        return []
    for value in root.fields.all("authentication-results"):
        plain = COMMENT.sub(" ", value)
        server, _, results = plain.partition(";")
        if server.split()[:1] == [trusted] or server.strip().casefold() == trusted.casefold():
            return _results(";" + results)
    return []


def _results(text: str) -> list[str]:
    """One mark a method: for DKIM any pass counts, for the others the worst."""
    found: dict[str, str] = {}
    for method, result in RESULT.findall(text):
        method, result = method.lower(), result.lower()
        before = found.get(method)
        better = method == "dkim" and result == "pass"
        if before is None or better or (method != "dkim" and WORST.index(result) > WORST.index(before)):
            found[method] = result
    return [f"{method}-{result}" for method, result in found.items() if result != "none"]
