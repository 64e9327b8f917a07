"""Which channel carries answers to addresses: set up where one fits, and named by `check` where none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.app import contacts, demo
from bridge.app.config import ChannelConfig, Config
from routing.organisation import Library
from tests.bridge.test_cli import typed

LIBRARY = """
[[library]]
id = "{id}"
name = "A library"
[[library.queues]]
id = "{id}/ask"
name = "Ask"
tiers = [{{ teams = ["{id}/desk"] }}]
[[library.teams]]
id = "{id}/desk"
name = "Desk"
members = ["{id}-ana"]
[[library.librarians]]
id = "{id}-ana"
name = "Ana"
"""
WEB = ChannelConfig(name="web", kind="webchat", queue="north/ask")
MAIL = ChannelConfig(name="post", kind="email", queue="north/ask")
TEXT = ChannelConfig(name="text", kind="sms", queue="north/ask")
IM = ChannelConfig(name="im", kind="xmpp", queue="north/ask")
TEXT_OF_DEMO = ChannelConfig(name="text", kind="sms", queue="north/reference")
OTHERS = ChannelConfig(name="their-post", kind="email", queue="south/ask")


@pytest.mark.parametrize(
    ("channels", "fits"),
    [
        ((WEB,), ""),
        ((WEB, IM), ""),
        ((WEB, TEXT, MAIL), "post"),
        ((WEB, TEXT), "text"),
        ((WEB, OTHERS), ""),
        ((), ""),
    ],
)
def test_a_channel_fits_that_is_the_library_s_own_and_carries_answers(
    channels: tuple[ChannelConfig, ...], fits: str
) -> None:
    assert contacts.fitting(Config(path=Path("x"), channels=channels), "main", "north") == fits


@pytest.mark.parametrize(
    ("named", "fault"),
    [("", "no contact_channel"), ("gone", "no channel of this desk"), ("web", "kind 'webchat'"), ("post", "")],
)
def test_a_library_without_a_channel_for_answers_is_named(named: str, fault: str) -> None:
    config = Config(path=Path("x"), channels=(WEB, MAIL))
    found = list(contacts.faults(config, "main", [Library(id="north", revision=1, name="N", contact_channel=named)]))
    assert [fault in one and one.startswith("north: ") for one in found] == [True] * bool(fault)


def test_it_is_set_up_and_checked_from_the_command(tmp_path: Path) -> None:
    config, desk = tmp_path / "deskbridge.toml", tmp_path / "desk.toml"
    (tmp_path / "password").write_text("secret")
    (tmp_path / "password").chmod(0o600)
    mail = 'address = "ask@library.example"\nimap_host = "imap.example"\nsmtp_host = "smtp.example"\npassword_file = "password"\n'
    config.write_text(
        f'[deskbridge]\ndata = "{tmp_path / "data"}"\n'
        f'[[channel]]\nname = "post"\nkind = "email"\nqueue = "north/ask"\n{mail}'
    )
    desk.write_text(LIBRARY.format(id="north") + LIBRARY.format(id="south"))
    assert typed("setup", "-c", str(config)).returncode == 0
    loaded = typed("desk", "load", str(desk), "-c", str(config))
    assert "north: contact_channel is now 'post'" in loaded.stdout, loaded
    assert 'contact_channel = "post"' in typed("desk", "dump", "-c", str(config)).stdout
    checked = typed("check", "--offline", "-c", str(config))
    assert "south: no contact_channel" in checked.stdout, checked
    assert "north" not in checked.stdout
    assert "contact_channel" not in typed("setup", "-c", str(config)).stdout, "it is settled"


def test_the_demonstration_answers_to_numbers_by_its_telephone() -> None:
    assert contacts.fitting(Config(path=Path("x"), channels=(*demo.CHANNELS, TEXT_OF_DEMO)), "main", "north") == "text"
