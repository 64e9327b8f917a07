"""What stands on a library's page. Each line is true of this moment: the chat says whether somebody is there, or when it opens.

A way to ask is named only where the library gave its address, and chat only where a channel leads to the library's own queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from babel import Locale

from bridge.contract.adapter import ChannelDesk
from bridge.portal.desk_hours import DayHours, moment_in_words, week, zone_name
from routing.organisation import Library, PortalPage

PLACEHOLDER = "{words}"
STATES = {"here": "askHere", "busy": "askBusy", "away": "askAway", "closed": "askClosed"}

REACHES = {"mail": "reachMail", "phone": "reachPhone", "mail-phone": "reachEither", "": "reachChat"}


class ChatChannel(NamedTuple):
    """A channel on whose page one can write: its name, and where its page and the script for other pages are."""

    channel: str
    queue: str
    page: str
    launcher: str


class ChatStatus(NamedTuple):
    """The chat of a library: the key of the words that say how the desk is, and when it opens again ("" = not known, or open).

    `reaches` is the key of what says where the answer comes to, "" while the desk is open or can't say.
    """

    chat: ChatChannel
    says: str
    opens: str
    is_open: bool
    reaches: str = ""


class Way(NamedTuple):
    """A way to ask: the key of its name, the address as people write it, and as a link."""

    key: str
    shown: str
    href: str


class HoursWeek(NamedTuple):
    """The week of the desk, and the place whose time it is."""

    days: list[DayHours]
    zone: str


def chat_of(library: Library, chats: Sequence[ChatChannel]) -> ChatChannel | None:
    """Return the chat that leads to a queue of the library; the first of several."""
    queues = {queue.id for queue in library.queues}
    return next((chat for chat in chats if chat.queue in queues), None)


def chat_status(chat: ChatChannel, desk: ChannelDesk, now: int, locale: Locale) -> ChatStatus:
    """Return what to say of a chat whose desk is `desk` at `now` (ms)."""
    says = "askDown" if desk.down else STATES[desk.state]
    when = ""
    if desk.state == "closed" and desk.next_opening > now and desk.timezone:
        when = moment_in_words(desk.next_opening, desk.timezone, now, locale)
    reaches = REACHES.get(desk.answers, "") if desk.state == "closed" and not desk.down else ""
    return ChatStatus(chat, says, when, desk.state in ("here", "busy"), reaches)


def hours_of(library: Library, now: int, locale: Locale) -> HoursWeek | None:
    """Return the week of a library; None for one that keeps no hours."""
    if library.openings is None:
        return None
    return HoursWeek(week(library.openings, library.timezone, now, locale), zone_name(library.timezone, locale))


def ways(page: PortalPage) -> list[Way]:
    """Return the ways to ask beside the chat, in the order in which they are shown."""
    digits = {
        name: "".join(each for each in getattr(page, name) if each in "+0123456789") for name in ("phone", "text")
    }
    found = [
        Way("mail", page.mail, f"mailto:{quote(page.mail, safe='@')}"),
        Way("text", page.text, f"sms:{digits['text']}"),
        Way("phone", page.phone, f"tel:{digits['phone']}"),
        Way("messenger", page.messenger, f"xmpp:{quote(page.messenger, safe='@')}"),
    ]
    return [way for way in found if way.shown]


def search_address(template: str, words: str) -> str:
    """Return the address of a catalogue's search for `words`."""
    return template.replace(PLACEHOLDER, quote(words.strip(), safe=""))


def origin_of(address: str) -> str:
    """Return the origin of an address, for a page's policy; "" when it has none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def web_address(address: str) -> str:
    """Return an address that leads to the web; "" for any other, such as one that a catalogue's record names."""
    try:
        return address if origin_of(address) else ""
    except ValueError:
        return ""


def described(library: Library, address: str, hours: HoursWeek | None) -> dict[str, Any]:
    """Return a library in the words of schema.org (Library, OpeningHoursSpecification), for search engines."""
    page = library.portal
    found: dict[str, Any] = {"@context": "https://schema.org", "@type": "Library", "name": library.name, "url": address}
    if page.tagline:
        found["description"] = page.tagline
    if page.phone:
        found["telephone"] = page.phone
    if page.mail:
        found["email"] = page.mail
    if page.street or page.town:
        found["address"] = {"@type": "PostalAddress", "streetAddress": page.street, "addressLocality": page.town}
    if hours is not None:
        found["openingHoursSpecification"] = [each for day in hours.days for each in _specified(day)]
    return found


def _specified(day: DayHours) -> list[dict[str, str]]:
    """Return the openings of one day; a day without any is closed from 00:00 to 00:00, as schema.org has it."""
    valid = {"validFrom": day.day.isoformat(), "validThrough": day.day.isoformat()}
    spans = [(start.strftime("%H:%M"), end.strftime("%H:%M")) for start, end in day.moments] or [("00:00", "00:00")]
    kind = {"@type": "OpeningHoursSpecification", "dayOfWeek": f"https://schema.org/{day.day.strftime('%A')}"}
    return [{**kind, "opens": opens, "closes": closes, **valid} for opens, closes in spans]
