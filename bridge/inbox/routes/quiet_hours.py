"""My quiet hours: when nothing rings for me, on any device."""

from __future__ import annotations

import msgspec

from bridge.inbox import schema
from bridge.inbox.http.route import Call, Route
from bridge.inbox.views.faults import refusal
from bridge.sql.people.quiet_hours import QuietTimes, quiet_faults


async def quiet_hours(call: Call) -> schema.QuietHoursView:
    """My quiet hours."""
    return _shown(await call.services.archive.quiet_hours.of(call.me))


async def keep_quiet_hours(call: Call) -> schema.QuietHoursView:
    """Keep my quiet hours as they are now."""
    asked: schema.QuietHoursView = call.body
    times = QuietTimes(**msgspec.structs.asdict(asked))
    if found := quiet_faults(times):
        raise refusal("faulty", found)
    await call.services.archive.quiet_hours.keep(call.me, times)
    return _shown(times)


def _shown(times: QuietTimes) -> schema.QuietHoursView:
    return schema.QuietHoursView(**msgspec.structs.asdict(times))


ROUTES = (
    Route("GET", "/quiet-hours", "My quiet hours", quiet_hours, gives=schema.QuietHoursView),
    Route(
        "PUT",
        "/quiet-hours",
        "Keep my quiet hours",
        keep_quiet_hours,
        asks=schema.QuietHoursView,
        gives=schema.QuietHoursView,
        also={422: schema.LibraryFaults},
    ),
)
