"""Times as other desks write them, as ms since the epoch.

A format that is named is the only one that counts. Without one, only what can be read in one way is read: ISO 8601, seconds and
milliseconds since the epoch, month first with slashes (as the vendors of the field write), day first with dots. Whatever else is
a fault. A time without a zone is in the zone that is given; the hour that comes twice in autumn is the first one.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

OLDEST_MS = 631_152_000_000  # 1990: no desk is older
AHEAD_MS = 2 * 86_400_000
_BROKEN_OFFSET = re.compile(r"([+-]\d\d):?Z$")  # LibraryH3lp writes +00:Z now and then
_NUMBER = re.compile(r"\d{9,13}(\.\d+)?")
_SPACES = re.compile(r"\s+")
_ZONE_WORD = re.compile(r"\s(UTC|GMT)$")
_DATES = (
    "%m/%d/%Y",
    "%m/%d/%y",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d %b %Y",
    "%d %B %Y",
)
_DATES_WITH_DAY = ("%a, %d %b %Y", "%a %b %d %Y", "%a %b %d, %Y")
_TIMES = ("%H:%M:%S", "%I:%M:%S %p", "%H:%M", "%I:%M %p", "%I:%M%p", "%H:%M:%S %z", "")
_FORMATS = tuple(
    f"{day}{between if clock else ''}{clock}"
    for day in (*_DATES, *_DATES_WITH_DAY)
    for clock in _TIMES
    for between in ((" ", ", ") if clock else ("",))
)


def moment(text: str, zone: tzinfo, form: str = "") -> int:
    """Return a time in ms. Raises ValueError, whose text says what is wrong and quotes nothing."""
    found = _SPACES.sub(" ", text.strip())
    if not found:
        raise ValueError("it is empty")
    at = _by_format(found, zone, form) if form else _by_itself(found, zone)
    if not OLDEST_MS <= at <= time.time() * 1000 + AHEAD_MS:
        raise ValueError("it is before 1990 or in the future")
    return at


def _by_format(text: str, zone: tzinfo, form: str) -> int:
    try:
        return _ms(datetime.strptime(text, form), zone)
    except ValueError:
        raise ValueError(f"it is no time of the form {form}") from None


def _by_itself(text: str, zone: tzinfo) -> int:
    if _NUMBER.fullmatch(text):
        number = float(text)
        return int(number if number >= 1e11 else number * 1000)
    text = _BROKEN_OFFSET.sub(r"\1:00", text)
    if _ZONE_WORD.search(text):
        text, zone = _ZONE_WORD.sub("", text), UTC
    try:
        return _ms(datetime.fromisoformat(text.replace(" +", "+")), zone)
    except ValueError:
        pass
    shape = re.sub(r"\d", "0", text)
    first = _last_format(shape)
    for form in (first[0], *_FORMATS) if first else _FORMATS:
        try:
            found = _ms(datetime.strptime(text, form), zone)
        except ValueError:
            continue
        first[:] = [form]
        return found
    raise ValueError("it is no time that can be read in one way only: name its form under [time] format")


@lru_cache(64)
def _last_format(_shape: str) -> list[str]:
    """Return a place for the format that fitted the last time of this shape: a file repeats one."""
    return []


def _ms(found: datetime, zone: tzinfo) -> int:
    try:
        return int((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp() * 1000)
    except OverflowError:
        raise ValueError("out of range") from None
