"""What may stand on a library's public page: addresses that work, links that lead to the web, texts of a readable length."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bridge.contract.address import is_mail_address, is_phone_number
from bridge.sql.people.field_fault import FieldFault
from routing.organisation import PortalPage

WORDS = "{words}"
LONGEST_LINE = 200  # characters
LONGEST_TEXT = 20_000
MOST_LINKS = 30
_LINES = ("tagline", "street", "town", "phone", "mail", "text", "messenger")
_TEXTS = ("welcome", "accessibility", "privacy")


def portal_faults(page: PortalPage) -> Iterator[FieldFault]:
    """Yield what is wrong with a public page."""
    for name, most in (*((each, LONGEST_LINE) for each in _LINES), *((each, LONGEST_TEXT) for each in _TEXTS)):
        if len(getattr(page, name)) > most:
            yield FieldFault(f"portal.{name}", f"it is longer than {most} characters")
    for name in ("phone", "text"):
        number = getattr(page, name)
        if number and not is_phone_number(number):
            yield FieldFault(f"portal.{name}", f"{number!r} is not a telephone number like +44 1632 960010")
    for name in ("mail", "messenger"):
        address = getattr(page, name)
        if address and not is_mail_address(address):
            yield FieldFault(f"portal.{name}", f"{address!r} is not an address like ask@library.example")
    yield from _catalogue(page.catalogue)
    yield from _links(page)


def _catalogue(address: str) -> Iterator[FieldFault]:
    if not address:
        return
    if not leads_to_the_web(address) or WORDS in urlsplit(address).netloc or address.count(WORDS) != 1:
        says = "an address is needed that begins with https:// or http:// and holds {words} once, after the host"
        yield FieldFault("portal.catalogue", says)


def _links(page: PortalPage) -> Iterator[FieldFault]:
    if len(page.links) > MOST_LINKS:
        yield FieldFault("portal.links", f"there are more than {MOST_LINKS} links")
    for n, link in enumerate(page.links, 1):
        where = f"portal.links[{n}]"
        if not link.label.strip() or len(link.label) > LONGEST_LINE:
            yield FieldFault(f"{where}.label", f"a text of at most {LONGEST_LINE} characters is needed")
        if not leads_to_the_web(link.url):
            yield FieldFault(f"{where}.url", "an address that begins with https:// or http:// is needed")


def leads_to_the_web(address: str) -> bool:
    """Say whether an address is one of a web page: no space, no sign that a header or a policy gives a meaning to."""
    if len(address) > 2000 or not address.isascii() or any(each in address for each in " \t\r\n\"'<>;,\\"):
        return False
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and "@" not in parts.netloc
