"""What the frame of every public page shows: whose page it is, where its name leads, and the library's notices below."""

from __future__ import annotations

from typing import Any

from bridge.contract.emblem import emblem
from bridge.pages.languages import words
from routing.organisation import Library

NOTICES = ("accessibility", "privacy")


def frame(library: Library, language: str, home: str, tagline: str) -> dict[str, Any]:
    """Return what the frame shows of a library. `home`: the address that its name leads to; its notices are below that."""
    w = words(language)
    return {
        "library": library.name or library.id,
        "tagline": tagline,
        "home": home,
        "accent": library.accent,
        "emblem": emblem(library.name),
        "launcher": "",
        "notices": [(home + name, w[name]) for name in NOTICES if getattr(library.portal, name).strip()],
    }


def frame_of_none(title: str, home: str = "/") -> dict[str, Any]:
    """Return what the frame shows on a page of no library."""
    return {"library": title, "tagline": "", "home": home, "accent": "", "emblem": "", "launcher": "", "notices": []}
