"""What kind of device a session was opened with, in a few fixed words: so that its owner knows it in the list again.

Browsers say who they are in `User-Agent`, which is a stranger's text and names more than anybody needs. Two words of it are kept.
"""

from __future__ import annotations

from aiohttp import web

# In this order: most browsers name those that they resemble, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chromium", "Chromium"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_of(request: web.Request) -> str:
    """Return the browser and the system that a request names, "Firefox, Linux"; "" for neither."""
    said = request.headers.get("User-Agent", "")[:1000]
    found = (next((word for mark, word in words if mark in said), "") for words in (_BROWSERS, _SYSTEMS))
    return ", ".join(part for part in found if part)
