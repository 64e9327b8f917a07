"""A patron who asks to be forgotten is on no list of buddies of a component any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adapters.xmpp.address_file import AddressFile
from adapters.xmpp.component import XmppComponent
from adapters.xmpp.config import ComponentConfig
from bridge.app.cli import unconnected


async def test_a_buddy_who_asks_is_forgotten_though_no_session_stands(tmp_path: Path) -> None:
    kept = AddressFile(tmp_path / "buddies")
    kept.put("ada@patrons.example")
    kept.put("bo@patrons.example")
    kept.save()
    config = ComponentConfig(jid="law@ask.library.example", secret="s")
    component = XmppComponent(config, replace(unconnected("law"), data=tmp_path))
    await component.forget({"ada@patrons.example", "nobody@patrons.example"})
    again = AddressFile(tmp_path / "buddies")
    again.load()
    assert again.addresses() == ["bo@patrons.example"]
