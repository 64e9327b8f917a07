"""Find the code of a kind of channel: the entry-point group `deskbridge.adapters`, and only the names that are asked for.

What a class declares and what it has must agree before it touches a store: `faults` says what does not.
"""

from __future__ import annotations

import inspect
import re
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

import msgspec

from bridge.contract.adapter import Adapter, Capabilities, Misconfigured
from bridge.contract.memory import MemoryKind
from bridge.contract.message import ChannelIcon

GROUP = "deskbridge.adapters"
OPTIONAL = ("replay", "lookup", "forget", "check")  # methods that a capability of the same name declares
TAKES = {
    "run": 0,
    "send": 1,
    "replay": 2,
    "lookup": 1,
    "forget": 1,
    "check": 0,
}  # arguments that the daemon calls them with
PAGE = re.compile(r"(?:[\w-]+/)*[\w.-]*", re.ASCII)
LABEL = 40  # characters that a list of the inbox has room for


def kinds() -> list[str]:
    """Return the names of all installed kinds of channel, without loading any."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def load(kind: str) -> type[Adapter]:
    """Return the adapter class of `kind`. Raises Misconfigured when there is none, two, or one that cannot work."""
    found = {(point.value): point for point in entry_points(group=GROUP, name=kind)}
    if not found:
        raise Misconfigured(f"no adapter is installed for channels of kind {kind!r}; there are: {', '.join(kinds())}")
    if len(found) > 1:
        raise Misconfigured(f"two adapters want to be {kind!r}: {', '.join(sorted(found))}; uninstall one")
    adapter = _imported(*found.values())
    if wrong := faults(adapter):
        raise Misconfigured(f"the adapter for {kind!r} does not keep the contract: {'; '.join(wrong)}")
    return adapter


def faults(adapter: type[Any]) -> list[str]:
    """Return in words what of the contract a class does not keep."""
    wrong = [f"has no {name}" for name in ("name", "Config", "capabilities") if not hasattr(adapter, name)]
    capabilities = getattr(adapter, "capabilities", Capabilities())
    if not isinstance(capabilities, Capabilities):
        return [*wrong, "capabilities is not a Capabilities"]
    wrong += [f"{name} is not an async method" for name in ("run", "send") if not _coroutine(adapter, name)]
    wrong += [f"declares {name} but has no such async method" for name in _declared(capabilities, adapter, True)]
    wrong += [f"has {name} but does not declare it" for name in _declared(capabilities, adapter, False)]
    wrong += [
        f"{name} must take {_counted(takes)}" for name, takes in TAKES.items() if not _takes(adapter, name, takes)
    ]
    if capabilities.fanout and capabilities.exclusive:
        wrong.append("fanout needs exclusive=False: every process must run it")
    if capabilities.max_text < 0 or capabilities.max_media < 0 or capabilities.rate < 0:
        wrong.append("a limit is below 0")
    for name in ("chat_page", "launcher"):
        path = getattr(capabilities, name)
        if not PAGE.fullmatch(path) or ".." in path:
            wrong.append(f"{name} is no path below the adapter's own routes")
    if capabilities.icon not in get_args(ChannelIcon) or len(capabilities.label) > LABEL:
        wrong.append(f"label is longer than {LABEL} characters, or icon is none of {', '.join(get_args(ChannelIcon))}")
    wrong += _unfit(capabilities.remembers)
    if not _configurable(getattr(adapter, "Config", None)):
        wrong.append("Config is not a msgspec Struct")
    return wrong


def _unfit(remembers: Any) -> list[str]:
    """Return what is wrong with the kinds of rows that an adapter declares."""
    if not isinstance(remembers, tuple) or not all(isinstance(kind, MemoryKind) for kind in remembers):
        return ["remembers is not a tuple of MemoryKind"]
    wrong = [f"remembers {fault}" for kind in remembers for fault in kind.faults()]
    if len({kind.name for kind in remembers}) < len(remembers):
        wrong.append("remembers names a kind twice")
    return wrong


def _declared(capabilities: Capabilities, adapter: type[Any], declared: bool) -> list[str]:
    """Return which of the optional methods disagree: declared and missing, or there and not declared."""
    return [name for name in OPTIONAL if declared == getattr(capabilities, name) != _coroutine(adapter, name)]


def _coroutine(adapter: type[Any], name: str) -> bool:
    return inspect.iscoroutinefunction(getattr(adapter, name, None))


def _takes(adapter: type[Any], name: str, arguments: int) -> bool:
    """Say whether an async method of that name, where there is one, can be called with so many arguments."""
    if not _coroutine(adapter, name):
        return True
    try:
        inspect.signature(getattr(adapter, name)).bind(*range(arguments + 1))
    except TypeError:
        return False
    return True


def _counted(arguments: int) -> str:
    return "no argument" if not arguments else f"{arguments} argument{'s' if arguments > 1 else ''}"


def _configurable(config: object) -> bool:
    return isinstance(config, type) and issubclass(config, msgspec.Struct)


def _imported(point: EntryPoint) -> type[Adapter]:
    try:
        adapter: type[Adapter] = point.load()
    except Exception as error:
        raise Misconfigured(f"the adapter {point.value} cannot be loaded: {type(error).__name__}: {error}") from error
    return adapter
