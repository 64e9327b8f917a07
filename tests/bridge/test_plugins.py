"""Finding adapters: only those asked for, and only those that keep the contract."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest
from msgspec.structs import replace

from adapters.loop.adapter import AskingLoop, LoopAdapter, PlainLoop
from bridge.channels.plugins import faults, kinds, load
from bridge.contract.adapter import Capabilities, Misconfigured
from bridge.contract.memory import MemoryKind


class Keys(msgspec.Struct):
    """A configuration."""


class Mute:
    """An adapter that cannot send."""

    name = "mute"
    Config = Keys
    capabilities = Capabilities(
        replay=True,
        lookup=True,
        forget=True,
        check=True,
        fanout=True,
        max_text=-1,
        chat_page="../inbox",
        icon="pigeon",  # type: ignore[arg-type]  # nobody's types are checked when an adapter is loaded
    )

    async def run(self) -> None:
        """Do nothing."""

    def send(self) -> None:
        """Not async."""

    async def replay(self, cursor: Any) -> None:
        """Take no way in."""


class Undeclared(PlainLoop):
    """Has what it does not declare."""

    async def lookup(self, delivery: Any) -> None:
        """Exist."""


class Bare:
    """Not an adapter."""

    Config: ClassVar[Any] = dict


def test_loop_is_installed_and_loads() -> None:
    assert "loop" in kinds()
    assert load("loop") is LoopAdapter


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(Misconfigured, match="loop"):
        load("telepathy")


@pytest.mark.parametrize("adapter", [LoopAdapter, AskingLoop, PlainLoop])
def test_the_reference_keeps_the_contract(adapter: type[Any]) -> None:
    assert faults(adapter) == []


def test_everything_wrong_is_said_at_once() -> None:
    said = " | ".join(faults(Mute))
    for word in (
        "send is not",
        "replay must take 2 arguments",
        "declares lookup",
        "declares forget",
        "declares check",
        "fanout",
        "below 0",
        "chat_page",
        "icon",
    ):
        assert word in said
    assert faults(Undeclared) == ["has lookup but does not declare it"]
    assert any("no capabilities" in fault for fault in faults(Bare))
    assert any("Struct" in fault for fault in faults(Bare))


@pytest.mark.parametrize(
    ("kinds", "fault"),
    [
        ((MemoryKind(name="Opt Outs", most=1),), "no name of a kind"),
        ((MemoryKind(name="rings", most=0),), "bounded"),
        ((MemoryKind(name="rings", most=1, keep_ms=-1),), "bounded"),
        ((MemoryKind(name="rings", most=1, former="../rings", read=lambda raw, at: ()),), "plain name of a file"),
        ((MemoryKind(name="rings", most=1, former="rings"),), "`read` reads it"),
        ((MemoryKind(name="rings", most=1), MemoryKind(name="rings", most=2)), "twice"),
        (["rings"], "not a tuple"),
    ],
)
def test_what_is_remembered_is_named_and_bounded(kinds: Any, fault: str) -> None:
    kind = type("Hoard", (PlainLoop,), {"capabilities": replace(PlainLoop.capabilities, remembers=kinds)})
    (said,) = faults(kind)
    assert fault in said
