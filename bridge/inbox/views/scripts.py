"""Canned messages as pages show them."""

from __future__ import annotations

from bridge.inbox import schema
from routing.organisation import Script


def script_view(script: Script, *, own: bool = False) -> schema.ScriptView:
    """Return a script; `own`: it belongs to the librarian who asks."""
    return schema.ScriptView(key=script.key, title=script.title, text=script.text, folder=script.folder, own=own)
