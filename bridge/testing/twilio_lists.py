"""Lists of messages as the API gives them: filters, pages, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bridge.testing.twilio_records import TwilioMessage


class TwilioRefused(Exception):
    """A request is refused with one of Twilio's codes."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def kind(address: str) -> str:
    """Return what comes before an address that is no plain number."""
    return "whatsapp:" if address.startswith("whatsapp:") else ""


def paging(request: web.Request, page: int, size: int, total: int) -> dict[str, Any]:
    """Return the fields that say where in a list a page lies."""
    path = request.path
    query = {name: value for name, value in request.query.items() if name not in ("Page", "PageToken")}

    def at(number: int) -> str:
        return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': number})}"

    last = (page + 1) * size >= total
    return {
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": max(page * size, min(total, (page + 1) * size) - 1),
        "uri": at(page),
        "first_page_uri": at(0),
        "next_page_uri": None if last else at(page + 1),
        "previous_page_uri": at(page - 1) if page else None,
    }


def matches(record: TwilioMessage, query: Any) -> bool:
    """Whether a message is in the list that a query asks for. Raises TwilioRefused."""
    if query.get("To", record.to) != record.to or query.get("From", record.sender) != record.sender:
        return False
    made = record.made.replace(microsecond=0)
    after, before = query.get("DateSent>"), query.get("DateSent<")
    return (after is None or made >= moment(after)) and (before is None or made <= moment(before))


def moment(text: str) -> datetime:
    """Read a day or a moment of UTC. Raises TwilioRefused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TwilioRefused(400, 20001, "Invalid DateSent") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
