"""The scenarios that come with Deskbridge, by name: the files in `scenarios/` beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from bridge.training.scenario import Scenario, parse


@cache
def shipped() -> Mapping[str, Scenario]:
    """Return all shipped scenarios by name (the file's, without its ending), in the order of names."""
    folder = resources.files("bridge.training").joinpath("scenarios")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return MappingProxyType({file.name.removesuffix(".toml"): parse(file.read_text("utf-8")) for file in files})
