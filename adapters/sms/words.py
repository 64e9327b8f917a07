"""Twilio's error codes as words that a librarian understands. Tables only.

Codes: twilio.com/docs/api/errors. A word is a key of the inbox's catalogue (`reason.<word>`).
"""

from __future__ import annotations

REASONS: dict[int, str] = {
    21211: "no-such-address",
    21214: "no-such-address",
    21217: "no-such-address",
    21265: "no-such-address",
    21408: "not-there",  # texts to this country are switched off
    21602: "empty",
    21603: "misconfigured",
    21606: "misconfigured",
    21610: "opted-out",
    21611: "busy",
    21612: "not-there",
    21614: "no-mobile",
    21617: "too-large",
    21619: "empty",
    21620: "media-refused",
    21623: "media-refused",
    21635: "no-mobile",
    21656: "misconfigured",
    21701: "misconfigured",
    21703: "misconfigured",
    21704: "misconfigured",
    30001: "busy",
    30002: "credentials",
    30003: "unreachable",
    30004: "blocked",
    30005: "no-such-address",
    30006: "no-mobile",
    30007: "spam",
    30008: "refused",
    30009: "refused",
    30010: "too-expensive",
    30011: "media-refused",
    30017: "busy",
    30022: "busy",
    30023: "busy",
    30034: "not-registered",
    30410: "unreachable",
    30453: "spam",
    30500: "refused",
    30795: "not-registered",
    63001: "credentials",
    63003: "no-such-address",
    63005: "refused",
    63007: "misconfigured",
    63013: "refused",
    63016: "window-closed",
    63018: "busy",
    63019: "media-refused",
    63024: "no-such-address",
    63032: "refused",
    63033: "blocked",
    63049: "refused",
    63112: "credentials",
}
LATER = frozenset({20429, 14107, 21611, 30001, 30022, 63018})  # not taken now, and taken later


def reason(code: int) -> str:
    """Return the word for an error code; "refused" for one that we do not know."""
    return REASONS.get(code, "refused")
